"""What a part of a client's message asks of the server machine.

What the machine has no request for becomes ``Unsupported``, which it refuses like any request
it does not know.  Left out: disconnecting the header's tree by TREE_CONNECT's flag, paths
relative to an open directory, delete on close, locks, transactions of several messages, pipes.

Bits of NT_CREATE_ANDX and OPEN_ANDX beyond facts/redirector.md 4.3: MS-CIFS 2.2.4.64.1 and
2.2.4.41.1 from memory (G).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emu.machines.smb import calls
from emu.machines.smb.calls import Access, Disposition, Oplock
from emu.pdu.smb import files, session, transaction
from emu.pdu.smb.message import Body
from emu.stations.smb.searches import search_of

#: Bits of an access mask: data, append, execute, generic ones, all that is allowed.
ACCESS_READ = 0x0000_0001 | 0x0000_0020 | 0x8000_0000 | 0x2000_0000 | 0x1000_0000 | 0x0200_0000
ACCESS_WRITE = 0x0000_0002 | 0x0000_0004 | 0x4000_0000 | 0x1000_0000 | 0x0200_0000
ACCESS_DELETE = 0x0001_0000 | 0x1000_0000 | 0x0200_0000
SHARE_READ, SHARE_WRITE, SHARE_DELETE = 1, 2, 4

#: OPEN_ANDX: what an existing file and a missing one mean (mode's low half and bit 10).
_DISPOSITIONS = {
    (1, False): Disposition.OPEN,
    (1, True): Disposition.OPEN_IF,
    (2, False): Disposition.OVERWRITE,
    (2, True): Disposition.OVERWRITE_IF,
    (0, True): Disposition.CREATE,
}
#: OPEN_ANDX: access in the three low bits (execute reads), sharing in the three from 10 on.
_ACCESS = {
    0: Access.READ,
    1: Access.WRITE,
    2: Access.READ | Access.WRITE,
    3: Access.READ,
}
_SHARING = {
    0: Access.READ | Access.WRITE,  # compatibility mode, taken for "deny none"
    1: Access.NOTHING,
    2: Access.READ,
    3: Access.WRITE,
    4: Access.READ | Access.WRITE,
}


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something that this server does not do."""


UNSUPPORTED = Unsupported()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """``fid``: what an open before it in the chain gave, which then counts (G), or None.

    ``octets_max``: how much the answer to a read may carry.
    """

    fid: int | None
    unicode: bool
    octets_max: int

    def fid_of(self, claimed: int) -> int:
        return claimed if self.fid is None else self.fid


def request_of(body: Body, context: Context) -> object:
    """Of every body but those of a negotiation and a session's set-up, which want a judge."""
    row = _ROWS.get(type(body))
    return UNSUPPORTED if row is None else row(body, context)


def _tree(body: session.TreeConnectRequest, _context: Context) -> object:
    return calls.TreeConnect(share=body.path.rsplit("\\", 1)[-1])


def _create(body: files.NtCreateRequest, _context: Context) -> object:
    if body.root or body.disposition > max(Disposition):
        return UNSUPPORTED
    bits = (
        (ACCESS_READ, Access.READ),
        (ACCESS_WRITE, Access.WRITE),
        (ACCESS_DELETE, Access.DELETE),
    )
    shares = (
        (SHARE_READ, Access.READ),
        (SHARE_WRITE, Access.WRITE),
        (SHARE_DELETE, Access.DELETE),
    )
    return calls.Open(
        path=body.name,
        access=_chosen(body.access, bits),
        share=_chosen(body.share, shares),
        disposition=Disposition(body.disposition),
        oplock=_oplock(body.flags),
    )


def _chosen(mask: int, bits: tuple[tuple[int, Access], ...]) -> Access:
    chosen = Access.NOTHING
    for bit, access in bits:
        chosen |= access if mask & bit else Access.NOTHING
    return chosen


def _oplock(flags: int) -> Oplock:
    if flags & files.CREATE_WANTS_BATCH_OPLOCK:
        return Oplock.BATCH
    return Oplock.EXCLUSIVE if flags & files.CREATE_WANTS_OPLOCK else Oplock.NONE


def _open(body: files.OpenRequest, _context: Context) -> object:
    """The oplock's two bits are NT_CREATE_ANDX's."""
    disposition = _DISPOSITIONS.get((body.mode & 0x0F, bool(body.mode & 0x10)))
    access, sharing = _ACCESS.get(body.access & 7), _SHARING.get(body.access >> 4 & 7)
    if disposition is None or access is None or sharing is None:
        return UNSUPPORTED
    return calls.Open(
        path=body.name,
        access=access,
        share=sharing,
        disposition=disposition,
        oplock=_oplock(body.flags),
    )


def _read(body: files.ReadRequest, context: Context) -> object:
    """No more than the client has room for: it told its MaxBuffer."""
    length = min(body.octets_max, context.octets_max)
    return calls.Read(fid=context.fid_of(body.fid), offset=body.offset, length=length)


def _write(body: files.WriteRequest, context: Context) -> object:
    return calls.Write(fid=context.fid_of(body.fid), offset=body.offset, data=body.data)


def _close(body: files.CloseRequest, context: Context) -> object:
    return calls.Close(fid=context.fid_of(body.fid))


def _locking(body: files.LockingRequest, _context: Context) -> object:
    """Only the answer to a break; levels as facts/redirector.md 4.3 has them, 0 and 1."""
    if not body.kind & files.LOCKING_OPLOCK_RELEASE or body.locks or body.unlocks:
        return UNSUPPORTED
    level = Oplock.LEVEL_II if body.level == 1 else Oplock.NONE
    return calls.OplockBreakAcknowledge(fid=body.fid, level=level)


def _transact(body: transaction.TransactionRequest, context: Context) -> object:
    asked = search_of(body, unicode=context.unicode, octets_max=context.octets_max)
    return UNSUPPORTED if asked is None else asked


_ROWS: Mapping[type, Callable[[Any, Context], object]] = {
    session.TreeConnectRequest: _tree,
    session.TreeDisconnectRequest: lambda _body, _context: calls.TreeDisconnect(),
    session.LogoffRequest: lambda _body, _context: calls.LogOff(),
    session.EchoRequest: lambda body, _context: calls.Echo(count=body.count, data=body.data),
    files.NtCreateRequest: _create,
    files.OpenRequest: _open,
    files.ReadRequest: _read,
    files.WriteRequest: _write,
    files.CloseRequest: _close,
    files.LockingRequest: _locking,
    transaction.TransactionRequest: _transact,
    transaction.FindCloseRequest: lambda body, _context: calls.FindClose(sid=body.sid),
}
