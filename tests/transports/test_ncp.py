"""NCP's closed formulas: against the documents, and against the machines, to the nanosecond."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Deliver, Lost, Received, Transmit
from emu.machines.ncp import Clear, MarsNweParams, NcpParams, NetWareParams, ServerConnection
from emu.transports.base import Fault, Value
from emu.transports.ncp import NCP
from emu.units import milliseconds, parse_duration, seconds, ticks
from tests.machines.ncp_parts import answer, create, params, request

COMMON: dict[str, Value] = {
    "ncp.slot_rule": "same-address-reuses",
    "ncp.client_socket": "same",
    "ncp.framing": "802.2",
    "ncp.request_timeout": seconds(3),
    "ncp.request_retries": 20,
    "ncp.spoof_tolerance": 0,
    "ncp.advertise_every": None,
}


def netware(**changes: Value) -> NcpParams:
    values: dict[str, Value] = {
        "ncp.delay_before_first_poll": parse_duration("4m56.6s"),
        "ncp.delay_between_polls": parse_duration("59.3s"),
        "ncp.polls": 10,
        "ncp.wait_after_last_poll": True,
    }
    return NCP.make_params("netware", values | COMMON | _named(changes))


def mars_nwe(**changes: Value) -> NcpParams:
    values: dict[str, Value] = {
        "ncp.check_interval": seconds(30),
        "ncp.idle_before_first_poll": seconds(60),
        "ncp.delay_between_polls": seconds(50),
        "ncp.polls": 4,
        "ncp.activity_spacing": seconds(50),
    }
    return NCP.make_params("mars-nwe", values | COMMON | _named(changes))


def _named(changes: dict[str, Value]) -> dict[str, Value]:
    return {f"ncp.{name}": value for name, value in changes.items()}


def tight(**changes: Value) -> NcpParams:
    return netware(
        delay_before_first_poll=seconds(30),
        delay_between_polls=seconds(10),
        polls=5,
        **changes,
    )


# --- parameters ---------------------------------------------------------------------------------


def test_the_documents_decimals_are_whole_ticks() -> None:
    """4 min 56.6 s is 5400 ticks, 59.3 s is 1080 (facts/ipx.md 2.1)."""
    watchdog = netware().watchdog
    assert isinstance(watchdog, NetWareParams)
    assert watchdog.delay_before_first_poll_ns == ticks(5400)
    assert watchdog.delay_between_polls_ns == ticks(1080)


def test_parameters_come_out_as_they_went_in() -> None:
    assert mars_nwe(slot_rule="new-slot", client_socket="new-each-boot") == NcpParams(
        watchdog=MarsNweParams(
            check_interval_ns=seconds(30),
            idle_before_first_poll_ns=seconds(60),
            delay_between_polls_ns=seconds(50),
            polls=4,
            activity_spacing_ns=seconds(50),
        ),
        same_address_reuses=False,
        same_client_socket=False,
        framing="802.2",
        request_timeout_ns=seconds(3),
        request_retries=20,
        spoof_tolerance=0,
        advertise_every_ns=None,
    )


def test_a_server_advertises_as_often_as_it_is_told() -> None:
    assert netware(advertise_every=seconds(60)).advertise_every_ns == seconds(60)
    assert netware(advertise_every=None).advertise_every_ns is None


def test_every_parameter_of_a_stack_is_used() -> None:
    for stack, made in (("netware", netware()), ("mars-nwe", mars_nwe())):
        names = {parameter.name for parameter in NCP.stack(stack).parameters}
        fields = made.__dataclass_fields__.keys() | made.watchdog.__dataclass_fields__.keys()
        assert len(names) == len(fields) - 1  # "watchdog" holds the others


# --- silence: the documents ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "expected_s", "tolerance_s"),
    [
        (netware(), 889.79, 0.005),  # 5400 + 10 x 1080 ticks, facts/ipx.md 2.1
        (netware(wait_after_last_poll=False), 830.47, 0.01),  # N - 1: 830.3 from the decimals
        (tight(), 80, 0.1),  # BASIS: 30/10/5 -> 80 s
        (
            netware(
                delay_before_first_poll=parse_duration("15.7s"),
                delay_between_polls=parse_duration("9.9s"),
                polls=5,
            ),
            65.2,
            0.1,  # each of 6 intervals is within half a tick of its decimals
        ),
        (
            netware(
                delay_before_first_poll=parse_duration("20m52.3s"),
                delay_between_polls=parse_duration("10m26.2s"),
                polls=100,
            ),
            63_872,
            15,
        ),
    ],
)
def test_netware_silence_is_the_documents(made: NcpParams, expected_s: float, tolerance_s) -> None:
    silence_ns = NCP.silence(made, seconds(533))
    assert silence_ns is not None
    assert abs(silence_ns - seconds(expected_s)) <= seconds(tolerance_s)


@pytest.mark.parametrize(
    ("last_octet_s", "expected_s"), [(533, 307), (540, 330), (539, 301), (510, 330), (569, 301)]
)
def test_mars_nwe_silence_depends_on_the_phase(last_octet_s: int, expected_s: int) -> None:
    """300 s excluded to 330 s included: a check wants *more* than 60 s."""
    assert NCP.silence(mars_nwe(), seconds(last_octet_s)) == seconds(expected_s)


def test_mars_nwe_at_the_earliest() -> None:
    """61 + 4 x 51 = 265 s with a check every second (facts/ipx.md 2.1)."""
    assert NCP.silence(mars_nwe(check_interval=seconds(1)), seconds(533)) == seconds(265)


def test_the_formula_in_words() -> None:
    assert NCP.formula(netware()) == (
        "296.597 s + 10 x 59.319 s = 889.792 s of silence: 10 polls, the last one waited out too"
    )
    assert NCP.formula(netware(wait_after_last_poll=False)) == (
        "296.597 s + 9 x 59.319 s = 830.473 s of silence: 10 polls, the last one not waited out"
    )
    assert NCP.formula(mars_nwe()) == (
        "first check with more than 60 s of silence, + 4 x 60 s (checks every 30 s, polls more"
        " than 50 s apart): more than 300 s, at most 330 s of silence"
    )


# --- delay --------------------------------------------------------------------------------------

LOST = seconds(600)
LAST = seconds(533)


def fault(kind: str = "power-loss", *, attaches_s: float | None = None, same: bool = True) -> Fault:
    attaches = None if attaches_s is None else seconds(attaches_s)
    return Fault(
        kind=kind,
        lost_at_ns=LOST,
        back_at_ns=attaches,
        attaches_at_ns=attaches,
        same_address=same,
    )


def test_a_client_that_never_returns_is_noticed_after_the_rest_of_the_silence() -> None:
    """The documents' own case: 533 + 889.79 - 600 = 822.79 s after the power went."""
    silence = NCP.silence(netware(), LAST)
    assert silence is not None
    assert NCP.delay(netware(), fault(), LAST) == LAST + silence - LOST
    assert NCP.delay(tight(), fault(), LAST) == LAST + (NCP.silence(tight(), LAST) or 0) - LOST
    assert NCP.delay(mars_nwe(), fault(), LAST) == seconds(240)


@pytest.mark.parametrize("kind", ["power-loss", "reboot"])
def test_the_slot_rule_ends_the_old_state_at_once(kind: str) -> None:
    assert NCP.delay(netware(), fault(kind, attaches_s=615), LAST) == seconds(15)
    assert NCP.delay(mars_nwe(), fault(kind, attaches_s=615), LAST) == seconds(15)


def test_a_host_that_is_back_but_does_not_attach_changes_nothing() -> None:
    idle_shell = Fault(kind="reboot", lost_at_ns=LOST, back_at_ns=LOST + 1, same_address=True)
    assert NCP.delay(netware(), idle_shell, LAST) == NCP.delay(netware(), fault(), LAST)


def test_attaching_after_the_clearing_changes_nothing() -> None:
    """mars_nwe clears at 840."""
    assert NCP.delay(mars_nwe(), fault(attaches_s=841), LAST) == seconds(240)
    assert NCP.delay(mars_nwe(), fault(attaches_s=839), LAST) == seconds(239)


def test_from_another_address_the_old_slot_ages_out() -> None:
    for made in (netware(), mars_nwe(), netware(slot_rule="new-slot")):
        aged = NCP.delay(made, fault(), LAST)
        assert NCP.delay(made, fault(attaches_s=615, same=False), LAST) == aged
    new_socket = netware(client_socket="new-each-boot")
    assert NCP.delay(new_socket, fault(attaches_s=615), LAST) == NCP.delay(netware(), fault(), LAST)


def test_the_new_stack_keeps_the_old_slot_alive_for_ever() -> None:
    """The trap of facts/ipx.md 3.1.4: a new slot, the same watchdog socket, 'Y' for both."""
    for made in (netware(slot_rule="new-slot"), mars_nwe(slot_rule="new-slot")):
        assert NCP.delay(made, fault(attaches_s=615), LAST) is None


def test_attaching_behind_the_last_poll_is_too_late_to_keep_it_alive() -> None:
    """mars_nwe polls for the last time at 780 and clears at 840."""
    made = mars_nwe(slot_rule="new-slot")
    assert NCP.delay(made, fault(attaches_s=780), LAST) is None
    assert NCP.delay(made, fault(attaches_s=780.000000001), LAST) == seconds(240)
    at_once = tight(slot_rule="new-slot", wait_after_last_poll=False)
    cleared = LAST + (NCP.silence(at_once, LAST) or 0)
    assert NCP.delay(at_once, fault(attaches_s=cleared / 1e9), LAST) == cleared - LOST


# --- a healthy idle peer ------------------------------------------------------------------------


def test_idle_probes_of_a_day() -> None:
    """NetWare 86,400 / 296.6; mars_nwe one every 90 s: at 90, 180 ... since the answer is late."""
    assert NCP.idle_probes(netware(), 0, seconds(86_400)) == 291
    assert NCP.idle_probes(mars_nwe(), 0, seconds(86_400)) == 960
    assert NCP.idle_probes(mars_nwe(), seconds(533), seconds(599)) == 0
    assert NCP.idle_probes(mars_nwe(), seconds(533), seconds(600)) == 1
    assert NCP.idle_probes(mars_nwe(), seconds(533), seconds(690) - 1) == 1
    assert NCP.idle_probes(tight(), seconds(100), seconds(50)) == 0


# --- formula against machine --------------------------------------------------------------------

NETWARES = st.builds(
    NetWareParams,
    delay_before_first_poll_ns=st.integers(1, ticks(22_800)),
    delay_between_polls_ns=st.integers(1, ticks(11_400)),
    polls=st.integers(2, 100),
    wait_after_last_poll=st.booleans(),
)
MARS_NWES = st.builds(
    MarsNweParams,
    check_interval_ns=st.integers(1, seconds(600)),
    idle_before_first_poll_ns=st.integers(0, seconds(600)),
    delay_between_polls_ns=st.integers(0, seconds(600)),
    polls=st.integers(1, 20),
    activity_spacing_ns=st.just(0),
)
#: Within the ranges of the policies, so that a healthy peer is not polled every nanosecond.
LIKELY_NETWARES = st.builds(
    NetWareParams,
    delay_before_first_poll_ns=st.integers(ticks(286), ticks(22_800)),
    delay_between_polls_ns=st.integers(ticks(180), ticks(11_400)),
    polls=st.integers(5, 100),
    wait_after_last_poll=st.booleans(),
)
LIKELY_MARS_NWES = st.builds(
    MarsNweParams,
    check_interval_ns=st.integers(seconds(1), seconds(600)),
    idle_before_first_poll_ns=st.integers(seconds(1), seconds(600)),
    delay_between_polls_ns=st.integers(seconds(1), seconds(600)),
    polls=st.integers(1, 20),
    activity_spacing_ns=st.just(0),
)
WATCHDOGS = NETWARES | MARS_NWES
INSTANTS = st.integers(1, seconds(86_400))


class Life:
    """A server's connection whose station answers polls only from ``answers_from_ns`` on."""

    def __init__(self, made: NcpParams, last_octet_ns: int) -> None:
        self.machine = ServerConnection(made, number=5, now=0)
        self.machine.step(Received(create()), 0)
        self.machine.step(Received(request(1)), last_octet_ns)
        self.polls: list[int] = []
        self.lost_ns: int | None = None

    def run(
        self, *, until_ns: int, answers_from_ns: int | None = None, round_trip_ns: int = 0
    ) -> None:
        while (due := self.machine.due()) is not None and due <= until_ns:
            for effect in self.machine.step(EXPIRED, due):
                if isinstance(effect, Transmit):
                    self.polls.append(due)
                elif isinstance(effect, Deliver) and isinstance(effect.value, Lost):
                    self.lost_ns = due
            polled = self.polls[-1:] == [due] and self.lost_ns is None
            if polled and answers_from_ns is not None and due >= answers_from_ns:
                self.machine.step(Received(answer()), due + round_trip_ns)


@given(WATCHDOGS, INSTANTS)
@example(NetWareParams(delay_before_first_poll_ns=ticks(5400), delay_between_polls_ns=ticks(1080),
                       polls=10, wait_after_last_poll=True), seconds(533))  # fmt: skip
def test_the_machine_clears_exactly_when_the_formula_says(watchdog, last_octet_ns: int) -> None:
    life = Life(params(watchdog), last_octet_ns)
    life.run(until_ns=1 << 62)
    assert life.lost_ns is not None
    assert life.lost_ns - last_octet_ns == NCP.silence(params(watchdog), last_octet_ns)
    assert len(life.polls) == watchdog.polls


@pytest.mark.slow
@given(LIKELY_NETWARES | LIKELY_MARS_NWES, INSTANTS, st.data())
def test_a_station_that_attaches_anew_agrees_with_the_formula(
    watchdog, last_octet_ns, data
) -> None:
    """Both slot rules, any instant of the return up to a little after the clearing."""
    reuses = data.draw(st.booleans())
    made = params(watchdog, same_address_reuses=reuses)
    silence_ns = NCP.silence(made, last_octet_ns)
    assert silence_ns is not None
    attaches_ns = last_octet_ns + data.draw(st.integers(1, silence_ns + 10))
    life = Life(made, last_octet_ns)
    # What comes at the instant of the attach: timers first, the program behind them.
    life.run(until_ns=attaches_ns - 1)
    if reuses and life.lost_ns is None:
        life.machine.step(Asked(Clear(cause="attached again")), attaches_ns)
        life.lost_ns = attaches_ns
    life.run(until_ns=attaches_ns + silence_ns, answers_from_ns=attaches_ns)
    lost_at_ns = last_octet_ns + 1
    struck = Fault(
        kind="reboot",
        lost_at_ns=lost_at_ns,
        back_at_ns=attaches_ns,
        attaches_at_ns=attaches_ns,
        same_address=True,
    )
    noticed_ns = None if life.lost_ns is None else life.lost_ns - lost_at_ns
    assert NCP.delay(made, struck, last_octet_ns) == noticed_ns


@pytest.mark.slow
@given(LIKELY_NETWARES | LIKELY_MARS_NWES, INSTANTS, st.integers(0, seconds(10_000)))
def test_a_healthy_peer_is_polled_as_often_as_the_formula_says(watchdog, last, longer) -> None:
    until_ns = last + longer
    life = Life(params(watchdog), last)
    life.run(until_ns=until_ns, answers_from_ns=0)
    assert life.lost_ns is None
    polls = [poll for poll in life.polls if poll > last]
    assert len(polls) == NCP.idle_probes(params(watchdog), last, until_ns)


def test_a_round_trip_does_not_move_mars_nwes_checks() -> None:
    life = Life(mars_nwe(), seconds(533))
    life.run(until_ns=seconds(86_400), answers_from_ns=0, round_trip_ns=milliseconds(3))
    polls = [poll for poll in life.polls if poll > seconds(533)]
    assert polls[:3] == [seconds(600), seconds(690), seconds(780)]
    assert len(polls) == NCP.idle_probes(mars_nwe(), seconds(533), seconds(86_400))
