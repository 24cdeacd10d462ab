"""A timer that is wrong by one tick is seen: in the machine alone, and in the formula alone.

The numbers of a policy are one object that both sides read, so the side under test is handed a
changed copy and the other side keeps the policy's.  One tick is the unit in which that timer's
stack counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from emu.machines.llc2.back_off import Ticked
from emu.net.world import SERVER_ADDRESS, World
from emu.stations.base import StationSpec
from emu.units import milliseconds as ms
from emu.units import ticks
from tests.contract.proofs import WORK_NS, Case, hold_together
from tests.contract.worlds import US, Played, S

IDLE = Case(kind="power-loss", at_ns=WORK_NS + 20 * S)
#: The client holds its acknowledgement back: the server waits for it.
IN_FLIGHT = Case(kind="power-loss", at_ns=WORK_NS + S // 10)

#: The client of a link that acknowledges everything dies before it can.
IN_FLIGHT_AT_ONCE = Case(kind="power-loss", at_ns=WORK_NS + 80 * US)

#: KB Q177654: MinimumT1Timeout counts 50 ms.  KB Q99745: NWLink's KeepAliveTimeout counts half
#: seconds.  KB Q98849: LAN Manager's t1, and Windows' TCP registry values, count milliseconds.
NT_TICK, HALF_SECOND, MILLISECOND = ms(50), ms(500), ms(1)

Change = Callable[[Any, int], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steeper(Ticked):
    """NT's law with a growth that is off: every wait but the first is longer by ``by_ns``."""

    by_ns: int

    def wait_ns(self, step: int) -> int:
        return Ticked.wait_ns(self, step) + (self.by_ns if step else 0)


def at(path: str) -> Change:
    """Move the field at a dotted path of a policy's numbers."""

    def moved(value: Any, by: int) -> Any:
        return _moved(value, path.split("."), by)

    return moved


def _moved(value: Any, path: list[str], by: int) -> Any:
    if not path:
        return value + by
    return replace(value, **{path[0]: _moved(getattr(value, path[0]), path[1:], by)})


def growth(value: Any, by: int) -> Any:
    law = value.link.reply
    steeper = Steeper(first_ns=law.first_ns, cap_ns=law.cap_ns, tick_ns=law.tick_ns, by_ns=by)
    return replace(value, link=replace(value.link, reply=steeper))


#: name: policy, what is changed, one tick of it, where it shows.
TIMERS: dict[str, tuple[str, Change, int, Case]] = {
    "nt4 T1, 400 ms": ("nbf-nt4", at("link.reply.first_ns"), NT_TICK, IDLE),
    "nt4 T1, its cap": ("nbf-nt4", at("link.reply.cap_ns"), NT_TICK, IN_FLIGHT),
    "nt4 T1, its tick of 50 ms": ("nbf-nt4", at("link.reply.tick_ns"), MILLISECOND, IDLE),
    "nt4 Ti, 30 s": ("nbf-nt4", at("link.inactivity_ns"), MILLISECOND, IDLE),
    "lan-manager T1, 0.5 s": ("nbf-lan-manager", at("link.reply.first_ns"), MILLISECOND, IDLE),
    "lan-manager alive, 30 s": ("nbf-lan-manager", at("alive_interval_ns"), MILLISECOND, IDLE),
    "ibm T1, 1 s": ("nbf-ibm", at("link.reply.then_ns"), MILLISECOND, IDLE),
    "ibm Ti, 30 s": ("nbf-ibm", at("link.inactivity_ns"), MILLISECOND, IDLE),
    "802.2 P/F wait, 2 s": ("nbf-802.2", at("link.reply.then_ns"), MILLISECOND, IN_FLIGHT_AT_ONCE),
    "NWLink SPX idle, 6 s": ("spx-nwlink", at("sliding.watchdog.idle_ns"), HALF_SECOND, IDLE),
    "NWLink SPX spacing": ("spx-nwlink", at("sliding.watchdog.interval_ns"), HALF_SECOND, IDLE),
    "NWLink NB idle, 30 s": ("nbipx-nwlink", at("sliding.watchdog.idle_ns"), HALF_SECOND, IDLE),
    "NWLink NB spacing": ("nbipx-nwlink", at("sliding.watchdog.interval_ns"), HALF_SECOND, IDLE),
    "Novell SPX abort": ("spx-novell", at("sliding.watchdog.abort_ticks"), 1, IDLE),
    "Novell NetBIOS abort": ("nbipx-novell", at("sliding.watchdog.abort_ticks"), 1, IDLE),
    "NCP first poll": ("ncp-netware", at("watchdog.delay_before_first_poll_ns"), ticks(1), IDLE),
    "NCP spacing": ("ncp-netware", at("watchdog.delay_between_polls_ns"), ticks(1), IDLE),
    "TCP RTO, 0.5 s": ("tcp-keepalive-nt4", at("first_rto_ns"), MILLISECOND, IN_FLIGHT),
    "TCP idle, 2 h": ("tcp-keepalive-nt4", at("keepalive_idle_ns"), MILLISECOND, IDLE),
    "TCP spacing, 1 s": ("tcp-keepalive-nt4", at("keepalive_interval_ns"), MILLISECOND, IDLE),
}

#: The back-off law itself is no number: each side has its own arithmetic for it.
MACHINES = {**TIMERS, "nt4 T1, times 1.5": ("nbf-nt4", growth, NT_TICK, IDLE)}


@dataclass(frozen=True)
class Misread(Played):
    """A run whose formula is told other numbers than the machines were."""

    change: Callable[[Any], Any] = field(kw_only=True)

    @property
    def params(self) -> Any:
        return self.change(super().params)


def misread(run: Played, change: Callable[[Any], Any]) -> Misread:
    return Misread(
        run.scenario, run.policy, run.result, run.json, run.file, run.trace, change=change
    )


def rewire(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    """Hand the server's machines other numbers; ``run`` predicts with the policy's."""
    build = World._spec

    def spec(self: World, *given: Any) -> StationSpec:
        made = build(self, *given)
        is_server = made.address == SERVER_ADDRESS
        return replace(made, params=change(made.params)) if is_server else made

    monkeypatch.setattr(World, "_spec", spec)


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("timer", MACHINES)
def test_one_tick_in_the_machine_is_seen(
    timer: str, by: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, change, tick, case = MACHINES[timer]
    rewire(monkeypatch, lambda params: change(params, by * tick))
    with pytest.raises(AssertionError):
        hold_together(case.play(tmp_path, policy), case)


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("timer", TIMERS)
def test_one_tick_in_the_formula_is_seen(timer: str, by: int, tmp_path: Path) -> None:
    policy, change, tick, case = TIMERS[timer]
    run = case.play(tmp_path, policy)
    with pytest.raises(AssertionError):
        hold_together(misread(run, lambda params: change(params, by * tick)), case)


@pytest.mark.parametrize("timer", MACHINES)
def test_without_a_change_nothing_is_seen(
    timer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of changing them is not what fails above."""
    policy, change, _, case = MACHINES[timer]
    rewire(monkeypatch, lambda params: change(params, 0))
    run = case.play(tmp_path, policy)
    assert hold_together(run, case) == hold_together(
        misread(run, lambda params: change(params, 0)), case
    )


@pytest.mark.parametrize("timer", TIMERS)
def test_both_sides_changed_alike_hold_together(
    timer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails above is the disagreement, and nothing but the formula's is left of it here."""
    policy, change, tick, case = TIMERS[timer]
    rewire(monkeypatch, lambda params: change(params, tick))
    run = misread(case.play(tmp_path, policy), lambda params: change(params, tick))
    assert run.failures() != [], "run predicts with the policy's numbers"
    object.__setattr__(run.result, "judgements", ())
    hold_together(run, case)
