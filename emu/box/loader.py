"""From a box's name or path to a ``Box``; whatever is wrong is one line of text."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from emu import resources
from emu.box.model import Box
from emu.machines.forget import BoxParams, MidStream
from emu.policy.model import Source
from emu.policy.toml_files import Library, find, read

if TYPE_CHECKING:
    from emu.box.schema import BoxFile


def box_names() -> list[str]:
    """Names of the boxes that ship with emu, sorted."""
    return resources.box_names()


def box_titles() -> dict[str, str]:
    """Name and title of every shipped box, without judging the files any further."""
    folder = resources.boxes_folder()
    return {
        name: str(tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))["title"])
        for name in box_names()
    }


def load_box(name_or_path: str | Path, *, where: str = "") -> Box:
    """The box of that name from the library, or from a file.

    ``where``: what named it, for messages.  Raises ``InputError`` for whatever is wrong.
    """
    # pydantic costs start-up time, and only whoever loads a box needs it.
    from pydantic import ValidationError

    from emu.box.schema import BoxFile
    from emu.policy.problems import input_error

    library = Library(
        kind="box", folder=resources.boxes_folder(), names=box_names(), listing="boxes"
    )
    found = find(str(name_or_path), library, where=where)
    try:
        judged = BoxFile.model_validate(read(found, "box"))
    except ValidationError as error:
        raise input_error(found.shown, error) from None
    return Box(
        name=found.name,
        title=judged.title,
        kind=judged.kind,
        params=_params(judged),
        sources={
            key: Source(grade=entry.grade, text=entry.source)
            for key, entry in judged.sources.items()
        },
    )


def _params(judged: BoxFile) -> BoxParams:
    return BoxParams(
        idle_ns=judged.idle,
        unacknowledged_ns=judged.unacknowledged,
        transitory_ns=judged.transitory,
        afterwards=judged.afterwards,
        mid_stream=MidStream(judged.mid_stream),
        translates=judged.ports is not None,
        keeps_ports=judged.ports == "kept",
        answers=judged.keepalives == "answered",
    )
