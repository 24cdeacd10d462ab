"""Call control with routers that write down what they are told, and do what a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from emu.net.calls import Call, CallControl
from emu.net.timeline import Timeline
from emu.units import seconds as s


class _Makes(Protocol):
    def __call__(self, scene: Scene, /) -> CallControl: ...


class Scene:
    """``answers``: what a router does with a call that arrives: "answer", "refuse" or ""."""

    def __init__(self, make: _Makes) -> None:
        self.timeline = Timeline()
        self.calls: list[Call] = []
        self.told: list[tuple[str, str, str]] = []
        self.causes: list[str] = []
        self.answers: dict[str, str] = {}
        self.obstacle = ""
        self.on_over: Callable[[str, str, int], None] = lambda _router, _other, _now: None
        self.control = make(self)

    # CallUser.
    def arrived(self, router: str, caller: str, now: int, /) -> None:
        self.told.append((router, "arrived", caller))
        what = self.answers.get(router, "answer")
        if what == "answer":
            self.control.answer(router, caller, now)
        elif what == "refuse":
            self.control.refuse(router, caller, now)

    def connected(self, router: str, other: str, now: int, /) -> None:
        self.told.append((router, "connected", other))

    def over(self, router: str, other: str, cause: str, now: int, /) -> None:
        self.told.append((router, "over", other))
        self.causes.append(cause)
        self.on_over(router, other, now)

    # What a test does.
    def run(self, until: int) -> Scene:
        """Everything up to an instant."""
        timeline = self.timeline
        timeline.at(until, 3, lambda _, __: None, None)
        while (due := timeline.next_due()) is not None and due <= until:
            timeline.advance(due, 100_000)
        return self

    def place(self, caller: str, called: str) -> Scene:
        self.control.place(caller, called, self.timeline.now)
        return self

    def end(self, router: str, other: str) -> Scene:
        self.control.end(router, other, "idle", self.timeline.now)
        return self

    def of(self, router: str) -> list[str]:
        """What one router was told, in words."""
        return [what for who, what, _ in self.told if who == router]


SET_UP = s(1)
