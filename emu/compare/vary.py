"""One setting at several values: ``--vary KEY=V1,V2,...`` in words, and what a row says of it.

Knows no policies and no scenarios: whether a key is there and a value fits is judged where
``--set`` is judged (product.md, "Commands").
"""

from __future__ import annotations

from typing import NamedTuple

from emu.errors import InputError

#: More values are a slip of the finger, such as a range written out by a shell.
VALUES_MAX = 1000
_OPENS, _CLOSES, _QUOTES = "[{(", "]})", "\"'"


class Vary(NamedTuple):
    """``key``: as ``--set`` takes it; ``values``: as typed, each once, in the order typed."""

    key: str
    values: tuple[str, ...]

    def settings(self) -> list[str]:
        """The same as texts of ``--set``, one a value."""
        return [f"{self.key}={value}" for value in self.values]


class Varied(NamedTuple):
    """What makes a row differ from its neighbours.  ``policy``: the name without the value."""

    policy: str
    key: str
    value: str

    @property
    def name(self) -> str:
        """The row's name: the policy and the last word of the key, ``P keepalive_idle=110s``."""
        return f"{self.policy} {self.short}"

    @property
    def short(self) -> str:
        """``keepalive_idle=110s``."""
        return f"{self.key.rpartition('.')[2]}={self.value}"


def read_vary(text: str) -> Vary:
    """``KEY=V1,V2,...``; ``InputError`` for anything else."""
    key, equals, listed = text.partition("=")
    values = [value.strip() for value in _listed(listed)]
    if not equals or not key.strip() or not all(values):
        raise InputError(
            "--vary",
            expected="KEY=VALUE,VALUE,..., such as policy.tcp.keepalive_idle=110s,130s,2h",
            found=f'"{text}"',
        )
    once = tuple(dict.fromkeys(values))
    if len(once) > VALUES_MAX:
        raise InputError(
            "--vary", expected=f"at most {VALUES_MAX} values", found=f"{len(once)} of them"
        )
    return Vary(key.strip(), once)


def _listed(text: str) -> list[str]:
    """Split at the commas that are in no bracket and in no quotes: a table is one value."""
    parts, depth, quote = [""], 0, ""
    for each in text:
        if quote or each in _QUOTES:
            quote = "" if each == quote else quote or each
        elif each in _OPENS + _CLOSES:
            depth += 1 if each in _OPENS else -1
        if each == "," and not quote and depth <= 0:
            parts.append("")
        else:
            parts[-1] += each
    return parts
