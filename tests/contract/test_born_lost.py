"""A log-on that arrives when its client is struck already: a session that is lost from birth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.worlds import ONE_EACH, S, made, ns, played

PROGRAM = '{ at = "1s", do = "log-on" }'


def _opened_ns(policy: str, folder: Path) -> int:
    run = played(made(folder, program=PROGRAM, horizon="60s"), policy)
    return ns(run.json["sessions"][0]["states"][0]["at_s"]) or 0


@pytest.mark.parametrize("kind", ["power-loss", "os-hang", "suspend", "cable", "app-hang"])
@pytest.mark.parametrize("policy", ONE_EACH)
def test_the_fault_is_the_sessions_although_it_struck_before(
    policy: str, kind: str, tmp_path: Path
) -> None:
    """1 ns before the log-on arrives it is on its way, and nothing of the client can stop it."""
    opened_ns = _opened_ns(policy, tmp_path)
    fault = f'kind = "{kind}"\nat = "{opened_ns - 1}ns"'
    run = played(made(tmp_path, fault, program=PROGRAM, horizon="3h"), policy)
    (session,) = run.json["sessions"]
    assert ns(session["states"][0]["at_s"]) == opened_ns
    assert (session["fault"], session["client_lost_at_s"]) == (kind, (opened_ns - 1) / S)
    thrown_out = session["noticed_at_s"] is not None
    assert thrown_out is (kind != "app-hang" and len(session["states"]) > 1)
    assert session["false_disconnect"] is (thrown_out and kind in ("suspend", "cable"))
    assert run.failures() == []


@pytest.mark.parametrize("kind", ["os-hang", "suspend", "cable"])
def test_a_log_on_after_the_fault_is_struck_by_nothing(kind: str, tmp_path: Path) -> None:
    """The fault holds from 10 s to 30 s; the first log-on is at 40 s."""
    fault = f'kind = "{kind}"\nat = "10s"\nfor = "20s"'
    program = '{ at = "40s", do = "log-on" }'
    run = played(made(tmp_path, fault, program=program, horizon="60s"), "tcp-no-keepalive")
    (session,) = run.json["sessions"]
    assert (session["fault"], session["client_lost_at_s"]) == (None, None)
