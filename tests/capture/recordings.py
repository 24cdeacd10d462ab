"""Recordings for the tests of this folder."""

from __future__ import annotations

from emu.capture.recording import (
    LINKTYPE_ETHERNET,
    LINKTYPE_LAPD,
    LINKTYPE_PPP,
    Direction,
    Interface,
    Recording,
)
from emu.units import milliseconds, seconds

COMMENT = "scenario client-power-loss, policy ncp-netware, seed 0"

#: RFC 826: who has 10.0.0.1, tell 10.0.0.2; padded to the smallest Ethernet frame.
ARP_REQUEST = bytes.fromhex(
    "ffffffffffff 020000000002 0806 0001 0800 06 04 0001"
    "020000000002 0a000002 000000000000 0a000001" + "00" * 18
)
#: RFC 1661 5.8: LCP Echo-Request 1, behind the HDLC address and control of RFC 1662.
LCP_ECHO = bytes.fromhex("ff03 c021 09 01 0008 00000000")
#: Q.931 SETUP in a LAPD I frame (SAPI 0, TEI 64, N(S) 0, N(R) 0): call reference 1, speech-free
#: bearer capability (unrestricted digital, 64 kbit/s).
SETUP = bytes.fromhex("0081 0000 08 01 01 05 04 02 8890")


def small() -> Recording:
    """One frame of each kind and one server event, with all that a recording can hold."""
    recording = Recording()
    lan = recording.add_interface(
        Interface(
            name="server-lan",
            link_type=LINKTYPE_ETHERNET,
            description="10BASE-T",
            bits_per_second=10_000_000,
        )
    )
    wan = recording.add_interface(
        Interface(name="wan", link_type=LINKTYPE_PPP, bits_per_second=64_000)
    )
    isdn = recording.add_interface(Interface(name="isdn-d", link_type=LINKTYPE_LAPD))
    recording.name(bytes([10, 0, 0, 1]), "server")
    recording.name(bytes.fromhex("020000000002"), "ws1")
    probe = recording.frame(lan, seconds(1) + 1, ARP_REQUEST)
    recording.comment(probe, "probe 4 of 10, unanswered; server still ACTIVE")
    recording.direction(recording.frame(wan, seconds(2), LCP_ECHO), Direction.OUTBOUND)
    recording.direction(recording.frame(wan, milliseconds(2005), LCP_ECHO), Direction.INBOUND)
    recording.frame(isdn, seconds(3), SETUP)
    recording.event(
        1_422_792_000_123, "session 3 ACTIVE -> DISCONNECTED: 10 watchdog polls unanswered"
    )
    recording.ended_ns = seconds(10_800)
    return recording
