"""The shape of a line's file, for pydantic."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import model_validator as validates

from emu.line.model import ISDN, MODEM
from emu.policy.judged import judged
from emu.policy.problems import FileModel
from emu.policy.schema import Line as TextLine
from emu.policy.schema import SourceEntry, Text
from emu.policy.values import Unfit, one_of, quoted
from emu.transports.base import Parameter
from emu.units import NS_PER_S

#: From the slowest acoustic coupler to a primary rate bundle.
_SPEED = Parameter(name="", kind="count", what="bits a second", low=50, high=10**9)
#: A primary rate interface has 30 B channels (ITU-T I.431).
_CHANNELS = Parameter(name="", kind="count", what="calls at a time", low=1, high=30)
_WAIT = Parameter(name="", kind="duration", what="", low=0, high=600 * NS_PER_S)
_KIND = Parameter(name="", kind="choice", what="", choices=(ISDN, MODEM))

NUMBERS = ("bits_per_second", "channels", "set_up", "opening")


class LineFile(FileModel):
    """A line's file: every number in it has a line in ``[sources]``."""

    title: TextLine
    what: Text
    kind: Annotated[str, judged(_KIND)]
    bits_per_second: Annotated[int, judged(_SPEED)]
    channels: Annotated[int, judged(_CHANNELS)]
    set_up: Annotated[int, judged(_WAIT)]
    opening: Annotated[int, judged(_WAIT)]
    sources: dict[str, SourceEntry]

    @validates(mode="after")
    def _sources_match(self) -> Self:
        for key in NUMBERS:
            if key not in self.sources:
                hint = f'add {key} = {{ grade = "assumption", source = "..." }} there'
                raise Unfit(key="sources", expected=f"a line for {key}", found="none", hint=hint)
        for key in self.sources:
            if key not in NUMBERS:
                raise Unfit(key="sources", expected=one_of(NUMBERS), found=quoted(key))
        return self
