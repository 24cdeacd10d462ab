"""Output files that are there whole or not at all.

Everything goes to a temporary name in the same folder and is renamed at the end, so a killed
run leaves no half file under the final name.  No fsync: a run can be repeated.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from emu.errors import InputError

_REASONS: dict[type[OSError], tuple[str, str]] = {
    FileNotFoundError: ("no such folder", "make the folder first"),
    NotADirectoryError: ("a file where a folder should be", "give another path"),
    IsADirectoryError: ("a folder", "add a file name"),
    PermissionError: ("no permission to write there", "give another folder"),
}


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO, None, None]:
    """A stream whose octets stand under ``path`` only when the block ends without error."""
    try:
        with _stream(path) as stream:
            yield stream
    except OSError as error:
        raise _refusal(path, error) from error


@contextmanager
def _stream(path: Path) -> Generator[BinaryIO, None, None]:
    if path.is_dir():
        raise IsADirectoryError(path)
    if path.exists() and not path.is_file():
        # A pipe or a device (/dev/null): to rename over it would destroy it.
        with path.open("wb") as stream:
            yield stream
        return
    final = Path(os.path.realpath(path))
    part = final.with_name(f".emu-{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as stream:
            yield stream
        part.replace(final)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _refusal(path: Path, error: OSError) -> InputError:
    found, hint = (error.strerror or str(error)).lower(), "give another path"
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            found, hint = reason
    return InputError(str(path), expected="a file that can be written", found=found, hint=hint)
