"""NetBIOS names: 16 octets, 15 characters filled with blanks and a type (facts/netbeui.md 1.3).

NBF, NBIPX and NMPI carry the same names; on the wire they are these octets, unchanged.
"""

from __future__ import annotations

from emu.errors import LocalProtocolError

NAME_OCTETS = 16

#: The type octet of a workstation's and of a file server's name (capture 02).
TYPE_WORKSTATION = 0x00
TYPE_SERVER = 0x20

#: What stands where a name has no meaning, as in ADD_NAME_QUERY (facts/netbeui.md 1.3).
NO_NAME = bytes(NAME_OCTETS)

#: A station's permanent name: ten zeros and its address (facts/netbeui.md 1.4, DATAGRAM).
_PERMANENT_START = bytes(10)


def netbios_name(text: str, kind: int) -> bytes:
    """``kind``: the type octet.  Case is kept: the names of the captures are capitals."""
    octets = text.encode("ascii")
    if not 1 <= len(octets) < NAME_OCTETS:
        raise LocalProtocolError(f"NetBIOS name: expected 1 to 15 characters, got {text!r}")
    return octets.ljust(NAME_OCTETS - 1) + bytes((kind,))


def name_text(name: bytes) -> str:
    """``SERVER01<20>``, as people and tshark write it; octets that cannot be shown as ``<01>``."""
    if name == NO_NAME:
        return "no name"
    if name.startswith(_PERMANENT_START):
        return name[len(_PERMANENT_START) :].hex(":")
    return f"{computer_name(name)}<{name[-1]:02x}>"


def computer_name(name: bytes) -> str:
    """``SERVER01``: without the blanks and the type."""
    return "".join(map(_character, name[:-1].rstrip(b" ")))


def _character(octet: int) -> str:
    return chr(octet) if 0x20 <= octet < 0x7F else f"<{octet:02x}>"
