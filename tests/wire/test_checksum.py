"""The division is the textbook checksum (RFC 1071)."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from emu.wire.checksum import internet_checksum, is_good
from tests.wire.strategies import thorough


def textbook(octets: bytes) -> int:
    """RFC 1071 4.1, word by word, carries folded in."""
    total = 0
    for at in range(0, len(octets), 2):
        total += int.from_bytes(octets[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def test_the_example_of_rfc_1071() -> None:
    """RFC 1071 section 3: 0001 F203 F4F5 F6F7 sum to DDF2, the checksum is its complement."""
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


@thorough
@given(octets=st.binary(max_size=64) | st.lists(st.sampled_from(b"\0\xff")).map(bytes))
@example(octets=b"")
@example(octets=b"\0\0\0\0")
@example(octets=b"\xff\xff")
@example(octets=b"\xff\xfe\0\x01")
@example(octets=b"\xff")
def test_division_is_the_textbook_sum(octets: bytes) -> None:
    assert internet_checksum(octets) == textbook(octets)


@thorough
@given(octets=st.binary(min_size=2, max_size=40).filter(lambda octets: len(octets) % 2 == 0))
def test_a_block_with_its_checksum_is_good(octets: bytes) -> None:
    """All octets zero is the exception: FFFF completes them, zero does not."""
    block = octets + internet_checksum(octets).to_bytes(2, "big")
    assert is_good(block)
    assert not is_good(block[:-1] + bytes((block[-1] ^ 1,)))


def test_nothing_but_zeros_is_not_good() -> None:
    assert not is_good(bytes(20))
