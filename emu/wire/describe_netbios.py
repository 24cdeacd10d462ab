"""NetBIOS in words, whatever carries it: LLC frames and NBF, NBIPX, NMPI.

Titles are those of tshark where it has one, so that a reader finds the same words in both.
"""

from __future__ import annotations

from emu.pdu.llc2 import (
    FrameReject,
    Information,
    Llc2Pdu,
    Supervisory,
    Unnumbered,
)
from emu.pdu.nbf import (
    DATA_ACK_INCLUDED,
    DATA_ACK_WITH_DATA_ALLOWED,
    DATA_NO_ACK,
    DATA_RECEIVE_CONTINUE,
    END_NORMAL,
    NAME_GROUP,
    NO_RESOURCES,
    NO_SESSION,
    NameFrame,
    NbfCommand,
    SessionFrame,
)
from emu.pdu.nbipx import (
    CONNECTION_NONE,
    CONTROL_RESEND,
    NbipxDatagram,
    NbipxDatagramKind,
    NbipxName,
    NbipxNameKind,
    NbipxPdu,
    NbipxSession,
    NbipxSessionKind,
)
from emu.pdu.netbios_name import name_text
from emu.pdu.nmpi import Nmpi, NmpiOperation
from emu.wire.describe_smb import smb_words

_REASONS = (
    (0x01, "bad control field"),
    (0x02, "information not allowed"),
    (0x04, "information too long"),
    (0x08, "bad N(R)"),
    (0x10, "bad N(S)"),
)
_DATA_OPTIONS = (
    (DATA_ACK_INCLUDED, "acknowledgement included"),
    (DATA_ACK_WITH_DATA_ALLOWED, "acknowledge with data allowed"),
    (DATA_NO_ACK, "no acknowledgement wanted"),
    (DATA_RECEIVE_CONTINUE, "receive continue wanted"),
)
_DATA_COMMANDS = (NbfCommand.DATA_FIRST_MIDDLE, NbfCommand.DATA_ONLY_LAST)
_SIZED_COMMANDS = (NbfCommand.SESSION_INITIALIZE, NbfCommand.SESSION_CONFIRM)
_COUNTED_COMMANDS = (NbfCommand.NO_RECEIVE, NbfCommand.RECEIVE_OUTSTANDING)
#: Frames whose name is the source's; the destination holds zeros or scrap (capture 21).
_OWN_NAME_COMMANDS = (
    NbfCommand.ADD_NAME_QUERY,
    NbfCommand.ADD_GROUP_NAME_QUERY,
    NbfCommand.DATAGRAM_BROADCAST,
)

_NAME_TITLES = {
    NbipxNameKind.FIND: "Find name",
    NbipxNameKind.RECOGNIZED: "Name recognized",
    NbipxNameKind.CHECK: "Check name",
    NbipxNameKind.IN_USE: "Name in use",
    NbipxNameKind.DEREGISTER: "Deregister name",
}
_NAME_FLAGS = (
    (0x80, "group"),
    (0x40, "in use"),
    (0x04, "registered"),
    (0x02, "duplicate"),
    (0x01, "deregistered"),
)
_SESSION_TITLES = {
    NbipxSessionKind.DATA: "Session data",
    NbipxSessionKind.END: "Session end",
    NbipxSessionKind.END_ACK: "Session end ACK",
    NbipxSessionKind.STATUS_QUERY: "Session status query",
    NbipxSessionKind.STATUS_RESPONSE: "Session status response",
}
_CONTROLS = (
    (0x80, "system"),
    (0x40, "ack wanted"),
    (0x20, "attention"),
    (0x10, "end of message"),
    (CONTROL_RESEND, "resend"),
)
_OPERATIONS = {
    NmpiOperation.CLAIM: "claim name",
    NmpiOperation.DELETE: "delete name",
    NmpiOperation.QUERY: "query name",
    NmpiOperation.FOUND: "name found",
    NmpiOperation.MESSENGER_HANG_UP: "messenger hang-up",
    NmpiOperation.MAILSLOT_WRITE: "mailslot write",
    NmpiOperation.FIND: "find name",
    NmpiOperation.NAME: "name",
}


def bits_text(value: int, names: tuple[tuple[int, str], ...]) -> str:
    """The names of the bits that are set, or "none"."""
    return ", ".join(name for bit, name in names if value & bit) or "none"


def describe_llc2(pdu: Llc2Pdu) -> str:
    """``LLC RR command P, N(R)=4``: a letter when P/F is set, none when it is not."""
    way = "response" if pdu.response else "command"
    letter = "F" if pdu.response else "P"
    match pdu:
        case Unnumbered():
            return f"LLC {pdu.kind.name} {way}{f' {letter}' if pdu.poll_final else ''}"
        case Supervisory():
            mark = f" {letter}" if pdu.poll_final else ""
            return f"LLC {pdu.kind.name} {way}{mark}, N(R)={pdu.nr}"
        case Information():
            mark = f" {letter}" if pdu.poll else ""
            return f"LLC I {way}{mark}, N(S)={pdu.ns}, N(R)={pdu.nr}"


def describe_frame_reject(reject: FrameReject) -> str:
    """What was rejected, the numbers of who rejects, and why."""
    way = "response" if reject.response else "command"
    return (
        f"FRMR of {way} {reject.control.hex(' ').upper()}: "
        f"{bits_text(reject.reasons, _REASONS)}, V(S)={reject.vs}, V(R)={reject.vr}"
    )


def _data_words(data: bytes) -> str:
    """How many octets, and the SMB message if they are one."""
    words = smb_words(data)
    return (f", {len(data)} octets" if data else "") + (f": {words}" if words else "")


def describe_nbf(pdu: NameFrame | SessionFrame) -> str:
    """``NBF Session Alive, session 3 -> 21``."""
    title = pdu.kind.name.replace("_", " ").title()
    data = _data_words(pdu.data)
    if isinstance(pdu, SessionFrame):
        words = _session_options(pdu)
        return f"NBF {title}, session {pdu.source} -> {pdu.destination}{words}{data}"
    return f"NBF {title}, {_nbf_names(pdu)}{_name_options(pdu)}{data}"


def _session_options(pdu: SessionFrame) -> str:
    """DATA1 and DATA2 where they mean something (facts/netbeui.md 1.4)."""
    if pdu.kind in _DATA_COMMANDS:
        resync = ", resync" if pdu.data2 == 1 else ""
        options = bits_text(pdu.data1, _DATA_OPTIONS)
        return ("" if options == "none" else f", {options}") + resync
    if pdu.kind in _SIZED_COMMANDS:
        return f", largest data {pdu.data2}"
    if pdu.kind in _COUNTED_COMMANDS:
        return f", {pdu.data2} octets accepted"
    if pdu.kind is NbfCommand.SESSION_END:
        return ", normal" if pdu.data2 == END_NORMAL else f", abnormal ({pdu.data2})"
    return ""


def _nbf_names(pdu: NameFrame) -> str:
    source = name_text(pdu.source)
    if pdu.kind in _OWN_NAME_COMMANDS:
        return source
    return f"{source} -> {name_text(pdu.destination)}"


def _name_options(pdu: NameFrame) -> str:
    match pdu.kind:
        case NbfCommand.NAME_QUERY:
            wants_name_only = pdu.session == NO_SESSION
            return ", find name only" if wants_name_only else f", session {pdu.session}"
        case NbfCommand.NAME_RECOGNIZED:
            return f", {_listener(pdu.session)}"
        case NbfCommand.ADD_NAME_RESPONSE:
            return ", group name" if pdu.data2 == NAME_GROUP else ", unique name"
        case _:
            return ""


def _listener(session: int) -> str:
    if session == NO_SESSION:
        return "nobody listening"
    return "no resources" if session == NO_RESOURCES else f"session {session}"


def describe_nbipx(pdu: NbipxPdu) -> str:
    """``NBIPX Session end, connection 0553 -> 0C32, ...``; connection ids in hexadecimal."""
    match pdu:
        case NbipxName():
            flags = bits_text(pdu.flags, _NAME_FLAGS)
            marks = "" if flags == "none" else f", {flags}"
            return f"NBIPX {_NAME_TITLES[pdu.kind]} {name_text(pdu.name)}{marks}"
        case NbipxDatagram():
            directed = pdu.kind is NbipxDatagramKind.DIRECTED
            title = "Directed datagram" if directed else "Broadcast datagram"
            names = f"{name_text(pdu.source)} -> {name_text(pdu.destination)}"
            return f"NBIPX {title} {names}, {len(pdu.data)} octets"
        case NbipxSession():
            return _nbipx_session(pdu)


def _nbipx_session(pdu: NbipxSession) -> str:
    called = "none yet" if pdu.destination_id == CONNECTION_NONE else f"{pdu.destination_id:04X}"
    data = _data_words(pdu.data)
    return (
        f"NBIPX {_SESSION_TITLES[pdu.kind]} [{bits_text(pdu.control, _CONTROLS)}], "
        f"connection {pdu.source_id:04X} -> {called}, "
        f"send {pdu.send_sequence}, receive {pdu.receive_sequence}{data}"
    )


def describe_nmpi(packet: Nmpi) -> str:
    """``NMPI query name TEST1<00> -> MDJR98<20>``."""
    data = _data_words(packet.data)
    names = f"{name_text(packet.source)} -> {name_text(packet.requested)}"
    return f"NMPI {_OPERATIONS[packet.operation]} {names}{data}"
