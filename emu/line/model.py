"""What a dialled line is like: how fast, how many channels, how long until it carries anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emu.policy.model import Source

ISDN = "isdn"
MODEM = "modem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``kind``: ISDN (its D channel shows the calls) or MODEM (it has none).

    ``bits_per_second``: of one channel.  ``channels``: calls at a time.  ``set_up_ns``: from
    dialling to CONNECT, or to carrier; charged from then on.  ``opening_ns``: what link set-up
    above it (PPP, authentication) takes besides the frames of PPP themselves.
    ``sources``: by key of the file.
    """

    name: str
    title: str
    kind: str
    bits_per_second: int
    channels: int
    set_up_ns: int
    opening_ns: int
    sources: Mapping[str, Source]

    def assumptions(self) -> list[dict[str, str]]:
        """What no source decides, as the answers of a run list it."""
        return [
            {"what": f"line.{key}", "value": self.name, "why": source.text}
            for key, source in self.sources.items()
            if source.grade == "assumption"
        ]
