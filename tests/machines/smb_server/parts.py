"""What the SMB server's tests are made of: a dialogue that knows the usual steps by heart.

Every helper states the numbers it expects; none asks the machine for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import pytest

from emu.machines.smb.calls import (
    Access,
    Answer,
    Call,
    Disposition,
    Done,
    Negotiate,
    Negotiated,
    Open,
    OpenReady,
    Oplock,
    Refused,
    SessionReady,
    SetUp,
    Standing,
    TreeConnect,
    TreeReady,
)
from emu.machines.smb.faults import Fault
from emu.machines.smb_server import NT4_SERVER, ServerParams, ShareSetting, SmbServer
from emu.machines.smb_server.events import Began, Ceased, Connected, Kind
from tests.machines.dialogue import Dialogue

SHARES = (
    ShareSetting(name="DATA", files={"TOOL.DLL": b"image", "A.TXT": b"alpha", "B.TXT": b"beta"}),
    ShareSetting(name="TWO", users_max=2, files={"C.TXT": b"gamma"}),
    ShareSetting(name="IPC$", is_ipc=True, files={"SRVSVC": b""}),
)
BOTH = Access.READ | Access.WRITE


def call(connection: int, request: object, *, uid: int = 0, tid: int = 0, tag: int = 1) -> Call:
    return Call(connection=connection, tag=tag, uid=uid, tid=tid, request=request)


def answer(connection: int, result: object, *, uid: int = 0, tid: int = 0, tag: int = 1) -> Answer:
    return Answer(connection=connection, tag=tag, uid=uid, tid=tid, result=result)


def began(kind: Kind, connection: int, number: int, what: str, uid: int = 0) -> Began:
    return Began(kind=kind, connection=connection, number=number, uid=uid, what=what)


def ceased(kind: Kind, connection: int, number: int, what: str, cause: str, uid: int = 0) -> Ceased:
    return Ceased(kind=kind, connection=connection, number=number, uid=uid, what=what, cause=cause)


def wanted(
    path: str,
    *,
    access: Access = Access.READ,
    share: Access = BOTH,
    oplock: Oplock = Oplock.NONE,
    disposition: Disposition = Disposition.OPEN,
) -> Open:
    return Open(path=path, access=access, share=share, oplock=oplock, disposition=disposition)


class Talk(Dialogue):
    """A dialogue with a server that has the three shares above."""

    def __init__(
        self,
        params: ServerParams = NT4_SERVER,
        shares: tuple[ShareSetting, ...] = SHARES,
        *,
        start_ns: int = 0,
    ) -> None:
        self.server = SmbServer(params, shares, now=start_ns)
        super().__init__(self.server, start_ns=start_ns)

    def connected(
        self,
        connection: int,
        client: str = "WS1",
        *,
        address: str = "10.0.0.1",
        extsec: bool = False,
        is_direct_ipx: bool = False,
        transport: str = "nbt",
    ) -> Self:
        """A circuit, negotiated."""
        about = Connected(
            connection=connection,
            client=client,
            address=address,
            transport=transport,
            is_direct_ipx=is_direct_ipx,
        )
        self.asked(about).delivers(began(Kind.CONNECTION, connection, connection, client))
        self.receives(call(connection, Negotiate(extended_security=extsec)))
        return self.sends(answer(connection, Negotiated(max_mpx=50, max_vcs=1)))

    def log_on(
        self,
        connection: int,
        user: str,
        uid: int,
        *,
        standing: Standing = Standing.USER,
        vc_number: int = 1,
        level_ii: bool = True,
    ) -> Self:
        """A log-on that is let in and gets this UID."""
        asked = SetUp(
            user=user,
            standing=standing,
            vc_number=vc_number,
            level_ii=level_ii,
            client_type="Windows NT 1381",
        )
        self.receives(call(connection, asked))
        self.delivers(began(Kind.SESSION, connection, uid, user, uid))
        ready = SessionReady(uid=uid, guest=standing is Standing.GUEST)
        return self.sends(answer(connection, ready, uid=uid))

    def tree(self, connection: int, uid: int, tid: int, share: str = "DATA") -> Self:
        self.receives(call(connection, TreeConnect(share=share), uid=uid))
        self.delivers(began(Kind.TREE, connection, tid, share, uid))
        ready = TreeReady(tid=tid, is_ipc=share == "IPC$")
        return self.sends(answer(connection, ready, uid=uid, tid=tid))

    def opened(
        self,
        connection: int,
        uid: int,
        tid: int,
        fid: int,
        asked: Open,
        *,
        size: int,
        oplock: Oplock = Oplock.NONE,
        tag: int = 1,
    ) -> Self:
        """An open that is answered at once with this FID."""
        self.receives(call(connection, asked, uid=uid, tid=tid, tag=tag))
        return self.ready(connection, uid, tid, fid, asked, size=size, oplock=oplock, tag=tag)

    def ready(
        self,
        connection: int,
        uid: int,
        tid: int,
        fid: int,
        asked: Open,
        *,
        size: int,
        oplock: Oplock = Oplock.NONE,
        tag: int = 1,
    ) -> Self:
        """The answer to an open that may have waited."""
        self.delivers(began(Kind.OPEN, connection, fid, asked.path, uid))
        ready = OpenReady(fid=fid, oplock=oplock, size=size, created=False)
        return self.sends(answer(connection, ready, uid=uid, tid=tid, tag=tag))

    def asks(
        self,
        connection: int,
        request: object,
        result: object,
        *,
        uid: int = 0,
        tid: int = 0,
        tag: int = 1,
    ) -> Self:
        """A request and its answer, and nothing else begins or ends by it."""
        self.receives(call(connection, request, uid=uid, tid=tid, tag=tag))
        return self.sends(answer(connection, result, uid=uid, tid=tid, tag=tag))

    def refused(
        self, connection: int, request: object, fault: Fault, *, uid: int = 0, tid: int = 0
    ) -> Self:
        return self.asks(connection, request, Refused(fault=fault), uid=uid, tid=tid)

    def done(self, connection: int, *, uid: int = 0, tid: int = 0) -> Self:
        return self.sends(answer(connection, Done(), uid=uid, tid=tid))

    def counts(self, sessions: int, files: int) -> Self:
        """What ``net statistics server`` would show."""
        assert self.server.statistics.sessions_open == sessions
        assert self.server.statistics.files_open == files
        return self


def does_not_come_out(story: Callable[[ServerParams], None], params: ServerParams) -> None:
    """Told to a server with these numbers, the story fails."""
    before = len(Dialogue.opened)
    with pytest.raises(AssertionError):
        story(params)
    del Dialogue.opened[before:]  # they broke off, as they should
