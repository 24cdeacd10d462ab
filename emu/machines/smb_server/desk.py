"""Where every request comes in: what must it name, does that live, and who does it.

A request that has no row, or comes before NEGOTIATE, is refused and changes nothing (INVALID_SMB:
G); so is a second NEGOTIATE.  The order UID, TID, FID is that of MS-CIFS (G).

Read facts/redirector.md 1.1, 3.3 to 3.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emu.machines.base import Effect
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Call,
    Done,
    Echo,
    Echoed,
    LogOff,
    Negotiate,
    Negotiated,
    Refused,
    SessionReady,
    SetUp,
    Standing,
    TreeConnect,
    TreeReady,
)
from emu.machines.smb_server.answers import answer, limited, refused
from emu.machines.smb_server.book import Book
from emu.machines.smb_server.limits import refuse_session, refuse_tree
from emu.machines.smb_server.objects import Connection, Session, Tree
from emu.machines.smb_server.on_tree import ON_TREE, Place, TreeWork
from emu.machines.smb_server.params import BadUid, ServerParams, VcZero


class Desk:
    """Part of a server; it shares its book."""

    def __init__(self, params: ServerParams, book: Book, work: TreeWork) -> None:
        self._params = params
        self._book = book
        self._work = work

    def call(self, call: Call, now: int) -> list[Effect]:
        """One request of a client."""
        connection = self._book.connections.get(call.connection)
        if connection is None:
            return []  # it was under way when the circuit was dropped; nobody is there to answer
        if self._params.echo_is_activity or not isinstance(call.request, Echo):
            connection.last_ns = now
        kind = type(call.request)
        if connection.is_negotiated == (kind is Negotiate):
            return [refused(call, faults.INVALID_SMB)]
        if kind in ON_CONNECTION:
            return ON_CONNECTION[kind].action(self, call, call.request, connection, now)
        if kind not in ON_SESSION and kind not in ON_TREE:
            return [refused(call, faults.INVALID_SMB)]
        return self._by_session(call, connection, now)

    def _by_session(self, call: Call, connection: Connection, now: int) -> list[Effect]:
        session = connection.sessions.get(call.uid)
        if session is None:
            return self._refuse(call, self._bad_uid())
        session.last_ns = now
        row = ON_SESSION.get(type(call.request))
        if row is not None:
            return row.action(self, call, call.request, session, now)
        tree = connection.trees.get(call.tid)
        if tree is None:
            return self._refuse(call, Refused(fault=faults.SMB_BAD_TID))
        return self._work.do(Place(call=call, session=session, tree=tree), now)

    def _refuse(self, call: Call, how: Refused) -> list[Effect]:
        """An acknowledgement of a break has no reply, not even this one."""
        row = ON_TREE.get(type(call.request))
        return [answer(call, how)] if row is None or row.is_answered else []

    def _bad_uid(self) -> Refused:
        if self._params.bad_uid is BadUid.SESSION_DELETED:
            return Refused(fault=faults.USER_SESSION_DELETED)
        is_dos = self._params.bad_uid is BadUid.DOS
        return Refused(fault=faults.SMB_BAD_UID, as_dos=is_dos)

    # On a connection.
    def on_negotiate(
        self, call: Call, asked: Negotiate, connection: Connection, _now: int
    ) -> list[Effect]:
        connection.is_negotiated = True
        connection.extended_security = asked.extended_security
        params = self._params
        told = Negotiated(
            max_mpx=params.max_mpx, max_vcs=params.max_vcs, share_level=params.share_level
        )
        return [answer(call, told)]

    def on_echo(self, call: Call, asked: Echo, _on: Connection, _now: int) -> list[Effect]:
        """A reply for each; a client may not order 65,535 of them."""
        count = min(asked.count, self._params.echoes_max)
        return [
            answer(call, Echoed(sequence=number, data=asked.data)) for number in range(1, count + 1)
        ]

    def on_set_up(self, call: Call, asked: SetUp, connection: Connection, now: int) -> list[Effect]:
        """Who fails to log on ends nobody's VC; who succeeds gets his own old places back."""
        if asked.standing is Standing.REJECTED:
            return [refused(call, faults.LOGON_FAILURE)]
        ended: list[Effect] = []
        for other in self._forgotten(connection) if asked.vc_number == 0 else ():
            ended += self._book.drop(other, f"VC 0 from connection {connection.serial}")
        refusal = refuse_session(
            self._params,
            standing=asked.standing,
            client=connection.client,
            on_this_vc=len(connection.sessions),
            living=self._book.statistics.sessions_open,
            by_client=self._book.sessions_by_client,
        )
        if refusal is not None:
            return [*ended, *limited(call, refusal)]
        return [*ended, *self._begin_session(call, asked, connection, now)]

    def _forgotten(self, connection: Connection) -> list[Connection]:
        """The VCs that a set-up with VcNumber 0 declares forgotten (facts/redirector.md 3.6)."""
        match self._params.vc_zero_match:
            case VcZero.NETBIOS_NAME:
                mine = connection.client
                same = [each for each in self._others(connection) if mine and each.client == mine]
            case VcZero.IP_ADDRESS:  # Samba's "reset on zero vc" (facts/redirector.md 5)
                same = self._at_the_same_address(connection)
            case VcZero.IP_ADDRESS_EXTSEC if connection.extended_security:
                same = self._at_the_same_address(connection)
            case _:
                same = []
        return same

    def _at_the_same_address(self, connection: Connection) -> list[Connection]:
        mine = connection.about.address
        return [each for each in self._others(connection) if each.about.address == mine]

    def _others(self, connection: Connection) -> list[Connection]:
        return [each for each in self._book.connections.values() if each is not connection]

    def _begin_session(
        self, call: Call, asked: SetUp, connection: Connection, now: int
    ) -> list[Effect]:
        connection.level_ii = asked.level_ii
        session = Session(
            connection=connection,
            uid=connection.sessions.free_number(),
            user=asked.user,
            standing=asked.standing,
            client_type=asked.client_type,
            since_ns=now,
            last_ns=now,
        )
        connection.sessions.add(session)
        guest = asked.standing is Standing.GUEST
        ready = SessionReady(uid=session.uid, guest=guest)
        return [self._book.begin_session(session), answer(call, ready, uid=session.uid)]

    # On a session.
    def on_log_off(self, call: Call, _asked: LogOff, session: Session, _now: int) -> list[Effect]:
        """A share-level server cannot tell users apart: it ends them all (Q139506)."""
        frees_trees = self._params.logoff_frees_trees
        leaving = session.connection.sessions if self._params.share_level else (session,)
        ended: list[Effect] = []
        for each in leaving:
            ended += self._book.end_session(each, "logged off", frees_trees=frees_trees)
        return [*ended, answer(call, Done())]

    def on_tree_connect(
        self, call: Call, asked: TreeConnect, session: Session, _now: int
    ) -> list[Effect]:
        share = self._book.shares.get(asked.share.upper())
        if share is None:
            return [refused(call, faults.BAD_NETWORK_NAME)]
        if session.standing is Standing.ANONYMOUS and not share.is_ipc:
            return [refused(call, faults.ACCESS_DENIED)]  # G: null sessions get IPC$ only
        trees = session.connection.trees
        refusal = refuse_tree(
            self._params, on_this_vc=len(trees), uses=share.uses, users_max=share.users_max
        )
        if refusal is not None:
            return limited(call, refusal)
        tree = Tree(session=session, tid=trees.free_number(), share=share)
        trees.add(tree)
        ready = TreeReady(tid=tree.tid, is_ipc=share.is_ipc)
        return [self._book.begin_tree(tree), answer(call, ready, tid=tree.tid)]


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """What does a request that needs no session, and who says so."""

    action: Callable[[Desk, Call, Any, Connection, int], list[Effect]]
    citation: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """What does a request that needs a session and no tree, and who says so."""

    action: Callable[[Desk, Call, Any, Session, int], list[Effect]]
    citation: str


ON_CONNECTION: Mapping[type, ConnectionRow] = {
    Negotiate: ConnectionRow(Desk.on_negotiate, "redirector.md 1.1: once"),
    SetUp: ConnectionRow(Desk.on_set_up, "redirector.md 3.3, 3.4, 3.6"),
    Echo: ConnectionRow(Desk.on_echo, "redirector.md 4.3: 1 to count"),
}
ON_SESSION: Mapping[type, SessionRow] = {
    TreeConnect: SessionRow(Desk.on_tree_connect, "redirector.md 1.1, 2.4"),
    LogOff: SessionRow(Desk.on_log_off, "redirector.md 1.1, D4"),
}
