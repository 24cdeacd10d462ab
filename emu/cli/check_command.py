"""``emu check``: judge captures, whoever recorded them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emu.cli.output import note, one_line
from emu.cli.printing import print_lines

if TYPE_CHECKING:
    from emu.check.report import Report

EXIT_EXPECTATION_FAILED = 1


def main(files: Sequence[str], *, expect: Sequence[str], as_json: bool) -> int:
    """Judge every file before anything is printed; the exit code."""
    from emu.check import check_file
    from emu.check.expectations import failures, parse_expectation

    expectations = [parse_expectation(text) for text in expect]
    reports = [check_file(name, name=name) for name in files]
    for report in reports:
        if report.note:
            note(f"emu: {one_line(report.note)}")
    if as_json:
        _print_json(reports)
    else:
        _print_text(reports)
    failed = failures(expectations, reports)
    for failure in failed:
        note(f"emu: {one_line(str(failure))}")
    return EXIT_EXPECTATION_FAILED if failed else 0


def _print_json(reports: Sequence[Report]) -> None:
    """One object; of several files a list of them under ``files``, as ``emu run`` has runs."""
    from emu.check.report import SCHEMA_VERSION, report_json

    objects = [report_json(report) for report in reports]
    several = {"schema_version": SCHEMA_VERSION, "files": objects}
    whole = objects[0] if len(objects) == 1 else several
    sys.stdout.write(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def _print_text(reports: Sequence[Report]) -> None:
    from emu.check.report import report_lines

    for report in reports:
        print_lines((style, one_line(text)) for style, text in report_lines(report))
