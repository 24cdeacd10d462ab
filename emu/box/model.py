"""What a box on the way is like: what it is called, what it does, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emu.machines.forget import BoxParams
from emu.policy.model import Source

KINDS = ("nat", "firewall", "load-balancer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """``kind``: one of ``KINDS``, for people.  ``params``: what it does.  ``sources``: by key of
    the file."""

    name: str
    title: str
    kind: str
    params: BoxParams
    sources: Mapping[str, Source]

    def assumptions(self) -> list[dict[str, str]]:
        """What no source decides, as the answers of a run list it."""
        return [
            {"what": f"box.{key}", "value": self.name, "why": source.text}
            for key, source in self.sources.items()
            if source.grade == "assumption"
        ]
