"""Periodic updates, and the periods of snapshot routing (facts/ipx.md 1.12, 4.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.routing.cadence import Beat, Cadence
from emu.machines.routing.params import CISCO_SNAPSHOT, NETWARE_PERIODIC, Periodic, Snapshot
from emu.units import seconds as s


def beats(cadence: Cadence, until_ns: int) -> list[tuple[int, Beat | None]]:
    found: list[tuple[int, Beat | None]] = []
    while (now := cadence.due()) <= until_ns:
        found.append((now, cadence.expire(now)))
    return found


def test_periodic_updates_come_every_60_s_from_the_start() -> None:
    made = beats(Cadence(NETWARE_PERIODIC, start_ns=s(5)), s(130))
    assert made == [(s(5), Beat.WAKE), (s(65), Beat.UPDATE), (s(125), Beat.UPDATE)]


#: Five minutes of updates, the sixth is not sent any more, and an hour of nothing.
DAY = [
    *((s(at), Beat.WAKE if at == 0 else Beat.UPDATE) for at in (0, 60, 120, 180, 240)),
    (s(300), Beat.SLEEP),
    (s(3900), Beat.WAKE),
    (s(3960), Beat.UPDATE),
]


def test_updates_come_in_active_periods_only() -> None:
    assert beats(Cadence(CISCO_SNAPSHOT, start_ns=0), s(3960)) == DAY


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("name", ["interval_ns", "active_ns", "quiet_ns"])
def test_a_number_off_by_one_is_caught(name: str, by: int) -> None:
    wrong = replace(CISCO_SNAPSHOT, **{name: getattr(CISCO_SNAPSHOT, name) + by})
    assert beats(Cadence(wrong, start_ns=0), s(3960)) != DAY


def test_nothing_is_due_before_its_time() -> None:
    cadence = Cadence(Periodic(interval_ns=s(60)), start_ns=s(1))
    assert (cadence.expire(0), cadence.is_quiet) == (None, False)


@pytest.mark.parametrize("wakes", [True, False])
def test_a_link_wakes_only_who_sleeps_and_listens(wakes: bool) -> None:
    made: Snapshot = replace(CISCO_SNAPSHOT, link_up_wakes=wakes)
    cadence = Cadence(made, start_ns=0)
    assert cadence.link_up(s(10)) is None
    beats(cadence, s(300))
    assert cadence.is_quiet
    assert cadence.link_up(s(400)) is (Beat.WAKE if wakes else None)
    assert cadence.due() == (s(460) if wakes else s(3900))
