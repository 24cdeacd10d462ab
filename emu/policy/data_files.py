"""Files of data that ship with emu and that people may write, too: tariffs, lines, boxes.

One schema a kind, judged by pydantic; every number in them has a source with its grade.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from emu.policy.model import Source
from emu.policy.toml_files import Library, find, read

if TYPE_CHECKING:
    from emu.policy.problems import FileModel
    from emu.policy.schema import SourceEntry

M = TypeVar("M", bound="FileModel")


def titles(library: Library) -> dict[str, str]:
    """Name and title of every shipped file, without judging the files any further."""
    return {
        name: str(tomllib.loads((library.folder / f"{name}.toml").read_text("utf-8"))["title"])
        for name in library.names
    }


def judged_file(
    named: str | Path, library: Library, schema: Callable[[], type[M]], *, where: str
) -> tuple[str, M]:
    """(name, what the file holds) of a name from the library, or of a file.

    ``schema``: gives the kind's model; called late, because pydantic costs start-up time.
    ``where``: what named it, for messages.  Raises ``InputError`` for whatever is wrong.
    """
    from pydantic import ValidationError

    from emu.policy.problems import input_error

    found = find(str(named), library, where=where)
    try:
        return found.name, schema().model_validate(read(found, library.kind))
    except ValidationError as error:
        raise input_error(found.shown, error) from None


def sources_of(entries: Mapping[str, SourceEntry]) -> dict[str, Source]:
    """A file's ``[sources]`` as plain values."""
    return {key: Source(grade=entry.grade, text=entry.source) for key, entry in entries.items()}
