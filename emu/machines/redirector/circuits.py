"""Circuits, sessions and trees: how they come to be, and how they go.

One VC a server for all logon sessions of the computer, each with its own UID and TIDs
(facts/redirector.md 1.2).  VcNumber is 0 (3.6).
"""

from __future__ import annotations

from contextlib import suppress

from emu.machines.redirector import statuses
from emu.machines.redirector.errands import (
    Ask,
    CircuitLost,
    Errand,
    Errands,
    Failed,
    Until,
    Way,
    result_of,
)
from emu.machines.redirector.objects import Logon, Session, SrvCall, SrvOpen, VNetRoot
from emu.machines.redirector.params import RedirectorParams, ReuseRearms
from emu.machines.redirector.requests import DataLost, Dial, HangUp
from emu.machines.redirector.snapshot import CircuitState
from emu.machines.smb.calls import (
    Echo,
    LogOff,
    Negotiate,
    Negotiated,
    SessionReady,
    SetUp,
    Standing,
    TreeConnect,
    TreeDisconnect,
    TreeReady,
)
from emu.machines.smb.faults import Fault

State = CircuitState

#: As a redirector on direct IPX says it: "Hello" (facts/ipx.md 1.11, capture T3).
ECHO = Echo(count=1, data=b"\x04Hello\0")


class Circuits:
    """Part of a redirector."""

    def __init__(self, params: RedirectorParams, errands: Errands) -> None:
        self._params = params
        self._errands = errands
        errands.used = self.used

    # Coming to be.
    def ready(self, server: SrvCall) -> Way:
        """Go on when the circuit is up; whoever comes first dials."""
        yield Until(lambda: server.state is not State.ENDING)
        if server.state is State.DOWN:
            server.state = State.DIALLING
            self._errands.deliver(Dial(server=server.name))
        yield Until(lambda: server.state in (State.UP, State.DOWN))
        if not server.is_up:
            raise Failed(statuses.BAD_NETWORK_PATH, server.cause)

    def negotiate(self, server: SrvCall) -> Errand:
        """The first exchange on a circuit, once (facts/redirector.md 1.1)."""
        server.state = State.NEGOTIATING
        server.max_commands = self._params.max_commands
        try:
            reply = yield from self._errands.ask(Ask(server=server, requests=(Negotiate(),)))
            told = result_of(reply, Negotiated)
        except CircuitLost:
            return
        except Failed as refusal:
            self.hang_up(server, f"NEGOTIATE: {refusal.why}")
            return
        server.state = State.UP
        server.max_commands = max(1, min(self._params.max_commands, told.max_mpx))
        server.share_level = told.share_level
        server.bare_since_ns = self._errands.now

    def tree(self, server: SrvCall, logon: Logon, share: str) -> Way:
        """The user's V_NET_ROOT, set up and connected; returns it.

        The first use chains SESSION_SETUP and TREE_CONNECT (Q139608).
        """
        yield from self.ready(server)
        session = server.sessions.get(logon.luid)
        if session is None:
            session = server.sessions[logon.luid] = Session(server=server, logon=logon)
        tree, circuit = session.tree(share), server.circuits
        yield Until(lambda: not (session.is_setting_up or tree.is_connecting))
        if server.circuits != circuit:
            raise CircuitLost(server.cause)
        if session.uid is None:
            yield from self._set_up(session, tree)
        elif tree.tid is None:
            yield from self._connect(session, tree)
        return tree

    def _set_up(self, session: Session, tree: VNetRoot) -> Way:
        set_up = SetUp(user=session.logon.user, standing=Standing.USER, vc_number=0)
        requests = (set_up, TreeConnect(share=tree.net_root.share))
        session.is_setting_up = True
        try:
            reply = yield from self._errands.ask(
                Ask(server=session.server, requests=requests, user=session)
            )
            session.uid = result_of(reply, SessionReady).uid
            tree.tid = result_of(reply, TreeReady, index=1).tid
            self.used(session.server, session)
        finally:
            session.is_setting_up = False

    def _connect(self, session: Session, tree: VNetRoot) -> Way:
        connect = TreeConnect(share=tree.net_root.share)
        tree.is_connecting = True
        try:
            reply = yield from self._errands.ask(self.by(session, connect))
            tree.tid = result_of(reply, TreeReady).tid
        except Failed as refusal:
            self.heed(session.server, refusal.fault, uid=session.uid)
            raise
        finally:
            tree.is_connecting = False

    def by(self, session: Session, request: object, *, tid: int = 0) -> Ask:
        """A program's request under its session's UID."""
        return Ask(
            server=session.server,
            requests=(request,),
            uid=session.uid or 0,
            tid=tid,
            user=session,
        )

    # Use and idleness.
    def used(self, server: SrvCall, user: Session) -> None:
        """Use of the circuit, by anybody, takes the marks of the others away (3.2, step 4).

        Nobody sets a dead session's again unless ``reuse_rearms`` says so; one whose log-off was
        missed has KeepConn from the last use (2.4, "later").
        """
        is_rearmed = self._params.reuse_rearms is ReuseRearms.ALWAYS
        for each in server.sessions.values():
            if each is user and each.logon.is_alive:
                each.mark_ns = self._errands.now
            elif each.mark_ns is not None:
                is_set_anew = is_rearmed or each.is_missed
                each.mark_ns = self._errands.now if is_set_anew else None

    def echo(self, server: SrvCall) -> Errand:
        """Something to say on a circuit that nobody asks below; no use of it by anybody."""
        with suppress(CircuitLost, Failed):
            yield from self._errands.ask(Ask(server=server, requests=(ECHO,)))

    # Going.
    def disconnect(self, tree: VNetRoot) -> Way:
        """TREE_DISCONNECT.  What is open below it goes too, and no CLOSE is sent for it."""
        session, tid = tree.session, tree.tid
        tree.tid, tree.ends_with_last_open = None, False
        for opened in tuple(tree.opens):
            self.kill(opened)
        if tid is not None and session.uid is not None:
            yield from self._errands.ask(
                Ask(server=session.server, requests=(TreeDisconnect(),), uid=session.uid, tid=tid)
            )

    def log_off(self, session: Session) -> Way:
        """LOGOFF; a dead session is forgotten, a living one may be set up again."""
        server, uid = session.server, session.uid
        self.forget_uid(session)
        if uid is not None:
            yield from self._errands.ask(Ask(server=server, requests=(LogOff(),), uid=uid))

    def end(self, server: SrvCall) -> Errand:
        """The scavenger's work: tree disconnect, log-off, hang up (facts/redirector.md 3.1)."""
        server.state = State.ENDING
        try:
            for session in server.living_sessions():
                for tree in tuple(session.trees.values()):
                    yield from self.disconnect(tree)
                yield from self.log_off(session)
        except CircuitLost:
            return
        self.hang_up(server, "idle for KeepConn")

    def hang_up(self, server: SrvCall, cause: str) -> None:
        self._errands.deliver(HangUp(server=server.name))
        self.lost(server, cause)

    def lost(self, server: SrvCall, cause: str) -> None:
        """Numbers are worth nothing any more; what is kept is what a program still holds."""
        server.state, server.cause = State.DOWN, cause
        server.circuits += 1
        for session in tuple(server.sessions.values()):
            self.forget_uid(session)
        self._errands.lost(server, cause)

    def forget_uid(self, session: Session) -> None:
        """The session is gone on the server, and its trees and files with it."""
        session.uid = session.mark_ns = None
        session.bars_keep_conn = session.is_withheld = False
        for tree in session.trees.values():
            tree.tid, tree.ends_with_last_open = None, False
            for opened in tuple(tree.opens):
                self.kill(opened)
        if not session.logon.is_alive:
            session.server.sessions.pop(session.logon.luid, None)
        session.server.bare_since_ns = self._errands.now

    def kill(self, opened: SrvOpen) -> None:
        """Its FID is dead, and with it what was written behind."""
        self.detach(opened)
        self.lose_octets(opened)

    def lose_octets(self, opened: SrvOpen) -> None:
        """What was written behind will never be told."""
        octets = opened.dirty_octets
        opened.dirty.clear()
        opened.dirty_since_ns = None
        if octets:
            self._errands.deliver(
                DataLost(
                    server=opened.server.name,
                    path=opened.fcb.path,
                    luid=opened.tree.session.logon.luid,
                    octets=octets,
                )
            )

    def detach(self, opened: SrvOpen) -> None:
        """Nobody collapses onto it any more."""
        if opened.is_alive:
            opened.is_alive, opened.dormant_since_ns = False, None
            opened.tree.opens.remove(opened)
            opened.server.changed_ns = self._errands.now

    def heed(
        self, server: SrvCall, fault: Fault | None, *, uid: int | None, tid: int | None = None
    ) -> None:
        """The server does not know our user or our tree: somebody else has ended it there."""
        if fault is None:
            return
        for session in tuple(server.sessions.values()):
            if session.uid is None or session.uid != uid:
                continue
            if statuses.is_dead_user(fault):
                self.forget_uid(session)
            elif statuses.is_dead_tree(fault):
                self._forget_tid(session, tid)

    def _forget_tid(self, session: Session, tid: int | None) -> None:
        for tree in session.trees.values():
            if tree.tid is not None and tree.tid == tid:
                tree.tid = None
                for opened in tuple(tree.opens):
                    self.kill(opened)
