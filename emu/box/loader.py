"""From a box's name or path to a ``Box``; whatever is wrong is one line of text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emu import resources
from emu.box.model import Box
from emu.machines.forget import BoxParams, MidStream
from emu.policy.data_files import judged_file, sources_of, titles
from emu.policy.toml_files import Library

if TYPE_CHECKING:
    from emu.box.schema import BoxFile


def box_names() -> list[str]:
    """Names of the boxes that ship with emu, sorted."""
    return resources.box_names()


def box_titles() -> dict[str, str]:
    """Name and title of every shipped box, without judging the files any further."""
    return titles(_library())


def _library() -> Library:
    return Library(
        kind="box",
        folder=resources.boxes_folder(),
        names=box_names(),
        listing="boxes",
    )


def _schema() -> type[BoxFile]:
    from emu.box.schema import BoxFile

    return BoxFile


def load_box(name_or_path: str | Path, *, where: str = "") -> Box:
    """The box of that name from the library, or from a file.

    ``where``: what named it, for messages.  Raises ``InputError`` for whatever is wrong.
    """
    name, judged = judged_file(name_or_path, _library(), _schema, where=where)
    return Box(
        name=name,
        title=judged.title,
        kind=judged.kind,
        params=_params(judged),
        sources=sources_of(judged.sources),
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
