"""The shape of a scenario file, for pydantic: tables, keys, units and ranges.

What one table cannot know of another (unknown clients, overlapping faults) is judged in
``checks``.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field
from pydantic import model_validator as validates

from emu.policy.problems import FileModel
from emu.policy.schema import Line, Text, values_model
from emu.policy.values import Unfit, describe, friendly, nearest, one_of, quoted
from emu.scenario.files_schema import AccountTable, ClientTask, ServerTask, ShareTable
from emu.scenario.link_schema import LinkTable
from emu.scenario.scalars import (
    Deed,
    Instant,
    Name,
    Port,
    Sequence,
    Span,
    Struck,
    choice,
    count,
)
from emu.scenario.vocabulary import FAULT_KINDS, OUTAGES, SERVER_DEEDS, FaultKind

#: More instants than this in one step were not meant either.
_INSTANTS_MAX = 100_000


class ServerPins(FileModel):
    """``[hosts.server.pinned]``: TCP's initial sequence number, drawn from the seed otherwise."""

    sequence: Sequence | None = None


class AnyStep(FileModel):
    """One step of a program: ``at``, or ``from`` + ``until`` + ``every``."""

    at: Instant | None = None
    start: Instant | None = Field(default=None, alias="from")
    until: Instant | None = None
    every: Span | None = None
    do: str

    @validates(mode="after")
    def _one_way(self) -> Self:
        repeated = (self.start, self.until, self.every)
        if self.at is None and None not in repeated:
            return self._bounded()
        if self.at is not None and repeated == (None, None, None):
            return self
        expected = "either at, or all of from, until and every"
        raise Unfit(expected=expected, found=", ".join(sorted(self.model_fields_set)) or "neither")

    def _bounded(self) -> Self:
        start, until, every = self.start or 0, self.until or 0, self.every or 1
        if until < start + every:
            expected = "an instant at least one every after from"
            raise Unfit(expected=expected, found="an earlier one", key="until")
        if (until - start) // every > _INSTANTS_MAX:
            found = f"{(until - start) // every} of them"
            raise Unfit(expected=f"at most {_INSTANTS_MAX} instants", found=found, key="every")
        return self


class Step(AnyStep):
    """One step of a client's program."""

    do: Deed


class ServerStep(AnyStep):
    """One step of the server's program."""

    do: Annotated[str, choice(SERVER_DEEDS)]


class ServerHost(FileModel):
    """``[hosts.server]``."""

    link: Name | None = None
    pinned: ServerPins = Field(default_factory=ServerPins)
    program: list[ServerStep] = Field(default_factory=list[ServerStep])
    tasks: list[ServerTask] = Field(default_factory=list[ServerTask])


class Hosts(FileModel):
    """``[hosts]``: the server.  Clients are hosts of their own."""

    server: ServerHost = Field(default_factory=ServerHost)


class Again(FileModel):
    """One step after a restart, counted from the end of the boot."""

    after: Instant
    do: Deed


class ClientPins(FileModel):
    """``[clients.NAME.pinned]``: what is drawn from the seed otherwise."""

    port: Port | None = None
    port_after_restart: Port | None = None
    sequence: Sequence | None = None
    sequence_after_restart: Sequence | None = None


class ClientTable(FileModel):
    """``[clients.NAME]``: a terminal's with a user and a program, a file server's with tasks."""

    user: Name | None = None
    link: Name | None = None
    boot_time: Span
    phase: Instant = 0
    policy: Line | None = None
    program: list[Step] = Field(default_factory=list[Step])
    after_restart: list[Again] = Field(default_factory=list[Again])
    tasks: list[ClientTask] = Field(default_factory=list[ClientTask])
    tasks_after_restart: list[ClientTask] = Field(default_factory=list[ClientTask])
    log_on_again_every: Span | None = None
    log_on_tries: Annotated[int, count(1, 100_000)] | None = None
    pinned: ClientPins = Field(default_factory=ClientPins)

    @validates(mode="after")
    def _one_kind(self) -> Self:
        """Either somebody works at a terminal here, or programs work on files."""
        if not self.tasks and (self.user is None or not self.program):
            key = "program" if self.user is not None else "user"
            hint = "or give it tasks, as a client of a file server"
            raise Unfit(expected=f"a {key}", found=describe(None), hint=hint, key=key)
        terminal = (self.user, self.log_on_again_every) != (None, None)
        if self.tasks and (terminal or self.program or self.after_restart):
            expected = "no user, program, after_restart or log_on_again_every beside tasks"
            raise Unfit(expected=expected, found="both", hint='say "by" in each task', key="tasks")
        return self

    @validates(mode="after")
    def _tries_have_a_rhythm(self) -> Self:
        if self.log_on_tries is not None and self.log_on_again_every is None:
            expected = "log_on_again_every beside log_on_tries"
            raise Unfit(expected=expected, found="none", key="log_on_tries")
        return self


class FaultTable(FileModel):
    """One ``[[faults]]`` table.  Without ``for`` a fault lasts to the end of the run."""

    at: Struck
    client: Name | None = None
    kind: Annotated[str, choice(tuple(kind.name for kind in FAULT_KINDS))]
    off_for: Span | None = None
    lasts: Span | None = Field(default=None, alias="for")
    place: Line | None = None
    line: Name | None = None
    how: Annotated[str, choice(OUTAGES)] | None = None

    @validates(mode="before")
    @classmethod
    def _for_good_is_no_duration(cls, raw: Any) -> Any:
        for key in ("for", "off_for"):
            if isinstance(raw, dict) and raw.get(key) == "never":  # pyright: ignore
                hint = "leave it out: it then lasts to the end of the run"
                raise Unfit(expected="a duration", found=describe("never"), hint=hint, key=key)
        return raw  # pyright: ignore[reportUnknownVariableType]

    @validates(mode="after")
    def _fitting_kind(self) -> Self:
        kind = {kind.name: kind for kind in FAULT_KINDS}[self.kind]
        if self.off_for is not None and not kind.off_for:
            raise self._unwanted("off_for", "for" if kind.lasts else "")
        if self.lasts is not None and not kind.lasts:
            raise self._unwanted("for", "off_for" if kind.off_for else "")
        if self.place is not None and self.place not in kind.places:
            hint = nearest(self.place, kind.places) or self._elsewhere(kind)
            raise Unfit(
                expected=one_of(kind.places), found=quoted(self.place), hint=hint, key="place"
            )
        self._line_of(kind)
        self._whom(at_client=(self.place or kind.places[0]) == "client", kind=kind)
        return self

    def _line_of(self, kind: FaultKind) -> None:
        """A line is struck by what strikes lines, and by nothing else."""
        if kind.on_line and self.line is None:
            hint = "name a dialled link"
            raise Unfit(expected="the line it strikes", found=describe(None), hint=hint, key="line")
        for key in () if kind.on_line else ("line", "how"):
            if getattr(self, key) is not None:
                raise self._unwanted(key, "")

    def _unwanted(self, key: str, instead: str) -> Unfit:
        """A kind that has no such duration; it may have the other one."""
        found = getattr(self, {"for": "lasts"}.get(key, key))
        raw = found if isinstance(found, str) else friendly(found)
        hint = f"leave it out, or say {instead}" if instead else "leave it out"
        return Unfit(expected=f'no {key} with "{self.kind}"', found=quoted(raw), hint=hint, key=key)

    @staticmethod
    def _elsewhere(kind: FaultKind) -> str:
        if len(kind.places) > 1:
            return ""
        names = [other.name for other in FAULT_KINDS if len(other.places) > 1]
        return f"only {one_of(names)} strikes elsewhere"

    def _whom(self, *, at_client: bool, kind: FaultKind) -> None:
        if at_client and self.client is None:
            more = ", or a place that strikes all of them" if len(kind.places) > 1 else ""
            hint = f"name one of [clients]{more}"
            raise Unfit(
                expected="the client it strikes", found=describe(None), hint=hint, key="client"
            )
        if not at_client and self.client is not None:
            place = self.place or kind.places[0]
            expected = f'no client: place "{place}" strikes all of them'
            raise Unfit(
                expected=expected, found=quoted(self.client), hint="leave it out", key="client"
            )


class ExpectTable(FileModel):
    """One ``[[expect]]`` table; ``expectations.read_expectation`` judges it as a whole."""

    policies: list[Line] = Field(default_factory=list[str])
    session: Annotated[int, count(1, 1_000_000)] | None = None
    client: Name | None = None
    field: Line
    between: list[Any] | None = None
    equals: Any = None
    why: Text


class ThresholdTable(FileModel):
    """One ``[[threshold]]`` table; ``thresholds.read_threshold`` judges it as a whole."""

    policies: list[Line] = Field(default_factory=list[str])
    field: Line
    at_most: Any
    why: Text


class ScenarioFile(FileModel):
    """A whole scenario file.  The policies' own tables judge ``server`` and ``smb``."""

    title: Line
    story: Text
    sources: Text
    horizon: Span
    needs: list[Line] = Field(default_factory=list[str])
    default_policies: list[Line] = Field(min_length=1)
    links: dict[Name, LinkTable] = Field(min_length=1)
    hosts: Hosts = Field(default_factory=Hosts)
    server: dict[str, Any] = Field(default_factory=dict[str, Any])
    smb: dict[str, Any] = Field(default_factory=dict[str, Any])
    shares: dict[Name, ShareTable] = Field(default_factory=dict[str, ShareTable])
    accounts: dict[Name, AccountTable] = Field(default_factory=dict[str, AccountTable])
    clients: dict[Name, ClientTable] = Field(min_length=1)
    faults: list[FaultTable] = Field(default_factory=list[FaultTable])
    expect: list[ExpectTable] = Field(default_factory=list[ExpectTable])
    threshold: list[ThresholdTable] = Field(default_factory=list[ThresholdTable])
    expert_rows: dict[str, Annotated[int, count(0, 100_000)]] = Field(
        default_factory=dict[str, int]
    )


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file."""
    schema = ScenarioFile.model_json_schema()
    rules = values_model().model_json_schema()
    schema["$defs"] = {**schema["$defs"], **rules["$defs"]}
    for table in ("server", "smb"):
        schema["properties"][table] = rules["properties"][table]
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "emu scenario"
    return schema
