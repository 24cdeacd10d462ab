"""NetBIOS names: 16 octets, and how people write them."""

from __future__ import annotations

import pytest

from emu.errors import LocalProtocolError
from emu.pdu.netbios_name import NO_NAME, name_text, netbios_name


def test_a_name_is_filled_with_blanks_and_ends_in_its_type() -> None:
    """The client's name of facts/netbeui.md 1.5."""
    assert netbios_name("CLIENT01", 0) == bytes.fromhex("434c49454e54303120202020202020") + b"\0"
    assert len(netbios_name("FIFTEENLETTERS1", 0x20)) == 16


@pytest.mark.parametrize("text", ["", "SIXTEENLETTERS12"])
def test_names_of_another_length_are_our_own_error(text: str) -> None:
    with pytest.raises(LocalProtocolError, match="1 to 15"):
        netbios_name(text, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (netbios_name("SERVER01", 0x20), "SERVER01<20>"),
        (netbios_name("MARTIN ROSENAU", 0), "MARTIN ROSENAU<00>"),
        (b"\x01\x02__MSBROWSE__\x02\x01", "<01><02>__MSBROWSE__<02><01>"),
        (bytes(10) + bytes.fromhex("02000000000a"), "02:00:00:00:00:0a"),
        (NO_NAME, "no name"),
        (bytes.fromhex("ff0a") + b" " * 14, "<ff><0a><20>"),
    ],
)
def test_names_as_people_write_them(name: bytes, text: str) -> None:
    assert name_text(name) == text
