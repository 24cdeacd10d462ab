"""From what pydantic says to one line a person can act on.  Imports pydantic: edge only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from emu.errors import InputError
from emu.policy.values import Unfit, describe, nearest, one_of, quoted

#: Longer lists of keys are not printed: the nearest name or the schema helps more.
_KEYS_SHOWN_MAX = 12

_EXPECTED = {
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
}


class FileModel(BaseModel):
    """Base of every table of a file: unknown keys are errors that suggest a known one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in map(str, data):  # pyright: ignore[reportUnknownArgumentType]
                if key not in known:
                    raise unknown_key(key, known)
        return data  # pyright: ignore[reportUnknownVariableType]


def unknown_key(key: str, known: Sequence[str]) -> Unfit:
    """A key that the table does not have."""
    suggestion = nearest(key, known)
    brief = not suggestion and len(known) <= _KEYS_SHOWN_MAX
    expected = one_of(known) if brief else "a key that this table has"
    hint = suggestion or ("" if brief else '"emu explain --schema" lists them')
    return Unfit(expected=expected, found=quoted(key), hint=hint, key=key)


def input_error(where: str, error: ValidationError, *, under: str = "") -> InputError:
    """The first problem of a file as one line: ``where: key: expected ..., found ...``.

    ``under``: the key of what was judged, when it was not the whole file.
    """
    first = error.errors(include_url=False)[0]
    unfit = _unfit(first)
    dotted = dotted_key([key for key in (under, *first["loc"], unfit.key) if key != ""])
    place = f"{where}: {dotted}" if dotted else where
    return InputError(place, expected=unfit.expected, found=unfit.found, hint=unfit.hint)


def dotted_key(location: Sequence[int | str]) -> str:
    """``faults.2.at``: members of a list count from 1, as ``--set`` counts them."""
    parts = [str(each + 1) if isinstance(each, int) else each for each in location]
    return ".".join("".join(c if c.isprintable() else "?" for c in part) for part in parts)


def _unfit(first: ErrorDetails) -> Unfit:
    context: Mapping[str, Any] = first.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, Unfit):
        return cause
    if first["type"] == "missing":
        return Unfit(expected="a value", found="nothing", hint="this key must be given")
    expected = _EXPECTED.get(first["type"], first["msg"])
    return Unfit(expected=expected, found=describe(first["input"]))
