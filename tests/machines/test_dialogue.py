"""The harness itself: it must fail where a test left something out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from emu.errors import LocalProtocolError
from emu.machines.base import Asked, Deliver, Effects, Expired, Received, Stimulus, Transmit

from .dialogue import Dialogue


class Echo:
    """Repeats a PDU at once and once more after ten; a request is refused."""

    def __init__(self) -> None:
        self.again: int | None = None

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        match stimulus:
            case Received(pdu):
                self.again = now + 10
                return [Transmit(pdu)]
            case Expired():
                self.again = None
                return [Deliver("again")]
            case Asked("spoil"):
                self.again = now + 1
                raise LocalProtocolError("spoilt")
            case Asked(_):
                raise LocalProtocolError("no")

    def due(self) -> int | None:
        return self.again

    def timers(self) -> Mapping[str, int]:
        return {} if self.again is None else {"again": self.again}


def closed(dialogue: Dialogue) -> None:
    """These dialogues fail on purpose: nobody checks them at the end of the test."""
    Dialogue.opened.remove(dialogue)


def test_a_dialogue_read_to_its_end_passes() -> None:
    d = Dialogue(Echo())
    d.at(0).receives("x").sends("x").armed({"again": 10})
    d.quiet_until(9)
    d.at(10).delivers("again").armed({})
    d.at(10).refuses("anything").armed({})


def test_a_frame_on_the_deadline_comes_before_the_timer() -> None:
    d = Dialogue(Echo())
    d.at(0).receives("x").sends("x")
    d.at(10).receives("y").sends("y").armed({"again": 20})


@pytest.mark.parametrize(
    "mistake",
    [
        lambda d: d.at(10),
        lambda d: d.sends("y"),
        lambda d: d.delivers("x"),
        lambda d: d.sends("x").sends("x"),
        lambda d: d.sends("x").quiet_until(10),
        lambda d: d.sends("x").at(11),
        lambda d: d.sends("x").armed({"again": 11}),
        lambda d: d.sends("x").armed({}),
        lambda d: d.sends("x").at(10).silent(),
        lambda d: d.sends("x").refuses("spoil"),
        lambda d: d.finish(),
        lambda d: d.sends("x").finish(),
    ],
)
def test_what_a_test_leaves_out_is_a_failure(mistake: Callable[[Dialogue], object]) -> None:
    d = Dialogue(Echo())
    closed(d)
    d.at(0).receives("x")
    with pytest.raises(AssertionError):
        mistake(d)


def test_leaving_the_context_without_a_final_check_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="left without"), Dialogue(Echo()) as d:
        closed(d)
        d.at(5)
