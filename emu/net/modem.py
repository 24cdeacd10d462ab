"""Modem calls: no D channel, so they are rows among the server's events (product.md).

A call takes the line's set-up time from dialling to carrier; then both ends have it at the same
instant.  A call that meets an engaged tone or nobody at all ends after that time, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emu.net.calls import Call, CallUser
from emu.net.timeline import TIMER

if TYPE_CHECKING:
    from emu.net.timeline import Timeline

#: What stands in the way of the next call: "" for nothing, else what the caller's modem says.
Obstacle = Callable[[], str]
Say = Callable[[str], None]


class ModemControl:
    """``calls``: the line's, appended to.  ``obstacle``: asked for every call."""

    def __init__(
        self,
        timeline: Timeline,
        user: CallUser,
        calls: list[Call],
        *,
        set_up_ns: int,
        obstacle: Obstacle,
        say: Say,
    ) -> None:
        self._timeline, self._user, self._calls = timeline, user, calls
        self._set_up_ns, self._obstacle, self._say = set_up_ns, obstacle, say
        self._open: list[Call] = []

    def place(self, caller: str, called: str, now: int, /) -> None:
        call = Call(caller=caller, called=called, channel=1, asked_ns=now)
        self._calls.append(call)
        self._open.append(call)
        self._say(f"{caller} dials {called}")
        self._timeline.at(now + self._set_up_ns, TIMER, self._ring, call)

    def _ring(self, call: Call, now: int) -> None:
        """The end of the set-up time: carrier, if the other side takes the call."""
        if call not in self._open:
            return
        engaged = any(each.called == call.called for each in self._open if each.is_up)
        why = self._obstacle() or ("BUSY" if engaged else "")
        if why == "NO ANSWER":
            return  # it rings for as long as the caller has patience
        if why:
            self._over(call, why, now)
        else:
            call.reached = True
            self._user.arrived(call.called, call.caller, now)

    def answer(self, router: str, caller: str, now: int, /) -> None:
        call = self._ringing(router, caller)
        if call is not None:
            self._timeline.at(now, TIMER, self._connect, call)

    def _connect(self, call: Call, now: int) -> None:
        if call in self._open and call.connected_ns is None:
            call.connected_ns = now
            self._say(f"{call.caller} and {call.called}: CONNECT")
            self._user.connected(call.caller, call.called, now)
            self._user.connected(call.called, call.caller, now)

    def refuse(self, router: str, caller: str, now: int, /) -> None:
        call = self._ringing(router, caller)
        if call is not None:
            call.reached = False
            self._timeline.at(now, TIMER, lambda call, now: self._over(call, "BUSY", now), call)

    def end(self, router: str, other: str, why: str, now: int, /) -> None:
        """Both ends lose the carrier at once; who asked for it is told, too."""
        call = self._find(router, other)
        if call is None:
            self._timeline.at(now, TIMER, lambda _, at: self._user.over(router, other, why, at), 0)
        else:
            self._timeline.at(now, TIMER, lambda call, at: self._over(call, why, at), call)

    def cut(self, now: int, /) -> None:
        """The lines are dead: carriers drop."""
        for call in [*self._open]:
            self._over(call, "NO CARRIER", now)

    def _over(self, call: Call, why: str, now: int) -> None:
        if call not in self._open:
            return
        self._open.remove(call)
        call.ended_ns, call.cause = now, why
        self._say(f"{call.caller} and {call.called}: call over ({why})")
        self._user.over(call.caller, call.called, why, now)
        if call.reached:
            self._user.over(call.called, call.caller, why, now)

    def _find(self, router: str, other: str) -> Call | None:
        return next((call for call in self._open if call.concerns(router, other)), None)

    def _ringing(self, router: str, caller: str) -> Call | None:
        """There may be a call of our own to the same place: it is the other's that is meant."""
        for call in self._open:
            if (call.called, call.caller) == (router, caller) and call.reached:
                return call
        return None
