"""PPP: ``automaton`` one control protocol of RFC 1661, ``end`` LCP and the protocols above it."""

from emu.machines.ppp.end import Close, Open, PppEnd
from emu.machines.ppp.params import BCP, RFC_1661, Negotiated, PppParams

__all__ = ["BCP", "RFC_1661", "Close", "Negotiated", "Open", "PppEnd", "PppParams"]
