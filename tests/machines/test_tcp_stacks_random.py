"""Any stack, any history: it ends where the closed formula says, or within its span.

A failing example is printed by hypothesis with the arguments that repeat it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Received
from emu.machines.tcp.control import Send, State
from emu.machines.tcp.linux.params import LinuxParams
from emu.machines.tcp.ticks import Ticks
from emu.policy.loader import load_policy
from emu.stations.tcp_stacks import make_machine
from emu.transports.base import Fault
from emu.transports.tcp import TCP
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .tcp_parts import ISS, Ends

E = Ends()
#: More expiries than this before the end would be a machine that never ends.
TURNS_MAX = 5_000

thorough = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def shipped(name: str) -> Any:
    policy = load_policy(name)
    return TCP.make_params(policy.stack, policy.values)


LINUX = shipped("tcp-keepalive-linux")
linux_params = st.builds(
    lambda **changes: replace(LINUX, **changes),
    hz=st.sampled_from([100, 250, 300, 1000]),
    wheel_first=st.integers(0, 1 << 24),
    keepalive_idle_s=st.integers(1, 300),
    keepalive_interval_s=st.integers(1, 120),
    keepalive_count=st.integers(1, 10),
    user_timeout_ms=st.just(0) | st.integers(500, 400_000),
)
FREEBSD, LWIP = shipped("tcp-keepalive-freebsd"), shipped("tcp-keepalive-lwip")
SOLARIS = shipped("tcp-keepalive-solaris")


def lwip(tick_ns: int, first_ns: int, idle_ns: int, interval_ns: int) -> Any:
    ticks = Ticks(every_ns=tick_ns, first_ns=first_ns % tick_ns)
    personality = replace(LWIP.personality, ticks=ticks)
    return replace(
        LWIP,
        personality=personality,
        keepalive_idle_ns=idle_ns,
        keepalive_interval_ns=interval_ns,
    )


other_params = st.one_of(
    st.builds(
        lambda idle, interval: replace(
            FREEBSD, keepalive_idle_ns=idle, keepalive_interval_ns=interval
        ),
        st.integers(s(1), s(300)),
        st.integers(ms(1), s(60)),
    ),
    st.builds(
        lwip,
        st.integers(ms(10), s(1)),
        st.integers(0, s(1)),
        st.integers(s(1), s(300)),
        st.integers(s(1), s(60)),
    ),
    st.builds(
        lambda idle, abort, rto: replace(
            SOLARIS,
            keepalive_idle_ns=idle,
            first_rto_ns=rto,
            personality=replace(SOLARIS.personality, keepalive_abort_ns=abort),
        ),
        st.integers(s(10), s(300)),
        st.integers(s(1), s(600)),
        st.integers(ms(10), s(10)),
    ),
)
pauses = st.lists(st.integers(ms(1), s(400)), max_size=6)


def history(params: Any, gaps: list[int]) -> tuple[Any, int, int]:
    """A machine whose peer answers all probes, and says something after each gap; its last word."""
    tcp = make_machine(params, initial_sequence=ISS, server=True)
    tcp.step(Received(E.theirs("S", 0, mss=1460)), 0)
    opened = heard = ms(1)
    tcp.step(Received(E.theirs("A", 1, 1)), opened)
    said = 1
    for gap in gaps:
        until = heard + gap
        while (due := tcp.due()) is not None and due <= until:
            if tcp.step(EXPIRED, due):
                answer = Received(E.theirs("A", said, 1))
                tcp.step(answer, due + 1_000)
                heard = due + 1_000
        heard = max(heard, until)
        tcp.step(Received(E.theirs("PA", said, 1, b"k")), heard)
        said += 1
    return tcp, opened, heard


def end_of(tcp: Any) -> int:
    """When nobody answers any more."""
    for _turn in range(TURNS_MAX):
        due = tcp.due()
        assert due is not None, "it would wait for ever"
        tcp.step(EXPIRED, due)
        if tcp.state is State.CLOSED:
            return due
    raise AssertionError("no end in sight")


@thorough
@given(params=st.one_of(linux_params, other_params), gaps=pauses)
def test_a_silent_peer_is_given_up_where_the_formula_says(params: Any, gaps: list[int]) -> None:
    tcp, opened, heard = history(params, gaps)
    silence = TCP.silence(params, heard, opened)
    fault = Fault(kind="cable", lost_at_ns=heard, idle_since_ns=opened)
    late = TCP.lateness(params, fault, heard)
    assert silence is not None and TCP.delay(params, fault, heard) == silence
    assert 0 <= end_of(tcp) - heard - silence <= late


@thorough
@given(
    params=st.one_of(linux_params, other_params),
    gaps=pauses,
    written=st.integers(0, s(20)),
    retries2=st.integers(3, 15),
)
def test_data_in_flight_is_given_up_where_the_formula_says(
    params: Any, gaps: list[int], written: int, retries2: int
) -> None:
    params = replace(params, keepalive=False)
    if isinstance(params, LinuxParams):
        params = replace(params, retries2=retries2)
    tcp, opened, heard = history(params, gaps)
    at = heard + written
    while (due := tcp.due()) is not None and due <= at:
        tcp.step(EXPIRED, due)
    tcp.step(Asked(Send(b"x")), at)
    fault = Fault(kind="cable", lost_at_ns=heard, idle_since_ns=opened, unacknowledged_since_ns=at)
    delay, late = TCP.delay(params, fault, heard), TCP.lateness(params, fault, heard)
    assert delay is not None
    assert 0 <= end_of(tcp) - heard - delay <= late
