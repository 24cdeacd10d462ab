"""The shape of a box's file, for pydantic."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import model_validator as validates

from emu.box.model import KINDS
from emu.machines.forget import DROP, RESET, RESET_BOTH, MidStream
from emu.policy.judged import judged
from emu.policy.problems import FileModel
from emu.policy.schema import Line as TextLine
from emu.policy.schema import SourceEntry, Text
from emu.policy.values import Unfit, one_of, quoted
from emu.transports.base import Parameter
from emu.units import NS_PER_S

AFTERWARDS = (DROP, RESET, RESET_BOTH)
KEEPALIVES = ("forwarded", "answered")
PORTS = ("kept", "new")


def _choice(choices: tuple[str, ...]) -> Parameter:
    return Parameter(name="", kind="choice", what="", choices=choices)


#: A year is more than anybody waits; "never" is a box that does not forget.
_IDLE = Parameter(
    name="", kind="duration", what="", low=NS_PER_S, high=366 * 86_400 * NS_PER_S, never=True
)
_SPAN = Parameter(name="", kind="duration", what="", low=NS_PER_S, high=366 * 86_400 * NS_PER_S)

Idle = Annotated[int | None, judged(_IDLE)]
Limit = Annotated[int, judged(_SPAN)]
Afterwards = Annotated[str, judged(_choice(AFTERWARDS))]
Keepalives = Annotated[str, judged(_choice(KEEPALIVES))]

#: What a file must have, and what it may have; all of it needs a source.
NEEDED = ("idle", "afterwards", "mid_stream")
OPTIONAL = ("unacknowledged", "transitory", "ports", "keepalives")


class BoxFile(FileModel):
    """A box's file: every value in it has a line in ``[sources]``.

    ``ports``: given, the box translates addresses, and keeps the client's port or takes a new one.
    """

    title: TextLine
    what: Text
    kind: Annotated[str, judged(_choice(KINDS))]
    idle: Idle
    unacknowledged: Limit | None = None
    transitory: Limit | None = None
    afterwards: Afterwards
    mid_stream: Annotated[str, judged(_choice(tuple(each.value for each in MidStream)))]
    ports: Annotated[str, judged(_choice(PORTS))] | None = None
    keepalives: Keepalives = KEEPALIVES[0]
    sources: dict[str, SourceEntry]

    @validates(mode="after")
    def _a_nat_translates(self) -> Self:
        if (self.kind == "nat") > (self.ports is not None):
            hint = 'add ports = "new" or ports = "kept"'
            raise Unfit(key="ports", expected="what a NAT does with ports", found="none", hint=hint)
        if self.ports is not None and self.mid_stream == MidStream.ANYBODY.value:
            expected = '"nobody" or "inside": from outside nobody knows the address inside'
            raise Unfit(key="mid_stream", expected=expected, found=quoted(self.mid_stream))
        return self

    @validates(mode="after")
    def _sources_match(self) -> Self:
        given = [*NEEDED, *(key for key in OPTIONAL if key in self.model_fields_set)]
        for key in given:
            if key not in self.sources:
                hint = f'add {key} = {{ grade = "assumption", source = "..." }} there'
                raise Unfit(key="sources", expected=f"a line for {key}", found="none", hint=hint)
        for key in self.sources:
            if key not in given:
                raise Unfit(key="sources", expected=one_of(given), found=quoted(key))
        return self
