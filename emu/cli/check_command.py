"""``emu check``: judge captures, whoever recorded them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from emu.cli.output import note, one_line
from emu.cli.printing import print_lines

if TYPE_CHECKING:
    from emu.check.report import Report

EXIT_EXPECTATION_FAILED = 1
#: How ``json.dumps`` ends an object that is not empty.
_CLOSE = "\n}"


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
    from emu.check.report import SCHEMA_VERSION

    if len(reports) == 1:
        pieces = _object(reports[0])
    else:
        head: dict[str, object] = {"schema_version": SCHEMA_VERSION}
        pieces = _with_list(head, "files", map(_object, reports))
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.write("\n")


def _object(report: Report) -> Iterator[str]:
    from emu.check.report import report_head, verdict_json

    flows = (iter((_dumps(verdict_json(flow)),)) for flow in report.flows)
    return _with_list(report_head(report), "flows", flows)


def _with_list(head: dict[str, object], name: str, items: Iterable[Iterator[str]]) -> Iterator[str]:
    """The text of ``json.dumps`` with a list as last field, item by item: it may be long."""
    yield f'{_dumps(head).removesuffix(_CLOSE)},\n "{name}": ['
    separator = ""
    for item in items:
        yield f"{separator}\n  "
        for piece in item:
            yield piece.replace("\n", "\n  ")
        separator = ","
    yield f"\n ]{_CLOSE}" if separator else f"]{_CLOSE}"


def _dumps(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _print_text(reports: Sequence[Report]) -> None:
    from emu.check.report import report_lines

    for report in reports:
        print_lines((style, one_line(text)) for style, text in report_lines(report))
