"""SMB1 and the NetBIOS session service in words.

A message that was cut into several frames, or begins in the middle of one, cannot be told from
data here; only its first octets say what it is.
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.pdu.nbss import (
    NbssError,
    NbssKeepalive,
    NbssMessage,
    NbssNegative,
    NbssPdu,
    NbssPositive,
    NbssRequest,
    NbssRetarget,
)
from emu.pdu.netbios_name import name_text
from emu.pdu.smb.files import (
    LOCKING_OPLOCK_RELEASE,
    CloseRequest,
    LockingRequest,
    NtCreateRequest,
    NtCreateResponse,
    OpenRequest,
    OpenResponse,
    Oplock,
    ReadRequest,
    ReadResponse,
    WriteRequest,
    WriteResponse,
)
from emu.pdu.smb.header import (
    DOS_ERRDOS,
    DOS_ERRHRD,
    DOS_ERRSRV,
    MID_OPLOCK_BREAK,
    Command,
    SmbHeader,
    dos_class_and_code,
)
from emu.pdu.smb.message import Body, Smb, SmbBlock
from emu.pdu.smb.session import (
    NO_DIALECT,
    EchoRequest,
    EchoResponse,
    NegotiateCoreResponse,
    NegotiateRequest,
    NegotiateResponse,
    SessionSetupRequest,
    TreeConnectRequest,
    TreeConnectResponse,
)
from emu.pdu.smb.transaction import (
    FindCloseRequest,
    Trans2,
    TransactionRequest,
    TransactionResponse,
)
from emu.wire.nbss import NbssStream, decode_nbss
from emu.wire.smb.message import PROTOCOL, dissect_smb, meaning_of

_TITLES = {
    Command.CREATE_DIRECTORY: "create directory",
    Command.DELETE_DIRECTORY: "delete directory",
    Command.CLOSE: "close",
    Command.DELETE: "delete",
    Command.WRITE: "write",
    Command.CHECK_DIRECTORY: "check directory",
    Command.LOCKING_ANDX: "locking AndX",
    Command.TRANSACTION: "transaction",
    Command.ECHO: "echo",
    Command.OPEN_ANDX: "open AndX",
    Command.READ_ANDX: "read AndX",
    Command.WRITE_ANDX: "write AndX",
    Command.TRANSACTION2: "transaction2",
    Command.FIND_CLOSE2: "find close2",
    Command.TREE_DISCONNECT: "tree disconnect",
    Command.NEGOTIATE: "negotiate",
    Command.SESSION_SETUP_ANDX: "session set-up AndX",
    Command.LOGOFF_ANDX: "log-off AndX",
    Command.TREE_CONNECT_ANDX: "tree connect AndX",
    Command.QUERY_INFORMATION_DISK: "query disk",
    Command.SEARCH: "search",
    Command.NT_CREATE_ANDX: "NT create AndX",
    Command.NT_CANCEL: "NT cancel",
}
_NAMES = {int(command): title for command, title in _TITLES.items()}
_DOS_CLASSES = {DOS_ERRDOS: "ERRDOS", DOS_ERRSRV: "ERRSRV", DOS_ERRHRD: "ERRHRD"}
_OPLOCKS: dict[int, str] = {
    Oplock.NONE: "no oplock",
    Oplock.EXCLUSIVE: "exclusive oplock",
    Oplock.BATCH: "batch oplock",
    Oplock.LEVEL_II: "level II oplock",
}
_NBSS_ERRORS: dict[int, str] = {
    NbssError.NOT_LISTENING_ON_CALLED: "not listening on the called name",
    NbssError.NOT_LISTENING_FOR_CALLING: "not listening for the calling name",
    NbssError.CALLED_NAME_ABSENT: "called name not present",
    NbssError.NO_RESOURCES: "no resources",
    NbssError.OTHER: "other error",
}


def describe_smb(message: Smb) -> str:
    """``SMB close request, TID 0800, UID 0800, MID 64: FID 0800``."""
    header = message.header
    titles = " + ".join(_title(body) for body in message.bodies)
    way = "response" if header.is_reply else "request"
    told = [words for body in message.bodies if (words := _body_words(header, body))]
    details = f": {'; '.join(told)}" if told else ""
    return f"SMB {titles} {way}, {_ids(header)}{_status_words(header)}{details}"


def _title(body: Body) -> str:
    return _NAMES.get(body.command, f"command {body.command:02X}")


def _ids(header: SmbHeader) -> str:
    """On IPX the sequence tells a repetition from a new request (facts/ipx.md 1.11)."""
    mid = "FFFF" if header.mid == MID_OPLOCK_BREAK else str(header.mid)
    ids = f"TID {header.tid:04X}, UID {header.uid:04X}, MID {mid}"
    if header.cid or header.sequence:
        ids += f", CID {header.cid:04X} sequence {header.sequence}"
    return ids


def _status_words(header: SmbHeader) -> str:
    if not header.status:
        return ""
    if header.has_nt_status:
        return f", status {header.status:08X}"
    dos_class, code = dos_class_and_code(header.status)
    return f", error {_DOS_CLASSES.get(dos_class, f'class {dos_class}')}/{code}"


def _body_words(header: SmbHeader, body: Body) -> str:
    if not isinstance(body, SmbBlock):
        return _file_words(body)
    try:
        meaning = meaning_of(header, body)
    except PeerProtocolError:
        meaning = body
    if isinstance(meaning, SmbBlock):
        octets = len(body.words) + len(body.data)
        return f"{octets} octets" if octets else ""
    return _file_words(meaning)


def _file_words(body: Body) -> str:
    match body:
        case NtCreateRequest() | OpenRequest():
            return body.name
        case NtCreateResponse():
            oplock = _OPLOCKS.get(body.oplock, f"oplock {body.oplock}")
            return f"FID {body.fid:04X}, {oplock}, {body.size} octets"
        case OpenResponse():
            return f"FID {body.fid:04X}, {body.size} octets"
        case ReadRequest():
            return f"FID {body.fid:04X}, {body.octets_max} octets at {body.offset}"
        case ReadResponse():
            return f"{len(body.data)} octets"
        case WriteRequest():
            return f"FID {body.fid:04X}, {len(body.data)} octets at {body.offset}"
        case WriteResponse():
            return f"{body.octets} octets"
        case CloseRequest():
            return f"FID {body.fid:04X}"
        case LockingRequest():
            return _locking_words(body)
        case _:
            return _session_words(body)


def _locking_words(body: LockingRequest) -> str:
    fid = f"FID {body.fid:04X}"
    if body.kind & LOCKING_OPLOCK_RELEASE:
        return f"{fid}, oplock break to {'level II' if body.level else 'none'}"
    return f"{fid}, {len(body.unlocks)} unlocked, {len(body.locks)} locked"


def _session_words(body: Body) -> str:
    match body:
        case NegotiateRequest():
            return ", ".join(body.dialects)
        case NegotiateResponse():
            return f"dialect {body.index}, domain {body.domain or 'none'}"
        case NegotiateCoreResponse():
            return "no dialect" if body.index == NO_DIALECT else f"dialect {body.index}"
        case SessionSetupRequest():
            account = f"{body.domain}\\{body.account}" if body.account else "nobody"
            return f"{account}, VC {body.vc_number}"
        case TreeConnectRequest():
            return body.path
        case TreeConnectResponse():
            return body.service
        case EchoRequest():
            return f"{body.count} wanted, {len(body.data)} octets"
        case EchoResponse():
            return f"number {body.number}, {len(body.data)} octets"
        case _:
            return _transaction_words(body)


def _transaction_words(body: Body) -> str:
    match body:
        case TransactionRequest(command=Command.TRANSACTION2):
            names = [_subcommand(word) for word in body.setup[:1]]
            return ", ".join([*names, _sizes(body)])
        case TransactionRequest():
            return f"{body.name}, {_sizes(body)}"
        case TransactionResponse():
            return _sizes(body)
        case FindCloseRequest():
            return f"search {body.sid:04X}"
        case _:
            return ""


def _subcommand(word: int) -> str:
    known = {int(each): each.name.lower().replace("_", " ") for each in Trans2}
    return known.get(word, f"subcommand {word:02X}")


def _sizes(body: TransactionRequest | TransactionResponse) -> str:
    return f"{len(body.parameters)} octets of parameters, {len(body.data)} of data"


def smb_words(octets: bytes) -> str | None:
    """The words of octets that some carrier brought, or None when they are no SMB message."""
    if not octets.startswith(PROTOCOL):
        return None
    try:
        words = describe_smb(dissect_smb(octets))
    except PeerProtocolError:
        return None
    return printable(words)


def printable(text: str) -> str:
    """A peer's names may hold anything; a line of words must stay one line."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def describe_nbss(octets: bytes) -> str | None:
    """What one TCP segment of the service holds; None if no packet begins and ends in it."""
    try:
        words = [_nbss_words(decode_nbss(each)) for each in NbssStream().feed(octets)]
    except PeerProtocolError:
        return None
    return "; ".join(words) or None


def _nbss_words(pdu: NbssPdu) -> str:
    match pdu:
        case NbssMessage():
            return f"NBSS {smb_words(pdu.data) or f'message, {len(pdu.data)} octets'}"
        case NbssRequest():
            return f"NBSS request {name_text(pdu.calling)} -> {name_text(pdu.called)}"
        case NbssPositive():
            return "NBSS positive response"
        case NbssNegative():
            why = _NBSS_ERRORS.get(pdu.error, f"error {pdu.error:02X}")
            return f"NBSS negative response, {why}"
        case NbssRetarget():
            address = ".".join(map(str, pdu.address))
            return f"NBSS retarget to {address}:{pdu.port}"
        case NbssKeepalive():
            return "NBSS keepalive"
