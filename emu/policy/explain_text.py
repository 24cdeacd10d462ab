"""Policies explained for people: one in full, or several side by side, within 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from emu.policy.explain import LAST_OCTET_NS, Explained, number_of, unit_of
from emu.policy.model import Policy, Source
from emu.units import format_seconds

WIDTH = 100
#: More columns than this in one table would break every word.
_SIDE_BY_SIDE_MAX = 6
_GAP = "  "
#: Grades in a narrow column; the legend below the table spells them out.
_SHORT = {"assumption": "?", "command line": "set", "scenario": "scn"}
_LEGEND = (
    "grades: A primary document or real capture, B one good secondary source, C derived or one"
    " implementation, ? assumption"
)


def text(policies: Sequence[Explained]) -> str:
    """One policy in full, or a table of several."""
    lines = _in_full(policies[0]) if len(policies) == 1 else _side_by_side(policies)
    return "\n".join(line.rstrip() for line in lines)


def _in_full(each: Explained) -> Iterator[str]:
    policy = each.policy
    yield f"{policy.name}: {policy.title}"
    yield ""
    yield from textwrap.wrap(" ".join(policy.what.split()), WIDTH)
    yield ""
    ends = "both ends" if policy.stack == policy.client_stack else "the server's end"
    clients = "" if policy.stack == policy.client_stack else f", clients {policy.client_stack}"
    yield f"transport {policy.transport}, stack {policy.stack} ({ends}{clients})"
    yield ""
    yield from _values(policy)
    yield ""
    yield from _answer(each)
    yield from _doubts(policy)


def _values(policy: Policy) -> Iterator[str]:
    rows = [("name", "value", "number", "unit", "grade")]
    rows += [_cells(policy, name) for name in policy.values]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, row in zip(["", *policy.values], rows, strict=True):
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        if name:
            yield from _indented(policy.parameters[name].what)
            yield from _indented(f"source: {policy.sources[name].text}")


def _cells(policy: Policy, name: str) -> tuple[str, str, str, str, str]:
    parameter, value = policy.parameters[name], policy.values[name]
    number = number_of(parameter, value)
    unit = unit_of(parameter) if number else ""
    return name, policy.texts[name], number, unit, policy.sources[name].grade


def _answer(each: Explained) -> Iterator[str]:
    at = format_seconds(LAST_OCTET_NS)
    yield f"When does the server notice? ({each.policy.name})"
    yield from _indented(each.formula)
    after = "never noticed" if each.silence_ns is None else f"{each.silence} of silence"
    yield f"  an idle client that dies, heard last at {at}: {after}"


def _doubts(policy: Policy) -> Iterator[str]:
    doubts = [str(each["what"]) for each in policy.assumptions()]
    if doubts:
        yield ""
        yield from textwrap.wrap(f"Rests on {len(doubts)} assumptions: {', '.join(doubts)}", WIDTH)


def _side_by_side(policies: Sequence[Explained]) -> Iterator[str]:
    for start in range(0, len(policies), _SIDE_BY_SIDE_MAX):
        yield from _table(policies[start : start + _SIDE_BY_SIDE_MAX])
        yield ""
    yield from textwrap.wrap(_LEGEND, WIDTH)
    for each in policies:
        yield ""
        yield from _answer(each)
    yield ""
    yield "Sources, where several policies share one, it stands once:"
    yield from _sources([each.policy for each in policies])


def _table(policies: Sequence[Explained]) -> Iterator[str]:
    tables = _tables(policies)
    first = max(len(key) + len(_GAP) for keys in tables.values() for key in keys)
    width = (WIDTH - first) // len(policies) - len(_GAP)
    yield from _row("", [each.policy.name for each in policies], first, width)
    yield "-" * (first + len(policies) * (width + len(_GAP)))
    yield from _row("transport", [each.policy.transport for each in policies], first, width)
    yield from _row("stack", [each.policy.stack for each in policies], first, width)
    for table, keys in tables.items():
        yield f"[{table}]"
        for key in keys:
            cells = [_cell(each.policy, f"{table}.{key}") for each in policies]
            yield from _row(f"{_GAP}{key}", cells, first, width)
    yield from _row("noticed after", [each.silence for each in policies], first, width)


def _tables(policies: Sequence[Explained]) -> dict[str, list[str]]:
    """The keys of each table of values, those of the server last: they differ least."""
    names = dict.fromkeys(name for each in policies for name in each.policy.values)
    tables: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: name.startswith("server.")):
        table, _, key = name.partition(".")
        tables.setdefault(table, []).append(key)
    return tables


def _sources(policies: Sequence[Policy]) -> Iterator[str]:
    for name in dict.fromkeys(name for policy in policies for name in policy.values):
        users: dict[Source, list[str]] = {}
        for policy in policies:
            if name in policy.sources:
                users.setdefault(policy.sources[name], []).append(policy.name)
        yield name
        for source, names in users.items():
            whose = "" if len(users) == 1 else f" ({', '.join(names)})"
            yield from _indented(f"{source.grade}{whose}: {source.text}")


def _cell(policy: Policy, name: str) -> str:
    if name not in policy.values:
        return "-"
    grade = policy.sources[name].grade
    return f"{policy.texts[name]} {_SHORT.get(grade, grade)}"


def _row(label: str, cells: Sequence[str], first: int, width: int) -> Iterator[str]:
    wrapped = [textwrap.wrap(cell, width) for cell in cells]
    for number, line in enumerate(zip_longest(*wrapped, fillvalue="")):
        head = label if number == 0 else ""
        yield _GAP.join((head.ljust(first), *(part.ljust(width) for part in line)))


def _indented(words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent="  ")
