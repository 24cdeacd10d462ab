"""NetWare's copy protection: servers show each other their numbers (facts/ipx.md 1.8)."""

from __future__ import annotations

from dataclasses import dataclass

SOCKET_SERIALIZATION = 0x0457


@dataclass(frozen=True, slots=True, kw_only=True)
class Serialization:
    """``number``: the server's serial number, 6 octets."""

    number: bytes
