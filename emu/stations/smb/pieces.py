"""One exchange of the redirector until its answer is whole.

A read or write that stands alone and is longer than a message may be is done in pieces, each
after the one before.  A piece that is refused ends it: octets of earlier pieces are then written,
and the program hears of the refusal only, as with any server that fails half way.
"""

from __future__ import annotations

from dataclasses import replace

from emu.machines.redirector.requests import Exchange
from emu.machines.smb import calls
from emu.stations.smb import figures

#: Octets of a message before WRITE_ANDX's data, of 14 words (facts/redirector.md 4.3).
WRITE_OVERHEAD = 64


class Pending:
    """``room``: the longest message that both ends have room for, in octets."""

    __slots__ = ("_count", "_data", "_room", "exchange")

    def __init__(self, exchange: Exchange, *, room: int) -> None:
        self.exchange = exchange
        self._room = room
        self._data = b""
        self._count = 0

    def requests(self) -> tuple[object, ...]:
        """What is asked for now."""
        match self.exchange.requests:
            case (calls.Read() as read,):
                done = len(self._data)
                length = min(read.length - done, self._room - figures.READ_OVERHEAD)
                return (replace(read, offset=read.offset + done, length=length),)
            case (calls.Write() as write,):
                at = self._count
                data = write.data[at : at + self._room - WRITE_OVERHEAD]
                return (replace(write, offset=write.offset + at, data=data),)
            case requests:
                return requests

    def expects_more(self, results: tuple[object, ...]) -> bool:
        """An ECHO has as many replies as it asked for; each is told."""
        match self.exchange.requests, results:
            case (calls.Echo(count=count),), (calls.Echoed(sequence=sequence),):
                return sequence < count
            case _:
                return False

    def goes_on(self, results: tuple[object, ...]) -> bool:
        """Take a piece's result; True if there is another piece to ask for."""
        match self.requests(), results:
            case (calls.Read(length=asked),), (calls.ReadData(data=data),):
                self._data += data[:asked]
                whole = self.exchange.requests[0]
                assert isinstance(whole, calls.Read)
                return 0 < asked <= len(data) and len(self._data) < whole.length
            case (calls.Write(data=asked),), (calls.Written(count=count),):
                self._count += count
                whole = self.exchange.requests[0]
                assert isinstance(whole, calls.Write)
                return 0 < count == len(asked) and self._count < len(whole.data)
            case _:
                return False

    def whole(self, results: tuple[object, ...]) -> tuple[object, ...]:
        """The results of all pieces."""
        match results:
            case (calls.ReadData(),):
                return (calls.ReadData(data=self._data),)
            case (calls.Written(),):
                return (calls.Written(count=self._count),)
            case _:
                return results
