"""SPX's closed formulas: against the documents, and against the machine, to the nanosecond."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emu.machines.spx import CountingParams, NovellParams, SpxParams
from emu.transports import spx_formulas as formulas
from emu.transports.base import Fault, Value
from emu.transports.spx import SPX
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks
from tests.machines import spx_parts
from tests.machines.spx_pipe import Pipe

from .spx_parts import LAST, LOST, SLIDINGS, Alone, fault, shipped

COMMON: dict[str, Value] = {
    "spx.watchdog_with_data": True,
    "spx.first_retransmission": ms(500),
    "spx.retransmission_law": "doubling",
    "spx.retransmissions": 8,
    "spx.wait_after_last_retransmission": True,
    "spx.connection_requests": 10,
    "spx.connection_timeout": s(1),
    "spx.window": 4,
    "spx.framing": "802.2",
}

# --- parameters ---------------------------------------------------------------------------------


def test_parameters_come_out_as_they_went_in() -> None:
    values: dict[str, Value] = {
        "spx.keepalive_timeout": s(6), "spx.keepalive_count": 8,
        "spx.wait_after_last_probe": True, **COMMON,
    }  # fmt: skip
    assert SPX.make_params("nwlink", values) == spx_parts.NWLINK
    assert shipped("spx-nwlink") == spx_parts.NWLINK
    assert shipped("spx-novell") == spx_parts.NOVELL


def test_spxs_nlm() -> None:
    """Starts 60 s after the last packet (facts/ipx.md 2.2); its spacing and count are given."""
    values: dict[str, Value] = {
        "spx.watchdog_start": s(60), "spx.watchdog_interval": s(3), "spx.watchdog_requests": 10,
        "spx.wait_after_last_probe": True, **COMMON,
    }  # fmt: skip
    made = SPX.make_params("spxs-nlm", values)
    assert SPX.silence(made, LAST) == s(90)


def test_novells_clocks_are_rounded_to_ticks() -> None:
    made = shipped("spx-novell", "policy.spx.abort=29.7s", "policy.spx.listen=6s")
    assert made.sliding.watchdog.abort_ticks == 541
    assert made.sliding.watchdog.listen_ticks == 109


# --- the documents ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "settings", "expected_s", "tolerance_s"),
    [
        ("spx-novell", [], 29.7, 0.2),
        ("spx-nwlink", [], 54, 0.6),
        ("spx-nwlink", ["policy.spx.wait_after_last_probe=false"], 48, 0.6),
    ],
)
def test_silence_is_the_documents(policy, settings, expected_s, tolerance_s) -> None:
    silence = SPX.silence(shipped(policy, *settings), LAST)
    assert silence is not None
    assert abs(silence - s(expected_s)) <= s(tolerance_s)


def test_patience_with_data_is_the_documents() -> None:
    """facts/ipx.md 2.3: 8 waits from 500 ms are 4 s if constant, 127.5 s if doubling."""
    data = replace(spx_parts.DATA, wait_after_last=False)
    sliding = replace(spx_parts.NWLINK.sliding, data=data)
    assert formulas.patience(sliding) == s(127.5)
    assert formulas.patience(replace(sliding, data=replace(data, doubling=False))) == s(4)
    waited = replace(sliding, data=spx_parts.DATA)
    assert formulas.patience(waited) == s(255.5)


def test_the_formula_in_words() -> None:
    assert SPX.formula(shipped("spx-nwlink")) == (
        "6 s + 8 x 6 s = 54 s of silence: 8 probes, the last one waited out too; with data"
        " unacknowledged 255.5 s (8 retransmissions from 0.5 s, doubling): whichever is first"
    )
    assert SPX.formula(shipped("spx-novell")) == (
        "abort = 29.66 s of silence, asking from 5.932 s on; with data unacknowledged 20.762 s"
        " (20 retransmissions from 0.989 s, constant): whichever is first"
    )
    other = shipped(
        "spx-nwlink", "policy.spx.wait_after_last_probe=false", "policy.spx.retransmissions=1",
        "policy.spx.watchdog_with_data=false",
    )  # fmt: skip
    assert SPX.formula(other) == (
        "6 s + 7 x 6 s = 48 s of silence: 8 probes, the last one not waited out; with data"
        " unacknowledged 1.5 s (1 retransmission from 0.5 s, doubling): the watchdog waits"
    )


# --- delay, by hand -----------------------------------------------------------------------------

NWLINK, NOVELL = spx_parts.NWLINK, spx_parts.NOVELL


@pytest.mark.parametrize("kind", ["power-loss", "os-hang", "suspend", "cable"])
def test_a_client_that_never_returns(kind: str) -> None:
    """597 + 54 - 600 = 51 s after the fault."""
    assert SPX.delay(NWLINK, fault(kind), LAST) == s(51)


def test_a_reboot_changes_nothing() -> None:
    """facts/ipx.md 3.2: the old end ages out, wherever the new life connects from."""
    for same in (True, False):
        back = Fault(
            kind="reboot", lost_at_ns=LOST, back_at_ns=s(605), attaches_at_ns=s(606),
            same_address=same,
        )  # fmt: skip
        assert SPX.delay(NWLINK, back, LAST) == s(51)


def test_a_hung_program_is_never_noticed_and_a_killed_one_at_once() -> None:
    for made in (NWLINK, NOVELL):
        assert SPX.delay(made, fault("app-hang"), LAST) is None
        assert SPX.delay(made, fault("app-hang", until_ns=s(700)), LAST) is None
        assert SPX.delay(made, fault("kill"), LAST) == 0


@pytest.mark.parametrize("kind", ["os-hang", "suspend", "cable"])
@pytest.mark.parametrize("made", [NWLINK, NOVELL])
def test_back_in_time_nobody_is_disconnected(made: SpxParams, kind: str) -> None:
    """Four seconds are shorter than every shortest delay."""
    assert SPX.delay(made, fault(kind, until_ns=LOST + s(4)), LAST) is None


def test_back_behind_the_last_probe() -> None:
    """Probes at 603 ... 645 s, the end at 651 s: a cable is too late then, a sleeper speaks."""
    for kind, late in (("cable", s(51)), ("suspend", None), ("os-hang", None)):
        # What leaves at the instant of the mending is still lost (timeline.py, OPERATOR).
        tie = s(645) - (kind == "cable")
        assert SPX.delay(NWLINK, fault(kind, until_ns=tie), LAST) is None
        assert SPX.delay(NWLINK, fault(kind, until_ns=s(645) + 1), LAST) == late
        assert SPX.delay(NWLINK, fault(kind, until_ns=s(651)), LAST) == s(51)


def test_novells_ends_speak_every_verify() -> None:
    """The last request at 432 ticks; a cable mended a verify time before the abort is in time."""
    end, verify = LAST + ticks(540), ticks(54)
    late = end - LOST
    assert SPX.delay(NOVELL, fault("cable", until_ns=end - verify - 1), LAST) is None
    assert SPX.delay(NOVELL, fault("cable", until_ns=end - verify), LAST) == late
    assert SPX.delay(NOVELL, fault("suspend", until_ns=end - 1), LAST) is None
    assert SPX.delay(NOVELL, fault("suspend", until_ns=end), LAST) == late


def test_with_data_on_its_way_whoever_is_first() -> None:
    """Pushed at 601 s: Novell's retries end 20.76 s later, its clocks at 626.7 s."""
    pushed = s(601)
    told = fault(unacknowledged_since_ns=pushed)
    assert SPX.delay(NOVELL, told, LAST) == pushed - LOST + 21 * ticks(18)
    assert SPX.delay(NWLINK, told, LAST) == s(51)
    alone = spx_parts.changed(NWLINK, watchdog_with_data=False)
    assert SPX.delay(alone, told, LAST) == s(1) + s(255.5)


def test_a_cable_mended_between_two_retransmissions() -> None:
    """Pushed at 601 s, constant: repeats at 601.5 ... 605 s, the end at 605.5 s."""
    data = replace(spx_parts.DATA, doubling=False)
    made = spx_parts.changed(NWLINK, data=data)
    for until, noticed in ((s(605) - 1, None), (s(605), s(5.5))):
        told = fault("cable", until_ns=until, unacknowledged_since_ns=s(601))
        assert SPX.delay(made, told, LAST) == noticed


# --- formula against machine --------------------------------------------------------------------

INSTANTS = st.integers(1, s(300))


@given(SLIDINGS, INSTANTS)
@example(NWLINK.sliding, LAST)
@example(NOVELL.sliding, LAST)
def test_the_machine_gives_up_exactly_when_the_formula_says(sliding, wait: int) -> None:
    end = Alone(sliding)
    wait %= formulas.silence(sliding) or 1
    end.run(wait - 1)
    end.hear(wait)
    end.probes.clear()
    end.run(1 << 62)
    assert end.lost_ns == wait + formulas.silence(sliding)
    watchdog = sliding.watchdog
    if isinstance(watchdog, CountingParams):
        assert len(end.probes) == watchdog.probes
    else:
        assert len(end.probes) == end.machine.watchdog.probes_max


@given(SLIDINGS, st.integers(0, s(60)))
def test_the_machine_gives_data_up_exactly_when_the_formula_says(sliding, wait: int) -> None:
    """Pushed at any instant behind the last octet, however many probes are unanswered."""
    wait %= formulas.silence(sliding) or 1
    end = Alone(sliding)
    end.run(wait)
    if end.lost_ns is not None:
        return
    end.push(wait)
    end.run(1 << 62)
    params = SpxParams(sliding=sliding, framing="802.2")
    struck = Fault(kind="power-loss", lost_at_ns=0, unacknowledged_since_ns=wait)
    assert end.lost_ns == SPX.delay(params, struck, 0)


@given(SLIDINGS, st.integers(0, s(400)), st.booleans(), st.integers(0, s(10)))
def test_a_client_that_answers_again_is_lost_exactly_when_the_formula_says(
    sliding, until: int, pushed: bool, wait: int
) -> None:
    """A cable: what the server says reaches the client from ``until`` on, and is answered."""
    wait %= formulas.silence(sliding) or 1
    end = Alone(sliding)
    end.run(wait)
    if end.lost_ns is not None or isinstance(sliding.watchdog, NovellParams):
        return
    if pushed:
        end.push(wait)
    limit = (end.machine.due() or 0) + formulas.patience(sliding) + formulas.silence(sliding)
    end.run(min(limit, until + 2 * limit), answers_from=max(until, wait + 1))
    struck = Fault(
        kind="cable", lost_at_ns=0, until_ns=max(until, wait + 1),
        unacknowledged_since_ns=wait if pushed else None,
    )  # fmt: skip
    predicted = SPX.delay(SpxParams(sliding=sliding, framing="802.2"), struck, 0)
    assert end.lost_ns == predicted


# --- a healthy idle peer ------------------------------------------------------------------------


@pytest.mark.parametrize("params", [NWLINK, NOVELL])
def test_a_healthy_idle_pair_probes_as_often_as_the_formula_says(params: SpxParams) -> None:
    """They take turns, so the server sends every second one; Novell's ask nothing at all."""
    from emu.machines.spx import Connect, Send, SpxConnection

    client = SpxConnection(params, own_id=spx_parts.OURS)
    server = SpxConnection(params, own_id=spx_parts.THEIRS)
    pipe = Pipe(client, server)
    pipe.ask(pipe.a, Connect())
    pipe.run(s(1))
    pipe.ask(pipe.b, Send(b"12:00"))
    pipe.run(s(1) + ms(1))
    last = s(1) + 2 * 100_000
    pipe.run(s(1) + s(7199))
    probes = [at for at, _pdu, about in pipe.b.sent if about and about.kind == "probe"]
    expected = SPX.idle_probes(params, last, pipe.now)
    assert expected == (599 if params is NWLINK else 0)
    assert len(probes) == expected


def test_where_verify_comes_too_late_novells_ends_ask_in_turn() -> None:
    slow = replace(spx_parts.NOVELL_CLOCKS, verify_ticks=200)
    made = spx_parts.changed(NOVELL, watchdog=slow)
    assert SPX.idle_probes(made, 0, ticks(1080)) == 5
    assert SPX.idle_probes(made, s(10), s(5)) == 0


# --- what the client knows, which the fault tells ------------------------------------------------


def test_a_client_that_heard_later_than_the_server_still_probes_behind_its_last_probe() -> None:
    """Server's probes to 645 s, end at 651 s; the client heard at 602 s, so its own go to 650 s."""
    told = fault("cable", until_ns=s(646), client_heard_ns=s(602))
    assert SPX.delay(NWLINK, told, LAST) is None
    assert SPX.delay(NWLINK, replace(told, until_ns=s(650)), LAST) == s(51)


def test_a_word_that_does_not_acknowledge_saves_no_data() -> None:
    """Novell's retries end 21 s behind the push at 601 s; a sleeper's own word is no ACK of it."""
    pushed = s(601)
    asleep = fault("suspend", until_ns=pushed + 21 * ticks(18) - 1, unacknowledged_since_ns=pushed)
    late = pushed - LOST + 21 * ticks(18)
    assert SPX.delay(NOVELL, replace(asleep, client_heard_ns=s(599)), LAST) == late
    assert SPX.delay(NOVELL, replace(asleep, client_heard_ns=pushed), LAST) is None
    assert SPX.delay(NOVELL, replace(asleep, kind="os-hang"), LAST) is None
