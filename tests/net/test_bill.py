"""How a line's cost is split between logging on and keeping watch (product.md, JSON of run).

"everything beyond (last log-on packet + idle-timeout), even inside the log-on call, so a link
held up all day costs its day; the rest is under setup_calls, setup_cost".  Hand-computed; the
tariff is 0.12 DEM per started 90 s unless said otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from emu.net.bill import LineFigures, line_figures
from emu.net.calls import Call
from emu.net.records import Records
from emu.net.timeline import Timeline
from emu.net.wan import DialledLine
from emu.tariff import load_tariff
from emu.tariff.model import Tariff, Volume
from emu.units import seconds as s
from tests.net.wan_parts import office

DAY = s(86_400)
#: The last packet of the log-on; with an idle time-out of 120 s it pays until 130 s.
LOG_ON = s(10)
SETTLED = s(130)


def line_of(
    folder: Path, *calls: Call, tariff: Tariff | None, idle_ns: int | None = s(120)
) -> DialledLine:
    (spec,) = [link.dial for link in office(folder).links if link.dial is not None]
    line = DialledLine(
        "wan",
        replace(spec, tariff=tariff, params=replace(spec.params, idle_ns=idle_ns)),
        Timeline(),
        propagation_ns=0,
        dice=Random(0),
        clients=["ws1"],
        records=Records(),
        recording=None,
    )
    line.calls += calls
    line.log_on_ns = LOG_ON
    return line


def call(first: int | None, last: int | None, *, octets: int = 0, log_on_octets: int = 0) -> Call:
    return Call(
        caller="near",
        called="far",
        channel=1,
        asked_ns=0,
        connected_ns=first,
        ended_ns=last,
        octets=octets,
        log_on_octets=log_on_octets,
    )


def figures(folder: Path, *calls: Call, horizon: int = DAY) -> LineFigures:
    return line_figures(line_of(folder, *calls, tariff=load_tariff("de-1996-flat90")), horizon)


def test_a_log_on_call_alone_is_the_price_of_logging_on(tmp_path: Path) -> None:
    """2 s to 130.1 s: two units of 90 s; clearing (up to 1 s) belongs to it."""
    found = figures(tmp_path, call(s(2), SETTLED + s(1) // 10))
    assert (found.calls, found.setup_calls, found.setup_cost) == (0, 1, Decimal("0.24"))
    assert (found.connected_ns, found.units, found.cost) == (0, 0, Decimal(0))
    assert found.currency == "DEM"


def test_later_calls_are_what_watching_costs(tmp_path: Path) -> None:
    """Two of 121 s: two units each."""
    found = figures(
        tmp_path,
        call(s(2), SETTLED),
        call(s(300), s(421)),
        call(s(600), s(721)),
    )
    assert (found.calls, found.setup_calls) == (2, 1)
    assert (found.units, found.cost, found.connected_ns) == (4, Decimal("0.48"), s(242))
    assert found.calls_ns == ((s(2), SETTLED), (s(300), s(421)), (s(600), s(721)))


def test_a_link_that_is_up_all_day_costs_its_day(tmp_path: Path) -> None:
    """From 2 s to the horizon: 86 398 s are 960 units; 2 s to 130 s are 2 of them."""
    found = figures(tmp_path, call(s(2), None))
    assert (found.calls, found.setup_calls, found.setup_cost) == (0, 1, Decimal("0.24"))
    assert (found.units, found.cost) == (958, Decimal("114.96"))
    assert found.connected_ns == DAY - SETTLED


def test_a_later_call_that_is_up_at_the_horizon_ends_with_it(tmp_path: Path) -> None:
    found = figures(tmp_path, call(s(2), SETTLED), call(DAY - s(91), None))
    assert (found.calls, found.units, found.connected_ns) == (1, 2, s(91))


def test_a_call_during_the_log_on_is_a_set_up_call_too(tmp_path: Path) -> None:
    """Raised by hand, dropped, and raised again by the log-on: both are set-up."""
    found = figures(tmp_path, call(s(1), s(3)), call(s(5), SETTLED))
    assert (found.calls, found.setup_calls, found.setup_cost) == (0, 2, Decimal("0.36"))


def test_a_call_right_after_the_log_on_is_not(tmp_path: Path) -> None:
    found = figures(tmp_path, call(s(2), LOG_ON), call(LOG_ON + 1, s(60)))
    assert (found.calls, found.setup_calls, found.units) == (1, 1, 1)


def test_failed_calls_are_counted_and_cost_nothing(tmp_path: Path) -> None:
    """One that is still being dialled at the horizon has not failed."""
    found = figures(tmp_path, call(None, s(4)), call(None, None))
    assert (found.calls, found.failed_calls, found.setup_calls) == (0, 1, 0)
    assert (found.cost, found.calls_ns) == (Decimal(0), ())


def test_without_a_tariff_there_is_time_and_no_money(tmp_path: Path) -> None:
    line = line_of(tmp_path, call(s(2), None), tariff=None)
    found = line_figures(line, DAY)
    assert (found.currency, found.cost, found.units) == (None, Decimal(0), 0)
    assert found.connected_ns == DAY - SETTLED


def test_a_router_that_never_hangs_up_pays_from_the_last_packet_of_the_log_on(
    tmp_path: Path,
) -> None:
    """Without an idle time-out nothing of the rest belongs to the log-on."""
    tariff = load_tariff("de-1996-flat90")
    found = line_figures(line_of(tmp_path, call(s(2), None), tariff=tariff, idle_ns=None), DAY)
    assert found.connected_ns == DAY - LOG_ON
    assert found.units == 960 - 1


@pytest.mark.parametrize(
    ("log_on_octets", "setup", "beyond"),
    [(1500, "0.02", "0.08"), (10_000, "0.10", "0.00"), (0, "0.00", "0.10")],
)
def test_volume_is_split_where_time_is(
    tmp_path: Path, log_on_octets: int, setup: str, beyond: str
) -> None:
    """0.01 for every started 1000 octets; 10 000 in all."""
    tariff = Tariff(
        name="volume",
        title="",
        currency="EUR",
        volume=Volume(octets=1000, price=Decimal("0.01")),
        sources={},
    )
    held = call(s(2), None, octets=10_000, log_on_octets=log_on_octets)
    found = line_figures(line_of(tmp_path, held, tariff=tariff), DAY)
    assert (found.setup_cost, found.cost) == (Decimal(setup), Decimal(beyond))


def test_the_volume_of_a_whole_log_on_call_is_the_log_ons(tmp_path: Path) -> None:
    """Its last frames, PPP's end, come behind the idle time-out."""
    tariff = Tariff(
        name="volume",
        title="",
        currency="EUR",
        volume=Volume(octets=1000, price=Decimal("0.01")),
        sources={},
    )
    whole = call(s(2), SETTLED + s(1), octets=1010, log_on_octets=990)
    found = line_figures(line_of(tmp_path, whole, tariff=tariff), DAY)
    assert (found.setup_cost, found.cost) == (Decimal("0.02"), Decimal("0.00"))
