"""Dial-on-demand: ``link`` one end of a dialled link, ``group`` several over few channels.

``calls`` is what they and the call control below them (``machines/isdn``, ``machines/ppp``) say
to each other, ``params`` the numbers.  None of them knows an address, a frame's contents, a
clock or a price; which traffic is interesting is told to them (``machines/interesting``).
"""

from emu.machines.dial.calls import (
    AnswerCall,
    Arrived,
    Carry,
    Cleared,
    Connected,
    Contend,
    Failed,
    HangUp,
    HangUpNow,
    Heard,
    LinkOpened,
    PlaceCall,
    Raise,
    RefuseCall,
)
from emu.machines.dial.group import DialGroup, On, Route
from emu.machines.dial.link import DialLink, State
from emu.machines.dial.params import CISCO, DIALD, ISDN4LINUX, PPPD, DialParams

__all__ = [
    "CISCO",
    "DIALD",
    "ISDN4LINUX",
    "PPPD",
    "AnswerCall",
    "Arrived",
    "Carry",
    "Cleared",
    "Connected",
    "Contend",
    "DialGroup",
    "DialLink",
    "DialParams",
    "Failed",
    "HangUp",
    "HangUpNow",
    "Heard",
    "LinkOpened",
    "On",
    "PlaceCall",
    "Raise",
    "RefuseCall",
    "Route",
    "State",
]
