"""The transports there are, in the order in which they are listed everywhere."""

from __future__ import annotations

from emu.transports.base import Transport
from emu.transports.ncp import NCP
from emu.transports.tcp import TCP

TABLE: tuple[Transport, ...] = (NCP, TCP)


def transport_named(name: str) -> Transport:
    """The transport of that name; ``KeyError`` when there is none."""
    for transport in TABLE:
        if transport.name == name:
            return transport
    raise KeyError(name)
