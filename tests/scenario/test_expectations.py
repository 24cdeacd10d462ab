"""Expectations: which of them judge a run, and what they make of its JSON."""

from __future__ import annotations

from typing import Any

import pytest

from emu.policy.values import Unfit
from emu.scenario.expectations import found_in, holds, judge, read_expectation
from emu.scenario.loader import load_scenario
from emu.scenario.model import ExpectSpec

RUN: dict[str, Any] = {
    "sessions": [
        {
            "id": 1,
            "client": "ws1",
            "silence_s": 889.792,
            "noticed_at_s": None,
            "false_disconnect": False,
            "states": [{"state": "active"}, {"state": "disconnected", "cause": "10 polls"}],
            "probes": {"frames": 10, "bytes_on_wire": 640},
        },
        {"id": 2, "client": "ws2", "silence_s": None},
    ],
    "attempts": [
        {"client": "ws1", "outcome": "refused"},
        {"client": "ws2", "outcome": "accepted"},
    ],
    "server": {"peak_sessions": 3, "ghost_session_s": 1.5},
}


def expect(name: str, **given: Any) -> ExpectSpec:
    """One expectation with everything else left out."""
    base: dict[str, Any] = {"session": None, "client": None, "between": None, "equals": None}
    return read_expectation(1, policies=(), name=name, why="a test", **{**base, **given})


@pytest.mark.parametrize(
    ("name", "given", "found", "fits"),
    [
        ("silence_s", {"session": 1, "between": ["889.5s", "889.9s"]}, 889.792, True),
        ("silence_s", {"session": 1, "between": ["889.8s", "889.9s"]}, 889.792, False),
        ("silence_s", {"session": 1, "equals": "never"}, 889.792, False),
        ("silence_s", {"session": 2, "equals": "never"}, None, True),
        ("silence_s", {"session": 2, "between": ["0s", "1h"]}, None, False),
        ("silence_s", {"session": 3, "equals": "never"}, "no such session", False),
        ("silence_s", {"client": "ws2", "equals": "never"}, None, True),
        ("false_disconnect", {"session": 1, "equals": False}, False, True),
        ("false_disconnect", {"session": 1, "equals": True}, False, False),
        ("final_state", {"session": 1, "equals": "disconnected"}, "disconnected", True),
        ("final_cause", {"session": 1, "equals": "10 polls"}, "10 polls", True),
        ("probes.frames", {"session": 1, "equals": 10}, 10, True),
        ("probes.frames", {"session": 1, "between": [1, 9]}, 10, False),
        ("server.peak_sessions", {"equals": 3}, 3, True),
        ("server.ghost_session_s", {"between": ["1500ms", "2s"]}, 1.5, True),
        ("sessions.count", {"equals": 2}, 2, True),
        ("sessions.count", {"client": "ws2", "equals": 1}, 1, True),
        ("attempts.count", {"equals": 2}, 2, True),
        ("attempts.refused", {"equals": 1}, 1, True),
        ("attempts.refused", {"client": "ws2", "equals": 0}, 0, True),
    ],
)
def test_a_field_is_found_and_judged(
    name: str, given: dict[str, Any], found: Any, fits: bool
) -> None:
    spec = expect(name, **given)
    assert found_in(RUN, spec) == found
    assert holds(spec, found_in(RUN, spec)) is fits


def test_false_is_not_zero() -> None:
    assert not holds(expect("probes.frames", session=1, equals=0), False)
    assert not holds(expect("false_disconnect", session=1, equals=False), 0)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("silence_s", {"session": 1, "equals": "5s"}),
        ("silence_s", {"session": 1, "equals": "never", "between": ["1s", "2s"]}),
        ("false_disconnect", {"session": 1, "equals": "no"}),
        ("false_disconnect", {"session": 1, "between": [0, 1]}),
        ("final_state", {"session": 1, "equals": "dead"}),
        ("probes.frames", {"session": 1, "equals": True}),
        ("probes.frames", {"session": 1, "between": ["1s", "2s"]}),
        ("server.peak_sessions", {"session": 1, "equals": 3}),
        ("server.peak_sessions", {"client": "ws1", "equals": 3}),
        ("nonsense", {"equals": 3}),
    ],
)
def test_what_cannot_be_judged_is_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(Unfit):
        expect(name, **given)


def test_an_expectation_without_policies_is_for_those_no_other_names() -> None:
    scenario = load_scenario("client-power-loss-and-restart")
    refused = {
        name: [each.equals for each in scenario.expects_for(name)
               if each.field == "attempts.refused"]
        for name in ("tcp-no-keepalive", "ncp-netware", "someone-elses")
    }  # fmt: skip
    assert refused == {"tcp-no-keepalive": [1], "ncp-netware": [0], "someone-elses": [0]}


def test_a_verdict_says_what_was_found() -> None:
    scenario = load_scenario("client-power-loss")
    verdicts = judge(scenario, "ncp-netware", RUN)
    assert [each["holds"] for each in verdicts] == [True, True]
    assert verdicts[0]["that"] == "silence_s of session 1 is between 889.5s and 889.9s"
    assert verdicts[0]["found"] == 889.792
    assert "16200" not in verdicts[0]["why"]
