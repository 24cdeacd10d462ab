"""The shape of what a scenario file says of files, for pydantic."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field
from pydantic import model_validator as validates

from emu.policy.problems import FileModel
from emu.policy.schema import Line
from emu.policy.values import Unfit, describe, nearest, one_of, quoted
from emu.scenario.files import (
    ACCESSES,
    OCTETS_DEFAULT,
    SERVER_TASK_KINDS,
    SERVER_TASKS,
    SHARINGS,
    TASK_KINDS,
    TASKS,
    AccountSpec,
    FileSpec,
    ShareSpec,
    Task,
    TaskKind,
    TaskStep,
)
from emu.scenario.scalars import Instant, Name, Span, choice, count

#: More instants than this in one task were not meant.
_INSTANTS_MAX = 100_000
#: What a share of ours holds at most; the server's own limit is the same.
_OCTETS_MAX = 1 << 26

#: The keys of a task that say when, by field.
_TIMING = {"at": "at", "start": "from", "until": "until", "every": "every"}

Octets = Annotated[int, count(0, _OCTETS_MAX)]


def _path(raw: str) -> str:
    r"""``tool.dll``, ``bin\tool.dll``: printable ASCII without what DOS forbids."""
    if not raw.isascii() or not raw.isprintable() or any(c in '/*?"<>|:' for c in raw) or not raw:
        raise Unfit(expected='a path such as "tool.dll"', found=quoted(raw))
    return raw


def _file(raw: str) -> str:
    share, slash, path = raw.partition("/")
    if not slash or not share:
        raise Unfit(expected='share/path, such as "apps/tool.dll"', found=quoted(raw))
    _path(path)
    return raw


def _drive(raw: str) -> str:
    if len(raw) != 1 or not raw.isascii() or not raw.isalpha():
        raise Unfit(expected='a letter, such as "x"', found=quoted(raw))
    return raw.lower()


Path = Annotated[Line, AfterValidator(_path)]
File = Annotated[Line, AfterValidator(_file)]
Drive = Annotated[Line, AfterValidator(_drive)]


class ShareTable(FileModel):
    """``[shares.NAME]``: files by path, with their sizes in octets."""

    users_max: Annotated[int, count(1, 65_535)] | None = None
    files: dict[Path, Octets] = Field(default_factory=dict[str, int])

    @validates(mode="after")
    def _each_once(self) -> Self:
        """An NT server's names differ in more than capitals."""
        folded: set[str] = set()
        for path in self.files:
            if path.upper() in folded:
                expected = "every file once, whatever its capitals"
                raise Unfit(expected=expected, found=quoted(path), key="files")
            folded.add(path.upper())
        return self

    def spec(self, name: str) -> ShareSpec:
        """The plain value."""
        files = tuple(FileSpec(path=path, octets=octets) for path, octets in self.files.items())
        return ShareSpec(name=name, files=files, users_max=self.users_max)


class AccountTable(FileModel):
    """``[accounts.NAME]``."""

    administrator: bool = False

    def spec(self, name: str) -> AccountSpec:
        """The plain value."""
        return AccountSpec(name=name, administrator=self.administrator)


class AnyTask(FileModel):
    """One task: ``at``, or ``from`` + ``until`` + ``every``."""

    at: Instant | None = None
    start: Instant | None = Field(default=None, alias="from")
    until: Instant | None = None
    every: Span | None = None
    do: str

    @validates(mode="after")
    def _judged(self) -> Self:
        repeated = (self.start, self.until, self.every)
        once = self.at is not None and repeated == (None, None, None)
        if not once and (self.at is not None or None in repeated):
            expected = "either at, or all of from, until and every"
            given = [key for key in _TIMING if key in self.model_fields_set]
            found = ", ".join(_TIMING[key] for key in given) or describe(None)
            raise Unfit(expected=expected, found=found)
        if not once:
            self._bounded()
        self._fitting()
        return self

    def _bounded(self) -> None:
        start, until, every = self.start or 0, self.until or 0, self.every or 1
        if until < start + every:
            expected = "an instant at least one every after from"
            raise Unfit(expected=expected, found="an earlier one", key="until")
        if (until - start) // every > _INSTANTS_MAX:
            found = f"{(until - start) // every} of them"
            raise Unfit(expected=f"at most {_INSTANTS_MAX} instants", found=found, key="every")

    def _fitting(self) -> None:
        kind = self.kinds()[self.do]
        own = self.model_fields_set - {*_TIMING, "do"}
        for key in kind.needs:
            if key not in own:
                hint = f'add {key} to "{self.do}"'
                raise Unfit(expected=f"the {key}", found=describe(None), hint=hint, key=key)
        for key in sorted(own - {*kind.needs, *kind.may}):
            allowed = (*kind.needs, *kind.may)
            expected = f'with "{self.do}" only {one_of(allowed)}' if allowed else "no more keys"
            hint = nearest(key, allowed) or "leave it out"
            raise Unfit(expected=expected, found=quoted(key), hint=hint, key=key)

    @staticmethod
    def kinds() -> dict[str, TaskKind]:
        """What can be done, by name."""
        raise NotImplementedError

    def step(self) -> TaskStep:
        """The plain value."""
        given = {key: getattr(self, key) for key in self.model_fields_set - {*_TIMING}}
        task = Task(**given)
        if self.at is not None:
            return TaskStep(task=task, at_ns=self.at)
        assert self.start is not None, "the schema lets no other task through"
        return TaskStep(task=task, at_ns=self.start, every_ns=self.every, until_ns=self.until)


class ClientTask(AnyTask):
    """One task of ``[clients.NAME] tasks``."""

    do: Annotated[str, choice(TASKS)]
    by: Name = ""
    share: Line = ""
    drive: Drive = ""
    file: File = ""
    name: Name = ""
    view: Name = ""
    page: Annotated[int, count(0, 16_383)] = 0
    offset: Octets = 0
    octets: Annotated[int, count(1, 65_536)] = OCTETS_DEFAULT
    access: Annotated[str, choice(ACCESSES)] = ACCESSES[0]
    sharing: Annotated[str, choice(SHARINGS)] = SHARINGS[0]

    @staticmethod
    def kinds() -> dict[str, TaskKind]:
        return {kind.name: kind for kind in TASK_KINDS}


class ServerTask(AnyTask):
    """One task of ``[hosts.server] tasks``."""

    do: Annotated[str, choice(SERVER_TASKS)]
    client: Name = ""
    user: Name = ""
    file: File = ""

    @staticmethod
    def kinds() -> dict[str, TaskKind]:
        return {kind.name: kind for kind in SERVER_TASK_KINDS}

    @validates(mode="after")
    def _somebody(self) -> Self:
        if self.do == "delete-sessions" and not (self.client or self.user):
            raise Unfit(expected="a client, a user, or both", found=describe(None), key="client")
        return self
