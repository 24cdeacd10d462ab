"""NetBIOS over IPX: names and sessions (facts/ipx.md 1.9, 2.3, 3.3; real captures 22, 23).

``params`` numbers, ``names`` the claim and defence of one name, ``session`` one session of
either end, over what SPX has as well (``emu.machines.spx.sliding``).
"""

from emu.machines.nbipx.names import Claim, Claimed, NameService
from emu.machines.nbipx.params import NameParams, NbipxParams
from emu.machines.nbipx.session import Abandon, NbipxSessionMachine

__all__ = [
    "Abandon",
    "Claim",
    "Claimed",
    "NameParams",
    "NameService",
    "NbipxParams",
    "NbipxSessionMachine",
]
