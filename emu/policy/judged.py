"""How a value of a file is judged by our own rules inside a pydantic model, and described.

``Annotated[int, Judged(judge, schema)]``: ``judge`` turns what the file holds into what is
kept, or raises ``Unfit``; ``schema`` is what JSON Schema says of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from emu.policy.values import expectation, read_value
from emu.transports.base import Parameter

#: What a duration looks like, for editors; ``emu.units.parse_duration`` is the judge.
DURATION_PATTERN = r"^\s*(\d+(\.\d+)?\s*(ns|us|ms|s|m|min|h|d|ticks?)\s*)+$"


@dataclass(frozen=True, slots=True)
class Judged:
    """Metadata of an annotation: the judge of a value and its JSON Schema."""

    judge: Callable[[Any], Any]
    schema: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Pydantic asks this: our judge alone decides."""
        del source, handler
        return core_schema.no_info_plain_validator_function(self.judge)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """And this for JSON Schema."""
        del schema, handler
        return dict(self.schema)


def judged(parameter: Parameter) -> Judged:
    """The judge of one ``Parameter``."""
    return Judged(partial(read_value, parameter), value_schema(parameter))


def value_schema(parameter: Parameter) -> dict[str, Any]:
    """JSON Schema of one ``Parameter``, with its meaning, range and an example in words."""
    fits = expectation(parameter)
    schema: dict[str, Any] = {
        "description": f"{parameter.what} ({fits})" if parameter.what else fits
    }
    if parameter.kind == "flag":
        return {**schema, "type": "boolean"}
    if parameter.kind == "choice":
        return {**schema, "enum": list(parameter.choices)}
    if parameter.kind == "duration":
        plain: dict[str, Any] = {"type": "string", "pattern": DURATION_PATTERN}
        return {**schema, **_or_word(plain, "never" if parameter.never else "")}
    bounds = {"minimum": parameter.low, "maximum": parameter.high}
    plain = {"type": "integer", **{key: at for key, at in bounds.items() if at is not None}}
    return {**schema, **_or_word(plain, "none" if parameter.never else "")}


def _or_word(plain: dict[str, Any], word: str) -> dict[str, Any]:
    return {"anyOf": [plain, {"const": word}]} if word else plain
