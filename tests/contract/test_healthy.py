"""A live client is never thrown out, and is probed exactly as often as the formula says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.worlds import POLICIES, Played, S, made, played

#: By hand.  healthy-day works once a minute until 4 h = 14400 s, horizon 86400 s.
#: NetWare: last request heard at 14400.0000... s; then one poll every 296.597369 s (5400 ticks)
#: and its round trip: 72000 / 296.5977 = 242.75.  Tight: 30 s is 546 ticks, 29.989290 s, so
#: every idle minute of the morning holds 2 polls (60 / 29.99 = 2.0007: at 29.99 and, answered
#: one round trip later, at 59.98): 240 x 2; later 72000 / 29.9894 = 2400.8.
#: TCP, 2 h: 72000 / 7200 = 10, less the tenth, which the round trips push past the end.
#: 5 min: 72000 / 300 = 240, and likewise one less.  mars_nwe: see test_netware_and_mars.
DAY = {
    "ncp-netware": 242,
    "ncp-netware-tight": 240 * 2 + 2400,
    "tcp-no-keepalive": 0,
    "tcp-keepalive-nt4": 9,
    "tcp-keepalive-nt4-5min": 239,
}


def answered(run: Played) -> int:
    """Probes of the trace, each answered; and the JSON counts the same."""
    (connection,) = run.trace.connections
    assert all(probe.answer is not None and not probe.by_reset for probe in connection.probes)
    (session,) = run.json["sessions"]
    assert session["probes"]["frames"] == 2 * len(connection.probes)
    assert session["probes"]["bytes_on_wire"] == 2 * 64 * len(connection.probes)
    return len(connection.probes)


def idle_probes(run: Played, last_octet_ns: int) -> int:
    """The formula counts from an octet to the horizon and knows no round trips."""
    return run.transport.idle_probes(run.params, last_octet_ns, run.scenario.horizon_ns)


@pytest.mark.parametrize("policy", POLICIES)
def test_nobody_is_thrown_out_on_a_healthy_day(policy: str) -> None:
    run = played("healthy-day", policy)
    (session,) = run.json["sessions"]
    assert session["false_disconnect"] is False
    assert [state["state"] for state in session["states"]] == ["active"]
    assert run.json["server"]["ghost_session_s"] == 0
    assert run.failures() == []


@pytest.mark.parametrize("policy", DAY)
def test_a_healthy_day_costs_what_was_worked_out(policy: str) -> None:
    assert answered(played("healthy-day", policy)) == DAY[policy]


def test_mars_nwe_polls_at_every_third_check() -> None:
    """Answered just after a check, idle for more than 60 s only at the third check after it.

    The morning's requests, one a minute, count (60 s > 50 s); each comes one way after a full
    minute, which is a check, so the next two checks see 30 and just under 60 s: no poll.  From
    14400 s: polls at 14490, 14580, ... 86400: (86400 - 14490) / 90 + 1 = 800.
    """
    run = played("healthy-day", "ncp-mars-nwe")
    assert len(run.trace.connections[0].probes) == 800
    (connection,) = run.trace.connections
    assert [p.frame.at_ns for p in connection.probes[:2]] == [14490 * S, 14580 * S]
    # The last poll stands on the horizon itself: its answer is not awaited.
    assert [p.answer is None for p in connection.probes[-2:]] == [False, True]


@pytest.mark.parametrize("horizon", ["4000s", "9010s", "14401s"])
@pytest.mark.parametrize("policy", POLICIES)
def test_the_formula_counts_the_probes_of_an_idle_client(
    policy: str, horizon: str, tmp_path: Path
) -> None:
    """Each answer comes a round trip after its probe, so the count is taken probe by probe.

    From each sign of life the formula must say: one more probe before the next, none after the
    last; and from the last piece of work to the horizon the same count as on the wire, unless
    the round trips of all probes push one past the end, which these horizons avoid.
    """
    run = played(made(tmp_path, horizon=horizon), policy)
    (connection,) = run.trace.connections
    signs = [f.at_ns for f in connection.heard if f.at_ns >= 100 * S]
    start = signs[1] if run.transport.name == "tcp" else signs[0]
    found = [p.frame.at_ns for p in connection.probes if p.frame.at_ns > start]
    early = [p for p in connection.probes if p.frame.at_ns <= start]
    assert answered(run) == len(found) + len(early)
    assert len(found) == idle_probes(run, start)
    instants = [start, *(p.answer.at_ns for p in connection.probes[len(early) :] if p.answer)]
    for sign_ns, probe_ns in zip(instants, found, strict=False):
        count = run.transport.idle_probes
        assert count(run.params, sign_ns, probe_ns - 1) == 0
        assert count(run.params, sign_ns, probe_ns) == 1
