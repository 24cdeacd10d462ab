"""``emu list``: what there is, one line each."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from typing import Any

from emu.cli.output import say
from emu.errors import InputError
from emu.policy.values import nearest, one_of, quoted

Rows = list[dict[str, Any]]

#: Columns of a terminal (product.md, "Commands"); only a transport with many stacks needs more.
_WIDTH = 100


def main(section: str | None, *, as_json: bool) -> int:
    """Print one section, or all of them; ``InputError`` for one that does not exist."""
    if section is not None and section not in _SECTIONS:
        hint = nearest(section, _SECTIONS)
        raise InputError("list", expected=one_of(_SECTIONS), found=quoted(section), hint=hint)
    wanted = [section] if section else list(_SECTIONS)
    tables = {name: _SECTIONS[name]() for name in wanted}
    if as_json:
        say(json.dumps({"schema_version": 1, **tables}, indent=1, ensure_ascii=False))
        return 0
    for name, rows in tables.items():
        say(_text(name, rows, headed=len(tables) > 1))
    return 0


#: Names longer than this push their titles aside, so that the others need not be short.
_NAME_WIDTH = 27


def _text(name: str, rows: Rows, *, headed: bool) -> str:
    width = min(max((len(row["name"]) for row in rows), default=0), _NAME_WIDTH)
    indent = "  " if headed else ""
    lines = [
        line
        for row in rows
        for line in textwrap.wrap(
            f"{row['name'].ljust(width)}  {_line(row)}",
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=f"{indent}{' ' * width}  ",
        )
    ]
    return "\n".join([name, *lines] if headed else lines)


def _line(row: dict[str, Any]) -> str:
    stacks = f" (stacks: {', '.join(row['stacks'])})" if "stacks" in row else ""
    return f"{row['title']}{stacks}"


def _scenarios() -> Rows:
    from emu.scenario.loader import scenario_titles

    return [{"name": name, "title": title} for name, title in scenario_titles().items()]


def _policies() -> Rows:
    from emu.policy.loader import policy_titles

    return [{"name": name, "title": title} for name, title in policy_titles().items()]


def _transports() -> Rows:
    from emu.policy.parameters import transports

    return [
        {
            "name": each.name,
            "title": each.title,
            "stacks": [stack.name for stack in each.stacks],
            "provides": sorted(each.provides),
        }
        for each in transports()
    ]


def _faults() -> Rows:
    from emu.scenario.vocabulary import FAULT_KINDS

    return [{"name": kind.name, "title": kind.what} for kind in FAULT_KINDS]


def _tariffs() -> Rows:
    from emu.tariff.loader import tariff_titles

    return [{"name": name, "title": title} for name, title in tariff_titles().items()]


def _lines() -> Rows:
    from emu.line.loader import line_titles

    return [{"name": name, "title": title} for name, title in line_titles().items()]


def _boxes() -> Rows:
    from emu.box.loader import box_titles

    return [{"name": name, "title": title} for name, title in box_titles().items()]


_SECTIONS: dict[str, Callable[[], Rows]] = {
    "scenarios": _scenarios,
    "policies": _policies,
    "transports": _transports,
    "faults": _faults,
    "tariffs": _tariffs,
    "lines": _lines,
    "boxes": _boxes,
}
#: For shell completion.
SECTIONS = tuple(_SECTIONS)
