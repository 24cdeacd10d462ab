"""tshark judges our NetBEUI, SPX, NBIPX and NMPI: labels, numbers, nothing malformed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.pdu.ipx import IpxDatagram
from emu.pdu.llc2 import (
    Information,
    Llc2Pdu,
    Supervisory,
    SupervisoryKind,
    Unnumbered,
    UnnumberedKind,
)
from emu.pdu.nbf import NAME_COMMANDS, NameFrame, NbfCommand, NbfPdu, SessionFrame
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
from emu.wire import ethernet
from emu.wire.ipx import decode_ipx, ipx_frame
from emu.wire.llc2 import decode_llc2, llc2_frame
from emu.wire.nbf import encode_nbf
from emu.wire.nbipx import encode_nbipx
from emu.wire.nmpi import encode_nmpi
from emu.wire.spx import encode_spx
from tests.wire.outside import Tshark
from tests.wire.test_frame import in_ipx
from tests.wire.test_llc2 import CLIENT_MAC, SERVER_MAC
from tests.wire.test_nbf import CLIENT, SERVER
from tests.wire.vectors import IPX, NETBEUI

pytestmark = pytest.mark.slow

VERDICT = ("_ws.col.Protocol", "_ws.col.Info")
CLEAN = ("_ws.malformed", "_ws.expert.message")


def up(pdu: Llc2Pdu) -> bytes:
    return llc2_frame(pdu, destination=SERVER_MAC, source=CLIENT_MAC)


def read(tshark: Tshark, frames: list[bytes], *names: str) -> list[dict[str, str]]:
    """Fields of frames with which nothing is wrong."""
    rows = tshark.fields(frames, *CLEAN, *names)
    for frame, row in zip(frames, rows, strict=True):
        assert (row.pop(CLEAN[0]), row.pop(CLEAN[1])) == ("", ""), frame.hex()
    return rows


def labels(tshark: Tshark, frames: list[bytes]) -> list[tuple[str, str]]:
    return [(row[VERDICT[0]], row[VERDICT[1]]) for row in read(tshark, frames, *VERDICT)]


#: facts/netbeui.md 1.5; what stands before "; DSAP NetBIOS Individual".
LLC_LABELS = {
    "sabme": "U P, func=SABME",
    "ua": "U F, func=UA",
    "disc": "U P, func=DISC",
    "dm": "U F, func=DM",
    "frmr": "U F, func=FRMR",
    "rr-poll-0": "S P, func=RR, N(R)=0",
    "rr-final-1": "S F, func=RR, N(R)=1",
    "rr-2": "S, func=RR, N(R)=2",
    "idle-poll": "S P, func=RR, N(R)=4",
    "idle-answer": "S F, func=RR, N(R)=5",
    "rnr-final-5": "S F, func=RNR, N(R)=5",
    "rej-5": "S, func=REJ, N(R)=5",
}
NBF_LABELS = {
    "add-name-query": "Add Name Query - CLIENT01<00>",
    "add-name-response": "Add Name Response",
    "name-query": "Name Query for SERVER01<20>",
    "name-recognized": "Name Recognized - SERVER01<20>",
    "session-initialize": "Session Initialize",
    "session-confirm": "Session Confirm",
    "data-only-last": "Data Only Last",
    "data-ack": "Data Ack",
    "session-alive": "Session Alive",
    "session-end": "Session End",
    "session-end-abnormal": "Session End",
}


def test_link_frames_are_named(tshark: Tshark) -> None:
    """Commands and responses, P and F: by the words of tshark, from octets of our encoder."""
    frames = [up(decode_llc2(NETBEUI[name])[2]) for name in LLC_LABELS]
    for name, (protocol, info) in zip(LLC_LABELS, labels(tshark, frames), strict=True):
        response = NETBEUI[name][1] & 1
        way = "Response" if response else "Command"
        expected = f"{LLC_LABELS[name]}; DSAP NetBIOS Individual, SSAP NetBIOS {way}"
        assert (protocol, info) == ("LLC", expected)


def test_netbeui_is_named(tshark: Tshark) -> None:
    frames = [up(decode_llc2(NETBEUI[name])[2]) for name in NBF_LABELS]
    expected = [("NetBIOS", label) for label in NBF_LABELS.values()]
    assert labels(tshark, frames) == expected


def test_link_numbers(tshark: Tshark) -> None:
    """Modulo 128, at both ends of the range."""
    pdus: list[Llc2Pdu] = [
        Information(ns=127, nr=0, poll=True, data=encode_nbf(ALIVE)),
        Information(ns=0, nr=127, poll=False, data=encode_nbf(ALIVE)),
        Supervisory(kind=SupervisoryKind.RR, nr=127, poll_final=True, response=True),
    ]
    names = tuple(f"llc.control.{name}" for name in ("n_s", "n_r", "p", "f"))
    rows = read(tshark, [up(pdu) for pdu in pdus], *names, "llc.ssap.cr")
    assert [tuple(row.values()) for row in rows] == [
        ("127", "0", "1", "", "0"),
        ("0", "127", "", "", "0"),
        ("", "127", "", "1", "1"),
    ]


ALIVE = SessionFrame(kind=NbfCommand.SESSION_ALIVE, destination=0x15, source=0x03)


def in_llc(pdu: NbfPdu) -> bytes:
    octets = encode_nbf(pdu)
    if isinstance(pdu, SessionFrame):
        return up(Information(ns=1, nr=2, poll=False, data=octets))
    kind = UnnumberedKind.UI
    return up(Unnumbered(kind=kind, poll_final=False, response=False, info=octets))


#: Where tshark has other words than the command's name in the facts.
OTHER_LABELS = {
    NbfCommand.ADD_GROUP_NAME_QUERY: "Add Group Name Query - CLIENT01<00>",
    NbfCommand.ADD_NAME_QUERY: "Add Name Query - CLIENT01<00>",
    NbfCommand.NAME_QUERY: "Name Query for SERVER01<20>",
    NbfCommand.NAME_RECOGNIZED: "Name Recognized - CLIENT01<00>",
    NbfCommand.DATAGRAM_BROADCAST: "Broadcast Datagram",
    NbfCommand.TERMINATE_TRACE_REMOTE: "Terminate Trace",
}


def test_every_command_is_known(tshark: Tshark) -> None:
    pdus: list[NbfPdu] = [
        NameFrame(kind=command, destination=SERVER, source=CLIENT)
        if command in NAME_COMMANDS
        else SessionFrame(kind=command, destination=0x15, source=0x03)
        for command in NbfCommand
    ]
    for pdu, (protocol, info) in zip(
        pdus, labels(tshark, [in_llc(pdu) for pdu in pdus]), strict=True
    ):
        title = pdu.kind.name.replace("_", " ").title()
        assert (protocol, info) == ("NetBIOS", OTHER_LABELS.get(pdu.kind, title))


def test_netbeui_fields(tshark: Tshark) -> None:
    """Correlators, session numbers, sizes: little-endian, each in its place."""
    end = SessionFrame(
        kind=NbfCommand.SESSION_END, destination=0x15, source=0x03, data2=1,
        transmit_correlator=0x1234, response_correlator=0x5678,
    )  # fmt: skip
    begin = replace(end, kind=NbfCommand.SESSION_INITIALIZE, data1=0x8F, data2=1482)
    names = ("command", "hdr_len", "remote_session", "local_session", "termination_indicator")
    more = ("xmit_corrl", "resp_corrl", "max_data_recv_size")
    fields = tuple(f"netbios.{name}" for name in names + more)
    rows = read(tshark, [in_llc(end), in_llc(begin), in_llc(ALIVE)], *fields)
    assert [tuple(row.values()) for row in rows] == [
        ("0x18", "14", "0x15", "0x03", "0x0001", "", "", ""),
        ("0x19", "14", "0x15", "0x03", "", "0x1234", "0x5678", "1482"),
        ("0x1f", "14", "0x15", "0x03", "", "", "", ""),
    ]


def over_ipx(payload: bytes, *, packet_type: int, socket: int) -> bytes:
    datagram = decode_ipx(IPX["nbipx-probe"])
    made = IpxDatagram(
        destination=replace(datagram.destination, socket=socket),
        source=replace(datagram.source, socket=socket),
        packet_type=packet_type,
        payload=payload,
    )
    ends = {"destination": SERVER_MAC, "source": CLIENT_MAC}
    return ipx_frame(made, framing=ethernet.LLC_IPX, **ends)


PLAIN = Spx(
    control=0xC0,
    source_id=0xE8A2,
    destination_id=0x9774,
    sequence=7,
    acknowledgement=8,
    allocation=9,
)
LONG = replace(PLAIN, control=0xC8, negotiation_size=1024)
#: facts/ipx.md 1.3 and 1.4, "combinations that matter".  FC and FD have no words in tshark.
SPX_LABELS: tuple[tuple[Spx, str], ...] = (
    (replace(PLAIN, destination_id=0xFFFF), "SPX System Packet: Send Ack"),
    (replace(PLAIN, control=0x80), "SPX System Packet"),
    (PLAIN, "SPX System Packet: Send Ack"),
    (replace(PLAIN, control=0x40, data=b"x"), "SPX Acknowledgment Required"),
    (replace(PLAIN, control=0x50, data=b"x"), "SPX Send Ack: End Message"),
    (
        replace(PLAIN, control=0x50, stream=0xFE),
        "SPX Send Ack: End Message (End-of-Connection)",
    ),
    (
        replace(PLAIN, control=0, stream=0xFF),
        "SPX Data, No Ack Required (End-of-Connection Acknowledgment)",
    ),
    (replace(PLAIN, control=0xCC, destination_id=0xFFFF), "SPX System Packet: Send Ack"),
    (LONG, "SPX System Packet: Send Ack"),
    (replace(LONG, control=0x88), "SPX System Packet"),
    (replace(LONG, control=0x48, data=b"xyz"), "SPX Acknowledgment Required"),
)


def test_spx_is_named_and_its_numbers_are_read(tshark: Tshark) -> None:
    """tshark's field ``spx.ctl`` is the upper half of the octet only."""
    frames = [over_ipx(encode_spx(p), packet_type=5, socket=0x8104) for p, _ in SPX_LABELS]
    fields = ("ctl", "type", "src", "dst", "seq", "ack", "alloc", "neg_size")
    rows = read(tshark, frames, *VERDICT, *(f"spx.{name}" for name in fields))
    for (packet, label), row in zip(SPX_LABELS, rows, strict=True):
        assert (row[VERDICT[0]], row[VERDICT[1]]) == ("SPX", label)
        numbers = [int(row[f"spx.{name}"], 0) for name in fields[:7]]
        assert numbers == [
            packet.control >> 4,
            packet.stream,
            packet.source_id,
            packet.destination_id,
            packet.sequence,
            packet.acknowledgement,
            packet.allocation,
        ]
        size = packet.negotiation_size
        assert row["spx.neg_size"] == ("" if size is None else str(size))


NAME = NbipxName(kind=NbipxNameKind.FIND, flags=0x44, name=SERVER)
SESSION = NbipxSession(
    kind=NbipxSessionKind.DATA,
    control=0x40,
    source_id=0x04D8,
    destination_id=0x034E,
    send_sequence=1,
    total_length=3,
    offset=4,
    data_length=5,
    receive_sequence=6,
    bytes_received=7,
    data=b"abc",
)
#: A network passed with 06 in its second octet is read as what it is (KB Q128335).
PASSED = replace(NAME, networks=(0x00060000, 0, 0, 0, 0, 0, 0, 0))
#: tshark has no words for datagram type 0C.
NBIPX_LABELS: tuple[tuple[NbipxPdu, int, str], ...] = (
    (NAME, 20, "Find name SERVER01<20>"),
    (PASSED, 20, "Find name SERVER01<20>"),
    (PASSED, 4, "Find name SERVER01<20>"),
    (replace(NAME, kind=NbipxNameKind.RECOGNIZED), 4, "Name recognized SERVER01<20>"),
    (replace(NAME, kind=NbipxNameKind.CHECK), 20, "Check name SERVER01<20>"),
    (replace(NAME, kind=NbipxNameKind.IN_USE), 4, "Name in use SERVER01<20>"),
    (replace(NAME, kind=NbipxNameKind.DEREGISTER), 20, "Deregister name SERVER01<20>"),
    (SESSION, 4, "Session data"),
    (replace(SESSION, kind=NbipxSessionKind.END), 4, "Session end"),
    (replace(SESSION, kind=NbipxSessionKind.END_ACK), 4, "Session end ACK"),
    (replace(SESSION, kind=NbipxSessionKind.STATUS_QUERY), 4, "Status query"),
    (replace(SESSION, kind=NbipxSessionKind.STATUS_RESPONSE), 4, "Status response"),
    (
        NbipxDatagram(kind=NbipxDatagramKind.DIRECTED, source=CLIENT, destination=SERVER),
        4,
        "Directed datagram",
    ),
)


def test_nbipx_is_named(tshark: Tshark) -> None:
    frames = [
        over_ipx(encode_nbipx(pdu), packet_type=kind, socket=0x0455)
        for pdu, kind, _ in NBIPX_LABELS
    ]
    assert labels(tshark, frames) == [("NBIPX", label) for _, _, label in NBIPX_LABELS]


def test_nbipx_session_numbers_are_little_endian(tshark: Tshark) -> None:
    frame = over_ipx(encode_nbipx(SESSION), packet_type=4, socket=0x0455)
    names = (
        "src_conn_id", "dest_conn_id", "send_seq_number", "total_data_length", "offset",
        "data_length", "recv_seq_number", "bytes_received",
    )  # fmt: skip
    (row,) = read(tshark, [frame], *(f"nmpi.session.{name}" for name in names))
    assert [int(value, 0) for value in row.values()] == [0x04D8, 0x034E, 1, 3, 4, 5, 6, 7]


def test_probes_set_up_and_serialization_of_the_facts(tshark: Tshark) -> None:
    """The probe's control C0 and the set-up reply's 38 octets behind a length of 0 included."""
    probes = ("nbipx-probe", "nbipx-probe-ok", "nbipx-setup", "nbipx-setup-reply")
    frames = [in_ipx(IPX[name]) for name in (*probes, "serialization")]
    assert labels(tshark, frames) == [
        *[("NBIPX", "Session data")] * 4,
        ("NW_SERIAL", "Serial number 123456780001"),
    ]


NMPI_LABELS = {
    NmpiOperation.CLAIM: "Claim name SERVER01<20>",
    NmpiOperation.DELETE: "Delete name SERVER01<20>",
    NmpiOperation.QUERY: "Query name SERVER01<20>",
    NmpiOperation.FOUND: "Name SERVER01<20> found",
    NmpiOperation.MESSENGER_HANG_UP: "Messenger hangup on SERVER01<20>",
    NmpiOperation.MAILSLOT_WRITE: "Mailslot write to SERVER01<20>",
    NmpiOperation.FIND: "Find mailslot name SERVER01<20>",
    NmpiOperation.NAME: "Mailslot name SERVER01<20> found",
}


def test_nmpi_is_named(tshark: Tshark) -> None:
    packet = Nmpi(
        operation=NmpiOperation.QUERY,
        name_type=1,
        message_id=0x1234,
        requested=SERVER,
        source=CLIENT,
    )
    packets = [replace(packet, operation=operation) for operation in NMPI_LABELS]
    frames = [over_ipx(encode_nmpi(p), packet_type=20, socket=0x0551) for p in packets]
    rows = read(tshark, frames, *VERDICT, "nmpi.messageid", "nmpi.name_type")
    for row, label in zip(rows, NMPI_LABELS.values(), strict=True):
        assert (row[VERDICT[0]], row[VERDICT[1]]) == ("NMPI", label)
        assert (int(row["nmpi.messageid"], 0), int(row["nmpi.name_type"], 0)) == (0x1234, 1)
