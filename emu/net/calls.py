"""Calls over a dialled line: who placed them, from when to when they are charged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True, kw_only=True)
class Call:
    """One call between two routers.

    ``channel``: its B channel, 1 or 2; 1 on a line that has no more.  ``connected_ns``: CONNECT
    or carrier, from when it is charged; None while, or if, it never connects.
    ``octets``: carried both ways, for tariffs by volume; ``log_on_octets``: those of them up to
    (last packet of the log-on + idle time-out).  ``cause``: why it ended.
    ``reached``: the called router has been told of it and has not refused it, so that it is to
    be told how it ends; a call refused beside one of its own (both sides dialled at once) says
    nothing about that one.  ``ready``: the ends that have it connected.
    """

    caller: str
    called: str
    channel: int
    asked_ns: int
    connected_ns: int | None = None
    ended_ns: int | None = None
    cause: str = ""
    octets: int = 0
    log_on_octets: int = 0
    reached: bool = False
    ready: set[str] = field(default_factory=set[str])

    @property
    def is_up(self) -> bool:
        """Whether octets flow."""
        return self.connected_ns is not None and self.ended_ns is None

    def concerns(self, router: str, other: str) -> bool:
        """Whether it is the one that a router means by the far end's name."""
        if self.caller == router:
            return self.called == other
        return self.reached and (self.called, self.caller) == (router, other)

    def other(self, router: str) -> str:
        """The far end, seen from one."""
        return self.called if router == self.caller else self.caller


class CallUser(Protocol):
    """What call control tells the two routers of a line, by name."""

    def arrived(self, router: str, caller: str, now: int, /) -> None: ...

    def connected(self, router: str, other: str, now: int, /) -> None: ...

    def over(self, router: str, other: str, cause: str, now: int, /) -> None: ...


class CallControl(Protocol):
    """How calls are placed on a line: over D channels, or by modems."""

    def place(self, caller: str, called: str, now: int, /) -> None: ...

    def answer(self, router: str, caller: str, now: int, /) -> None: ...

    def refuse(self, router: str, caller: str, now: int, /) -> None: ...

    def end(self, router: str, other: str, why: str, now: int, /) -> None: ...

    def cut(self, now: int, /) -> None:
        """The network fails: every call is gone, with a cause where there is a D channel."""
        ...
