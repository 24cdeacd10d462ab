"""Random stations against invariants, and mars_nwe against its rule written out check by check."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.machines.base import (
    EXPIRED,
    Asked,
    Deliver,
    Effect,
    Lost,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.ncp import (
    Call,
    Clear,
    ClientShell,
    Connect,
    Leave,
    MarsNweParams,
    NetWareParams,
    Reply,
    ServerConnection,
)
from emu.machines.ncp.connection import State
from emu.machines.ncp.watchdog import MarsNweWatchdog, NetWareWatchdog
from emu.pdu.ncp import NcpReply, NcpRequest, NcpType, Watchdog
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry

from .ncp_parts import answer, create, params, request

OCTET = st.integers(0, 255)
NUMBER = st.sampled_from([0, 1, 5, 261, 0xFFFF])
SMALL = st.integers(1, 40)

NETWARE = st.builds(
    NetWareParams,
    delay_before_first_poll_ns=SMALL,
    delay_between_polls_ns=SMALL,
    polls=st.integers(1, 6),
    wait_after_last_poll=st.booleans(),
)
MARS_NWE = st.builds(
    MarsNweParams,
    check_interval_ns=st.integers(1, 12),
    idle_before_first_poll_ns=SMALL,
    delay_between_polls_ns=SMALL,
    polls=st.integers(1, 5),
    activity_spacing_ns=st.integers(0, 30),
)
WATCHDOGS = NETWARE | MARS_NWE
PDUS = st.one_of(
    st.builds(
        NcpRequest,
        kind=st.sampled_from(list(NcpType)),
        sequence=st.integers(0, 3) | OCTET,
        connection=NUMBER,
        task=OCTET,
        function=st.none() | OCTET,
        data=st.binary(max_size=3),
    ),
    st.builds(
        NcpReply,
        kind=st.sampled_from(list(NcpType)),
        sequence=st.integers(0, 3) | OCTET,
        connection=NUMBER,
        task=OCTET,
        completion=st.just(0) | OCTET,
        status=st.just(0) | OCTET,
    ),
    st.builds(Watchdog, connection_low=OCTET, mark=st.sampled_from([0x3F, 0x59, 0x21, 0])),
    st.builds(
        Sap,
        operation=st.integers(1, 4),
        entries=st.lists(
            st.builds(
                SapEntry,
                service=st.sampled_from([4, 7]),
                name=st.just(bytes(48)),
                network=st.sampled_from([7, 8]),
                node=st.just(bytes(6)),
                socket=st.just(0x451),
                hops=OCTET,
            ),
            max_size=2,
        ).map(tuple),
    ),
    st.builds(
        Rip,
        operation=st.integers(1, 2),
        entries=st.lists(
            st.builds(RipEntry, network=st.sampled_from([7, 8]), hops=OCTET, ticks=OCTET),
            max_size=2,
        ).map(tuple),
    ),
)
#: (nanoseconds to wait, PDU)
PACKETS = st.lists(st.tuples(st.integers(0, 60), PDUS), max_size=25)


def expire_up_to(machine, instant: int, *, inclusive: bool) -> list[tuple[int, Effect]]:
    """What a machine says by itself; a timer at the instant of a frame comes after it."""
    said: list[tuple[int, Effect]] = []
    while (due := machine.due()) is not None and (due < instant or (inclusive and due == instant)):
        said += [(due, effect) for effect in machine.step(EXPIRED, due)]
    return said


@pytest.mark.slow
@given(WATCHDOGS, PACKETS)
def test_a_server_connection_survives_any_peer(watchdog, packets) -> None:
    """No exception; never more than N open polls; numbered 1, 2, ...; cleared after the N-th."""
    machine = ServerConnection(params(watchdog), number=5, now=0)
    machine.step(Received(create()), 0)
    now, said = 0, []
    for wait, pdu in packets:
        now += wait
        said += expire_up_to(machine, now, inclusive=False)
        said += [(now, effect) for effect in machine.step(Received(pdu), now)]
        if machine.state is State.WORKING:
            said += [(now, effect) for effect in machine.step(Asked(Reply()), now)]
    said += expire_up_to(machine, 1 << 40, inclusive=True)
    assert machine.is_gone
    assert machine.due() is None
    open_polls = 0
    for _instant, effect in said:
        match effect:
            case Transmit(Watchdog() as poll, about):
                assert about is not None
                first = about.facts["number"] == 1
                open_polls = 1 if first else open_polls + 1
                assert about.facts == {"number": open_polls, "of": watchdog.polls}
                assert open_polls <= watchdog.polls
                assert poll == Watchdog(connection_low=5, mark=0x3F)
            case Deliver(Lost(cause)):
                assert open_polls == watchdog.polls
                assert cause.startswith(f"{watchdog.polls} watchdog poll")
            case _:
                pass


@pytest.mark.slow
@given(PACKETS, st.booleans())
def test_requests_are_delivered_once_each_in_sequence(packets, answers: bool) -> None:
    machine = ServerConnection(params(), number=5, now=0)
    machine.step(Received(create()), 0)
    delivered: list[int] = []
    for _wait, pdu in packets:
        for effect in machine.step(Received(pdu), 0):
            match effect:
                case Deliver(NcpRequest(sequence=sequence)):
                    delivered.append(sequence)
                    if answers:
                        machine.step(Asked(Reply()), 0)
                case _:
                    pass
    assert delivered == [n % 256 for n in range(1, len(delivered) + 1)]


REQUESTS = st.sampled_from([Connect(), Call(function=0x14), Leave()])


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 600_000_000), PDUS | REQUESTS), max_size=30))
def test_a_shell_survives_any_server(steps) -> None:
    """No exception but the refusal of what is asked out of turn; an end is said once."""
    shell = ClientShell(params(), server_network=7)
    now, ends = 0, 0
    for wait, item in steps:
        now += wait
        effects = [effect for _at, effect in expire_up_to(shell, now, inclusive=False)]
        asked = isinstance(item, (Connect, Call, Leave))
        stimulus: Stimulus = Asked(item) if asked else Received(item)
        try:
            effects += shell.step(stimulus, now)
        except LocalProtocolError:
            assert asked
        ends += sum("cause" in dir(e.value) for e in effects if isinstance(e, Deliver))
    ends += len([e for _at, e in expire_up_to(shell, 1 << 60, inclusive=True)
                 if isinstance(e, Deliver)])  # fmt: skip
    assert ends <= 1
    assert shell.due() is None


# --- against rules written out ------------------------------------------------------------------

#: (nanoseconds to wait, whether it is an answer rather than a request)
SIGNS = st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=20)


def mars_nwe_by_the_book(rule: MarsNweParams, signs: list[tuple[int, bool]]) -> list[object]:
    """facts/ipx.md 2.1, looked at check by check, as the server itself does."""
    said: list[object] = []
    heard = requested = last_poll = polls = 0
    horizon = (signs[-1][0] if signs else 0) + 2000
    queue = list(signs)
    for instant in range(horizon):
        while queue and queue[0][0] == instant:
            _at, is_answer = queue.pop(0)
            counts = is_answer or instant - requested > rule.activity_spacing_ns
            if not is_answer:
                requested = instant
            if counts:
                heard, polls = instant, 0
        if instant % rule.check_interval_ns:
            continue
        since = heard if polls == 0 else last_poll
        limit = rule.idle_before_first_poll_ns if polls == 0 else rule.delay_between_polls_ns
        if instant - since <= limit:
            continue
        if polls == rule.polls:
            return [*said, (instant, "cleared")]
        polls, last_poll = polls + 1, instant
        said.append((instant, polls))
    raise AssertionError("never cleared")


def netware_by_the_book(rule: NetWareParams, signs: list[tuple[int, bool]]) -> list[object]:
    """D1 after the last packet, then every D2; cleared after N or N - 1 of them."""
    said: list[object] = []
    heard = [0, *(instant for instant, _is_answer in signs)]
    for at, until in zip(heard, [*heard[1:], None], strict=True):
        for number in range(1, rule.polls + 1):
            instant = at + rule.delay_before_first_poll_ns
            instant += (number - 1) * rule.delay_between_polls_ns
            if until is not None and instant >= until:
                break
            said.append((instant, number))
            if number == rule.polls:
                wait = rule.delay_between_polls_ns if rule.wait_after_last_poll else 0
                if until is None or instant + wait < until:
                    return [*said, (instant + wait, "cleared")]
    raise AssertionError("never cleared")


def what_the_machine_does(machine, signs: list[tuple[int, bool]]) -> list[object]:
    said: list[tuple[int, Effect]] = []
    for instant, is_answer in signs:
        said += expire_up_to(machine, instant, inclusive=False)
        if machine.due() is None:
            break
        machine.step(Received(answer() if is_answer else request(1)), instant)
    said += expire_up_to(machine, 1 << 40, inclusive=True)
    return [
        (at, effect.about.facts["number"] if isinstance(effect, Transmit) else "cleared")
        for at, effect in said
    ]


def instants(waits: list[tuple[int, bool]]) -> list[tuple[int, bool]]:
    now, signs = 0, []
    for wait, is_answer in waits:
        now += wait
        signs.append((now, is_answer))
    return signs


@given(MARS_NWE, SIGNS)
def test_mars_nwe_does_what_its_rule_says_check_by_check(rule, waits) -> None:
    signs = instants(waits)
    machine = MarsNweWatchdog(rule, connection=5, now=0)
    assert what_the_machine_does(machine, signs) == mars_nwe_by_the_book(rule, signs)


@given(NETWARE, SIGNS)
def test_netware_does_what_its_rule_says(rule, waits) -> None:
    signs = instants(waits)
    machine = NetWareWatchdog(rule, connection=5, now=0)
    assert what_the_machine_does(machine, signs) == netware_by_the_book(rule, signs)


def test_clearing_by_hand_ends_every_timer() -> None:
    machine = ServerConnection(params(), number=5, now=0)
    machine.step(Received(create()), 0)
    machine.step(Asked(Clear()), 1)
    assert machine.due() is None
