"""One name of a station: claimed by asking whether somebody has it, then answered for.

In real captures 22 and 23 a name is checked five times, two seconds apart, and the last check
is waited out as well: until then nobody who looks for it is answered.  A name that is somebody
else's is not ours.  Left out: group names and giving a name up (type 5).

Read: facts/ipx.md 1.9, 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effects,
    Expired,
    Lost,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.nbipx.params import NameParams
from emu.pdu.nbipx import NAME_IN_USE, NAME_REGISTERED, NO_NETWORKS, NbipxName, NbipxNameKind
from emu.pdu.netbios_name import name_text


@dataclass(frozen=True, slots=True)
class Claim:
    """Make the name ours."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Delivered upward: nobody objected."""


class State(Enum):
    """REFUSED: somebody else has the name."""

    IDLE = "idle"
    CHECKING = "checking"
    OURS = "ours"
    REFUSED = "refused"


class Event(Enum):
    """What a stimulus is to a name."""

    FIND = "find name"
    CHECK = "check name"
    IN_USE = "name in use"
    OTHER = "another packet, or about another name"
    CLAIM = "claim asked for"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


def name_packet(params: NameParams, *, kind: NbipxNameKind, flags: int, name: bytes) -> NbipxName:
    """A packet about a name, with the list of networks as this stack leaves it."""
    if not params.kind_twice:
        return NbipxName(kind=kind, flags=flags, name=name)
    return NbipxName(kind=kind, flags=flags, name=name, networks=(kind << 16, *NO_NETWORKS[1:]))


class NameService:
    """``name``: 16 octets."""

    __slots__ = ("_checks", "_due_ns", "_params", "name", "state")

    def __init__(self, params: NameParams, *, name: bytes) -> None:
        self.name = name
        self.state = State.IDLE
        self._params = params
        self._checks = 0
        self._due_ns = NEVER

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, self._event(stimulus)))
        if row is None:
            raise LocalProtocolError(f"a name that is {self.state.value} cannot take {stimulus}")
        return row.action(self, stimulus, now)

    def due(self) -> int | None:
        return None if self._due_ns == NEVER else self._due_ns

    def timers(self) -> Mapping[str, int]:
        return {} if self._due_ns == NEVER else {"check": self._due_ns}

    def on_claim(self, _stimulus: Asked, now: int) -> Effects:
        self.state, self._checks = State.CHECKING, 0
        return self._check(now)

    def on_expired(self, _stimulus: Expired, now: int) -> Effects:
        if self._checks < self._params.broadcasts:
            return self._check(now)
        self.state, self._due_ns = State.OURS, NEVER
        return (Deliver(Claimed()),)

    def on_in_use(self, _stimulus: Received, _now: int) -> Effects:
        self.state, self._due_ns = State.REFUSED, NEVER
        return (Deliver(Lost(f"the name {name_text(self.name)} is in use")),)

    def on_find(self, _stimulus: Received, _now: int) -> Effects:
        """Flags 44 in both captures: in use and registered."""
        return (self._answer(NbipxNameKind.RECOGNIZED),)

    def on_check(self, _stimulus: Received, _now: int) -> Effects:
        return (self._answer(NbipxNameKind.IN_USE),)

    def ignore(self, _stimulus: Stimulus, _now: int) -> Effects:
        return NOTHING

    def _check(self, now: int) -> Effects:
        """Flags 40 in both captures: in use."""
        self._checks += 1
        self._due_ns = now + self._params.interval_ns
        check = name_packet(
            self._params, kind=NbipxNameKind.CHECK, flags=NAME_IN_USE, name=self.name
        )
        return (Transmit(check),)

    def _answer(self, kind: NbipxNameKind) -> Transmit:
        flags = NAME_IN_USE | NAME_REGISTERED
        return Transmit(name_packet(self._params, kind=kind, flags=flags, name=self.name))

    def _event(self, stimulus: Stimulus) -> Event:
        match stimulus:
            case Received(NbipxName(kind=kind, name=name)) if name == self.name:
                return _KINDS.get(kind, Event.OTHER)
            case Received():
                return Event.OTHER
            case Asked(Claim()):
                return Event.CLAIM
            case Expired():
                return Event.EXPIRED
            case Asked():
                return Event.FOREIGN


_KINDS = {
    NbipxNameKind.FIND: Event.FIND,
    NbipxNameKind.CHECK: Event.CHECK,
    NbipxNameKind.IN_USE: Event.IN_USE,
}


def _table() -> Mapping[tuple[State, Event], Row[NameService, State]]:
    name = NameService
    ours, checking = frozenset({State.OURS}), frozenset({State.CHECKING})
    refused = frozenset({State.REFUSED})
    table: dict[tuple[State, Event], Row[NameService, State]] = {
        (State.IDLE, Event.CLAIM): Row(name.on_claim, checking, "real captures 22, 23"),
        (State.REFUSED, Event.CLAIM): Row(name.on_claim, checking, "asked for once more"),
        (State.CHECKING, Event.EXPIRED): Row(
            name.on_expired, checking | ours, "real captures 22, 23; ipx.md 2.3, BroadcastCount"
        ),
        (State.CHECKING, Event.IN_USE): Row(name.on_in_use, refused, "ipx.md 1.9, type 4"),
        (State.OURS, Event.FIND): Row(name.on_find, ours, "real captures 22, 23; ipx.md 1.9"),
        (State.OURS, Event.CHECK): Row(name.on_check, ours, "ipx.md 1.9, types 3 and 4"),
    }
    for state in State:
        for event in (Event.FIND, Event.CHECK, Event.IN_USE, Event.OTHER):
            late = Row(name.ignore, frozenset({state}), "real capture 23: no answer before 10 s")
            table.setdefault((state, event), late)
    return table


TABLE = _table()
