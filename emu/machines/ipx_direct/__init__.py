"""SMB directly on IPX, no transport between (facts/ipx.md 1.10, 1.11, 2.4, 3.4).

``params`` numbers, ``client`` who finds the server, asks and repeats, ``server`` who numbers the
connection and answers a repeated request from memory.  Neither knows an address or a frame, and
neither ever says good-bye: there is no packet for that.
"""

from emu.machines.ipx_direct.client import DirectClient, NameQuery
from emu.machines.ipx_direct.params import IpxDirectParams
from emu.machines.ipx_direct.requests import Close, Find, Send
from emu.machines.ipx_direct.server import DirectServer, refusal

__all__ = [
    "Close",
    "DirectClient",
    "DirectServer",
    "Find",
    "IpxDirectParams",
    "NameQuery",
    "Send",
    "refusal",
]
