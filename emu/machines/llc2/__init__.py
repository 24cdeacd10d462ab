"""LLC type 2, one data link between two stations: ``link.Link`` over its back-off component.

The table of states is IEEE 802.2's; what differs between stacks is in ``params``: how the reply
timer backs off, whether an idle link is polled at all, and what a SABME on a live link does.
"""
