"""The figures' wording, shared by the terminal's table and the page."""

from __future__ import annotations

import pytest

from emu.compare.figures import cells, delay_text, heading, verdicts
from tests.compare.page.pages import row


@pytest.mark.parametrize(
    ("delay_s", "found", "text"),
    [
        (None, 1, "never"),
        (None, 0, "-"),
        (27.94, 1, "27.9s"),
        (59.96, 1, "1m"),
        (60.4, 1, "1m"),
        (7154.5, 1, "1h59m14s"),
    ],
)
def test_a_delay_as_people_read_it(delay_s: float | None, found: int, text: str) -> None:
    assert delay_text(delay_s, found) == text


def test_money_has_its_columns_where_a_link_charges() -> None:
    free = row("a", 30.0, 1234)
    charged = row("b", 30.0, 1234, currency="DEM", cost=69.6, wan_calls=290)
    assert cells(free, [free]) == ["a", "1/1", "30s", "30s", "30s", "0", "1", "1,234"]
    assert heading([free, charged])[-2:] == ["calls", "DEM"]
    assert cells(charged, [free, charged])[-2:] == ["290", "69.60"]


def test_a_file_servers_sessions_have_columns_of_their_own() -> None:
    """A row that leaked nothing says 0, not a dash."""
    leaked = row("a", 30.0, 1234, leaked_session_s=612.0, data_lost_bytes=4096,
                 peak_sessions=12, refused_by_limit=3)  # fmt: skip
    none = row("b", 30.0, 1234, leaked_session_s=0.0, data_lost_bytes=0)
    assert heading([leaked, none])[-4:] == ["peak", "leaked", "refused", "B lost"]
    assert cells(leaked, [leaked, none])[-4:] == ["12", "10m12s", "3", "4,096"]
    assert cells(none, [leaked, none])[-4:] == ["1", "0s", "0", "0"]


def test_verdicts_gather_what_belongs_to_one_threshold() -> None:
    judged = [
        {"that": "x is at most 1", "policy": "a", "holds": True, "why": "fine"},
        {"that": "x is at most 1", "policy": "b", "holds": False, "why": "found 2"},
        {"that": "y is at most 1", "policy": "a", "holds": True, "why": "fine"},
    ]
    one, other = verdicts(judged)
    assert (one.text, one.holds) == ("x is at most 1: holds for 1 of 2", False)
    assert one.breaches == (("b", "found 2"),)
    assert (other.that, other.holds, other.breaches) == ("y is at most 1", True, ())
