"""What a run leaves for a picture is what happened in it."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

from emu.compare.plan import Batch
from emu.compare.trace import Trace
from tests.compare.worlds import ONE, plan_of

S = 1_000_000_000


def traced(folder: Path, policy: str, text: str = ONE) -> Trace:
    plan = replace(plan_of(folder, text, (policy,), seeds=1), traced=True)
    (outcome,) = plan.play(Batch(0, 0, 1))
    assert outcome.trace is not None
    return outcome.trace


def test_a_session_with_its_fault_and_its_probes(tmp_path: Path) -> None:
    """nbf-nt4 probes 30 s after the last frame (facts/netbeui.md), so only idle time has probes."""
    plan = replace(plan_of(tmp_path, ONE, ("nbf-nt4",), seeds=1), traced=True)
    (outcome,) = plan.play(Batch(0, 0, 1))
    assert outcome.trace is not None
    (session,) = outcome.trace.sessions
    (strike,) = session.strikes
    assert (session.client, session.user, strike.fault) == ("ws1", "ann", "power-loss")
    assert (outcome.trace.seed, outcome.trace.horizon_ns) == (0, 3600 * S)
    assert 600 * S <= strike.at_ns <= 1200 * S
    (struck,) = outcome.struck
    assert strike.noticed_ns == strike.ghost_until_ns == strike.at_ns + (struck.delay_ns or 0)
    assert [span.state for span in session.spans][:2] == ["active", "disconnected"]
    assert session.spans[1].from_ns == strike.noticed_ns
    assert len(session.probes_ns) == outcome.probes > 0
    assert [*session.probes_ns] == sorted(session.probes_ns)
    assert strike.at_ns < session.probes_ns[-1] < strike.noticed_ns
    assert outcome.trace.links == (), "a LAN makes no calls"


def test_who_never_notices_has_a_ghost_to_the_end(tmp_path: Path) -> None:
    (session,) = traced(tmp_path, "tcp-no-keepalive").sessions
    (strike,) = session.strikes
    assert (strike.noticed_ns, strike.ghost_until_ns, strike.mended) == (None, 3600 * S, False)
    assert [(span.state, span.until_ns) for span in session.spans] == [("active", 3600 * S)]
    assert session.probes_ns == ()


def test_a_cable_that_is_back_in_time_left_nothing_to_notice(tmp_path: Path) -> None:
    text = ONE.replace('"power-loss"', '"cable"\nfor = "2s"')
    (session,) = traced(tmp_path, "tcp-no-keepalive", text).sessions
    (strike,) = session.strikes
    assert (strike.fault, strike.mended, strike.noticed_ns) == ("cable", True, None)


def test_only_the_first_seed_is_traced_and_only_on_demand(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seeds=2)
    whole = Batch(0, 0, 2)
    assert [each.trace for each in plan.play(whole)] == [None, None]
    drawn = replace(plan, traced=True).play(whole)
    assert [each.trace is None for each in drawn] == [False, True]
    assert [replace(each, trace=None) for each in drawn] == plan.play(whole)
    assert pickle.loads(pickle.dumps(drawn)) == drawn
