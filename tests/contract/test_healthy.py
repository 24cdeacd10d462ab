"""A live client is never thrown out, and is probed exactly as often as the formula says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.worlds import POLICIES, Played, S, made, played

#: Whole days are played here.
pytestmark = pytest.mark.slow

#: By hand.  healthy-day works once a minute until 4 h = 14400 s, horizon 86400 s.
#: NetWare: last request heard at 14400.0000... s; then one poll every 296.597369 s (5400 ticks)
#: and its round trip: 72000 / 296.5977 = 242.75.  Tight: 30 s is 546 ticks, 29.989290 s, so
#: every idle minute of the morning holds 2 polls (60 / 29.99 = 2.0007: at 29.99 and, answered
#: one round trip later, at 59.98): 240 x 2; later 72000 / 29.9894 = 2400.8.
#: TCP, 2 h: 72000 / 7200 = 10, less the tenth, which the round trips push past the end.
#: 5 min: 72000 / 300 = 240, and likewise one less.  mars_nwe: see test_netware_and_mars.
#: NBF with Ti: every idle minute holds 1 probe, at 30 s (the next meets the work at 60 s): 240;
#: 72000 / 30 = 2400, less the last for the round trips: 2639.  With SESSION_ALIVE a beat of 30 s
#: from set-up at 1.5 s on, whatever is said: (86400 - 1.5) / 30 = 2879.95.
#: SPX and NBIPX count at both ends, who asks is heard by the other, so the server asks every
#: second time: 12 s, 60 s, 30 s.  In an idle minute 4 (12 to 48 s), 0 and 1 (30 s); later 72000
#: by these, less one: 240 x 4 + 5999, 1199, 240 + 2399.  Under Novell's clocks each says
#: something before the other asks.
DAY = {
    "nbf-802.2": 0,
    "nbf-ibm": 240 + 2399,
    "nbf-nt4": 240 + 2399,
    "nbf-lan-manager": 2879,
    "nbf-win9x": 2879,
    "spx-novell": 0,
    "spx-nwlink": 240 * 4 + 5999,
    "nbipx-novell": 0,
    "nbipx-nwlink": 1199,
    "nbipx-nwlink-15s": 240 + 2399,
    # On a LAN, as ncp-netware.
    "ncp-fpnw": 242,
    "ncp-netware": 242,
    "ncp-netware-tight": 240 * 2 + 2400,
    "tcp-no-keepalive": 0,
    "tcp-keepalive-nt4": 9,
    "tcp-keepalive-nt4-5min": 239,
    # 72000 / 130 = 553.8, 72000 / 110 = 654.5.
    "tcp-keepalive-just-above-hangup": 553,
    "tcp-keepalive-just-below-hangup": 654,
    # As NT 4: 72000 / 7200, less one.
    "tcp-keepalive-windows": 9,
    "tcp-keepalive-freebsd": 9,
    "tcp-keepalive-macos": 9,
    "tcp-keepalive-solaris": 9,
    # 7200.5 s from tick to tick, the first 7200.5 s behind 14400: 9.99 of them.
    "tcp-keepalive-lwip": 9,
    # Linux, wheel at 0 (facts/tcp.md 3.4).  The timer of 7200 s fires on a grid of 131.072 s: at
    # 55 x = 7208.96 s, at 110 x = 14417.92 s, each time somebody has worked a minute before;
    # then at 165 x = 21626.88 s it probes, and every 55 x behind it: (86400 - 21626.88) / 7208.96
    # = 8.98, so 9.
    "tcp-no-keepalive-linux": 0,
    "tcp-keepalive-linux": 9,
    # 60 s on a grid of 2.048 s never fires within a working minute.  From 14400 s and the delayed
    # ACK on: 14460.928 s, then every 30 x 2.048 = 61.44 s: 71939.07 / 61.44 = 1170.9 and the first.
    "tcp-keepalive-linux-60-10-6": 1171,
    "tcp-user-timeout-linux": 1171,
}

#: Octets on the wire of a probe or its answer: 54 and FCS, padded; Linux adds 12 of timestamps.
PROBE_OCTETS = {"linux": {70}}


def answered(run: Played) -> int:
    """Probes of the trace, each answered; and the JSON counts the same."""
    (connection,) = run.trace.connections
    assert all(probe.answer is not None and not probe.by_reset for probe in connection.probes)
    (session,) = run.json["sessions"]
    told = session["probes"]
    assert told["sent"] == told["answered"] == len(connection.probes)
    assert told["unasked"] == len(connection.unasked)
    sizes = [max(64, len(f.octets) + 4) for f in connection.probe_frames()]
    assert session["probes"]["bytes_on_wire"] == sum(sizes)
    if run.transport.name in ("tcp", "ncp", "nbf", "spx"):
        bare = PROBE_OCTETS.get(run.policy.stack, {64})
        assert set(sizes) <= bare, "nothing but the smallest frames"
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


def test_every_policy_has_its_day() -> None:
    """mars_nwe's is worked out below."""
    assert {*DAY, "ncp-mars-nwe"} == set(POLICIES)


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


#: Policies whose probes do not follow from one last octet alone, to the nanosecond: a beat runs
#: on from set-up, and where both ends count, the client's own probe lies in between.
BEATS = ("nbf-lan-manager", "nbf-win9x")
TURNS = ("spx-nwlink", "nbipx-nwlink", "nbipx-nwlink-15s")


@pytest.mark.parametrize("horizon", ["4000s", "9010s", "14401s"])
@pytest.mark.parametrize("policy", BEATS)
def test_the_formula_counts_the_beats_of_a_session(
    policy: str, horizon: str, tmp_path: Path
) -> None:
    """Every 30 s from SESSION_INITIALIZE on, to the nanosecond, with work in between or not."""
    run = played(made(tmp_path, horizon=horizon), policy)
    (connection,) = run.trace.connections
    found = [probe.frame.at_ns for probe in connection.probes]
    assert answered(run) == len(found) > 100
    beats = range(1, len(found) + 1)
    assert found == [connection.opened_ns + beat * 30 * S for beat in beats]
    # The formula takes the last octet for the acknowledgement of one, T2 after it.
    delayed_ns = int(run.policy.values["nbf.ack_delay"] or 0)
    begun_ns = connection.opened_ns + delayed_ns
    assert idle_probes(run, begun_ns) == len(found)


@pytest.mark.parametrize("horizon", ["4000s", "9010s", "14401s"])
@pytest.mark.parametrize("policy", TURNS)
def test_the_formula_counts_the_probes_of_two_ends_that_take_turns(
    policy: str, horizon: str, tmp_path: Path
) -> None:
    """Each probe follows an idle time behind the client's last octet, which was a probe too."""
    run = played(made(tmp_path, horizon=horizon), policy)
    (connection,) = run.trace.connections
    heard = connection.heard
    worked = next(n for n, frame in enumerate(heard) if frame.at_ns >= 100 * S) + 1
    late = [probe for probe in connection.probes if probe.frame.at_ns > heard[worked].at_ns]
    assert answered(run) == len(late) + (len(connection.probes) - len(late))
    idle_ns = run.params.sliding.watchdog.idle_ns
    for probe in late:
        last = [frame for frame in heard if frame.at_ns < probe.frame.at_ns][-1]
        assert probe.frame.at_ns == last.at_ns + idle_ns
        # IPX of 802.2 begins behind 17 octets, its payload 30 further (facts/ipx.md 1.1, 1.2).
        assert last.octets[47] == 0xC0, "the client's own probe"
    assert len(late) == idle_probes(run, heard[worked].at_ns)


@pytest.mark.parametrize("horizon", ["4000s", "9010s", "14401s"])
@pytest.mark.parametrize("policy", [p for p in POLICIES if p not in BEATS + TURNS])
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
    start = signs[0] if run.transport.name == "ncp" else signs[1]
    if run.policy.stack == "linux" and connection.probes:
        # The timer knows nothing of traffic; from the first answer on it is the formula's.
        answers = (probe.answer for probe in connection.probes if probe.frame.at_ns > start)
        start = next(answer.at_ns for answer in answers if answer is not None)
    if run.transport.name == "nbf" and connection.probes:
        # RR and DATA_ACK where every I frame is acknowledged: the last of them.
        first = next(p.frame.at_ns for p in connection.probes if p.frame.at_ns > start)
        start = max(at_ns for at_ns in signs if at_ns < first)
    found = [p.frame.at_ns for p in connection.probes if p.frame.at_ns > start]
    early = [p for p in connection.probes if p.frame.at_ns <= start]
    assert answered(run) == len(found) + len(early)
    assert len(found) == idle_probes(run, start)
    instants = [start, *(p.answer.at_ns for p in connection.probes[len(early) :] if p.answer)]
    for sign_ns, probe_ns in zip(instants, found, strict=False):
        count = run.transport.idle_probes
        assert count(run.params, sign_ns, probe_ns - 1) == 0
        assert count(run.params, sign_ns, probe_ns) == 1
