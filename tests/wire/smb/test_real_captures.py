"""The SMB1 messages that others recorded: every one is rebuilt, and many say what we know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from emu.pdu.ip_tcp import TcpSegment
from emu.pdu.nbf import NameFrame, SessionFrame
from emu.pdu.nbss import NbssMessage
from emu.pdu.nmpi import Nmpi
from emu.pdu.smb.message import Smb, SmbBlock
from emu.pdu.smb.session import EchoRequest, LogoffRequest, SessionSetupRequest, TreeConnectRequest
from emu.wire.frame import dissect
from emu.wire.nbss import NbssStream, decode_nbss, encode_nbss
from emu.wire.smb.message import PROTOCOL, decode_smb, dissect_smb, encode_smb
from tests.wire.outside import ethernet_frames, find_real_captures

pytestmark = pytest.mark.slow


def capture(number: str) -> str:
    (found,) = (path for path in find_real_captures() if Path(path).name.startswith(number))
    return found


def messages(number: str) -> Iterator[bytes]:
    """SMB octets frame by frame: over NBF, NMPI, direct IPX, and out of TCP 139 segments.

    The captures hold no message in two segments; tshark 4.0.17 counts the same ones.
    """
    for frame in ethernet_frames(capture(number)):
        match dissect(frame)[-2:]:
            case (_, SessionFrame() | NameFrame() | Nmpi() as carrier):
                yield from _starting(carrier.data)
            case (_, Smb() as message):
                yield encode_smb(message)
            case (TcpSegment() as segment, bytes(octets)) if _is_session(segment):
                for packet in NbssStream().feed(octets):
                    pdu = decode_nbss(packet)
                    assert encode_nbss(pdu) == packet
                    yield from _starting(pdu.data if isinstance(pdu, NbssMessage) else b"")
            case _:
                pass


def _is_session(segment: TcpSegment) -> bool:
    return bool({139, 445} & {segment.source_port, segment.destination_port})


def _starting(octets: bytes) -> Iterator[bytes]:
    if octets.startswith(PROTOCOL):
        yield octets


#: tshark 4.0.17 (``smb.cmd``, first of each chain), without UDP; 02 holds NBF, NMPI and IPX.
COMMANDS = {
    "02-": {0x2B: 17, 0x72: 2, 0x73: 2, 0x81: 16, 0x80: 4, 0x2D: 4, 0x25: 15, 0x0B: 2,
            0x04: 4, 0x10: 2, 0x06: 2, 0x00: 2, 0x01: 2, 0x71: 2},
    "26-": {0x72: 6, 0x73: 4, 0x75: 2, 0x25: 4, 0x71: 2, 0x74: 2},
    "27-": {0x72: 2, 0x73: 2, 0x75: 2, 0x2B: 2, 0x32: 4, 0x2D: 2, 0x2E: 2, 0x04: 2, 0x71: 2},
}  # fmt: skip


@pytest.mark.parametrize("number", COMMANDS)
def test_every_real_message_is_rebuilt(number: str) -> None:
    counted: Counter[int] = Counter()
    for octets in messages(number):
        message = dissect_smb(octets)
        assert encode_smb(message) == octets
        counted[message.bodies[0].command] += 1
    assert counted == COMMANDS[number]


#: What stays octets because section 4.3 does not have it: core commands, mailslots' own form
#: aside; LANMAN's negotiation and set-up (02); extended security (26).
NOT_KNOWN = {
    "02-": {0x72, 0x73, 0x75, 0x81, 0x80, 0x0B, 0x10, 0x06, 0x00, 0x01},
    "26-": {0x72, 0x73},
    "27-": set[int](),
}


@pytest.mark.parametrize("number", NOT_KNOWN)
def test_what_section_4_3_has_is_understood(number: str) -> None:
    """By the decoder of hosts, which forgives pads and links; extended security is refused."""
    left: set[int] = set()
    for octets in messages(number):
        message = dissect_smb(octets)
        if number == "26-" and message.bodies[0].command in (0x72, 0x73):
            left.add(message.bodies[0].command)
            continue
        bodies = decode_smb(octets).bodies
        left |= {body.command for body in bodies if isinstance(body, SmbBlock)}
    assert left == NOT_KNOWN[number]


def test_the_unanswered_echoes_of_02() -> None:
    """facts/ipx.md 1.11, INDEX.md: 13 on IPX first, then on NBF; "Hello" behind a 04."""
    found = [dissect_smb(octets) for octets in messages("02-")]
    echoes = [body for message in found for body in message.bodies if isinstance(body, EchoRequest)]
    assert set(echoes) == {EchoRequest(count=1, data=b"\x04Hello\0")}
    assert len(echoes) == 13 + 2


def test_the_names_of_27() -> None:
    """tshark: user WORKGROUP\\user, path \\\\LOCALHOST\\MP3; Unicode, unaligned pads and all."""
    bodies = [body for octets in messages("27-") for body in decode_smb(octets).bodies]
    (setup,) = (body for body in bodies if isinstance(body, SessionSetupRequest))
    (tree,) = (body for body in bodies if isinstance(body, TreeConnectRequest))
    assert (setup.account.lower(), setup.domain) == ("user", "WORKGROUP")
    assert tree.path == "\\\\LOCALHOST\\MP3"


def test_the_log_off_of_26() -> None:
    """INDEX.md: one log-off, at 10.764 s."""
    bodies = [body for octets in messages("26-") for body in dissect_smb(octets).bodies]
    assert bodies.count(LogoffRequest()) == 1
