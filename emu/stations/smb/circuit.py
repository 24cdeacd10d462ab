"""What both ends of SMB ask of a carrier: connections that carry whole messages of octets."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class Circuit(Protocol):
    """A virtual circuit: one connection of a carrier station.

    ``serial``: one on this host.  ``caller``: the peer's NetBIOS name, "" if the transport has
    none.  ``address``: the peer's network address as text.
    """

    serial: int

    @property
    def caller(self) -> str: ...

    @property
    def address(self) -> str: ...

    def send(self, message: bytes, now: int, /) -> None: ...

    def close(self, now: int, /) -> None: ...

    def abort(self, now: int, /) -> None:
        """End it at once and abnormally."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """A circuit that carries no message longer than ``message_max`` octets."""

    message_max: int


class Carrier(Protocol):
    """A client's station below MESSAGES: told None, it opens a circuit and says nothing."""

    def connect(self, message: None, now: int, /) -> Circuit: ...


def message_max(circuit: Circuit, *, otherwise: int) -> int:
    """The longest message a circuit carries, at most ``otherwise``; octets."""
    return min(circuit.message_max, otherwise) if isinstance(circuit, Bounded) else otherwise
