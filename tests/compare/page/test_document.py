"""The page as a whole: complete, closed to the network, escaped, and always the same."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from emu.compare.comparison import compare
from emu.compare.figures import cells
from emu.compare.page.document import page_text
from emu.compare.plan import NotApplicable
from tests.compare.page.pages import by_id, of_class, page_of, tree, words
from tests.compare.worlds import ONE, POLICIES, plan_of

THRESHOLD = '\n[[threshold]]\nfield = "notice_delay_s.p95"\nat_most = "2m"\nwhy = "a <test>"\n'


def test_every_policy_has_its_row_its_point_and_its_timeline(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path, seeds=2), traced=True)
    comparison = compare(plan)
    page = tree(page_text(plan, comparison))
    assert len(comparison.rows) == len(POLICIES)
    for rank, row in enumerate(comparison.rows, 1):
        cell_texts = [words(cell) for cell in by_id(page, f"row-{rank}")]
        assert cell_texts[2 : 2 + 8] == cells(row, comparison.rows)
        assert words(by_id(page, f"point-{rank}")).startswith(f"{row['policy']}: ")
        run = by_id(page, f"run-{rank}")
        assert words(run).startswith(f"{rank}. {row['policy']} ")
        assert len([*of_class(run, "lanes")]) == 1
        assert ("●" in cell_texts[1]) == row["pareto"]
    targets = {each.get("id") for each in page.iter()}
    assert {(each.get("href") or "")[1:] for each in page.iter("a")} <= targets


def test_the_table_is_one_for_screen_readers_too(tmp_path: Path) -> None:
    page = tree(page_of(tmp_path, seeds=1))
    (table,) = page.iter("table")
    heads = [*table.iter("th")]
    assert {cell.get("scope") for cell in heads} == {"col", "row"}
    widths = {len(row) for row in table.iter("tr")}
    assert len(widths) == 1, "a heading for every column"
    assert table.find("caption") is not None
    for svg in page.iter("svg"):
        described = [by_id(page, name) for name in (svg.get("aria-labelledby") or "").split()]
        assert len(described) == 2 or svg.get("aria-hidden") == "true"
    ids = [each.get("id") for each in page.iter() if each.get("id")]
    assert len(ids) == len(set(ids))


def test_never_is_a_word_in_table_and_headline(tmp_path: Path) -> None:
    page = tree(page_of(tmp_path, policies=("tcp-no-keepalive", "spx-nwlink"), seeds=1))
    assert [words(cell) for cell in of_class(page, "never")] == ["never"] * 3
    lead = words(next(of_class(page, "lead")))
    assert "tcp-no-keepalive never" in lead


def test_breaches_are_named_first_and_in_their_rows(tmp_path: Path) -> None:
    wanted = ("tcp-no-keepalive", "spx-nwlink")
    page = tree(page_of(tmp_path, text=ONE + THRESHOLD, policies=wanted, seeds=1))
    _, held = of_class(page, "lead")
    assert words(held) == "✗ Breached: “notice_delay_s.p95 is at most 2m” by tcp-no-keepalive."
    assert [words(cell) for cell in of_class(page, "verdict")] == [
        "✓ holds", "✗ breached",
    ]  # fmt: skip
    assert "found never; a <test>" in words(next(of_class(page, "thresholds")))


def test_without_thresholds_it_says_so(tmp_path: Path) -> None:
    page = tree(page_of(tmp_path, seeds=1))
    assert "The scenario sets no threshold." in words(page)
    assert not [*of_class(page, "verdict")]


def test_who_cannot_play_and_what_is_assumed(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path, policies=("nbf-nt4",), seeds=1), traced=True)
    unable = replace(plan, not_applicable=(NotApplicable(policy="x<y", why="needs smb"),))
    page = tree(page_text(unable, compare(unable)))
    assert "x<y: needs smb" in words(page)
    assumed = plan.policies[0].assumptions()
    assert assumed, "or this test would test nothing"
    (details,) = page.iter("details")
    for each in assumed:
        assert str(each["what"]) in words(details) and str(each["why"]) in words(details)


def test_names_and_titles_are_words_not_markup(tmp_path: Path) -> None:
    name = "<script>alert(1)<b>&amp;\"'"
    policy = tmp_path / f"{name}.toml"
    policy.write_text('title = "x"\nwhat = "x"\nextends = ["nbf-nt4"]\n')
    text = ONE.replace("by and by", "<script>alert(2)</script>")
    made = page_of(tmp_path, text=text, policies=(str(policy), "spx-nwlink"), seeds=1)
    assert "<script" not in made.lower()
    page = tree(made)
    assert words(next(page.iter("h1"))) == "One client, lost <script>alert(2)</script>"
    assert name in [words(each) for each in page.iter("a")]


class Reader(HTMLParser):
    """Notes what an HTML parser sees: elements, and every attribute that could fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.suspects: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for key, value in attrs:
            fetches = key in {"src", "srcset", "data", "action", "style", "xlink:href", "ping"}
            leaves = key == "href" and not (value or "").startswith("#")
            if fetches or leaves or key.startswith("on"):
                self.suspects.append((tag, key, value))


def test_nothing_is_fetched_and_nothing_runs(tmp_path: Path) -> None:
    made = page_of(tmp_path, seeds=1)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", made)
    reader = Reader()
    reader.feed(made)
    assert reader.suspects == []
    assert not reader.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}


def test_the_content_security_policy_lets_in_this_style_sheet_alone(tmp_path: Path) -> None:
    page = tree(page_of(tmp_path, seeds=1))
    (policy,) = (m.get("content") or "" for m in page.iter("meta") if m.get("http-equiv"))
    (style,) = page.iter("style")
    digest = base64.b64encode(hashlib.sha256(words(style).encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert "'unsafe-inline'" not in policy


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [2, 4])
def test_any_number_of_workers_makes_the_same_page(jobs: int, tmp_path: Path) -> None:
    assert page_of(tmp_path, jobs=jobs) == page_of(tmp_path)
