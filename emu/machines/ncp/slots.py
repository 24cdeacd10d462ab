"""The server's connection slots: who has which number, and the slot rule of a new attach.

A slot belongs to an IPX address; an occupant is whatever the caller keeps there.  Numbers go
above 255 although the watchdog carries their low octet only: then the address tells the
connections apart (facts/ipx.md 1.5).

Read: facts/ipx.md 1.5, 1.6, 3.1.4.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

from emu.pdu.ipx import IpxAddress
from emu.pdu.ncp import CONNECTION_NONE

T = TypeVar("T")

#: Highest number two octets can name: FFFF is what a station sends while it has none.
SLOTS_MAX = CONNECTION_NONE - 1


class SlotTable(Generic[T]):
    """Slots 1, 2, 3 ...; the lowest free one is given out."""

    __slots__ = ("_by_address", "_by_number", "_freed", "_never_used")

    def __init__(self) -> None:
        self._by_number: dict[int, tuple[IpxAddress, T]] = {}
        self._by_address: dict[IpxAddress, list[int]] = {}
        self._freed: list[int] = []
        self._never_used = 1

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[T]:
        return (occupant for _address, occupant in self._by_number.values())

    def held_by(self, address: IpxAddress) -> list[T]:
        """The occupants of this address's slots, oldest first."""
        return [self._by_number[number][1] for number in self._by_address.get(address, ())]

    def free_number(self) -> int | None:
        """The number the next attach gets; None when the table is full."""
        if self._freed:
            return self._freed[0]
        return self._never_used if self._never_used <= SLOTS_MAX else None

    def occupy(self, address: IpxAddress, occupant: T) -> int:
        """Take the lowest free slot for an address; ``free_number`` has said there is one."""
        if self._freed:
            number = heapq.heappop(self._freed)
        else:
            number, self._never_used = self._never_used, self._never_used + 1
        assert number <= SLOTS_MAX, "no slot is free"
        self._by_number[number] = (address, occupant)
        self._by_address.setdefault(address, []).append(number)
        return number

    def replace(self, number: int, occupant: T) -> None:
        """The same station attached again: same slot, same address, new state."""
        address, _released = self._by_number[number]
        self._by_number[number] = (address, occupant)

    def release(self, number: int) -> None:
        """Free a slot."""
        address, _occupant = self._by_number.pop(number)
        numbers = self._by_address[address]
        numbers.remove(number)
        if not numbers:
            del self._by_address[address]
        heapq.heappush(self._freed, number)

    def at(self, number: int, address: IpxAddress) -> T | None:
        """The occupant of a slot if it is this station's; None if unknown or foreign."""
        found = self._by_number.get(number)
        return found[1] if found is not None and found[0] == address else None

    def answering(self, connection_low: int, address: IpxAddress) -> list[T]:
        """Whose watchdog an answer may be: this address's slots with that low octet.

        More than one only where one address has two slots 256 apart: then nobody can tell,
        and the answer counts for both.
        """
        return [
            self._by_number[number][1]
            for number in self._by_address.get(address, ())
            if number & 0xFF == connection_low
        ]
