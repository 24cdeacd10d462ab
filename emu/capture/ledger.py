"""The record of all that happened in a run: JSON lines, virtual time, compared byte for byte.

It is data, not a diary: nothing for people alone stands in it.  Each line starts with ``t_ns``
(nanoseconds since the start of the run) and ``event``; the other fields keep the order in
which they were noted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from emu.capture.files import replacing
from emu.capture.source import reading
from emu.errors import InputError

#: What a field may hold; octets are written as hexadecimal text.
Value = str | int | bool | bytes | None | Sequence["Value"]
#: What a field holds when it is read back.
Stored = str | int | bool | None | list["Stored"]

_EXPECTED = "a ledger (JSON lines)"
#: A longer line is no ledger of ours; a wrong file must not be read into memory whole.
_LINE_OCTETS_MAX = 16 << 20

_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
).encode


class Ledger:
    """The entries of one run, in the order in which they were noted."""

    __slots__ = ("enabled", "entries")

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.entries: list[tuple[int, str, dict[str, Value]]] = []

    @classmethod
    def off(cls) -> Ledger:
        """A ledger that forgets.  Ask ``enabled`` first where fields are dear to work out."""
        return cls(enabled=False)

    def __len__(self) -> int:
        return len(self.entries)

    def note(self, at_ns: int, event: str, **fields: Value) -> None:
        """Add an entry.  Values are only looked at when lines are made."""
        if self.enabled:
            self.entries.append((at_ns, event, fields))

    def lines(self) -> Iterator[str]:
        """The entries as JSON, one line each, without line ends."""
        for at_ns, event, fields in self.entries:
            kept = {name: _plain(name, value) for name, value in fields.items()}
            yield _encode(dict(t_ns=at_ns, event=event, **kept))

    def write(self, path: Path | str) -> None:
        """Write the lines; the file appears under its name only when it is complete."""
        with replacing(Path(path)) as stream:
            for line in self.lines():
                stream.write(line.encode() + b"\n")


def _plain(name: str, value: Value) -> Stored:
    """What JSON can hold without losing anything: no float, whose text is not its value."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    # Subclasses (IntEnum, StrEnum) are written as the number or text they are.
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (list, tuple)):
        return [_plain(name, item) for item in value]
    raise TypeError(f"ledger field {name}: {type(value).__name__} is not kept")


def read_ledger(path: Path | str) -> Iterator[dict[str, Stored]]:
    """The entries of a ledger file, one at a time.

    Raises ``InputError``, naming the line, where the file is no ledger.
    """
    with reading(Path(path), _EXPECTED) as source:
        number = 0
        while line := source.stream.readline(_LINE_OCTETS_MAX):
            number += 1
            yield _entry(f"{path}: line {number}", line)


def _entry(where: str, line: bytes) -> dict[str, Stored]:
    if not line.endswith(b"\n"):
        raise _bad(where, "a line end", "a line that was cut")
    try:
        entry = json.loads(line, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise _bad(where, "a JSON object", " ".join(str(error).split())) from error
    if not isinstance(entry, dict):
        raise _bad(where, "a JSON object", f"{line[:40]!r}")
    found = cast("dict[str, Stored]", entry)
    time, event = found.get("t_ns"), found.get("event")
    if isinstance(time, bool) or not isinstance(time, int) or not isinstance(event, str):
        raise _bad(where, 'whole nanoseconds in "t_ns" and a text in "event"', f"{line[:60]!r}")
    return found


def _refuse(text: str) -> Stored:
    raise ValueError(f"the fraction {text}, which no ledger holds")


def _bad(where: str, expected: str, found: str) -> InputError:
    return InputError(where, expected=expected, found=found, hint="write the ledger again")
