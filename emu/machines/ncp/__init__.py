"""NCP: the server's watchdog and connections, the client's shell (facts/ipx.md 1.5, 1.6, 3.1).

``params`` numbers, ``watchdog`` who polls when, ``guard`` whose answers it were, ``connection``
the server's end of one connection, ``slots`` who has which connection number, ``client`` the
station's end.
None of them knows an address, a frame, a clock or whose end it is.
"""

from emu.machines.ncp.client import Call, ClientShell, Connect, Leave, Result
from emu.machines.ncp.connection import Clear, Reply, ServerConnection
from emu.machines.ncp.guard import SpoofGuard
from emu.machines.ncp.params import MarsNweParams, NcpParams, NetWareParams
from emu.machines.ncp.slots import SlotTable

__all__ = [
    "Call",
    "Clear",
    "ClientShell",
    "Connect",
    "Leave",
    "MarsNweParams",
    "NcpParams",
    "NetWareParams",
    "Reply",
    "Result",
    "ServerConnection",
    "SlotTable",
    "SpoofGuard",
]
