"""From a line's name or path to a ``Line``; whatever is wrong is one line of text."""

from __future__ import annotations

import tomllib
from pathlib import Path

from emu import resources
from emu.line.model import Line
from emu.policy.model import Source
from emu.policy.toml_files import Library, find, read


def line_names() -> list[str]:
    """Names of the lines that ship with emu, sorted."""
    return resources.line_names()


def line_titles() -> dict[str, str]:
    """Name and title of every shipped line, without judging the files any further."""
    folder = resources.lines_folder()
    return {
        name: str(tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))["title"])
        for name in line_names()
    }


def load_line(name_or_path: str | Path, *, where: str = "") -> Line:
    """The line of that name from the library, or from a file.

    ``where``: what named it, for messages.  Raises ``InputError`` for whatever is wrong.
    """
    # pydantic costs start-up time, and only whoever loads a line needs it.
    from pydantic import ValidationError

    from emu.line.schema import LineFile
    from emu.policy.problems import input_error

    library = Library(
        kind="line", folder=resources.lines_folder(), names=line_names(), listing="lines"
    )
    found = find(str(name_or_path), library, where=where)
    try:
        judged = LineFile.model_validate(read(found, "line"))
    except ValidationError as error:
        raise input_error(found.shown, error) from None
    return Line(
        name=found.name,
        title=judged.title,
        kind=judged.kind,
        bits_per_second=judged.bits_per_second,
        channels=judged.channels,
        set_up_ns=judged.set_up,
        opening_ns=judged.opening,
        sources={
            key: Source(grade=entry.grade, text=entry.source)
            for key, entry in judged.sources.items()
        },
    )
