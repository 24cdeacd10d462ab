"""TCP's closed formulas, by hand (facts/tcp.md 5, 7); against the machine: tests/machines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.tcp.params import TcpParams
from emu.transports.base import Fault
from emu.transports.tcp import TCP
from emu.units import milliseconds as ms
from emu.units import seconds as s

VALUES = {
    "tcp.keepalive": True,
    "tcp.keepalive_idle": s(7200),
    "tcp.keepalive_interval": s(1),
    "tcp.retransmissions": 5,
    "tcp.first_probe_counts": True,
    "tcp.first_rto": ms(500),
    "tcp.syn_rto": s(3),
    "tcp.syn_retransmissions": 3,
    "tcp.ack_delay": 0,
    "tcp.window": 8760,
    "tcp.mss": 1460,
    "tcp.time_wait": s(240),
    "tcp.reset_on_probe_give_up": True,
    "tcp.reset_on_data_give_up": False,
    "tcp.arp_lifetime": None,
}
NT4: TcpParams = TCP.make_params("windows-nt4", VALUES)
LAST = s(533)


def test_every_parameter_reaches_its_field() -> None:
    assert {parameter.name for parameter in TCP.stack("windows-nt4").parameters} == set(VALUES)
    assert replace(NT4, arp_lifetime_ns=7) == TCP.make_params(
        "windows-nt4", {**VALUES, "tcp.arp_lifetime": 7}
    )
    assert (NT4.keepalive_idle_ns, NT4.keepalive_interval_ns, NT4.retransmissions) == (
        7_200_000_000_000,
        1_000_000_000,
        5,
    )
    assert (NT4.ack_delay_ns, NT4.reset_on_probe_give_up, NT4.reset_on_data_give_up) == (
        0,
        True,
        False,
    )


def test_silence_by_hand() -> None:
    """7200 + 5 x 1 = 7205; 300 + 5 = 305; one probe more 7206; without keepalive never."""
    assert TCP.silence(NT4, LAST) == s(7205)
    assert TCP.silence(replace(NT4, keepalive_idle_ns=s(300)), LAST) == s(305)
    assert TCP.silence(replace(NT4, first_probe_counts=False), LAST) == s(7206)
    assert TCP.silence(replace(NT4, keepalive=False), LAST) is None


def delay(params: TcpParams = NT4, **fault) -> int | None:
    return TCP.delay(params, Fault(kind="power-loss", lost_at_ns=s(600), **fault), LAST)


def test_delay_of_a_power_loss_by_hand() -> None:
    """533 + 7205 - 600 = 7138 s."""
    assert delay() == s(7138)
    assert delay(replace(NT4, keepalive=False)) is None


@pytest.mark.parametrize(
    ("back", "noticed"),
    [
        (s(615), s(7733)),
        (s(7733), s(7733)),
        (s(7733) + 1, s(7734)),
        (s(7737), s(7737)),
        (s(7737) + 1, s(7738)),
        (s(9000), s(7738)),
    ],
)
def test_delay_of_a_reboot_is_the_first_probe_after_it_is_back(back: int, noticed: int) -> None:
    """Probes at 533 + 7200 = 7733..7737 s; given up at 7738 s all the same."""
    assert delay(back_at_ns=back) == noticed - s(600)
    assert delay(replace(NT4, keepalive=False), back_at_ns=back) is None


def test_a_syn_on_the_old_port_is_noticed_at_once() -> None:
    """970 - 600 = 370 s with or without keepalive; from another port it touches nothing."""
    off = replace(NT4, keepalive=False)
    back = {"back_at_ns": s(960), "attaches_at_ns": s(970)}
    assert delay(same_address=True, **back) == s(370)
    assert delay(off, same_address=True, **back) == s(370)
    assert delay(off, **back) is None


def test_a_faster_keepalive_comes_first() -> None:
    """533 + 305 = 838 s, before the SYN at 970 s: 238 s."""
    fast = replace(NT4, keepalive_idle_ns=s(300))
    assert delay(fast, same_address=True, back_at_ns=s(960), attaches_at_ns=s(970)) == s(238)


def test_idle_probes_by_hand() -> None:
    """24 h after the last octet: 12 probes of 2 h, 288 of 5 min; the one on the end counts."""
    assert TCP.idle_probes(NT4, 0, s(86_400)) == 12
    assert TCP.idle_probes(NT4, 0, s(86_400) - 1) == 11
    assert TCP.idle_probes(replace(NT4, keepalive_idle_ns=s(300)), 0, s(86_400)) == 288
    assert TCP.idle_probes(replace(NT4, keepalive=False), 0, s(86_400)) == 0


@pytest.mark.slow
@given(st.integers(1, 10**13), st.integers(1, 10**12), st.integers(1, 255), st.integers(0, 10**13))
def test_no_fault_takes_longer_than_silence(
    idle: int, interval: int, count: int, back: int
) -> None:
    params = replace(
        NT4, keepalive_idle_ns=idle, keepalive_interval_ns=interval, retransmissions=count
    )
    silence = TCP.silence(params, 0)
    assert silence == idle + count * interval
    noticed = TCP.delay(params, Fault(kind="reboot", lost_at_ns=0, back_at_ns=back), 0)
    assert noticed is not None
    assert idle <= noticed <= silence
    assert noticed >= min(back, silence)


def test_the_formula_puts_the_numbers_in() -> None:
    assert TCP.formula(NT4).endswith("= 7200 s + 5 x 1 s = 7205 s")
    assert "never" in TCP.formula(replace(NT4, keepalive=False))
