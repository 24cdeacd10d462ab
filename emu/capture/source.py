"""A file being read front to back, and what is said when it is not what it should be.

Nothing here knows a format.  Every complaint names the octet offset in the file.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from emu.errors import InputError

#: Read ahead; also what a pass over a file costs in memory, besides one block.
_BUFFER_OCTETS = 1 << 20

DAMAGED = "the file is damaged or was cut; record it again"


class Source:
    """A stream of known size.  ``position``: octets taken so far."""

    __slots__ = ("name", "position", "size", "stream")

    def __init__(self, stream: BinaryIO, *, size: int, name: str) -> None:
        self.stream, self.size, self.name = stream, size, name
        self.position = 0

    def take(self, octets: int, what: str) -> bytes:
        """The next ``octets`` octets, all of them.

        The size is compared first: a wrong length must not reserve memory for it.
        """
        if octets > self.size - self.position:
            left = self.size - self.position
            raise self.bad(
                self.position, expected=f"{octets} octets of {what}", found=f"{left} octets"
            )
        taken = self.stream.read(octets)
        if len(taken) != octets:
            raise self.bad(
                self.position, expected=f"{octets} octets of {what}", found=f"{len(taken)}"
            )
        self.position += octets
        return taken

    def skip(self, octets: int, what: str) -> None:
        """Pass over octets without reading them."""
        if octets > self.size - self.position:
            self.take(octets, what)
        self.stream.seek(octets, os.SEEK_CUR)
        self.position += octets

    def bad(self, offset: int, *, expected: str, found: str, hint: str = DAMAGED) -> InputError:
        """The error for something unexpected at an offset."""
        return InputError(f"{self.name}: octet {offset}", expected=expected, found=found, hint=hint)


@contextmanager
def reading(path: Path, expected: str) -> Generator[Source, None, None]:
    """Open a regular file; ``InputError`` for anything else and for what goes wrong inside."""
    try:
        mode = path.stat().st_mode
        # Asked before opening: to open a pipe waits for whoever writes into it.
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _refused(path, expected, "a device or a pipe", "save it to a file first")
        with path.open("rb", buffering=_BUFFER_OCTETS) as stream:
            yield Source(stream, size=os.fstat(stream.fileno()).st_size, name=str(path))
    except FileNotFoundError as error:
        raise _refused(path, expected, "no such file", "check the path") from error
    except IsADirectoryError as error:
        raise _refused(path, expected, "a folder", "name a file in it") from error
    except PermissionError as error:
        raise _refused(path, expected, "no permission to read it", "change its mode") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _refused(path, expected, reason, "check the path") from error


def source_of(octets: bytes, name: str) -> Source:
    """The same for octets in memory."""
    return Source(io.BytesIO(octets), size=len(octets), name=name)


def _refused(path: Path, expected: str, found: str, hint: str) -> InputError:
    return InputError(str(path), expected=expected, found=found, hint=hint)
