"""ISDN call control: ``call`` one end of one call (Q.931), ``params`` its timers and LAPD's.

The data link below is ``emu.machines.llc2.link.Link`` with ``params.LAPD``: Q.921's procedures
are those of IEEE 802.2 type 2 under other names.
"""

from emu.machines.isdn.block import State
from emu.machines.isdn.call import CallEnd
from emu.machines.isdn.calls import Alert, Answer, Answered, Clear, Dial, Offered, Over, Proceed
from emu.machines.isdn.params import LAPD, Q931, IsdnParams

__all__ = [
    "LAPD",
    "Q931",
    "Alert",
    "Answer",
    "Answered",
    "CallEnd",
    "Clear",
    "Dial",
    "IsdnParams",
    "Offered",
    "Over",
    "Proceed",
    "State",
]
