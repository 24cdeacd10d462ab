"""Random clients, administrators and time against a plain model of the server.

The model is dictionaries and loops; it shares no rule with the machine.  Held at every step:
what began and did not end is exactly what the model has, the counters agree with it, the
numbers are the lowest free ones, and a request reaches what the model says is the client's own,
or nothing.  At the end everybody falls silent, and every timer has to empty what it should.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from emu.machines.base import EXPIRED, Asked, Deliver, Effects, Note, Received, Transmit
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Answer,
    BreakOplock,
    Close,
    Done,
    LogOff,
    Negotiate,
    OpenReady,
    Oplock,
    OplockBreakAcknowledge,
    Read,
    ReadData,
    Refused,
    SessionReady,
    SetUp,
    Standing,
    TreeConnect,
    TreeDisconnect,
    TreeReady,
    Write,
)
from emu.machines.smb_server import NT4_SERVER, ShareSetting, SmbServer
from emu.machines.smb_server.administration import (
    FileClose,
    FileEnum,
    Files,
    Ordered,
    SessionDel,
    Sessions,
)
from emu.machines.smb_server.events import Began, Ceased, Connected, ConnectionBroke, Dropped, Kind
from emu.units import seconds as s

from .parts import BOTH, call, wanted

SERIALS = st.integers(1, 3)
#: Mostly numbers that live, some that do not.
IDS = st.sampled_from([0x800] * 5 + [0x801] * 3 + [0x802, 0x7FF])
USERS, CLIENTS = st.sampled_from(["ann", "bob"]), st.sampled_from(["WS1", "WS2"])
PATHS = ("A.TXT", "B.TXT", "C.TXT")
SHARES = {"DATA": None, "TWO": 2}


@dataclass
class Owned:
    """An open: whose, under which tree, of which file."""

    uid: int
    tid: int
    file: tuple[str, str]


@dataclass
class Circuit:
    """One virtual circuit as a plain person would write it down."""

    client: str
    is_direct: bool
    last: int
    sessions: dict[int, str] = field(default_factory=dict[int, str])
    trees: dict[int, tuple[int, str]] = field(default_factory=dict[int, tuple[int, str]])
    opens: dict[int, Owned] = field(default_factory=dict[int, Owned])
    waits: dict[int, Owned] = field(default_factory=dict[int, Owned])


def lowest(taken: dict[int, Any]) -> int:
    return next(number for number in range(0x800, 0x1000) if number not in taken)


class Office(RuleBasedStateMachine):
    """``told``: what the machine said began and has not ended."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.tag = 0, 0
        self.circuits: dict[int, Circuit] = {}
        self.told: set[tuple[Kind, int, int]] = set()
        self.cancelled: set[int] = set()
        self.content = {(share, path): f"{share}-{path}".encode() for share in SHARES
                        for path in PATHS}  # fmt: skip

    @initialize(
        frees=st.booleans(), users_max=st.sampled_from([None, 3]), start=st.sampled_from([0, 7])
    )
    def start(self, frees: bool, users_max: int | None, start: int) -> None:
        self.frees, self.users_max, self.now = frees, users_max, s(start)
        self.started = self.now
        params = replace(NT4_SERVER, logoff_frees_trees=frees, users_max=users_max)
        shares = [
            ShareSetting(
                name=name,
                users_max=limit,
                files={path: self.content[name, path] for path in PATHS},
            )
            for name, limit in SHARES.items()
        ]
        self.server = SmbServer(params, shares, now=self.now)

    # The model's own endings.
    def forget_tree(self, circuit: Circuit, tid: int) -> None:
        del circuit.trees[tid]
        self.forget_opens(circuit, lambda each: each.tid == tid)

    def forget_opens(self, circuit: Circuit, which: Any) -> None:
        circuit.opens = {fid: each for fid, each in circuit.opens.items() if not which(each)}
        self.cancelled |= {tag for tag, each in circuit.waits.items() if which(each)}
        circuit.waits = {tag: each for tag, each in circuit.waits.items() if not which(each)}

    def forget_session(self, circuit: Circuit, uid: int) -> None:
        del circuit.sessions[uid]
        self.forget_opens(circuit, lambda each: each.uid == uid)
        for tid in [tid for tid, (owner, _share) in circuit.trees.items() if owner == uid]:
            if self.frees:
                self.forget_tree(circuit, tid)
            else:
                # Nobody's now, whoever gets the number next.
                circuit.trees[tid] = (-1, circuit.trees[tid][1])

    # What the machine says.
    def heard(self, effects: Effects, tag: int = 0) -> tuple[Any, set[int]]:
        """The answer to this tag, and the circuits the machine dropped."""
        result, dropped = None, set[int]()
        for effect in effects:
            match effect:
                case Transmit(Answer(tag=told) as told_answer) if told == tag:
                    assert result is None, "answered twice"
                    result = told_answer.result
                    if isinstance(result, Refused | Done) or tag not in self.all_waits():
                        continue
                    self.opened(told_answer)
                case Transmit(Answer() as late):
                    self.opened(late)
                case Transmit(BreakOplock() as notice):
                    assert notice.fid in self.circuits[notice.connection].opens
                case Deliver(Began(kind=kind, connection=connection, number=number)):
                    assert (kind, connection, number) not in self.told
                    self.told.add((kind, connection, number))
                case Deliver(Ceased(kind=kind, connection=connection, number=number)):
                    self.told.remove((kind, connection, number))
                case Deliver(Dropped(connection=connection)):
                    dropped.add(connection)
                case Deliver(Ordered() | Files() | Sessions() as told_result):
                    result = told_result
                case Note():
                    pass
                case other:
                    raise AssertionError(other)
        assert not self.cancelled or tag == -1, self.cancelled
        return result, dropped

    def all_waits(self) -> dict[int, int]:
        return {tag: serial for serial, each in self.circuits.items() for tag in each.waits}

    def opened(self, told: Answer) -> None:
        """An open that waited, or the one asked for just now."""
        if told.result == Refused(fault=faults.CANCELLED):
            self.cancelled.remove(told.tag)
            return
        circuit = self.circuits[told.connection]
        owned = circuit.waits.pop(told.tag)
        assert isinstance(told.result, OpenReady)
        assert (told.uid, told.tid) == (owned.uid, owned.tid)
        assert told.result.fid == lowest(circuit.opens)
        circuit.opens[told.result.fid] = owned

    def ask(self, serial: int, request: object, uid: int = 0, tid: int = 0) -> Any:
        """One call; returns its result, None for none."""
        self.tag += 1
        asked = call(serial, request, uid=uid, tid=tid, tag=self.tag)
        result, dropped = self.heard(self.server.step(Received(asked), self.now), self.tag)
        assert not dropped
        return result

    def refusal(self, circuit: Circuit, uid: int, tid: int | None, fid: int | None) -> Any:
        """Why the model thinks this cannot work; None if it can."""
        if uid not in circuit.sessions:
            return Refused(fault=faults.SMB_BAD_UID)
        if tid is not None and tid not in circuit.trees:
            return Refused(fault=faults.SMB_BAD_TID)
        owned = None if fid is None else circuit.opens.get(fid)
        if fid is not None and (owned is None or (owned.uid, owned.tid) != (uid, tid)):
            return Refused(fault=faults.INVALID_HANDLE)
        return None

    # Clients.
    @rule(serial=SERIALS, client=CLIENTS, is_direct=st.booleans())
    def connect(self, serial: int, client: str, is_direct: bool) -> None:
        if serial in self.circuits:
            return
        about = Connected(
            connection=serial, client=client, address="", transport="x", is_direct_ipx=is_direct
        )
        self.heard(self.server.step(Asked(about), self.now))
        self.circuits[serial] = Circuit(client=client, is_direct=is_direct, last=self.now)
        assert self.ask(serial, Negotiate()) is not None

    @rule(serial=SERIALS, user=USERS, vc_number=st.sampled_from([0, 1, 1, 1]))
    def log_on(self, serial: int, user: str, vc_number: int) -> None:
        circuit = self.circuits.get(serial)
        if circuit is None:
            return
        circuit.last, goes = self.now, set[int]()
        if vc_number == 0:
            goes = {n for n, each in self.circuits.items() if each.client == circuit.client}
            goes -= {serial}
        for other in goes:
            del self.circuits[other]
        uid = lowest(circuit.sessions)
        living = sum(len(each.sessions) for each in self.circuits.values())
        self.tag += 1
        asked = SetUp(user=user, standing=Standing.USER, vc_number=vc_number)
        stimulus = Received(call(serial, asked, tag=self.tag))
        result, dropped = self.heard(self.server.step(stimulus, self.now), self.tag)
        assert dropped == goes
        if self.users_max is not None and living >= self.users_max:
            assert result == Refused(fault=faults.REQUEST_NOT_ACCEPTED)
            return
        assert result == SessionReady(uid=uid, guest=False)
        circuit.sessions[uid] = user

    @rule(serial=SERIALS, client=CLIENTS, user=USERS, path=st.sampled_from(PATHS))
    def arrive(self, serial: int, client: str, user: str, path: str) -> None:
        """All of it at once, so that random steps find somebody at work."""
        self.connect(serial=serial, client=client, is_direct=False)
        circuit = self.circuits[serial]
        uid, tid = lowest(circuit.sessions), lowest(circuit.trees)
        self.log_on(serial=serial, user=user, vc_number=1)
        self.tree_connect(serial=serial, uid=uid, share="DATA")
        self.open(serial=serial, uid=uid, tid=tid, path=path, oplock=Oplock.BATCH)

    @rule(serial=SERIALS, uid=IDS)
    def log_off(self, serial: int, uid: int) -> None:
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last, refusal = self.now, self.refusal(circuit, uid, None, None)
        if refusal is None:
            self.forget_session(circuit, uid)
        assert self.ask(serial, LogOff(), uid=uid) == (refusal or Done())

    @rule(serial=SERIALS, uid=IDS, share=st.sampled_from(list(SHARES)))
    def tree_connect(self, serial: int, uid: int, share: str) -> None:
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last, expected = self.now, self.refusal(circuit, uid, None, None)
        uses = sum(name == share for each in self.circuits.values()
                   for _uid, name in each.trees.values())  # fmt: skip
        limit = SHARES[share]
        if expected is None and limit is not None and uses >= limit:
            expected = Refused(fault=faults.REQUEST_NOT_ACCEPTED)
        tid = lowest(circuit.trees)
        ready = expected or TreeReady(tid=tid, is_ipc=False)
        assert self.ask(serial, TreeConnect(share=share), uid=uid) == ready
        if expected is None:
            circuit.trees[tid] = (uid, share)

    @rule(serial=SERIALS, uid=IDS, tid=IDS)
    def tree_disconnect(self, serial: int, uid: int, tid: int) -> None:
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last, refusal = self.now, self.refusal(circuit, uid, tid, None)
        if refusal is None:
            self.forget_tree(circuit, tid)
        assert self.ask(serial, TreeDisconnect(), uid=uid, tid=tid) == (refusal or Done())

    @rule(
        serial=SERIALS,
        uid=IDS,
        tid=IDS,
        path=st.sampled_from(PATHS),
        oplock=st.sampled_from([Oplock.NONE, Oplock.EXCLUSIVE, Oplock.BATCH]),
    )
    def open(self, serial: int, uid: int, tid: int, path: str, oplock: Oplock) -> None:
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last, refusal = self.now, self.refusal(circuit, uid, tid, None)
        others: list[Owned] = []
        if refusal is None:
            file = (circuit.trees[tid][1], path)
            others = [each for c in self.circuits.values() for each in c.opens.values()
                      if each.file == file]  # fmt: skip
            circuit.waits[self.tag + 1] = Owned(uid=uid, tid=tid, file=file)
        result = self.ask(serial, wanted(path, access=BOTH, oplock=oplock), uid=uid, tid=tid)
        if refusal is not None:
            assert result == refusal
        elif result is None:
            assert others, "nobody to wait for"
        else:
            assert result.size == len(self.content[file])
            assert result.oplock in ({oplock} if not others else {Oplock.NONE, Oplock.LEVEL_II})

    @rule(serial=SERIALS, uid=IDS, tid=IDS, fid=IDS)
    def read(self, serial: int, uid: int, tid: int, fid: int) -> None:
        """A number names one's own file, with its content, or nothing."""
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last, refusal = self.now, self.refusal(circuit, uid, tid, fid)
        result = self.ask(serial, Read(fid=fid, offset=0, length=99), uid=uid, tid=tid)
        if refusal is None:
            refusal = ReadData(data=self.content[circuit.opens[fid].file])
        assert result == refusal

    @rule(serial=SERIALS, uid=IDS, tid=IDS, fid=IDS)
    def write(self, serial: int, uid: int, tid: int, fid: int) -> None:
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last, refusal = self.now, self.refusal(circuit, uid, tid, fid)
        data = f"{self.tag:08}".encode()
        result = self.ask(serial, Write(fid=fid, offset=0, data=data), uid=uid, tid=tid)
        if refusal is not None:
            assert result == refusal
            return
        file = circuit.opens[fid].file
        self.content[file] = data + self.content[file][8:]

    @rule(serial=SERIALS, uid=IDS, tid=IDS, fid=IDS)
    def close(self, serial: int, uid: int, tid: int, fid: int) -> None:
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last, refusal = self.now, self.refusal(circuit, uid, tid, fid)
        if refusal is None:
            del circuit.opens[fid]
        assert self.ask(serial, Close(fid=fid), uid=uid, tid=tid) == (refusal or Done())

    @rule(serial=SERIALS, uid=IDS, tid=IDS, fid=IDS, level=st.sampled_from(Oplock))
    def acknowledge(self, serial: int, uid: int, tid: int, fid: int, level: Oplock) -> None:
        if (circuit := self.circuits.get(serial)) is None:
            return
        circuit.last = self.now
        asked = OplockBreakAcknowledge(fid=fid, level=level)
        assert self.ask(serial, asked, uid=uid, tid=tid) is None

    @rule(serial=SERIALS)
    def break_circuit(self, serial: int) -> None:
        self.circuits.pop(serial, None)
        broke = ConnectionBroke(connection=serial, cause="reset")
        assert self.heard(self.server.step(Asked(broke), self.now)) == (None, set())

    # Administrators.
    @rule(client=CLIENTS, user=st.none() | USERS)
    def delete_sessions(self, client: str, user: str | None) -> None:
        chosen = {
            (serial, uid)
            for serial, each in self.circuits.items()
            if each.client == client
            for uid, name in each.sessions.items()
            if user in (None, name)
        }
        goes = {serial for serial, _uid in chosen} if user is None else set[int]()
        for serial, uid in sorted(chosen):
            if user is None:
                self.circuits.pop(serial, None)
            else:
                self.forget_session(self.circuits[serial], uid)
        asked = SessionDel(by_administrator=True, client=f"\\\\{client}", user=user)
        result, dropped = self.heard(self.server.step(Asked(asked), self.now))
        assert result == Ordered(error=0 if chosen else 2312)
        assert dropped == goes

    @rule(index=st.integers(0, 5))
    def close_file(self, index: int) -> None:
        result, _none = self.heard(self.server.step(Asked(FileEnum(by_administrator=True)), 0))
        shown = {(row.connection, row.fid, row.user, row.path) for row in result.rows}
        ours = {
            (serial, fid, each.sessions[own.uid], own.file[1])
            for serial, each in self.circuits.items()
            for fid, own in each.opens.items()
        }
        assert shown == ours
        if index >= len(result.rows):
            return
        row = result.rows[index]
        del self.circuits[row.connection].opens[row.fid]
        asked = FileClose(by_administrator=True, file_id=row.file_id)
        result, dropped = self.heard(self.server.step(Asked(asked), self.now))
        assert (result, dropped) == (Ordered(error=0), set())

    # Time.
    @rule(by=st.sampled_from([1, 29, 30, 34, 35, 36, 870, 899, 900, 930]))
    def pass_time(self, by: int) -> None:
        self.go_to(self.now + s(by))

    def go_to(self, until: int) -> None:
        for _turn in range(100_000):
            due = self.server.due()
            if due is None or due > until:
                break
            assert due >= self.now
            self.now = due
            self.expire()
        self.now = until

    def expire(self) -> None:
        """15 minutes idle, looked at every 30 s from the start; opens and waits bar."""
        goes = set[int]()
        if (self.now - self.started) % s(30) == 0:
            goes = {
                serial
                for serial, each in self.circuits.items()
                if self.now - each.last >= s(900)
                and (each.is_direct or not (each.opens or each.waits))
            }
        effects = self.server.step(EXPIRED, self.now)
        before = dict(self.circuits)
        _result, dropped = self.heard(effects)
        assert dropped == goes
        self.circuits = {n: each for n, each in before.items() if n not in goes}

    # Always.
    @invariant()
    def the_counts_agree(self) -> None:
        if not hasattr(self, "server"):
            return
        circuits = self.circuits.values()
        assert self.server.statistics.sessions_open == sum(len(c.sessions) for c in circuits)
        assert self.server.statistics.files_open == sum(len(c.opens) for c in circuits)
        for name, share in self.server.book.shares.items():
            uses = sum(name == of for c in circuits for _uid, of in c.trees.values())
            assert share.uses == uses
        view = sorted((r.client, r.user, r.opens) for r in self.server.net_session(self.now))
        assert view == sorted(
            (c.client, user, sum(own.uid == uid for own in c.opens.values()))
            for c in circuits
            for uid, user in c.sessions.items()
        )

    @invariant()
    def what_began_and_did_not_end_is_there(self) -> None:
        there = {(Kind.CONNECTION, n, n) for n in self.circuits}
        for n, each in self.circuits.items():
            there |= {(Kind.SESSION, n, uid) for uid in each.sessions}
            there |= {(Kind.TREE, n, tid) for tid in each.trees}
            there |= {(Kind.OPEN, n, fid) for fid in each.opens}
        assert self.told == there

    @invariant()
    def who_waits_waits_for_a_timer(self) -> None:
        if hasattr(self, "server"):
            waits, breaks = self.all_waits(), len(self.server.timers()) - bool(self.circuits)
            assert bool(waits) <= bool(breaks)
            due = self.server.due()
            assert due is None or due > self.now or due == self.now
            assert (due is None) == (not self.circuits)

    def teardown(self) -> None:
        """Everybody is silent: no wait is left, then only files bar, then nothing is left."""
        if not hasattr(self, "server"):
            return
        waits = len(self.all_waits())
        self.go_to(self.now + s(35) * (waits + 1))
        assert not self.all_waits()
        rows, _none = self.heard(self.server.step(Asked(FileEnum(by_administrator=True)), 0))
        for row in rows.rows:
            del self.circuits[row.connection].opens[row.fid]
            asked = FileClose(by_administrator=True, file_id=row.file_id)
            self.heard(self.server.step(Asked(asked), self.now))
        self.go_to(self.now + s(930))
        assert not self.circuits
        assert not self.told
        assert self.server.timers() == {}
        assert not self.server.book.opens_by_id
        assert not self.server.book.sessions_by_client


@pytest.mark.slow
def test_random_offices() -> None:
    run_state_machine_as_test(
        Office,
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
