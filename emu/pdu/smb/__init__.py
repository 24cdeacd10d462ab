"""SMB1 as NT 4 speaks it (facts/redirector.md 4; on IPX facts/ipx.md 1.11).

``header``: ids, flags, status.  ``session``, ``files``, ``transaction``: the bodies.
``message``: a header and its chain of bodies.
"""
