"""What a transport is: parameters, stations, and closed formulas that share no code with them.

The formulas are the second of three proofs (architecture.md 3): what they say, what the
emulation does and what a reader of the written trace finds must agree for every policy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emu.stations.base import ClientStation, Station, StationSpec

Value = int | bool | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value of a policy, such as ``ncp.polls``.

    ``kind``: duration (nanoseconds inside, text with units in files), count, flag, choice.
    ``low``/``high``: inclusive range of durations (ns) and counts; None leaves it open.
    ``never``: a duration may also be the word ``never`` (None inside).
    ``optional``: a policy need not give it; who wants it then has a value of its own.
    """

    name: str
    kind: str
    what: str
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    never: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """How a stack notices a silent peer, in words, for ``emu explain``'s table of stacks.

    ``defaults``: idle time, interval, count.  ``nominal``: from the last octet to the end.
    ``unverified``: what no source decides.
    """

    defaults: str
    probe: str
    death: str
    nominal: str
    ending: str
    data: str
    grade: str
    source: str
    unverified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A personality of a transport, with the parameters its policies must give.

    ``portrait``: None where a transport's stacks are not told apart in a table.  ``plays``: False
    for a stack that is only described.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    portrait: Portrait | None = None
    plays: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What struck a client, as a closed formula needs it.  All instants absolute.

    ``kind``: a name of ``scenario.vocabulary.FAULT_KINDS``.  ``until_ns``: the client is there
    again with all its state (cable back, resumed, hang over); None for never, and for faults
    that cost the state.
    ``back_at_ns``: its host answers again from here on, without state (None: never).
    ``attaches_at_ns``: it connects anew (None: never).
    ``same_address``: it does so from the address its lost connection had.
    ``unacknowledged_since_ns``: the server had sent data that the client never acknowledged, and
    waits for it since then (None: it had not, or this transport never does).
    ``owes_acknowledgement``: the client had heard data and held its acknowledgement back when it
    was struck; asleep, it finds that overdue when it wakes up.
    ``client_heard_ns``: the last octet that reached the client before it was there again, from
    which its own clocks count (None: nobody knows).
    ``idle_since_ns``: where the server's idle clock stood when the client had said its last; None
    where every octet starts it anew.
    """

    kind: str
    lost_at_ns: int
    until_ns: int | None = None
    back_at_ns: int | None = None
    attaches_at_ns: int | None = None
    same_address: bool = False
    unacknowledged_since_ns: int | None = None
    idle_since_ns: int | None = None
    owes_acknowledgement: bool = False
    client_heard_ns: int | None = None


def reaches(fault: Fault, at_ns: int) -> bool:
    """Whether a frame of that instant finds the client there again.

    A cable is mended when everything else of an instant is done (timeline.py, OPERATOR): what
    is sent then is still lost.  A host that wakes up hears what arrives a little later.
    """
    assert fault.until_ns is not None
    return at_ns > fault.until_ns or (at_ns == fault.until_ns and fault.kind != "cable")


def speaks_on_waking(fault: Fault) -> bool:
    """Whether a sleeper has something to say as soon as it wakes, asked or not.

    It held an acknowledgement back, whose timer is overdue now.
    """
    return fault.kind == "suspend" and fault.owes_acknowledgement


def heard_again(fault: Fault, trials: Sequence[int]) -> bool:
    """Whether a client that is there again with its state answers a trial in time.

    ``trials``: when the server tries to reach it, and last, when it gives up.  A hung host
    answers what its NIC kept as soon as it comes to itself; what went into a cut cable or to a
    sleeping laptop is lost, so a later trial must reach it, unless the sleeper speaks first.
    """
    if fault.until_ns is None or not trials:
        return False
    if fault.kind == "os-hang" or speaks_on_waking(fault):
        return fault.until_ns < trials[-1]
    return any(reaches(fault, at) for at in trials[:-1])


class Silence(Protocol):
    """From the last octet heard of an idle client to noticing, None for never.

    ``idle_since_ns``: as of a ``Fault``; None where every octet starts the clock anew, or where
    nobody knows the clock: then the last octet is taken for one that the clock counts from.
    """

    def __call__(
        self, params: Any, last_octet_ns: int, /, idle_since_ns: int | None = None
    ) -> int | None: ...


def never_late(_params: Any, _fault: Fault, _last_octet_ns: int) -> int:
    """Of a transport whose timers are exact."""
    return 0


def never_doubtful(_params: Any, _fault: Fault, _last_octet_ns: int) -> bool:
    """Of a transport whose timers are exact."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """One row of TABLE.

    ``silence(params, last_octet_ns, idle_since_ns)``: from the last octet heard to noticing.
    ``delay(params, fault, last_octet_ns)``: from the fault to noticing, None for never.
    ``idle_probes(params, last_octet_ns, until_ns)``: (probes, answers) of a healthy idle peer.
    ``formula(params)``: the arithmetic in words with the numbers put in.
    ``lateness(params, fault, last_octet_ns)``: by how much ``delay`` may come later, because
    the stack's timers are late by its own rules (linux: the timer wheel).
    ``doubtful(params, fault, last_octet_ns)``: the client comes back when, for all the formula
    knows of those timers, the last trial may be over or not: "never" is as good as ``delay``.
    ``same_address``: a client that connects anew does so from the address it had, unless the
    policy or the scenario says otherwise (a fixed socket; TCP's ports move on).
    """

    name: str
    title: str
    provides: frozenset[str]
    stacks: tuple[Stack, ...]
    make_params: Callable[[str, Mapping[str, Value]], Any]
    server: Callable[[StationSpec], Station]
    client: Callable[[StationSpec], ClientStation]
    silence: Silence
    delay: Callable[[Any, Fault, int], int | None]
    idle_probes: Callable[[Any, int, int], int]
    formula: Callable[[Any], str]
    same_address: bool = False
    lateness: Callable[[Any, Fault, int], int] = never_late
    doubtful: Callable[[Any, Fault, int], bool] = never_doubtful

    def stack(self, name: str) -> Stack:
        """The stack of that name; ``KeyError`` when there is none."""
        return next(stack for stack in self.stacks if stack.name == name)
