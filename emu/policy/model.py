"""What a policy is once it is read: plain frozen values, each with its source.

Knows no files and no pydantic.  Read product.md, "Vocabulary": policy, stack, grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from emu.errors import InputError
from emu.policy.values import Unfit, nearest, quoted, read_text, read_value, text_of
from emu.transports.base import Parameter, Value

#: How sure a number is (product.md): primary document or real capture; one good secondary
#: source; derived or one implementation; nobody says.
GRADES = ("A", "B", "C", "assumption")
#: Grades no file may claim: what a user typed, and what a scenario sets for itself.
COMMAND_LINE = "command line"
SCENARIO = "scenario"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value comes from.  ``grade``: one of GRADES, COMMAND_LINE or SCENARIO."""

    grade: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy, complete.

    ``values``: by dotted name (``ncp.polls``, ``server.session_limit``); durations in
    nanoseconds, None for ``never`` and ``none``; without the optional ones that nobody gave.
    ``texts``: the same as typed.  ``parameters``: what each of them may be.  ``stack`` is the
    server's end, ``client_stack`` the clients'.
    """

    name: str
    title: str
    what: str
    transport: str
    stack: str
    client_stack: str
    values: Mapping[str, Value]
    texts: Mapping[str, str]
    sources: Mapping[str, Source]
    parameters: Mapping[str, Parameter]

    @property
    def speaks_smb(self) -> bool:
        """Whether its connections carry SMB, and not terminals."""
        return "smb.keep_conn" in self.values

    def assumptions(self) -> list[dict[str, Value]]:
        """What no source decides: ``what``, ``value`` (durations as text), ``why``."""
        return [
            {"what": name, "value": self.shown(name), "why": source.text}
            for name, source in self.sources.items()
            if source.grade == "assumption"
        ]

    def shown(self, name: str) -> Value:
        """A value as JSON shows it: flags and counts as such, everything else as typed."""
        value = self.values[name]
        kind = self.parameters[name].kind
        return value if kind in ("flag", "count") and value is not None else self.texts[name]

    def with_value(self, name: str, raw: object, source: Source, *, where: str) -> Policy:
        """The same policy with one other value; ``InputError`` at ``where`` if it does not fit.

        ``raw``: as a file would hold it, so durations are text.
        """
        parameter = self._parameter(name, where)
        try:
            value = read_value(parameter, raw)
        except Unfit as unfit:
            raise InputError(
                where, expected=unfit.expected, found=unfit.found, hint=unfit.hint
            ) from None
        return replace(
            self,
            values={**self.values, name: value},
            texts={**self.texts, name: text_of(raw)},
            sources={**self.sources, name: source},
        )

    def with_setting(self, name: str, text: str) -> Policy:
        """The same policy with one value from ``--set policy.NAME=TEXT``."""
        dotted = name.removeprefix("policy.")
        where = f"--set policy.{dotted}"
        raw = read_text(self._parameter(dotted, where), text)
        source = Source(grade=COMMAND_LINE, text="command line")
        return self.with_value(dotted, raw, source, where=where)

    def _parameter(self, name: str, where: str) -> Parameter:
        if name in self.parameters:
            return self.parameters[name]
        hint = nearest(name, self.parameters) or f'see "emu explain {self.name}"'
        expected = f'a value of policy "{self.name}" (stack {self.stack})'
        raise InputError(where, expected=expected, found=quoted(name), hint=hint)
