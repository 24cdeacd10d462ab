"""Ten rules of the machine, each made wrong, and each caught by a recording of a real kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emu.kernel.compare import judge
from emu.machines.tcp.linux import keepalive, output, persist, transmission, wheel
from emu.machines.tcp.linux.block import LinuxBlock
from emu.machines.tcp.linux.machine import LinuxTcp
from emu.pdu.ip_tcp import ACK, RST
from tests.kernel.recordings import recording

Mutate = Callable[[pytest.MonkeyPatch], None]


def _probe_at_snd_nxt(patch: pytest.MonkeyPatch) -> None:
    """SEQ = SND.NXT instead of SND.NXT-1: no peer would answer it."""
    real = output.bare

    def bare(tcp: LinuxTcp, flags: int, sequence: int, now: int, note: Any = None) -> Any:
        return real(tcp, flags, sequence + (note is not None), now, note)

    patch.setattr(output, "bare", bare)


def _no_last_word(patch: pytest.MonkeyPatch) -> None:
    real = output.bare

    def bare(tcp: LinuxTcp, flags: int, sequence: int, now: int, note: Any = None) -> Any:
        return [] if flags == RST | ACK else real(tcp, flags, sequence, now, note)

    patch.setattr(output, "bare", bare)


def _used_up_when(patch: pytest.MonkeyPatch, applies: Callable[[LinuxTcp, int], bool]) -> None:
    """Another rule (4) of facts/tcp.md 3.1."""
    rules = [
        keepalive.Rule(applies, rule.action, rule.citation) if "(4)" in rule.citation else rule
        for rule in keepalive.RULES
    ]
    patch.setattr(keepalive, "RULES", rules)


def _one_probe_fewer(patch: pytest.MonkeyPatch) -> None:
    _used_up_when(patch, lambda tcp, now: tcp.probes_out + 1 >= tcp.options.count)


def _probes_through_data(patch: pytest.MonkeyPatch) -> None:
    rules = [rule for rule in keepalive.RULES if "3.1 (2)" not in rule.citation]
    patch.setattr(keepalive, "RULES", rules)


def _timer_touched_by_traffic(patch: pytest.MonkeyPatch) -> None:
    """The next probe a full idle time after the timer, not after the last octet."""
    patch.setattr(keepalive, "silent_for", lambda tcp, now: 0 if tcp.probes_out == 0 else 10**9)


def _count_despite_user_timeout(patch: pytest.MonkeyPatch) -> None:
    _used_up_when(patch, lambda tcp, now: tcp.probes_out >= tcp.options.count)


def _no_loss_probe(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(output, "schedule_loss_probe", lambda *_args, **_more: False)


def _budget_from_the_write(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transmission, "_spent", lambda tcp, now: tcp.retransmits >= 15)


def _budget_of_real_time_outs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transmission, "_MODEL_BASE_MS", 212)


def _no_doubling(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transmission, "_back_off", lambda tcp: None)


def _window_probes_by_the_retransmission_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(persist, "ENDINGS", (persist.ENDINGS[0], persist.ENDINGS[1]))


def _answers_reset_the_window_back_off(patch: pytest.MonkeyPatch) -> None:
    def answered(self: persist.Persist, tcp: LinuxTcp, now: int) -> None:
        tcp.backoff = 0
        if tcp.unsent:
            self.start(tcp, now)

    patch.setattr(persist.Persist, "answered", answered)


def _finer_wheel(patch: pytest.MonkeyPatch) -> None:
    """A timer that is a tick late, not a granule."""
    patch.setattr(wheel, "level", lambda delay: 0)


def _wheel_without_the_plus_one(patch: pytest.MonkeyPatch) -> None:
    real = wheel.Wheel.fires
    tick = 4_000_000

    def fires(self: wheel.Wheel, now: int, delay: int) -> int:
        return max(now + 1, real(self, now, delay) - wheel.granule(delay) * tick)

    patch.setattr(wheel.Wheel, "fires", fires)


def _icmp_about_probes_counts(patch: pytest.MonkeyPatch) -> None:
    def unreachable(tcp: LinuxTcp, error: Any, now: int) -> Any:
        tcp.soft_error = error.error
        return []

    patch.setattr(transmission, "unreachable", unreachable)


def _no_undo_of_the_back_off(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transmission, "_undo_backoff", lambda tcp, sequence: False)


def _fin_apart_from_its_data(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(output, "_collapse", lambda tcp, sent: None)


def _orphan_lives_as_long_as_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transmission, "orphan_retries", lambda tcp, *, alive: tcp.params.retries2)


def _no_limit_on_answers(patch: pytest.MonkeyPatch) -> None:
    from emu.machines.tcp.linux import arriving

    patch.setattr(arriving, "_may_answer", lambda tcp, now: True)


def _a_time_out_of_a_quarter_second(patch: pytest.MonkeyPatch) -> None:
    real = LinuxBlock.set_transmission_timer

    def later(self: LinuxBlock, pending: Any, delay: int, now: int) -> None:
        real(self, pending, delay + 12, now)

    patch.setattr(LinuxBlock, "set_transmission_timer", later)


MUTATIONS: dict[str, tuple[Mutate, str]] = {
    "probe at SND.NXT": (_probe_at_snd_nxt, "ka_idle_drop_l3"),
    "no RST at the end": (_no_last_word, "ka_idle_drop_l3"),
    "one probe fewer": (_one_probe_fewer, "ka_idle_drop_l3"),
    "keepalive through data in flight": (_probes_through_data, "data_inflight_ka"),
    "idle counts from the timer": (_timer_touched_by_traffic, "ka_idle_after_traffic"),
    "the count despite a user timeout": (_count_despite_user_timeout, "uto_idle_ka_10000"),
    "no tail loss probe": (_no_loss_probe, "data_inflight_noka"),
    "a count of retransmissions": (_budget_from_the_write, "data_inflight_noka"),
    "the budget by another base": (_budget_of_real_time_outs, "data_inflight_arp_dead"),
    "no doubling": (_no_doubling, "data_inflight_noka"),
    "window probes without end": (
        _window_probes_by_the_retransmission_budget,
        "zero_window_then_power_off",
    ),
    "answers reset the back-off": (_answers_reset_the_window_back_off, "hung_app_zero_window"),
    "a wheel of one level": (_finer_wheel, "hung_app_ka_intvl_gt_idle"),
    "a wheel that rounds down": (_wheel_without_the_plus_one, "flap_idle_back_before_count"),
    "ICMP about probes": (_icmp_about_probes_counts, "wan_client_off_idle_icmp"),
    "ICMP undoes nothing": (_no_undo_of_the_back_off, "data_inflight_arp_dead"),
    "FIN apart from its data": (_fin_apart_from_its_data, "orphan_data_inflight"),
    "orphans wait like others": (_orphan_lives_as_long_as_others, "orphan_data_inflight"),
    "no limit on answers": (_no_limit_on_answers, "hung_app_zero_window"),
    "time-outs 48 ms longer": (_a_time_out_of_a_quarter_second, "data_inflight_noka"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", MUTATIONS)
def test_a_wrong_rule_is_caught(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate, name = MUTATIONS[what]
    trace = recording(name)
    mutate(monkeypatch)
    assert not judge(trace).holds
