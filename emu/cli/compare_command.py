"""``emu compare``: one scenario under many policies, as a table, JSON, CSV or a page."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emu.cli.output import note, one_line, say
from emu.cli.printing import print_lines
from emu.cli.run_command import check_place, prepare
from emu.errors import InputError

if TYPE_CHECKING:
    from emu.compare.plan import Entry, Plan
    from emu.compare.vary import Vary

EXIT_BREACHED = 1


def main(
    scenario_name: str,
    *,
    policies: Sequence[str],
    seeds: int,
    settings: Sequence[str],
    vary: Sequence[str],
    csv: str | None,
    html: str | None,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Play everything before anything is printed or written; the exit code."""
    from emu.compare.comparison import compare, comparison_json
    from emu.compare.csv_file import write_csv
    from emu.compare.figures import not_applicable_note
    from emu.compare.table import table_lines

    check_place(csv)
    check_place(html)
    _check_apart(csv, html)
    plan = replace(_plan(scenario_name, policies, settings, vary, seeds), traced=html is not None)
    with _progress(plan.scenario.name) as progress:
        comparison = compare(plan, jobs=jobs or _cores(), progress=progress)
    if csv is not None:
        write_csv(comparison, csv)
    if html is not None:
        from emu.compare.page.document import write_page

        write_page(plan, comparison, html)
    if as_json:
        say(json.dumps(comparison_json(comparison), indent=1, ensure_ascii=False))
    else:
        print_lines((style, one_line(text)) for style, text in table_lines(comparison))
        if unable := not_applicable_note(comparison):
            note(f"emu: {one_line(unable)}")
    return 0 if comparison.holds else EXIT_BREACHED


def _plan(
    scenario_name: str,
    policies: Sequence[str],
    settings: Sequence[str],
    vary: Sequence[str],
    seeds: int,
) -> Plan:
    from emu.compare.plan import make_plan, plan_of
    from emu.compare.vary import read_vary
    from emu.resources import policy_names
    from emu.scenario.loader import load_scenario

    if not vary:
        return make_plan(*prepare(scenario_name, policies or policy_names(), settings), seeds)
    if len(vary) > 1:
        raise InputError("--vary", expected="one setting", found=f"{len(vary)} of them")
    chosen = policies or load_scenario(scenario_name).default_policies[:1]
    scenario, _ = prepare(scenario_name, chosen, settings)
    return plan_of(scenario, _entries(scenario_name, chosen, settings, read_vary(vary[0])), seeds)


def _entries(
    scenario_name: str, policies: Sequence[str], settings: Sequence[str], vary: Vary
) -> list[Entry]:
    """Policy by policy, each at every value; one value that does not fit ends it all."""
    from emu.compare.plan import Entry
    from emu.compare.vary import Varied

    found: list[list[Entry]] = []
    for value, setting in zip(vary.values, vary.settings(), strict=True):
        with _called("--vary"):
            scenario, prepared = prepare(scenario_name, policies, [*settings, setting])
        found.append(
            [
                Entry(policy=each, scenario=scenario, varied=Varied(each.name, vary.key, value))
                for each in prepared
            ]
        )
    return [entry for of_one_policy in zip(*found, strict=True) for entry in of_one_policy]


@contextmanager
def _called(flag: str) -> Generator[None]:
    """What is judged as ``--set`` is called what the user called it."""
    try:
        yield
    except InputError as error:
        raise InputError(
            error.where.replace("--set", flag, 1),
            expected=error.expected,
            found=error.found,
            hint=error.hint,
        ) from None


def _check_apart(csv: str | None, html: str | None) -> None:
    if csv is not None and html is not None and Path(csv).resolve() == Path(html).resolve():
        raise InputError("--html", expected="a file of its own", found=f'that of --csv, "{html}"')


def _cores() -> int:
    """The cores this process may use, which may be fewer than the machine has."""
    able = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else os.cpu_count() or 1


@contextmanager
def _progress(what: str) -> Generator[Callable[[int, int], None] | None]:
    """A line on stderr with the time left; None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from emu.compare.progress import Pace

    pace = Pace(what=what, started_s=time.monotonic())

    def show(done: int, total: int) -> None:
        sys.stderr.write(f"\r\x1b[K{pace.line(done, total, time.monotonic())}")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
