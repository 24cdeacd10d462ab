"""When a router answers keepalives for stations behind it: rules without octets.

``modes`` the times at which it does at all, ``spx`` what an absent end of an SPX connection
would say, ``tcp`` the same for TCP.  None of them knows a frame, a clock or a link; whoever
asks them passes on what went by (facts/ipx.md 4.1, RFC 1122 4.2.3.6).
"""

from emu.machines.spoof.modes import (
    CYBERSWITCH,
    IOS_WINDOWS,
    Always,
    Forward,
    Mode,
    Spoofing,
    SpoofThenDrop,
    Verdict,
    Windows,
)
from emu.machines.spoof.spx import SpxEnds, SpxKeepalives
from emu.machines.spoof.tcp import TcpKeepalives

__all__ = [
    "CYBERSWITCH",
    "IOS_WINDOWS",
    "Always",
    "Forward",
    "Mode",
    "SpoofThenDrop",
    "Spoofing",
    "SpxEnds",
    "SpxKeepalives",
    "TcpKeepalives",
    "Verdict",
    "Windows",
]
