"""Octets from documents: ``tests/vectors/wire``, one name and its hexadecimal a line."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "wire"


def load(stem: str) -> dict[str, bytes]:
    """Names and octets of one file."""
    lines = (_FOLDER / f"{stem}.txt").read_text(encoding="ascii").splitlines()
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return {name: bytes.fromhex(text) for name, text in pairs}


IPX = load("ipx")
FRAMES = load("frames")
#: LLC and NBF, without MAC addresses, length and padding.
NETBEUI = load("netbeui")
