"""How sessions and trees are given up, and the rules by which that is too early, late or never.

Read facts/redirector.md 0, 1.3, 2.4, 3.2.
"""

from __future__ import annotations

from emu.machines.redirector import statuses
from emu.machines.redirector.circuits import Circuits
from emu.machines.redirector.errands import CircuitLost, Errand, Errands, Failed, Way
from emu.machines.redirector.files import Files
from emu.machines.redirector.objects import Computer, Session, SrvOpen, VNetRoot
from emu.machines.redirector.params import LeakUntil, RedirectorParams
from emu.machines.redirector.requests import DisconnectShareWanted


class LogOffs:
    """Part of a redirector."""

    def __init__(
        self,
        params: RedirectorParams,
        errands: Errands,
        circuits: Circuits,
        files: Files,
        computer: Computer,
    ) -> None:
        self._params = params
        self._errands = errands
        self._circuits = circuits
        self._files = files
        self._computer = computer

    # A user goes.
    def give_up(self, session: Session) -> Way:
        """The user has gone, his handles and views too: end his session, or do not."""
        if session.uid is None:
            self._circuits.forget_uid(session)
            return
        for tree in session.trees.values():
            tree.drives.clear()
        rule = self._skipped_by(session)
        if rule:
            self._leak(session, rule)
        elif session.logon.is_service and not self._params.logs_off_idle_at_once:
            session.mark_ns = self._errands.now  # left to the scavenger (3.2, step 2)
        else:
            yield from self.finish(session)

    def _skipped_by(self, session: Session) -> str:
        """The rule by which an uncured redirector skips this log-off, empty for none."""
        if not self._params.q248371 and any(
            each.dormant_since_ns is not None for each in session.opens()
        ):
            return "q248371"
        others = [each for each in session.server.sessions.values() if each is not session]
        is_held = any(each.logon.is_service and any(each.opens()) for each in others)
        if not self._params.q150275 and not session.logon.is_service and is_held:
            return "q150275"
        return ""

    def _leak(self, session: Session, rule: str) -> None:
        """When a missed log-off ends is not known (facts/redirector.md 2.4): a switch."""
        self._errands.note("log-off-skipped", server=session.server.name, rule=rule)
        session.is_missed = True
        session.bars_keep_conn = self._params.leak_until is LeakUntil.VC_END
        session.mark_ns = self._errands.now

    def finish(self, session: Session) -> Way:
        """CLOSE, TREE_DISCONNECT, LOGOFF; or wait for who pages through a file (Q179983)."""
        session.is_withheld, session.is_finishing = False, True
        try:
            is_kept = yield from self._close_all(session)
            if session.has_uid and is_kept:
                session.is_withheld = True
                server = session.server.name
                self._errands.note("log-off-withheld", server=server, luid=session.logon.luid)
            elif session.has_uid:
                yield from self._end(session)
        finally:
            session.is_finishing = False

    def _end(self, session: Session) -> Way:
        for tree in tuple(session.trees.values()):
            yield from self._circuits.disconnect(tree)
        if not self._may_log_off(session):
            session.mark_ns = self._errands.now
        elif session.has_uid:
            yield from self._circuits.log_off(session)

    def _close_all(self, session: Session) -> Way:
        """Every file of a dead user; returns whether one is kept for others' pages."""
        while True:
            closable = [each for each in session.opens() if not self._is_pinned(each)]
            if not closable:
                return any(True for _each in session.opens())
            yield from self._files.close_on_wire(closable[0])

    def _is_pinned(self, opened: SrvOpen) -> bool:
        return self._params.q179983 and opened.section is not None

    def _may_log_off(self, session: Session) -> bool:
        """A share-level server takes a LOGOFF for everybody on the circuit (Q139506)."""
        server = session.server
        is_shared = any(each is not session for each in server.living_sessions())
        return not (self._params.q139506 and server.share_level and is_shared)

    def scavenge(self, session: Session) -> Errand:
        """A dead session whose own time is up (``reuse_rearms`` always)."""
        try:
            yield from self.finish(session)
        except CircuitLost:
            return

    # A share goes.
    def disconnect(self, session: Session | None, asked: DisconnectShareWanted) -> Way:
        """``net use /d``, or the end of a deviceless connection."""
        tree = None if session is None else session.trees.get(asked.share.upper())
        drive = asked.drive.upper()
        is_there = tree is not None and (
            drive in tree.drives or (not drive and tree.tid is not None)
        )
        if tree is None or not is_there:
            raise Failed(statuses.NOT_CONNECTED, "there is no such connection")
        why = self._in_use(tree, drive)
        if why:
            raise Failed(statuses.DEVICE_IN_USE, why)
        tree.drives.discard(drive)
        if tree.drives:
            return  # another name of the same tree
        if self._params.q179873 and self._is_used_otherwise(tree, drive):
            tree.ends_with_last_open = True
            return
        for each in tuple(tree.opens):
            if not each.references:
                yield from self._files.close_on_wire(each)
        yield from self._circuits.disconnect(tree)

    def _in_use(self, tree: VNetRoot, drive: str) -> str:
        """Why it must be refused, empty if not: device in use, 2404."""
        if any(each.drive == drive for opened in tree.opens for each in opened.handles):
            return "files are open on it"
        if self._params.q172530 and any(
            opened.section is not None and opened.section.drive == drive for opened in tree.opens
        ):
            return "a program runs from it"
        if not self._params.q214563 and any(
            each.dormant_since_ns is not None for each in tree.opens
        ):
            return "the cache refers to a file of it (Q214563)"
        return ""

    def _is_used_otherwise(self, tree: VNetRoot, drive: str) -> bool:
        return any(
            any(each.drive != drive for each in opened.handles)
            or (opened.section is not None and opened.section.drive != drive)
            for opened in tree.opens
        )
