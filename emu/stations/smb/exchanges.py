"""The redirector's requests as NT 4 writes them, and what the replies to them say.

Masks and options of NT_CREATE_ANDX: MS-CIFS 2.2.4.64.1 from memory (G).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emu.errors import PeerProtocolError
from emu.machines.smb import calls, faults
from emu.machines.smb.calls import Access, Oplock, Refused
from emu.machines.smb.faults import Fault
from emu.pdu.smb import files, session, transaction
from emu.pdu.smb.header import Command, SmbHeader, dos_class_and_code
from emu.pdu.smb.message import Body, EmptyResponse
from emu.stations.smb import figures
from emu.stations.smb.proofs import prove
from emu.stations.smb.replies import CREATED
from emu.stations.smb.searches import ATTRIBUTES_NORMAL, FIND_CLOSE_AT_END, NO_SEARCH
from emu.wire.smb.trans2 import (
    decode_entries,
    decode_found_first,
    decode_found_next,
    encode_trans2,
)

#: FILE_GENERIC_READ, FILE_GENERIC_WRITE, DELETE; read attributes when no data is wanted.
_MASKS = ((Access.READ, 0x0012_0089), (Access.WRITE, 0x0012_0116), (Access.DELETE, 0x0001_0000))
_ATTRIBUTES_ONLY = 0x0000_0080
#: No directory; impersonation; effective only and static tracking.
_OPTIONS, _IMPERSONATION, _SECURITY_FLAGS = 0x40, 2, 3
_OPLOCKS = {
    Oplock.NONE: 0,
    Oplock.EXCLUSIVE: files.CREATE_WANTS_OPLOCK,
    # NT asks for both (facts/redirector.md 6.3: flags 0x16).
    Oplock.BATCH: files.CREATE_WANTS_OPLOCK | files.CREATE_WANTS_BATCH_OPLOCK,
}
#: Hidden, system and directories are looked for too.
_SEARCH_ATTRIBUTES = 0x16
_DATA_MAX, _PARAMETERS_MAX = 4096, 10
#: The offset of an older READ_ANDX or WRITE_ANDX has 32 bits.
_NARROW = 0xFFFF_FFFF
_WORD_MAX = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """What a computer writes of itself.  ``passwords``: by account, in capitals."""

    domain: str
    passwords: Mapping[str, str]

    def body(self, request: object, *, server: str, challenge: bytes) -> Body:
        """One part of a message.  ``challenge``: of this circuit."""
        match request:
            case calls.Negotiate():
                return session.NegotiateRequest(dialects=session.NT4_DIALECTS)
            case calls.SetUp():
                return self._set_up(request, challenge)
            case calls.TreeConnect(share=share):
                path = f"\\\\{server}\\{share}"
                return session.TreeConnectRequest(
                    flags=0, password=b"\0", path=path, service=figures.SERVICE_ANY
                )
            case _:
                return _BODIES[type(request)](request)

    def _set_up(self, asked: calls.SetUp, challenge: bytes) -> Body:
        """What the machine says of the user's standing is not for the wire."""
        lm, nt = prove(challenge, asked.user, self.passwords.get(asked.user.upper(), ""))
        return session.SessionSetupRequest(
            buffer_max=figures.BUFFER_MAX,
            mpx_max=figures.MPX_MAX,
            vc_number=asked.vc_number,
            session_key=figures.SESSION_KEY,
            capabilities=session.NT4_CLIENT_CAPABILITIES,
            lm=lm,
            nt=nt,
            account=asked.user,
            domain=self.domain,
            system=figures.CLIENT_SYSTEM,
            lan_manager=figures.CLIENT_LAN_MANAGER,
        )


def _create(asked: calls.Open) -> Body:
    mask = 0
    for access, bits in _MASKS:
        mask |= bits if access in asked.access else 0
    return files.NtCreateRequest(
        flags=_OPLOCKS.get(asked.oplock, 0),
        root=0,
        access=mask or _ATTRIBUTES_ONLY,
        allocation=0,
        attributes=ATTRIBUTES_NORMAL,
        share=asked.share.value,
        disposition=asked.disposition,
        options=_OPTIONS,
        impersonation=_IMPERSONATION,
        security_flags=_SECURITY_FLAGS,
        name="\\" + asked.path.lstrip("\\"),
    )


def _read(asked: calls.Read) -> Body:
    return files.ReadRequest(
        fid=asked.fid,
        offset=asked.offset,
        octets_max=min(asked.length, _WORD_MAX),
        large=asked.offset > _NARROW,
    )


def _write(asked: calls.Write) -> Body:
    return files.WriteRequest(
        fid=asked.fid, offset=asked.offset, data=asked.data, large=asked.offset > _NARROW
    )


def _acknowledge(asked: calls.OplockBreakAcknowledge) -> Body:
    level = 1 if asked.level is Oplock.LEVEL_II else 0
    return files.LockingRequest(fid=asked.fid, kind=files.LOCKING_OPLOCK_RELEASE, level=level)


def _find_first(asked: calls.FindFirst) -> Body:
    return _transaction(
        transaction.FindFirstRequest(
            attributes=_SEARCH_ATTRIBUTES,
            count=asked.count,
            flags=FIND_CLOSE_AT_END if asked.close_at_end else 0,
            level=transaction.LEVEL_FIND_BOTH_DIRECTORY,
            pattern=asked.pattern,
        )
    )


def _find_next(asked: calls.FindNext) -> Body:
    return _transaction(
        transaction.FindNextRequest(
            sid=asked.sid,
            count=asked.count,
            level=transaction.LEVEL_FIND_BOTH_DIRECTORY,
            resume_key=0,
            flags=FIND_CLOSE_AT_END if asked.close_at_end else 0,
            name="",
        )
    )


def _transaction(asked: transaction.Trans2Request) -> Body:
    kind, parameters = encode_trans2(asked, unicode=True)
    return transaction.TransactionRequest(
        command=Command.TRANSACTION2,
        setup=(kind,),
        parameters=parameters,
        parameters_max=_PARAMETERS_MAX,
        data_max=_DATA_MAX,
    )


_BODIES: Mapping[type, Callable[[Any], Body]] = {
    calls.Open: _create,
    calls.Read: _read,
    calls.Write: _write,
    calls.Close: lambda asked: files.CloseRequest(fid=asked.fid),
    calls.OplockBreakAcknowledge: _acknowledge,
    calls.FindFirst: _find_first,
    calls.FindNext: _find_next,
    calls.FindClose: lambda asked: transaction.FindCloseRequest(sid=asked.sid),
    calls.TreeDisconnect: lambda _asked: session.TreeDisconnectRequest(),
    calls.LogOff: lambda _asked: session.LogoffRequest(),
    calls.Echo: lambda asked: session.EchoRequest(count=asked.count, data=asked.data),
}


_LEVELS = frozenset(int(level) for level in Oplock)


# --- replies -------------------------------------------------------------------------------


def results_of(
    requests: tuple[object, ...], header: SmbHeader, bodies: tuple[Body, ...]
) -> tuple[object, ...]:
    """A result for each part that was answered; a status is that of the last one.

    Raises ``PeerProtocolError`` for a reply to something else.
    """
    if len(bodies) > len(requests):
        raise PeerProtocolError(f"SMB reply: {len(bodies)} parts to {len(requests)} requests")
    if not header.status:
        return tuple(_result(*each, header) for each in zip(requests, bodies, strict=False))
    done = (_result(*each, header) for each in zip(requests, bodies[:-1], strict=False))
    fault = fault_of(header.status, is_nt=header.has_nt_status)
    return (*done, Refused(fault=fault, as_dos=not header.has_nt_status))


def _result(request: object, body: Body, header: SmbHeader) -> object:
    match request, body:
        case calls.Negotiate(), session.NegotiateResponse():
            return calls.Negotiated(max_mpx=body.mpx_max, max_vcs=body.vcs_max)
        case calls.Negotiate(), session.NegotiateCoreResponse():
            return Refused(fault=faults.INVALID_SMB)  # the server speaks none of our dialects
        case calls.SetUp(), session.SessionSetupResponse(action=action):
            return calls.SessionReady(uid=header.uid, guest=bool(action & session.ACTION_GUEST))
        case calls.TreeConnect(), session.TreeConnectResponse(service=service):
            return calls.TreeReady(tid=header.tid, is_ipc=service == figures.SERVICE_PIPE)
        case calls.Open(), files.NtCreateResponse(oplock=oplock) if oplock in _LEVELS:
            return calls.OpenReady(
                fid=body.fid,
                oplock=Oplock(oplock),
                size=body.size,
                created=body.action == CREATED,
            )
        case calls.Read(), files.ReadResponse(data=data):
            return calls.ReadData(data=data)
        case calls.Write(), files.WriteResponse(octets=octets):
            return calls.Written(count=octets)
        case calls.Echo(), session.EchoResponse(number=number, data=data):
            return calls.Echoed(sequence=number, data=data)
        case calls.FindFirst() | calls.FindNext(), transaction.TransactionResponse():
            return _found(request, body)
        case _ if isinstance(body, EmptyResponse | session.LogoffResponse | files.LockingResponse):
            return calls.Done()
        case _:
            raise PeerProtocolError(f"SMB reply: {type(body).__name__} to {request}")


def _found(
    request: calls.FindFirst | calls.FindNext, body: transaction.TransactionResponse
) -> calls.Found:
    names = tuple(each.name for each in decode_entries(body.data, unicode=True))
    if isinstance(request, calls.FindNext):
        is_end = bool(decode_found_next(body.parameters).end)
        sid = None if is_end and request.close_at_end else request.sid
        return calls.Found(sid=sid, names=names, is_end=is_end)
    told = decode_found_first(body.parameters)
    sid = None if told.sid == NO_SEARCH else told.sid
    return calls.Found(sid=sid, names=names, is_end=bool(told.end))


_KNOWN = tuple(each for each in vars(faults).values() if isinstance(each, Fault))
_BY_NT = {each.nt_status: each for each in reversed(_KNOWN)}
#: The general failure hides what it was from a client without NT status (redirector.md 3.4).
_BY_DOS = {
    each.dos_status: each
    for each in reversed(_KNOWN)
    if (each.dos_class, each.dos_code) != (faults.ERRHRD, 31)
}


def fault_of(status: int, *, is_nt: bool) -> Fault:
    """The fault of a status; one that is not known has the status for a name."""
    known = (_BY_NT if is_nt else _BY_DOS).get(status)
    if known is not None:
        return known
    dos_class, dos_code = dos_class_and_code(status)
    return Fault(name=f"0x{status:08X}", nt_status=status, dos_class=dos_class, dos_code=dos_code)
