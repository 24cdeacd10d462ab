"""The Internet checksum (RFC 1071) by one big division.

RFC 1071 section 1 sums 16-bit words in ones' complement.  2**16 = 1 (mod 65535), so the whole
block, read as one big-endian number, has the same remainder as the sum of its words, and a
remainder is what ones' complement addition computes.  The two zeros of ones' complement
need care: a sum that is a multiple of 65535 folds to FFFF (checksum 0) unless every octet is
zero, when it folds to 0 (checksum FFFF).
"""

from __future__ import annotations

_MODULUS = 0xFFFF


def total(octets: bytes) -> int:
    """A number congruent to the sum of the 16-bit words; an odd end gets a zero octet."""
    number = int.from_bytes(octets, "big")
    return number << 8 if len(octets) & 1 else number


def of_total(number: int) -> int:
    """The checksum field for words that sum to ``number``."""
    return -number % _MODULUS if number else _MODULUS


def internet_checksum(octets: bytes) -> int:
    """The checksum field for octets whose own checksum field is zero."""
    return of_total(total(octets))


def is_good(octets: bytes) -> bool:
    """Whether a block that contains its checksum sums to FFFF (RFC 1071 section 1)."""
    number = total(octets)
    return number != 0 and number % _MODULUS == 0
