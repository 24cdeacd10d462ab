"""SPX, one connection: ``connection.SpxConnection`` for either end (facts/ipx.md 1.3, 2.2, 3.2).

``params`` numbers, ``watchdog`` who asks whether the peer is there, ``retransmission`` what is
repeated how often, ``sliding`` the part that NetBIOS over IPX shares.  None of them knows an
address, a frame, a clock or whose end it is.
"""

from emu.machines.spx.connection import SpxConnection
from emu.machines.spx.params import (
    CountingParams,
    NovellParams,
    SlidingParams,
    SpxParams,
    TrialParams,
)
from emu.machines.spx.sliding import Abort, Close, Connect, Send, State

__all__ = [
    "Abort",
    "Close",
    "Connect",
    "CountingParams",
    "NovellParams",
    "Send",
    "SlidingParams",
    "SpxConnection",
    "SpxParams",
    "State",
    "TrialParams",
]
