"""One NetBIOS session on a TCP connection, sans-IO: request and answer, messages, keepalive.

Knows no TCP: it is told when the connection is up or gone, and when it was not idle.  Either end
that has been idle for ``keepalive_ns`` says so much with a packet nobody answers; TCP does, or
gives the connection up.  The first packet must be the right one, and whatever else should not be
there ends the connection at once.

Left out: a retarget is taken for a refusal (RFC 1002 4.3.5; NT sends none that the facts tell
of), and nobody's patience for the first packet ends (no source gives NT's).

Read: facts/redirector.md 3.7, 4.1; RFC 1002 4.3, 5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Data,
    Deliver,
    Effects,
    Ended,
    Expired,
    Lost,
    Note,
    Opened,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.nbss.values import Active, Begin, HangUp, Leave, Malformed, Send, Settled
from emu.pdu.nbss import (
    WILDCARD_SERVER,
    NbssError,
    NbssKeepalive,
    NbssMessage,
    NbssNegative,
    NbssPositive,
    NbssRequest,
    NbssRetarget,
)

#: One packet, and no second: what repeats it is TCP (facts/redirector.md 3.7).
PROBE = Note("probe", {"number": 1, "of": 1})
ANSWERED = Note("probe-answered", {"by": "ACK"})


class State(Enum):
    """FRESH: the caller, before TCP is up.  CALLING: its request is out.  LISTENING: the called.

    LEAVING: this end closes, and hears no packet any more.  GONE: there is no TCP below.
    """

    FRESH = "fresh"
    CALLING = "calling"
    LISTENING = "listening"
    UP = "up"
    LEAVING = "leaving"
    GONE = "gone"


class NbssSession:
    """``called``, ``calling``: 16 octets each; a listener learns the caller's from its request.

    ``keepalive_ns``: how long the session may be idle, None for ever.
    """

    __slots__ = ("_due_ns", "_keepalive_ns", "_probing", "_queue", "called", "calling", "state")

    def __init__(
        self, *, called: bytes, calling: bytes | None = None, keepalive_ns: int | None
    ) -> None:
        self.called = called
        self.calling = b"" if calling is None else calling
        self.state = State.LISTENING if calling is None else State.FRESH
        self._keepalive_ns = keepalive_ns
        self._due_ns: int = NEVER
        #: A keepalive is out that TCP has no acknowledgement for.
        self._probing = False
        self._queue: list[bytes] = []

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, _kind(stimulus)))
        if row is None:
            raise LocalProtocolError(f"NBSS {self.state.value}: no row for {stimulus}")
        before = self.state
        effects = row.action(self, stimulus, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return effects

    def due(self) -> int | None:
        return None if self._due_ns == NEVER else self._due_ns

    def timers(self) -> Mapping[str, int]:
        """What is armed, by name."""
        return {} if self._due_ns == NEVER else {"keepalive": self._due_ns}

    @property
    def probing(self) -> bool:
        """Whether ``Settled`` would be news."""
        return self._probing

    # --- asked -------------------------------------------------------------------------------

    def request(self, _: Any, _now: int) -> Effects:
        self.state = State.CALLING
        return [Transmit(NbssRequest(called=self.called, calling=self.calling))]

    def queue(self, stimulus: Any, _now: int) -> Effects:
        self._queue.append(stimulus.request.octets)
        return NOTHING

    def send(self, stimulus: Any, _now: int) -> Effects:
        return [Transmit(NbssMessage(data=stimulus.request.octets))]

    def active(self, stimulus: Any, _now: int) -> Effects:
        """The clock of idleness starts anew, and never goes back."""
        if self._keepalive_ns is not None:
            self._due_ns = max(self._due_ns, stimulus.request.at_ns + self._keepalive_ns)
        return NOTHING

    def settled(self, _: Any, _now: int) -> Effects:
        answered, self._probing = self._probing, False
        return [ANSWERED] if answered else NOTHING

    def leave(self, _: Any, _now: int) -> Effects:
        self._over(State.LEAVING)
        return NOTHING

    def gone(self, stimulus: Any, _now: int) -> Effects:
        """TCP's word goes up."""
        self._over(State.GONE)
        return [Deliver(stimulus.request)]

    def gone_unknown(self, _: Any, _now: int) -> Effects:
        """Nobody above knows of it yet."""
        self._over(State.GONE)
        return NOTHING

    # --- expired -----------------------------------------------------------------------------

    def expired(self, _: Any, now: int) -> Effects:
        if self._due_ns > now or self._keepalive_ns is None:
            return NOTHING
        self._due_ns = now + self._keepalive_ns
        self._probing = True
        return [Transmit(NbssKeepalive(), PROBE)]

    # --- received ----------------------------------------------------------------------------

    def requested(self, stimulus: Any, now: int) -> Effects:
        """A session for whoever calls this name, or any server's."""
        wanted: NbssRequest = stimulus.pdu
        if wanted.called not in (self.called, WILDCARD_SERVER):
            self._over(State.GONE)
            refusal = NbssNegative(error=NbssError.CALLED_NAME_ABSENT)
            return [Transmit(refusal), Deliver(HangUp(abnormal=False))]
        self.calling = wanted.calling
        return [Transmit(NbssPositive()), *self._open(now)]

    def accepted(self, _: Any, now: int) -> Effects:
        return self._open(now)

    def refused(self, stimulus: Any, _now: int) -> Effects:
        self._over(State.GONE)
        cause = f"session refused: {_reason(stimulus.pdu)}"
        return [Deliver(HangUp(abnormal=False)), Deliver(Lost(cause))]

    def message(self, stimulus: Any, _now: int) -> Effects:
        return [Deliver(Data(stimulus.pdu.data))]

    def misplaced(self, stimulus: Any, _now: int) -> Effects:
        """No stream to be followed any more, or a peer that does not speak this."""
        self._over(State.GONE)
        return [Deliver(HangUp(abnormal=True)), Deliver(Lost(_complaint(stimulus.pdu)))]

    def misplaced_unknown(self, _: Any, _now: int) -> Effects:
        self._over(State.GONE)
        return [Deliver(HangUp(abnormal=True))]

    # --- shared ------------------------------------------------------------------------------

    def _open(self, now: int) -> Effects:
        self.state = State.UP
        if self._keepalive_ns is not None:
            self._due_ns = now + self._keepalive_ns
        waiting, self._queue = self._queue, []
        return [Deliver(Opened()), *(Transmit(NbssMessage(data=each)) for each in waiting)]

    def _over(self, state: State) -> None:
        self.state = state
        self._due_ns = NEVER
        self._probing = False
        self._queue.clear()

    def ignore(self, _: Any, _now: int) -> Effects:
        return NOTHING


def _reason(answer: NbssNegative | NbssRetarget) -> str:
    if isinstance(answer, NbssRetarget):
        return "the called name is elsewhere (retarget)"
    known = next((each for each in NbssError if each == answer.error), None)
    words = "error" if known is None else known.name.lower().replace("_", " ")
    return f"{words} ({answer.error:02x})"


def _complaint(pdu: object) -> str:
    if isinstance(pdu, Malformed):
        return f"session aborted: {pdu.why}"
    return f"session aborted: a {type(pdu).__name__.removeprefix('Nbss').lower()} out of place"


def _kind(stimulus: Stimulus) -> type[Any]:
    match stimulus:
        case Asked(request):
            return request.__class__
        case Received(pdu):
            return pdu.__class__
        case Expired():
            return Expired


_Row = Row[NbssSession, State]


def _row(
    action: Callable[[NbssSession, Any, int], Effects], leads_to: State | None, cites: str
) -> _Row:
    return Row(action, frozenset() if leads_to is None else frozenset({leads_to}), cites)


_PACKETS: tuple[type[Any], ...] = (
    NbssMessage,
    NbssRequest,
    NbssPositive,
    NbssNegative,
    NbssRetarget,
    NbssKeepalive,
    Malformed,
)


def _table() -> Mapping[tuple[State, type[Any]], _Row]:
    """One row per legal pair; packets have one in every state."""
    nbss = NbssSession
    misplaced = _row(nbss.misplaced, State.GONE, "RFC 1002 5.2: not in this state; assumption: RST")
    stray = _row(nbss.ignore, None, "this end is not listening any more")
    table: dict[tuple[State, type[Any]], _Row] = {}
    for state in State:
        first = stray if state in (State.LEAVING, State.GONE) else misplaced
        table |= {(state, packet): first for packet in _PACKETS}
        table |= {(state, each): _row(nbss.ignore, None, "not up")
                  for each in (Active, Settled, Expired)}  # fmt: skip
        leaves = _row(nbss.leave, State.LEAVING, "TCP's end is all there is to say")
        table[state, Leave] = leaves
        told = _row(nbss.gone, State.GONE, "facts 3.7: with the connection the session ends")
        table |= {(state, Ended): told, (state, Lost): told}
    unknown = _row(nbss.misplaced_unknown, State.GONE, "RFC 1002 5.2: a request comes first")
    table |= {(State.LISTENING, packet): unknown for packet in _PACKETS}
    for end in (Ended, Lost):
        table[State.LISTENING, end] = _row(nbss.gone_unknown, State.GONE, "nobody knows of it")
        table[State.GONE, end] = _row(nbss.ignore, None, "told before")
    answers = _row(nbss.refused, State.GONE, "RFC 1002 4.3.4, 4.3.5")
    return table | {
        (State.FRESH, Begin): _row(nbss.request, State.CALLING, "RFC 1002 4.3.2; facts 4.1"),
        (State.FRESH, Send): _row(nbss.queue, None, "until it is up"),
        (State.CALLING, Send): _row(nbss.queue, None, "until it is up"),
        (State.CALLING, NbssPositive): _row(nbss.accepted, State.UP, "RFC 1002 4.3.3"),
        (State.CALLING, NbssNegative): answers,
        (State.CALLING, NbssRetarget): answers,
        (State.LISTENING, NbssRequest): Row(
            nbss.requested, frozenset({State.UP, State.GONE}), "RFC 1002 4.3.3, 4.3.4; facts 4.1"
        ),
        (State.UP, Send): _row(nbss.send, None, "RFC 1002 4.3.6"),
        (State.UP, NbssMessage): _row(nbss.message, None, "RFC 1002 4.3.6"),
        (State.UP, NbssKeepalive): _row(nbss.ignore, None, "RFC 1002 4.3.7: nobody answers it"),
        (State.UP, Active): _row(nbss.active, None, "facts 3.7: when it has been idle"),
        (State.UP, Settled): _row(nbss.settled, None, "facts 3.7: TCP answers"),
        (State.UP, Expired): _row(nbss.expired, None, "facts 3.7: by either end"),
        (State.LEAVING, Send): _row(nbss.ignore, None, "it goes down"),
        (State.GONE, Leave): _row(nbss.ignore, None, "it is gone"),
        (State.GONE, Send): _row(nbss.ignore, None, "it is gone"),
    }


TABLE = _table()
