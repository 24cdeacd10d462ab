"""Files: collapsing opens, dormant ones, write-behind, and oplocks that are broken.

Read facts/redirector.md 2.  Simplifications: reads always go to the wire (what is written behind is
told first); directories, byte-range locks and delete-on-close are left out.
"""

from __future__ import annotations

from emu.machines.redirector import statuses
from emu.machines.redirector.circuits import Circuits
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
from emu.machines.redirector.objects import (
    Computer,
    Fobx,
    Logon,
    NetRoot,
    SrvCall,
    SrvOpen,
    VNetRoot,
)
from emu.machines.redirector.params import RedirectorParams
from emu.machines.redirector.requests import Broken, OpenWanted, SentAs
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Access,
    Close,
    Disposition,
    Open,
    OpenReady,
    Oplock,
    OplockBreakAcknowledge,
    Read,
    ReadData,
    Write,
    Written,
)

#: Oplocks under which what is written may stay with the client for a while.
ALONE = (Oplock.EXCLUSIVE, Oplock.BATCH)


class Files:
    """Part of a redirector."""

    def __init__(
        self, params: RedirectorParams, errands: Errands, circuits: Circuits, computer: Computer
    ) -> None:
        self._params = params
        self._errands = errands
        self._circuits = circuits
        self._computer = computer

    # Opening.
    def open(self, server: SrvCall, logon: Logon, asked: OpenWanted) -> Way:
        """Without wire where an open of the same V_NET_ROOT fits (facts/redirector.md 2.1)."""
        tree = yield from self._circuits.tree(server, logon, asked.share)
        opened = self._fitting(tree, asked)
        if opened is None:
            opened = yield from self._create(tree, asked)
        fobx = Fobx(handle=asked.handle, logon=logon, drive=asked.drive, opened=opened)
        opened.handles.append(fobx)
        opened.dormant_since_ns = None
        self._computer.handles[asked.handle] = fobx

    def _fitting(self, tree: VNetRoot, asked: OpenWanted) -> SrvOpen | None:
        if asked.disposition not in (Disposition.OPEN, Disposition.OPEN_IF):
            return None
        fcb = tree.net_root.fcb(asked.path)
        return next((each for each in tree.opens if each.fcb is fcb and _fits(each, asked)), None)

    def _create(self, tree: VNetRoot, asked: OpenWanted) -> Way:
        session, tid = tree.session, tree.tid
        assert tid is not None and session.uid is not None, "its tree is connected"
        wanted = Open(
            path=asked.path,
            access=asked.access,
            share=asked.sharing,
            disposition=asked.disposition,
            oplock=Oplock.BATCH if self._params.use_oplocks else Oplock.NONE,
        )
        sent_as = SentAs(uid=session.uid, tid=tid, fid=0)
        ready = yield from self._ask_open(tree, wanted, sent_as)
        if tree.tid != tid or session.uid != sent_as.uid:
            raise Failed(statuses.NAME_DELETED, "its tree was disconnected meanwhile")
        opened = SrvOpen(
            tree=tree,
            fcb=tree.net_root.fcb(asked.path),
            sent_as=SentAs(uid=sent_as.uid, tid=tid, fid=ready.fid),
            access=asked.access,
            sharing=asked.sharing,
            oplock=ready.oplock,
        )
        tree.opens.append(opened)
        return opened

    def _ask_open(self, tree: VNetRoot, wanted: Open, sent_as: SentAs) -> Way:
        """A sharing violation may be our own dormant files': close them, try once more (2.2)."""
        ask = self._circuits.by(tree.session, wanted, tid=sent_as.tid)
        try:
            reply = yield from self._errands.ask(ask)
            return result_of(reply, OpenReady)
        except Failed as refusal:
            dormant = self._dormant_of(tree.net_root)
            if not _violates_sharing(refusal) or not dormant:
                raise self._heeded(tree.session.server, refusal, sent_as) from None
            if wanted.disposition is Disposition.CREATE:
                name_taken = faults.NAME_COLLISION
                raise Failed(name_taken.nt_status, name_taken.name) from None
        for each in dormant:
            yield from self.close_on_wire(each)
        try:
            reply = yield from self._errands.ask(ask)
            return result_of(reply, OpenReady)
        except Failed as refusal:
            raise self._heeded(tree.session.server, refusal, sent_as) from None

    def _dormant_of(self, net_root: NetRoot) -> list[SrvOpen]:
        return [
            each
            for each in net_root.server.opens()
            if each.tree.net_root is net_root and each.dormant_since_ns is not None
        ]

    def _heeded(self, server: SrvCall, refusal: Failed, sent_as: SentAs) -> Failed:
        """The same failure as its program sees it; what it tells about our numbers is noted."""
        self._circuits.heed(server, refusal.fault, uid=sent_as.uid, tid=sent_as.tid)
        if refusal.fault is None:
            return refusal
        status = statuses.seen_by_program(refusal.fault)
        return Failed(status, f"the server answered {refusal.why}", refusal.fault)

    # Closing.
    def close(self, fobx: Fobx) -> Way:
        """A handle of a program goes."""
        fobx.is_closing = True
        yield Until(lambda: fobx.busy == 0)
        opened = fobx.opened
        del self._computer.handles[fobx.handle]
        failure = None
        try:
            if len(opened.handles) == 1:
                yield from self.flush(opened)
        except (Failed, CircuitLost) as lost:
            failure = lost
        opened.handles.remove(fobx)
        yield from self.release(opened)
        if failure is not None:
            raise failure

    def release(self, opened: SrvOpen) -> Way:
        """A reference has gone; the last one makes the file dormant, or closes it."""
        if opened.references or not opened.is_alive:
            return
        if self._may_be_dormant(opened):
            opened.dormant_since_ns = self._errands.now
            return
        tree = opened.tree
        yield from self.close_on_wire(opened, is_use=True)
        if tree.ends_with_last_open and not tree.opens:
            yield from self._circuits.disconnect(tree)

    def _may_be_dormant(self, opened: SrvOpen) -> bool:
        """RxCommonClose's rule (facts/redirector.md 2.2), as far as it concerns us."""
        logon, params = opened.tree.session.logon, self._params
        if not logon.is_alive or opened.tree.ends_with_last_open:
            return False
        dormant = sum(each.dormant_since_ns is not None for each in opened.server.opens())
        is_deny_write = Access.WRITE not in opened.sharing
        is_read_only = Access.WRITE not in opened.access and Access.DELETE not in opened.access
        is_buffered = (params.buffer_deny_write and is_deny_write) or (
            params.buffer_read_only and is_read_only
        )
        return dormant < params.dormant_limit and (opened.oplock is Oplock.BATCH or is_buffered)

    def close_on_wire(self, opened: SrvOpen, *, is_use: bool = False) -> Way:
        """CLOSE.  ``is_use``: a program's doing, not the redirector's own housekeeping."""
        if not opened.is_alive:
            return
        self._circuits.detach(opened)
        sent_as = opened.sent_as
        ask = Ask(
            server=opened.server,
            requests=(Close(fid=sent_as.fid),),
            uid=sent_as.uid,
            tid=sent_as.tid,
            user=opened.tree.session if is_use else None,
        )
        yield from self._errands.ask(ask)

    def close_dormant(self, opened: SrvOpen) -> Errand:
        """Its time is up, or somebody else wants it: nobody of ours waits for this."""
        try:
            yield from self.close_on_wire(opened)
        except CircuitLost:
            return

    # Content.
    def read(self, fobx: Fobx, offset: int, length: int) -> Way:
        """The octets; short at the end of the file."""
        fobx.busy += 1
        try:
            yield from self.flush(fobx.opened)
            return (yield from self._read_through(fobx, offset, length))
        finally:
            fobx.busy -= 1

    def _read_through(self, fobx: Fobx, offset: int, length: int) -> Way:
        data = bytearray()
        while len(data) < length:
            piece = min(length - len(data), self._params.read_max)
            asked = Read(fid=fobx.opened.sent_as.fid, offset=offset + len(data), length=piece)
            told = (yield from self._on_file(fobx.opened, asked, ReadData)).data[:piece]
            data += told
            if len(told) < piece:
                break
        return bytes(data)

    def _on_file(self, opened: SrvOpen, request: object, kind: type) -> Way:
        """One request on an open, and its result."""
        if not opened.is_alive:
            raise Failed(statuses.NAME_DELETED, "the file is not open on the server any more")
        sent_as, session = opened.sent_as, opened.tree.session
        reply = yield from self._errands.ask(self._circuits.by(session, request, tid=sent_as.tid))
        try:
            return result_of(reply, kind)
        except Failed as refusal:
            if refusal.fault is not None and statuses.is_dead_file(refusal.fault):
                self._circuits.kill(opened)
            raise self._heeded(opened.server, refusal, sent_as) from None

    def write(self, fobx: Fobx, offset: int, data: bytes) -> Way:
        """Told to the server at once, or kept while nobody else can look (2.1)."""
        opened = fobx.opened
        if not opened.is_alive:
            raise Failed(statuses.NAME_DELETED, "the file is not open on the server any more")
        if Access.WRITE not in opened.access:
            raise Failed(faults.ACCESS_DENIED.nt_status, "the handle may not write")
        if self._params.write_behind and opened.oplock in ALONE:
            opened.dirty.append((offset, data))
            if opened.dirty_since_ns is None:
                opened.dirty_since_ns = self._errands.now
            return
        fobx.busy += 1
        try:
            yield from self.flush(opened)
            yield from self._write_through(opened, offset, data)
        finally:
            fobx.busy -= 1

    def _write_through(self, opened: SrvOpen, offset: int, data: bytes) -> Way:
        for start in range(0, len(data), self._params.write_max):
            piece = data[start : start + self._params.write_max]
            asked = Write(fid=opened.sent_as.fid, offset=offset + start, data=piece)
            yield from self._on_file(opened, asked, Written)

    def flush(self, opened: SrvOpen) -> Way:
        """Tell the server what it was not told; what fails is lost and reported."""
        yield Until(lambda: not opened.is_flushing)
        opened.is_flushing = True
        try:
            while opened.dirty and opened.is_alive:
                yield from self._flush_one(opened)
            opened.dirty_since_ns = None
        finally:
            opened.is_flushing = False

    def _flush_one(self, opened: SrvOpen) -> Way:
        offset, data = opened.dirty[0]
        piece = data[: self._params.write_max]
        asked = Write(fid=opened.sent_as.fid, offset=offset, data=piece)
        try:
            yield from self._on_file(opened, asked, Written)
        except Failed:
            self._circuits.lose_octets(opened)
            raise
        if opened.dirty:  # it may have been lost while the reply was under way
            rest = data[len(piece) :]
            opened.dirty[:1] = [(offset + len(piece), rest)] if rest else []

    def flush_behind(self, opened: SrvOpen) -> Errand:
        try:
            yield from self.flush(opened)
        except (CircuitLost, Failed):
            return

    # Oplocks.
    def broken(self, server: SrvCall, notice: Broken) -> None:
        """A dormant file is answered for by CLOSE (MS-CIFS 3.2.5.42); one in use is flushed."""
        opened = next((each for each in server.opens() if each.sent_as.fid == notice.fid), None)
        if opened is None:
            self._errands.note("break-of-nothing", server=server.name, fid=notice.fid)
            return
        had, opened.oplock = opened.oplock, notice.level
        if opened.dormant_since_ns is not None:
            self._errands.start(self.close_dormant(opened))
        elif had in ALONE:
            self._errands.start(self._acknowledge(opened, notice.level))

    def _acknowledge(self, opened: SrvOpen, level: Oplock) -> Errand:
        try:
            yield from self.flush(opened)
        except CircuitLost:
            return
        except Failed:
            pass  # what could not be told is lost; the other opener has waited long enough
        if opened.is_alive:
            sent_as = opened.sent_as
            acknowledge = OplockBreakAcknowledge(fid=sent_as.fid, level=level)
            self._errands.say(
                Ask(
                    server=opened.server,
                    requests=(acknowledge,),
                    uid=sent_as.uid,
                    tid=sent_as.tid,
                )
            )


def _fits(opened: SrvOpen, asked: OpenWanted) -> bool:
    """Access and sharing of an existing SRV_OPEN serve a new open, who holds it as well."""
    if asked.access & ~opened.access or asked.sharing != opened.sharing:
        return False
    return not opened.references or not (
        asked.access & ~opened.sharing or opened.access & ~asked.sharing
    )


def _violates_sharing(refusal: Failed) -> bool:
    return refusal.status == faults.SHARING_VIOLATION.nt_status
