"""Finding and reading the TOML files a user names: by library name or by path.

Whatever lies there - a folder, a picture, nothing - ends in one ``InputError``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emu.errors import InputError
from emu.policy.values import nearest, quoted

#: No policy and no scenario comes near this; what does was meant for something else.
_OCTETS_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The files of one kind that ship with emu.  ``kind``: ``policy`` or ``scenario``."""

    kind: str
    folder: Path
    names: Sequence[str]
    listing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that was named.  ``shown``: how messages call it, never more than was typed."""

    path: Path
    shown: str

    @property
    def name(self) -> str:
        """What its policy or scenario is called."""
        return self.path.stem


def find(named: str, library: Library, *, near: Path | None = None, where: str = "") -> Found:
    """The file meant by a name from the library, a name beside ``near``, or a path.

    A name with a separator or ``.toml`` is a path, taken relative to ``near`` if given.
    Raises ``InputError`` at ``where`` for a name that nothing has.
    """
    base = near or Path()
    if "\0" in named or not named.strip():
        raise _nothing(named, library, where)
    if "/" in named or "\\" in named or named.endswith(".toml"):
        return Found(path=base / named, shown=named)
    for path in (base / f"{named}.toml" if near else None, library.folder / f"{named}.toml"):
        if path is not None and _there(path):
            return Found(path=path, shown=path.name)
    if _there(base / named):
        return Found(path=base / named, shown=named)
    raise _nothing(named, library, where)


def read(found: Found, kind: str) -> dict[str, Any]:
    """The TOML of a file as plain tables; ``InputError`` for whatever cannot be read."""
    octets = _octets(found, kind)
    expected = f"a {kind} file in TOML"
    if not octets.strip():
        raise InputError(found.shown, expected=expected, found="an empty file")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        schema = kind in ("policy", "scenario")
        hint = f'"emu explain --schema {kind}" says what such a file holds' if schema else ""
        found_words = "octets that are no UTF-8 text"
        raise InputError(found.shown, expected=expected, found=found_words, hint=hint) from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(found.shown, expected=expected, found="endless nesting") from None
    except ValueError as error:  # TOMLDecodeError, and int() on thousands of digits
        reason = "".join(each if each.isprintable() else " " for each in str(error))
        raise InputError(
            found.shown, expected=expected, found=f"something else: {reason[:200]}"
        ) from None


def _octets(found: Found, kind: str) -> bytes:
    expected = f"a readable {kind} file"
    try:
        if found.path.is_dir():
            raise InputError(found.shown, expected=expected, found="a folder")
        if found.path.exists() and not found.path.is_file():
            raise InputError(found.shown, expected=expected, found="a device or pipe")
        if found.path.is_file() and found.path.stat().st_size > _OCTETS_MAX:
            raise InputError(found.shown, expected=expected, found="a file of over a megabyte")
        return found.path.read_bytes()
    except FileNotFoundError:
        hint = f'"emu list" names what ships with emu; a path to a {kind} ends in .toml'
        raise InputError(found.shown, expected=expected, found="no such file", hint=hint) from None
    except OSError as error:
        reason = (error.strerror or "an unreadable file").lower()
        raise InputError(found.shown, expected=expected, found=reason) from None


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name longer than the file system takes
        return False


def _nothing(named: str, library: Library, where: str) -> InputError:
    expected = f"the name of a {library.kind} or a path ending in .toml"
    hint = nearest(named, library.names) or f'"emu list {library.listing}" names them all'
    return InputError(where or library.kind, expected=expected, found=quoted(named), hint=hint)
