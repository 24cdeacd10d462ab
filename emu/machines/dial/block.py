"""What a dialled link remembers, and the small steps its rows are made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

from emu.machines.base import NEVER, Deliver, Effect, Note, Transmit
from emu.machines.dial.calls import Carry, HangUp, PlaceCall
from emu.machines.dial.params import DialParams
from emu.units import format_seconds

#: The first charge unit later than an instant, both as (connected, after); None: no units.
NextUnit = Callable[[int, int], int | None]


class State(Enum):
    """DOWN: no call.  DIALLING: a call without CONNECT, ours or theirs.  OPENING: connected, and
    charged, but no packet flows yet.  UP: packets flow.  HANGING_UP: until the call is gone."""

    DOWN = "down"
    DIALLING = "dialling"
    OPENING = "opening"
    UP = "up"
    HANGING_UP = "hanging up"


#: Why packets were dropped.
NOT_INTERESTING = "not interesting"
QUEUE_FULL = "queue full"
NO_CALL = "call failed"


class DialBlock:
    """``dropped``: packets by reason.  ``calls``: those that connected, either way.

    ``connected_ns``: when the present call connected, None without one.  ``called``: somebody
    else placed it, and pays.  ``last_interesting_ns``: as far as it keeps the link up.
    """

    __slots__ = (
        "_due_ns",
        "_failures",
        "_giving_up",
        "_may_dial_ns",
        "_next_unit",
        "_params",
        "_queue",
        "_redialling",
        "called",
        "calls",
        "connected_ns",
        "contended",
        "dropped",
        "failed_calls",
        "last_interesting_ns",
        "state",
    )

    def __init__(self, params: DialParams, *, next_unit: NextUnit | None = None) -> None:
        self.state = State.DOWN
        self.called = self.contended = False
        self.calls = self.failed_calls = 0
        self.connected_ns: int | None = None
        self.dropped = {NOT_INTERESTING: 0, QUEUE_FULL: 0, NO_CALL: 0}
        self.last_interesting_ns = 0
        self._params, self._next_unit = params, next_unit
        self._queue: deque[bytes] = deque()
        self._due_ns = NEVER
        self._may_dial_ns = 0
        self._failures = 0
        self._redialling = self._giving_up = False

    @property
    def queued(self) -> int:
        """Packets that wait for the link."""
        return len(self._queue)

    def keep(self, packet: Carry) -> list[Effect]:
        """Queue an interesting packet, or drop whatever does not get in."""
        if not packet.interesting:
            return [self.drop(NOT_INTERESTING)]
        if len(self._queue) >= self._params.queue_frames:
            return [self.drop(QUEUE_FULL)]
        self._queue.append(packet.octets)
        return []

    def drop(self, why: str, frames: int = 1) -> Note:
        """Count it and say so."""
        self.dropped[why] += frames
        return Note("dropped", {"why": why, "frames": frames})

    def dial(self, now: int) -> list[Effect]:
        """Place a call; it has ``carrier_wait_ns`` to connect."""
        self.state, self.called, self._redialling = State.DIALLING, False, False
        self._due_ns = now + self._params.carrier_wait_ns
        return [Note("dial", {"attempt": self._failures + 1}), Deliver(PlaceCall())]

    def hang_up(self, why: str, *, failed: bool) -> list[Effect]:
        """``failed``: the call never carried anything."""
        self.state, self._giving_up, self._due_ns = State.HANGING_UP, failed, NEVER
        return [Note("hang-up", {"why": why}), Deliver(HangUp(why=why))]

    def flush(self) -> list[Effect]:
        """Everything that waited, once and in order."""
        sent: list[Effect] = [Transmit(octets) for octets in self._queue]
        self._queue.clear()
        return sent

    def over(self, cause: str, now: int) -> list[Effect]:
        """A call that carried packets is gone; what came since may raise the next one."""
        self._rest(now + self._params.pause_after_hang_up_ns)
        if self._queue:
            self._due_ns = self._may_dial_ns
        return [Note("down", {"cause": cause})]

    def failed(self, cause: str, now: int) -> list[Effect]:
        """A call came to nothing: try again, or give up what waits."""
        self.failed_calls += 1
        self._failures += 1
        said: list[Effect] = [Note("call-failed", {"cause": cause, "attempt": self._failures})]
        if not self.called and self._failures <= self._params.redials:
            self._rest(now + self._params.redial_pause_ns(self._failures))
            self._redialling, self._due_ns = True, self._may_dial_ns
            return said
        if self._queue:
            said.append(self.drop(NO_CALL, len(self._queue)))
            self._queue.clear()
        self._failures = 0
        self._rest(now + self._params.pause_after_failure_ns)
        return said

    def _rest(self, may_dial_ns: int) -> None:
        self.state, self._giving_up = State.DOWN, False
        self.connected_ns, self._due_ns, self._may_dial_ns = None, NEVER, may_dial_ns

    def interesting(self, now: int) -> None:
        """The idle timer starts anew."""
        self.last_interesting_ns = now
        self.arm_idle(now)

    def arm_idle(self, now: int) -> None:
        """When the link counts as idle; never before now, whatever changed meanwhile."""
        idle = self._params.fast_idle_ns if self.contended else self._params.idle_ns
        if idle is None:
            self._due_ns = NEVER
            return
        self._due_ns = max(now, self._before_unit(self.last_interesting_ns + idle))

    def _before_unit(self, idle_ns: int) -> int:
        """The last moment of a unit that is paid for; somebody who waits is worth more."""
        margin, connected = self._params.before_unit_ns, self.connected_ns
        if margin is None or self.contended or self._next_unit is None or connected is None:
            return idle_ns
        if self.called:
            return idle_ns
        edge = self._next_unit(connected, idle_ns + margin - 1)
        return idle_ns if edge is None else edge - margin

    def idle_words(self) -> str:
        """Why the idle timer hangs up, for people."""
        idle = self._params.fast_idle_ns if self.contended else self._params.idle_ns
        kind = "fast-idle" if self.contended else "idle-timeout"
        return f"{kind}: {format_seconds(idle or 0)} without interesting traffic"
