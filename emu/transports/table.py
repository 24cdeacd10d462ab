"""The transports there are, in the order in which they are listed everywhere."""

from __future__ import annotations

from emu.transports.base import Transport
from emu.transports.ipx_direct import IPX_DIRECT
from emu.transports.nbf import NBF
from emu.transports.nbipx import NBIPX
from emu.transports.ncp import NCP
from emu.transports.spx import SPX
from emu.transports.tcp import TCP

TABLE: tuple[Transport, ...] = (NBF, NCP, SPX, NBIPX, TCP, IPX_DIRECT)


def transport_named(name: str) -> Transport:
    """The transport of that name; ``KeyError`` when there is none."""
    for transport in TABLE:
        if transport.name == name:
            return transport
    raise KeyError(name)
