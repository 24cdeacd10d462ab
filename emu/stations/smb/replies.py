"""What the server machine's results look like in SMB.

Times of files are 0 and attributes plain, for the machine knows none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from emu.machines.smb import calls
from emu.machines.smb.calls import Oplock
from emu.pdu.smb import files, session, transaction
from emu.pdu.smb.header import (
    MID_OPLOCK_BREAK,
    PID_OPLOCK_BREAK,
    Flags,
    Flags2,
    SmbHeader,
)
from emu.pdu.smb.message import Body, EmptyResponse, Smb
from emu.stations.smb import figures
from emu.stations.smb.searches import ATTRIBUTES_NORMAL, found_reply

#: Flags2 of a request that its reply repeats; nothing is signed and no blob is exchanged here.
_REPEATED = Flags2.UNICODE | Flags2.NT_STATUS | Flags2.LONG_NAMES | Flags2.EXTENDED_ATTRIBUTES
#: Action of an open: there was a file, a new one was made, the old one was emptied.
OPENED, CREATED, OVERWRITTEN = 1, 2, 3
#: OPEN_ANDX's action: an oplock was granted (MS-CIFS 2.2.4.41.2).
ACTION_OPLOCK = 0x8000
_EMPTYING = (0, 4, 5)
_CLUSTER = 4096
#: Optional support of a tree: exclusive search bits (MS-CIFS 2.2.4.55.2), as in the vectors.
TREE_OPTIONAL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """How one server names itself.  ``domain``: for NEGOTIATE and a session's set-up."""

    domain: str

    def negotiated(
        self,
        result: calls.Negotiated,
        *,
        index: int,
        challenge: bytes,
        buffer_max: int,
        now: int,
    ) -> Body:
        return session.NegotiateResponse(
            index=index,
            security=session.SECURITY_USER_CHALLENGE,
            mpx_max=result.max_mpx,
            vcs_max=result.max_vcs,
            buffer_max=buffer_max,
            raw_max=figures.RAW_MAX,
            session_key=figures.SESSION_KEY,
            capabilities=session.NT4_SERVER_CAPABILITIES,
            time=figures.file_time(now),
            zone_min=0,
            challenge=challenge,
            domain=self.domain,
        )

    def reply(self, body: Body, request: object, result: object, *, unicode: bool) -> Body:
        """The reply to ``body``, which became ``request`` and had ``result``: no refusal."""
        match result, body:
            case calls.SessionReady(), _:
                return session.SessionSetupResponse(
                    action=session.ACTION_GUEST if result.guest else 0,
                    system=figures.SERVER_SYSTEM,
                    lan_manager=figures.SERVER_LAN_MANAGER,
                    domain=self.domain,
                )
            case calls.TreeReady(is_ipc=is_ipc), _:
                return session.TreeConnectResponse(
                    optional=TREE_OPTIONAL,
                    service=figures.SERVICE_PIPE if is_ipc else figures.SERVICE_DISK,
                    file_system="" if is_ipc else figures.FILE_SYSTEM,
                )
            case calls.OpenReady(), files.OpenRequest():
                return _open_ready(result, body, _action(request, result))
            case calls.OpenReady(), _:
                return _create_ready(result, _action(request, result))
            case calls.ReadData(data=data), _:
                return files.ReadResponse(data=data)
            case calls.Written(count=count), _:
                return files.WriteResponse(octets=count)
            case calls.Echoed(sequence=number, data=data), _:
                return session.EchoResponse(number=number, data=data)
            case calls.Found(), transaction.TransactionRequest():
                return found_reply(body, result, unicode=unicode)
            case calls.Done(), session.LogoffRequest():
                return session.LogoffResponse()
            case calls.Done(), files.LockingRequest():
                return files.LockingResponse()
            case calls.Done(), _:
                return EmptyResponse(command=body.command)
            case _:
                raise AssertionError(f"{result} for {body}")


def _action(request: object, result: calls.OpenReady) -> int:
    if result.created:
        return CREATED
    empties = isinstance(request, calls.Open) and request.disposition in _EMPTYING
    return OVERWRITTEN if empties else OPENED


def _create_ready(result: calls.OpenReady, action: int) -> Body:
    return files.NtCreateResponse(
        oplock=result.oplock,
        fid=result.fid,
        action=action,
        created=0,
        accessed=0,
        written=0,
        changed=0,
        attributes=ATTRIBUTES_NORMAL,
        allocation=-(-result.size // _CLUSTER) * _CLUSTER,
        size=result.size,
        file_type=0,
        state=0,
        directory=0,
    )


def _open_ready(result: calls.OpenReady, body: files.OpenRequest, action: int) -> Body:
    """Level II is not told to who asked in this older way (G)."""
    has_oplock = result.oplock in (Oplock.EXCLUSIVE, Oplock.BATCH)
    return files.OpenResponse(
        fid=result.fid,
        attributes=0,
        written=0,
        size=result.size,
        access=body.access & 7,
        file_type=0,
        state=0,
        action=action | (ACTION_OPLOCK if has_oplock else 0),
    )


def reply_header(request: SmbHeader, *, uid: int, tid: int) -> SmbHeader:
    """MID and PID of the request, the reply's bit, and what both agree on of Flags2."""
    return replace(
        request,
        status=0,
        flags=(request.flags & 0x7F) | Flags.REPLY,
        flags2=request.flags2 & _REPEATED,
        key=0,
        cid=0,
        sequence=0,
        reserved=0,
        uid=uid,
        tid=tid,
    )


def with_refusal(header: SmbHeader, refused: calls.Refused) -> SmbHeader:
    """The status in the form that was negotiated; ``as_dos`` clears the bit (redirector.md 3.4)."""
    if refused.as_dos or not header.has_nt_status:
        flags2 = header.flags2 & ~Flags2.NT_STATUS
        return replace(header, status=refused.fault.dos_status, flags2=flags2)
    return replace(header, status=refused.fault.nt_status)


def oplock_break(told: calls.BreakOplock) -> Smb:
    """Server to client, no reply to anything (facts/redirector.md 4.3)."""
    header = SmbHeader(tid=told.tid, pid=PID_OPLOCK_BREAK, mid=MID_OPLOCK_BREAK)
    level = 1 if told.level is Oplock.LEVEL_II else 0
    body = files.LockingRequest(fid=told.fid, kind=files.LOCKING_OPLOCK_RELEASE, level=level)
    return Smb(header=header, bodies=(body,))
