"""What looks at a router's frames before they go on: spoofers, filters, proxies.

An inspector stands at the router's LAN port.  It sees whole Ethernet frames, those that arrived
there for the far side and those from the far side that are about to be put on the LAN, and it
may answer some of them itself: the answer then exists on the LAN and nowhere else, which is how
a reader of the capture sees spoofing (architecture.md 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """``forward``: the frame goes on its way.  ``answers``: frames for the LAN, in order.

    ``why``: what was done, for the diary and the capture's comment, "" when nothing was.
    """

    forward: bool = True
    answers: tuple[bytes, ...] = ()
    why: str = ""


#: Nothing special: the frame goes on.
PASS = Ruling()


class Inspector(Protocol):
    """See the module.  Called in the timeline's order; owns no clock."""

    def outbound(self, frame: bytes, now: int) -> Ruling:
        """A frame from the LAN for the far side, as it arrived at the router's port."""
        ...

    def inbound(self, frame: bytes, now: int) -> Ruling:
        """A frame from the far side, as it is about to be put on the LAN."""
        ...

    def link_changed(self, *, up: bool, now: int) -> None:
        """The dialled link behind the router went up or down."""
        ...
