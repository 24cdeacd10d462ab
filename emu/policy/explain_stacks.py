"""The stacks of a transport side by side: what each does with a silent peer, within 100 columns."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from emu.policy.parameters import transports
from emu.transports.base import Portrait, Stack

WIDTH = 100
#: Columns of one table: more would break every word.
_SIDE_BY_SIDE = 4
_GAP = "  "

#: What the rows are called, and where they come from.
_ROWS = (
    ("idle / interval / count", "defaults"),
    ("probe", "probe"),
    ("held for dead", "death"),
    ("after the last octet", "nominal"),
    ("last word", "ending"),
    ("data in flight", "data"),
    ("source", "source"),
    ("grade", "grade"),
    ("not verified", "unverified"),
)


def portrayed() -> list[tuple[Stack, Portrait]]:
    """The stacks that have a portrait, in the order of the table of transports."""
    stacks = [stack for transport in transports() for stack in transport.stacks]
    return [(stack, stack.portrait) for stack in stacks if stack.portrait is not None]


def text() -> str:
    """Tables for people."""
    found = portrayed()
    chunks = [found[at : at + _SIDE_BY_SIDE] for at in range(0, len(found), _SIDE_BY_SIDE)]
    lines = ["When does a server's TCP notice that its client is silent? Stack by stack:", ""]
    for chunk in chunks:
        lines += [*_table(chunk), ""]
    lines += textwrap.wrap(
        "grades: A primary document or real capture, B one good secondary source, C derived or"
        " one implementation; what is assumed stands in the policies, see emu explain POLICY",
        WIDTH,
    )
    return "\n".join(line.rstrip() for line in lines)


def as_json() -> str:
    """The same as one JSON object."""
    stacks = [
        {
            "name": stack.name,
            "title": stack.title,
            "played": stack.plays,
            **{field: getattr(portrait, field) for _, field in _ROWS},
        }
        for stack, portrait in portrayed()
    ]
    return json.dumps({"schema_version": 1, "stacks": stacks}, indent=1, ensure_ascii=False)


def _table(chunk: Sequence[tuple[Stack, Portrait]]) -> Iterator[str]:
    first = 14
    width = (WIDTH - first) // _SIDE_BY_SIDE - len(_GAP)
    yield from _row("", [stack.name for stack, _ in chunk], first, width)
    yield "-" * (first + len(chunk) * (width + len(_GAP)))
    yield from _row("title", [stack.title for stack, _ in chunk], first, width)
    for label, field in _ROWS:
        yield from _row(label, [getattr(each, field) for _, each in chunk], first, width)


def _row(label: str, cells: Sequence[str], first: int, width: int) -> Iterator[str]:
    """One row, as high as its longest cell."""
    columns = [textwrap.wrap(label, first), *(textwrap.wrap(cell, width) for cell in cells)]
    for head, *parts in zip_longest(*columns, fillvalue=""):
        yield _GAP.join((head.ljust(first), *(part.ljust(width) for part in parts)))
