"""The shape of a policy file, for pydantic: its fixed keys, and per stack its values.

The models of the values are made from the transports' ``Parameter`` tables, so the JSON
Schema that ``emu explain --schema policy`` prints cannot drift from what is accepted.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic import create_model as create
from pydantic.json_schema import models_json_schema

from emu.policy.judged import judged
from emu.policy.model import GRADES
from emu.policy.parameters import namespaces, parameters_of, transports
from emu.policy.problems import FileModel
from emu.policy.values import Unfit, describe, one_of, quoted
from emu.transports.base import Parameter, Stack, Transport


def _said(raw: Any) -> Any:
    if isinstance(raw, str) and not raw.strip():
        raise Unfit(expected="some words", found=quoted(raw))
    return raw.strip() if isinstance(raw, str) else raw


def _line(raw: Any) -> Any:
    if isinstance(raw, str) and not all(each.isprintable() for each in raw.strip()):
        raise Unfit(expected="one line of text", found=quoted(raw))
    return _said(raw)


Text = Annotated[str, BeforeValidator(_said)]
Line = Annotated[str, BeforeValidator(_line)]


def _grade(raw: Any) -> Any:
    if raw not in GRADES:
        raise Unfit(
            expected=one_of(GRADES),
            found=describe(raw),
            hint='see "grade" in the README',
        )
    return raw


class ClientTable(FileModel):
    """``[client]``: the clients' end, where it differs from the server's."""

    stack: Line


class SourceEntry(FileModel):
    """One entry of ``[sources]``."""

    grade: Annotated[Literal["A", "B", "C", "assumption"], BeforeValidator(_grade)]
    source: Text


class PolicyFile(FileModel):
    """The fixed keys of a policy file.  The tables of values are added by ``file_model``."""

    title: Line
    what: Text
    extends: list[Line] = Field(default_factory=list)
    transport: Line | None = None
    stack: Line | None = None
    client: ClientTable | None = None
    sources: dict[str, Any] = Field(default_factory=dict)


@cache
def file_model() -> type[PolicyFile]:
    """PolicyFile plus one table of raw values per namespace (``ncp``, ``tcp``, ``server``)."""
    tables: dict[str, Any] = {
        name: (dict[str, Any], Field(default_factory=dict)) for name in namespaces()
    }
    return create("PolicyFile", __base__=PolicyFile, **tables)


@cache
def values_model(*stacks: Stack) -> type[FileModel]:
    """The tables of values that a policy on these stacks may give, each value judged."""
    tables = _value_tables(parameters_of(*stacks), "values")
    return create("Values", __base__=FileModel, **tables)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a policy file: one alternative per transport and stack."""
    models = [
        _stand_alone(transport, stack) for transport in transports() for stack in transport.stacks
    ]
    alternatives, schema = models_json_schema([(model, "validation") for model in models])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "emu policy",
        "anyOf": [alternatives[model, "validation"] for model in models],
        **schema,
    }


def _stand_alone(transport: Transport, stack: Stack) -> type[FileModel]:
    name = f"{transport.name}-{stack.name}"
    fields: dict[str, Any] = {
        "transport": (_constant(transport.name), None),
        "stack": (_constant(stack.name), None),
        "sources": (dict[str, SourceEntry | dict[str, SourceEntry]], Field(default_factory=dict)),
        **_value_tables(parameters_of(stack), name),
    }
    return create(name, __base__=PolicyFile, __doc__=stack.title, **fields)


def _constant(word: str) -> Any:
    return Annotated[Any, WithJsonSchema({"const": word})]


def _value_tables(parameters: dict[str, Parameter], prefix: str) -> dict[str, Any]:
    tables: dict[str, dict[str, Any]] = {}
    for name, parameter in parameters.items():
        table, _, key = name.partition(".")
        tables.setdefault(table, {})[key] = (
            Annotated[Any, judged(parameter)],
            None,
        )
    return {
        table: (create(f"{prefix}-{table}", __base__=FileModel, **fields) | None, None)
        for table, fields in tables.items()
    }
