"""Closed formulas of the TCP stacks against figures worked out by hand (facts/tcp.md 3 and 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emu.errors import InputError
from emu.machines.tcp.linux.params import LinuxParams
from emu.machines.tcp.linux.wheel import Wheel
from emu.policy.loader import load_policy
from emu.transports.base import Fault
from emu.transports.tcp import TCP
from emu.transports.tcp_linux_formulas import lateness as linux_lateness
from emu.units import milliseconds as ms
from emu.units import seconds as s

#: As in client-power-loss: accepted at 0, heard last at 533 s, power lost at 600 s.
LAST, LOST = s(533), s(600)


def shipped(name: str) -> Any:
    policy = load_policy(name)
    return TCP.make_params(policy.stack, policy.values)


def fault(**more: Any) -> Fault:
    return Fault(kind="power-loss", lost_at_ns=LOST, **more)


@pytest.mark.parametrize(
    ("policy", "silence"),
    [
        ("tcp-keepalive-windows", s(7210)),
        ("tcp-keepalive-freebsd", s(7800)),
        ("tcp-keepalive-macos", s(7800)),
        ("tcp-keepalive-solaris", s(7680)),
        # Heard on a tick; strictly more than 7875 s.
        ("tcp-keepalive-lwip", s(7875.5)),
        ("tcp-no-keepalive-linux", None),
    ],
)
def test_the_published_silences(policy: str, silence: int | None) -> None:
    params = shipped(policy)
    assert TCP.silence(params, LAST) == silence
    away = None if silence is None else LAST + silence - LOST
    assert TCP.delay(params, fault(), LAST) == away
    assert TCP.lateness(params, fault(), LAST) == 0


@pytest.mark.parametrize("heard", [0, 1, ms(250), ms(499), ms(500) - 1])
def test_lwip_is_late_by_up_to_a_tick(heard: int) -> None:
    """7875 + (0, 1] s by the fact sheet; (0, 0.5] by the rule."""
    silence = TCP.silence(shipped("tcp-keepalive-lwip"), LAST + heard)
    assert silence is not None
    assert s(7875) < silence <= s(7875.5)
    assert (LAST + heard + silence) % ms(500) == 0


@pytest.mark.parametrize(
    ("policy", "least", "most"),
    [
        # 7200 s, 9 gaps of 75.776 s, and up to 16.384 s: 402 to 533 s were left to wait.
        ("tcp-keepalive-linux", 7881.9, 7898.9),
        # 60 s, a gap of 10 s or more, 5 of 10.24 s; and up to 2.048 s on the grid of that.
        ("tcp-keepalive-linux-60-10-6", 121.2, 123.8),
        # The first expiry at or past 90 s: 60 s and 3 gaps, likewise.
        ("tcp-user-timeout-linux", 90.4, 93.0),
    ],
)
def test_linux_gives_a_span(policy: str, least: float, most: float) -> None:
    params = shipped(policy)
    silence = TCP.silence(params, LAST)
    assert silence is not None
    late = TCP.lateness(params, fault(idle_since_ns=0), LAST)
    assert s(least) <= silence < silence + late <= s(most)
    assert TCP.delay(params, fault(idle_since_ns=0), LAST) == silence - (LOST - LAST)


def test_silent_since_it_was_accepted_is_later_by_up_to_131_s() -> None:
    """facts/tcp.md 3.4: 7882 to 8013 s with HZ=250; 7900 to 8163 s with HZ=1000."""
    params: LinuxParams = shipped("tcp-keepalive-linux")
    for hz, least, most in ((250, 7882, 8014), (1000, 7900, 8163.5)):
        tuned = replace(params, hz=hz)
        silence = TCP.silence(tuned, 0)
        late = linux_lateness(tuned, Fault(kind="cable", lost_at_ns=0, idle_since_ns=0), 0)
        assert silence is not None
        assert s(least - 1) <= silence < silence + late <= s(most)


@pytest.mark.parametrize(
    ("changes", "least", "most"),
    [
        # facts/tcp.md 3.2, table: death after the write, measured; the span must hold them all.
        ({"retries2": 3}, 6.81, 6.83),
        ({"retries2": 5}, 13.36, 13.53),
        ({"retries2": 8, "rto_max_ms": 2_000}, 13.42, 15.42),
        ({}, 938.64, 938.64),
        ({"user_timeout_ms": 2_000}, 2.436, 2.437),
        ({"user_timeout_ms": 5_000}, 5.49, 5.67),
        ({"user_timeout_ms": 60_000}, 60.50, 60.50),
    ],
)
def test_linux_data_in_flight(changes: dict[str, int], least: float, most: float) -> None:
    params = replace(shipped("tcp-keepalive-linux"), **changes)
    struck = fault(unacknowledged_since_ns=LOST, idle_since_ns=0)
    delay, late = TCP.delay(params, struck, LAST), TCP.lateness(params, struck, LAST)
    assert delay is not None
    assert delay <= s(least) and s(most) <= delay + late
    budget_s = (
        params.user_timeout_ms / 1_000 or {3: 3.0, 5: 12.6, 8: 13.0, 15: 924.6}[params.retries2]
    )
    assert delay >= s(budget_s), "the budget counts from the first repeat"


@pytest.mark.parametrize(
    ("policy", "end"),
    [
        ("tcp-keepalive-windows", 63),
        ("tcp-keepalive-freebsd", 511),
        ("tcp-keepalive-macos", 511),
        ("tcp-keepalive-solaris", 480),
        ("tcp-keepalive-lwip", 2685),
    ],
)
def test_data_in_flight_of_the_others(policy: str, end: float) -> None:
    """From 1 s: 1+2+..+32; 63 and 7 x 64; 480 by time; lwIP 3 x (2**8 - 1) and 5 x 384."""
    struck = fault(unacknowledged_since_ns=LOST)
    assert TCP.delay(shipped(policy), struck, LAST) == s(end)


def test_beside_data_the_earlier_end_counts() -> None:
    """FreeBSD probes on: 10 + 8 x 1 = 18 s after the last octet, long before its repeats end."""
    params = replace(
        shipped("tcp-keepalive-freebsd"), keepalive_idle_ns=s(100), keepalive_interval_ns=s(1)
    )
    struck = fault(unacknowledged_since_ns=LOST)
    assert TCP.delay(params, struck, LAST) == LAST + s(108) - LOST


@pytest.mark.parametrize(
    ("until", "doubt", "heard"),
    [(643.5, False, True), (645.0, True, False), (646.5, False, False)],
    ids=["before", "within", "behind"],
)
def test_back_within_the_last_probes_span_is_a_doubt(
    until: float, doubt: bool, heard: bool
) -> None:
    """533 s and 60 s, a gap of 10.136 s and four of 10.24: 644.096 s, up to 2.048 s later."""
    params = shipped("tcp-keepalive-linux-60-10-6")
    back = fault(idle_since_ns=0, until_ns=s(until))
    assert TCP.doubtful(params, back, LAST) is doubt
    assert (TCP.delay(params, back, LAST) is None) is heard


@pytest.mark.parametrize("hz", [100, 250, 1000])
def test_the_wheel_written_twice_is_one_wheel(hz: int) -> None:
    """Probes from an aligned tick on: the formula's row and the machine's clock agree."""
    params = replace(
        shipped("tcp-keepalive-linux"), hz=hz, keepalive_idle_s=60, keepalive_interval_s=7
    )
    wheel = Wheel(hz)
    silence = TCP.silence(params, 0)
    at = s(60)
    for _probe in range(params.keepalive_count):
        at = wheel.fires(at, 7 * hz)
    assert silence == at


def test_whole_seconds_only() -> None:
    policy = load_policy("tcp-keepalive-linux").with_setting("tcp.keepalive_idle", "1500ms")
    with pytest.raises(InputError, match=r"keepalive_idle: expected whole seconds, found 1\.5"):
        TCP.make_params(policy.stack, policy.values)


def test_a_stack_that_is_only_described_is_refused() -> None:
    with pytest.raises(InputError, match="stack smoltcp: expected a stack that is played"):
        TCP.make_params("smoltcp", {})
