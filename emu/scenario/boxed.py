"""A box of a scenario: from its table to the numbers that its machine takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emu.box import Box, load_box
from emu.machines.forget import BoxParams

if TYPE_CHECKING:
    from emu.scenario.link_schema import LinkTable


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSpec:
    """``between``: the server's LAN, and the one behind the box.  ``box``: its profile.

    ``params``: the profile's numbers, with those of the scenario in their place.
    """

    between: tuple[str, ...]
    box: Box
    params: BoxParams

    def assumptions(self) -> list[dict[str, str]]:
        """What no source decides, without what the scenario says itself."""
        own = {
            "box.idle": self.params.idle_ns == self.box.params.idle_ns,
            "box.afterwards": self.params.afterwards == self.box.params.afterwards,
            "box.keepalives": self.params.answers == self.box.params.answers,
        }
        return [each for each in self.box.assumptions() if own.get(each["what"], True)]


def box_spec(table: LinkTable, where: str) -> BoxSpec:
    """``InputError`` for a box that is not there or not right."""
    assert table.between is not None and table.profile is not None, "the schema asks for them"
    box = load_box(table.profile, where=f"{where}.profile")
    changes: dict[str, Any] = {}
    if "idle" in table.model_fields_set:
        changes["idle_ns"] = table.idle
    if table.afterwards is not None:
        changes["afterwards"] = table.afterwards
    if table.keepalives is not None:
        changes["answers"] = table.keepalives == "answered"
    params = replace(box.params, **changes)
    return BoxSpec(between=tuple(table.between), box=box, params=params)
