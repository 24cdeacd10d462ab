"""A frame in words, by its link type.

``emu.wire`` is asked lazily: to write or to read a capture nobody has to load the layers.
What no layer of ours knows is shown as octets, never left out.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from emu.capture.recording import (
    LINKTYPE_ETHERNET,
    LINKTYPE_LAPD,
    LINKTYPE_PPP,
    LINKTYPE_UPPER_PDU,
    TAG_DISSECTOR_NAME,
    TAG_END,
)

LINK_NAMES = {
    LINKTYPE_ETHERNET: "Ethernet",
    LINKTYPE_PPP: "PPP",
    LINKTYPE_LAPD: "LAPD",
    LINKTYPE_UPPER_PDU: "upper PDU",
}
#: Who knows a link type: modules with ``describe`` and ``summary``.  One that is not there, or
#: has not got them, is passed over.
_MODULES = {
    LINKTYPE_ETHERNET: "emu.wire.frame",
    LINKTYPE_PPP: "emu.wire.ppp_frame",
    LINKTYPE_LAPD: "emu.wire.lapd_frame",
}
#: Of a frame nobody can decode, so much is shown in a summary.
_SUMMARY_OCTETS = 16


class _Wire(Protocol):
    """A module that puts frames of one link type in words."""

    def describe(self, octets: bytes) -> list[str]: ...
    def summary(self, octets: bytes) -> str: ...


def describe(link_type: int, octets: bytes) -> list[str]:
    """The layers of a frame, a line each."""
    if link_type == LINKTYPE_UPPER_PDU and (line := event_line(octets)) is not None:
        return [f"syslog: {line}"]
    if (wire := _wire(link_type)) is not None:
        try:
            return list(wire.describe(octets))
        except Exception as error:  # damaged octets are shown, whatever a decoder says
            return [f"no decoder reads it: {_one_line(error)}", octets.hex(" ")]
    return [f"{link_name(link_type)}: {octets.hex(' ')}"]


def summary(link_type: int, octets: bytes) -> str:
    """A frame in one line."""
    if link_type == LINKTYPE_UPPER_PDU and (line := event_line(octets)) is not None:
        return event_text(line)
    if (wire := _wire(link_type)) is not None:
        try:
            return wire.summary(octets)
        except Exception as error:  # see describe()
            return f"no decoder reads it ({_one_line(error)}): {_start(octets)}"
    return f"{link_name(link_type)}: {_start(octets)}"


def link_name(link_type: int) -> str:
    return LINK_NAMES.get(link_type, f"link type {link_type}")


def event_line(octets: bytes) -> str | None:
    """The syslog line of a server-event frame, None when the frame is something else."""
    position, dissector = 0, b""
    while position + 4 <= len(octets):
        tag = int.from_bytes(octets[position : position + 2], "big")
        length = int.from_bytes(octets[position + 2 : position + 4], "big")
        position += 4
        if tag == TAG_END:
            if dissector != b"syslog":
                return None
            return octets[position:].decode("utf-8", "replace")
        if tag == TAG_DISSECTOR_NAME:
            dissector = octets[position : position + length].rstrip(b"\0")
        position += length
    return None


def printable(text: str) -> str:
    """Text that cannot steer a terminal: what a capture holds is not ours to trust."""
    return "".join(character if character.isprintable() else "?" for character in text)


def event_text(line: str) -> str:
    """Host, message id and message of an RFC 5424 line: what a person reads in it."""
    parts = line.split(" ", 7)
    if len(parts) < 8:
        return line
    _, _, host, _, _, message_id, _, message = parts
    return f"{host} {message_id}: {message}"


def _wire(link_type: int) -> _Wire | None:
    name = _MODULES.get(link_type)
    if name is None:
        return None
    try:
        module = import_module(name)
    except ImportError:
        return None
    known = hasattr(module, "describe") and hasattr(module, "summary")
    return cast(_Wire, module) if known else None


def _start(octets: bytes) -> str:
    more = f" ... {len(octets)} octets" if len(octets) > _SUMMARY_OCTETS else ""
    return octets[:_SUMMARY_OCTETS].hex(" ") + more


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
