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

from emu.cli.output import note, one_line, say
from emu.cli.printing import print_lines
from emu.cli.run_command import check_place, prepare
from emu.errors import InputError

EXIT_BREACHED = 1


def main(
    scenario_name: str,
    *,
    policies: Sequence[str],
    seeds: int,
    settings: Sequence[str],
    csv: str | None,
    html: str | None,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Play everything before anything is printed or written; the exit code."""
    from emu.compare.comparison import compare, comparison_json
    from emu.compare.csv_file import write_csv
    from emu.compare.figures import not_applicable_note
    from emu.compare.plan import make_plan
    from emu.compare.table import table_lines
    from emu.resources import policy_names

    check_place(csv)
    check_place(html)
    _check_apart(csv, html)
    scenario, prepared = prepare(scenario_name, policies or policy_names(), settings)
    plan = replace(make_plan(scenario, prepared, seeds), traced=html is not None)
    with _progress(scenario.name) as progress:
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
