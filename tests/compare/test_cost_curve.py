"""What a probe interval costs behind a dialled line is no monotonic function of it.

The line of ``dial-on-demand-idle`` hangs up after 120 s without interesting packets and is
charged 0.12 DEM a started unit of 90 s (facts/ipx.md 4.3), so on paper, for a client that is idle
for W s and probed every I s over a line that takes S s to come up:

- I < 120: the line never drops.  One call, ceil(W / 90) units.
- I > 120: the line has dropped when a probe comes.  A probe and its set-up later the next wait
  begins: a cycle is I + S.  Every call lasts 120 s and what the probe takes: two units.
  W / (I + S) calls.  Just above 120 s that is W / (120 + S) x 2 units, more than W / 90.

With 15 s between a hang-up and the next call (Cisco's dialer enable-timeout, facts/ipx.md 4.2) a
probe 10 s after the hang-up finds the line blocked, and NT 4's five probes a second apart are
over before it is up: the cheaper row that comes of it is a live client thrown out.
"""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from emu.resources import scenarios_folder
from tests.cli.commands import emu

pytestmark = pytest.mark.slow

#: A third of the day: enough calls that one more or less is no matter, and quicker.
HORIZON_S = 8 * 3600
UNIT_S, UNIT_DEM = 90, 0.12
#: When the log-on is over and the first wait begins, from the start; the line is up since 1 s and
#: the S of below.
IDLE_FROM_S = 65
#: ISDN: about a second to connect, one or two more for PPP (facts/ipx.md 4.2).
SET_UP_S = (2.0, 3.5)
NO_PAUSE = ("--set", "links.wan.pause_after_hang_up=0s")


def calls(idle_s: int) -> tuple[int, int]:
    """Least and most calls with a wait above the time-out, one aside at the end of the day."""
    wait_s = HORIZON_S - IDLE_FROM_S
    quick, slow = SET_UP_S
    return int(wait_s / (idle_s + slow)) - 1, ceil(wait_s / (idle_s + quick)) + 1


def price(idle_s: int) -> tuple[float, float]:
    """What is to be paid at least and at most, DEM: the log-on's call is not counted."""
    least, most = calls(idle_s)
    return 2 * least * UNIT_DEM, 2 * most * UNIT_DEM


def always_up() -> tuple[float, float]:
    """The whole time in one call, but for what the log-on's minute has already paid."""
    return (HORIZON_S // UNIT_S - 2) * UNIT_DEM, ceil(HORIZON_S / UNIT_S) * UNIT_DEM


@pytest.fixture
def shorter(tmp_path: Path) -> str:
    text = (scenarios_folder() / "dial-on-demand-idle.toml").read_text(encoding="utf-8")
    assert 'horizon = "24h"' in text
    path = tmp_path / "shorter.toml"
    path.write_text(text.replace('horizon = "24h"', f'horizon = "{HORIZON_S}s"'), encoding="utf-8")
    return str(path)


def rows(
    capsys: pytest.CaptureFixture[str], scenario: str, *values: str, more: tuple[str, ...] = ()
) -> dict[str, dict[str, Any]]:
    """By value."""
    answer = emu(
        capsys, "compare", scenario, "--policy", "tcp-keepalive-nt4", "--jobs", "1", "--json",
        "--vary", f"policy.tcp.keepalive_idle={','.join(values)}", *more,
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    return {each["varied"]["value"]: each for each in json.loads(answer.out)["rows"]}


def test_the_cost_rises_at_the_hang_up_time_and_falls_after_it(
    shorter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    values = (30, 110, 125, 300, 7200)
    found = rows(capsys, shorter, *(f"{value}s" for value in values), more=NO_PAUSE)
    cost = {value: found[f"{value}s"]["cost"] for value in values}
    for value in (30, 110):
        low, high = always_up()
        assert low <= cost[value] <= high, value
        assert found[f"{value}s"]["wan_calls"] == 0, "but the one that carried the log-on"
    for value in (125, 300, 7200):
        low, high = price(value)
        assert low <= cost[value] <= high, value
        least, most = calls(value)
        assert least <= found[f"{value}s"]["wan_calls"] <= most, value
    assert all(each["false_disconnects"] == 0 for each in found.values())
    # The step: on paper 2 x 90 / (125 + S) times the price of a line that is always up.
    assert always_up()[1] < price(125)[0]
    assert cost[110] < cost[125] > cost[300] > cost[7200]


def test_just_above_the_hang_up_time_ciscos_pause_throws_the_client_out(
    shorter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Probes at 125, 126, ... 129 s of silence, given up at 130 s; the line may dial from 135 s
    on.  With 140 s the pause is over when the first probe comes."""
    found = rows(capsys, shorter, "110s", "125s", "140s")
    thrown = {value: row["false_disconnects"] for value, row in found.items()}
    assert thrown == {"110s": 0, "125s": 1, "140s": 0}
    low, high = price(140)
    assert low <= found["140s"]["cost"] <= high
    assert found["125s"]["cost"] < low, "who throws everybody out has nobody to ask"


def test_on_paper_the_step_is_two_fifths() -> None:
    """A whole day: 86400 / 90 = 960 units; 2 x 86400 / (125 + 3.5) = 1344.7, which is 40 % more."""
    day_s = 86_400
    assert day_s / UNIT_S == 960
    assert round(2 * day_s / (125 + SET_UP_S[1]), 1) == 1344.7
