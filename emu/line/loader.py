"""From a line's name or path to a ``Line``; whatever is wrong is one line of text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emu import resources
from emu.line.model import Line
from emu.policy.data_files import judged_file, sources_of, titles
from emu.policy.toml_files import Library

if TYPE_CHECKING:
    from emu.line.schema import LineFile


def line_names() -> list[str]:
    """Names of the lines that ship with emu, sorted."""
    return resources.line_names()


def line_titles() -> dict[str, str]:
    """Name and title of every shipped line, without judging the files any further."""
    return titles(_library())


def _library() -> Library:
    return Library(
        kind="line",
        folder=resources.lines_folder(),
        names=line_names(),
        listing="lines",
    )


def _schema() -> type[LineFile]:
    from emu.line.schema import LineFile

    return LineFile


def load_line(name_or_path: str | Path, *, where: str = "") -> Line:
    """The line of that name from the library, or from a file.

    ``where``: what named it, for messages.  Raises ``InputError`` for whatever is wrong.
    """
    name, judged = judged_file(name_or_path, _library(), _schema, where=where)
    return Line(
        name=name,
        title=judged.title,
        kind=judged.kind,
        bits_per_second=judged.bits_per_second,
        channels=judged.channels,
        set_up_ns=judged.set_up,
        opening_ns=judged.opening,
        sources=sources_of(judged.sources),
    )
