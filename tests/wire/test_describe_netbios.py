"""NetBEUI, SPX, NBIPX and NMPI in the words of the field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.pdu.llc2 import FrameReject
from emu.pdu.nbf import NameFrame, NbfCommand, SessionFrame
from emu.pdu.nbipx import (
    NbipxDatagram,
    NbipxDatagramKind,
    NbipxName,
    NbipxNameKind,
    NbipxPdu,
    NbipxSession,
    NbipxSessionKind,
)
from emu.pdu.nmpi import Nmpi, NmpiOperation
from emu.pdu.spx import Spx
from emu.wire.describe import describe_layers
from emu.wire.frame import describe, summary
from tests.wire.test_frame import in_ipx, netbeui
from tests.wire.test_nbf import CLIENT, SERVER
from tests.wire.vectors import IPX, NETBEUI

MACS = "00:a0:c9:11:22:33 -> 00:a0:c9:44:55:66"


def line(layer: object) -> str:
    (words,) = describe_layers((layer,))
    return words


def test_a_poll_of_an_idle_link() -> None:
    assert describe(netbeui(NETBEUI["idle-poll"])) == [
        f"802.3 length 4, 802.2 F0 F0 (NetBIOS) control 01 09 (I/S), {MACS}, trailer 42",
        "LLC RR command P, N(R)=4",
    ]
    assert summary(netbeui(NETBEUI["idle-poll"])) == f"{MACS} LLC RR command P, N(R)=4"


def test_a_session_alive() -> None:
    octets = netbeui(NETBEUI["session-alive"])
    assert describe(octets)[1:] == [
        "LLC I command, N(S)=3, N(R)=5",
        "NBF Session Alive, session 3 -> 21",
    ]
    assert summary(octets) == (
        f"{MACS} LLC I command, N(S)=3, N(R)=5; NBF Session Alive, session 3 -> 21"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sabme", "LLC SABME command P"),
        ("ua", "LLC UA response F"),
        ("disc", "LLC DISC command P"),
        ("dm", "LLC DM response F"),
        ("rr-final-1", "LLC RR response F, N(R)=1"),
        ("rr-2", "LLC RR response, N(R)=2"),
        ("rnr-final-5", "LLC RNR response F, N(R)=5"),
        ("rej-5", "LLC REJ response, N(R)=5"),
        (
            "frmr",
            "LLC FRMR response F; FRMR of command 01 FB: bad N(R), V(S)=5, V(R)=4",
        ),
        ("add-name-query", "LLC UI command; NBF Add Name Query, CLIENT01<00>"),
        (
            "add-name-response",
            "LLC UI command; NBF Add Name Response, CLIENT01<00> -> CLIENT01<00>, unique name",
        ),
        (
            "name-query",
            "LLC UI command; NBF Name Query, CLIENT01<00> -> SERVER01<20>, session 3",
        ),
        (
            "name-recognized",
            "LLC UI command; NBF Name Recognized, SERVER01<20> -> CLIENT01<00>, session 21",
        ),
        (
            "session-initialize",
            (
                "LLC I command, N(S)=0, N(R)=0; "
                "NBF Session Initialize, session 3 -> 21, largest data 1482"
            ),
        ),
        (
            "data-only-last",
            (
                "LLC I command, N(S)=1, N(R)=1; "
                "NBF Data Only Last, session 3 -> 21, acknowledge with data allowed, 4 octets"
            ),
        ),
        ("data-ack", "LLC I command, N(S)=1, N(R)=3; NBF Data Ack, session 21 -> 3"),
        (
            "session-end",
            "LLC I command P, N(S)=4, N(R)=5; NBF Session End, session 3 -> 21, normal",
        ),
        (
            "session-end-abnormal",
            "LLC I command P, N(S)=5, N(R)=4; NBF Session End, session 21 -> 3, abnormal (1)",
        ),
    ],
)
def test_the_vectors_of_netbeui(name: str, words: str) -> None:
    assert summary(netbeui(NETBEUI[name])) == f"{MACS} {words}"


def test_llc_frames_with_octets_of_their_own() -> None:
    assert summary(netbeui(b"\xf0\xf1\xf3echo")) == (
        f"{MACS} LLC TEST response F; data, 4 octets: 65 63 68 6f"
    )


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        (
            NameFrame(kind=NbfCommand.NAME_QUERY, destination=SERVER, source=CLIENT),
            "Name Query, CLIENT01<00> -> SERVER01<20>, find name only",
        ),
        (
            NameFrame(kind=NbfCommand.NAME_RECOGNIZED, destination=CLIENT, source=SERVER),
            "Name Recognized, SERVER01<20> -> CLIENT01<00>, nobody listening",
        ),
        (
            NameFrame(
                kind=NbfCommand.NAME_RECOGNIZED, destination=CLIENT, source=SERVER, data2=0xFF
            ),
            "Name Recognized, SERVER01<20> -> CLIENT01<00>, no resources",
        ),
        (
            NameFrame(kind=NbfCommand.ADD_NAME_RESPONSE, source=SERVER, data2=1),
            "Add Name Response, SERVER01<20> -> no name, group name",
        ),
        (
            NameFrame(kind=NbfCommand.DATAGRAM, destination=SERVER, source=CLIENT, data=b"abc"),
            "Datagram, CLIENT01<00> -> SERVER01<20>, 3 octets",
        ),
        (
            SessionFrame(
                kind=NbfCommand.DATA_FIRST_MIDDLE, destination=1, source=2, data1=0x0B, data2=1
            ),
            (
                "Data First Middle, session 2 -> 1, acknowledgement included, "
                "no acknowledgement wanted, receive continue wanted, resync"
            ),
        ),
        (
            SessionFrame(kind=NbfCommand.DATA_ONLY_LAST, destination=1, source=2),
            "Data Only Last, session 2 -> 1",
        ),
        (
            SessionFrame(kind=NbfCommand.NO_RECEIVE, destination=1, source=2, data2=300),
            "No Receive, session 2 -> 1, 300 octets accepted",
        ),
    ],
)
def test_nbf(pdu: NameFrame | SessionFrame, words: str) -> None:
    assert line(pdu) == f"NBF {words}"


def test_a_rejected_response() -> None:
    reject = FrameReject(control=b"\x73\0", vs=0, vr=1, response=True, reasons=0x13)
    assert line(reject) == (
        "FRMR of response 73 00: bad control field, information not allowed, bad N(S), "
        "V(S)=0, V(R)=1"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("spx-connect", ("connection request [system, ack wanted], connection E8A2 -> none yet, "
                        "seq 0 ack 0 alloc 65535")),
        ("spx-connect-ok", ("acknowledgement [system], connection 9774 -> E8A2, "
                           "seq 0 ack 0 alloc 3")),
        ("spx-watchdog", ("watchdog request [system, ack wanted], connection E8A2 -> 9774, "
                         "seq 7 ack 8 alloc 9")),
        ("spx-watchdog-ok", ("acknowledgement [system], connection 9774 -> E8A2, "
                            "seq 8 ack 7 alloc 10")),
    ],
)  # fmt: skip
def test_the_vectors_of_spx(name: str, words: str) -> None:
    assert describe(in_ipx(IPX[name]))[-1] == f"SPX {words}"


def test_spx() -> None:
    data = Spx(
        control=0x50, source_id=1, destination_id=2, sequence=3, acknowledgement=4, allocation=5,
        data=b"abc",
    )  # fmt: skip
    numbers = "connection 0001 -> 0002, seq 3 ack 4 alloc 5"
    assert line(data) == f"SPX data [ack wanted, end of message], {numbers}, 3 octets"
    end = replace(data, stream=0xFE, data=b"")
    assert line(end) == f"SPX end of connection [ack wanted, end of message], {numbers}"
    ended = replace(end, control=0, stream=0xFF)
    assert line(ended) == f"SPX end of connection ack [none], {numbers}"
    size = replace(data, control=0xCC, negotiation_size=1024, data=b"")
    assert line(size) == (
        f"SPX size negotiation [system, ack wanted, SPX II, negotiate size], {numbers}, size 1024"
    )


def test_serialization() -> None:
    assert describe(in_ipx(IPX["serialization"]))[-1] == (
        "NetWare serialization, server number 123456780001"
    )


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        (NbipxName(kind=NbipxNameKind.FIND, flags=0, name=SERVER), "Find name SERVER01<20>"),
        (
            NbipxName(kind=NbipxNameKind.RECOGNIZED, flags=0x44, name=SERVER),
            "Name recognized SERVER01<20>, in use, registered",
        ),
        (
            NbipxDatagram(kind=NbipxDatagramKind.DIRECTED, source=CLIENT, destination=SERVER),
            "Directed datagram CLIENT01<00> -> SERVER01<20>, 0 octets",
        ),
        (
            NbipxDatagram(kind=NbipxDatagramKind.BROADCAST, source=CLIENT, destination=SERVER),
            "Broadcast datagram CLIENT01<00> -> SERVER01<20>, 0 octets",
        ),
        (
            NbipxSession(
                kind=NbipxSessionKind.END,
                control=0x40,
                source_id=0x34E,
                destination_id=0x4D8,
                send_sequence=1,
                receive_sequence=2,
            ),
            "Session end [ack wanted], connection 034E -> 04D8, send 1, receive 2",
        ),
        (
            NbipxSession(kind=NbipxSessionKind.DATA, control=0x88, source_id=1, destination_id=2),
            "Session data [system, resend], connection 0001 -> 0002, send 0, receive 0",
        ),
    ],
)
def test_nbipx(pdu: NbipxPdu, words: str) -> None:
    assert line(pdu) == f"NBIPX {words}"


def test_the_set_up_of_nbipx() -> None:
    assert summary(in_ipx(IPX["nbipx-setup"])) == (
        "00000000:00505620CA57:0455 -> 00000000:000C29D479B2:0455 NBIPX Session data "
        "[ack wanted], connection 04D8 -> none yet, send 0, receive 0, 38 octets"
    )


def test_nmpi() -> None:
    packet = Nmpi(
        operation=NmpiOperation.QUERY, name_type=1, message_id=1, requested=SERVER, source=CLIENT
    )
    assert line(packet) == "NMPI query name CLIENT01<00> -> SERVER01<20>"
    slot = replace(packet, operation=NmpiOperation.MAILSLOT_WRITE, data=b"abc")
    assert line(slot) == "NMPI mailslot write CLIENT01<00> -> SERVER01<20>, 3 octets"
