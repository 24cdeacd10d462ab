"""Data link switching: ``circuit`` is one switch's end of one circuit (RFC 1795 5)."""

from emu.machines.dlsw.circuit import Circuit
from emu.machines.dlsw.control import State
from emu.machines.dlsw.params import CISCO, DlswParams

__all__ = ["CISCO", "Circuit", "DlswParams", "State"]
