"""A server above one carrier station: the station's ``User``."""

from __future__ import annotations

from typing import Protocol

from emu.stations.smb.circuit import Circuit


class Serves(Protocol):
    """What stands above all carriers of a host."""

    def opened(self, circuit: Circuit, transport: str, now: int, /) -> None: ...

    def message(self, circuit: Circuit, octets: bytes, now: int, /) -> None: ...

    def broke(self, circuit: Circuit, cause: str, now: int, /) -> None: ...


class CarrierUser:
    """``transport``: the carrier's name in the table of transports."""

    def __init__(self, service: Serves, transport: str) -> None:
        self._service = service
        self._transport = transport

    def opened(self, connection: Circuit, now: int, /) -> None:
        self._service.opened(connection, self._transport, now)

    def message(self, connection: Circuit, message: bytes, now: int, /) -> None:
        self._service.message(connection, message, now)

    def lost(self, connection: Circuit, cause: str, now: int, /) -> None:
        self._service.broke(connection, cause, now)

    def ended(self, connection: Circuit, cause: str, now: int, /) -> None:
        self._service.broke(connection, cause, now)
