"""Random users on two computers, and time, against one real server machine.

What is held at every step, whatever happens:

* (i) what a user reads is what the file holds, and a page or a handle fails only for what its own
  computer suffered (a cut, a power loss): never for somebody else's log-off;
* (ii) sessions, trees and opens of the server are exactly those the clients' ``view`` has;
* (iii) a session without an owner is gone, unless somebody pages through it, or, where KeepConn
  has to do it, KeepConn and one look of the scavenger have not passed yet.

Under the fixed rules that holds; with any one rule taken away the same machine finds the fault.
The three articles' shrunk examples are in ``test_log_off.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from emu.machines.redirector import NT4_SP6A_HOTFIX_KEEPCONN0, RedirectorParams
from emu.machines.redirector.snapshot import ServerView
from emu.machines.smb.calls import Access, Disposition
from emu.machines.smb_server import ShareSetting
from emu.units import seconds as s

from .office import BOTH, FILES, Client, Office

FIXED = NT4_SP6A_HOTFIX_KEEPCONN0
PATHS = ("TOOL.DLL", "OTHER.DLL", "A.TXT")
SHARES = ("DATA", "TWO")
#: Choices among whatever there is: an index, taken round.
WHICH = st.integers(0, 7)
NAME_DELETED, IN_PAGE_ERROR, DEVICE_IN_USE = 0xC00000C9, 0xC0000006, 2404


@dataclass
class Held:
    """A handle or a view as its program knows it.  ``is_hurt``: its circuit was cut."""

    number: int
    luid: int
    share: str
    path: str
    drive: str = ""
    may_write: bool = False
    is_hurt: bool = False


@dataclass
class Computer:
    client: Client
    luids: dict[int, bool] = field(default_factory=dict[int, bool])
    gone: dict[int, int] = field(default_factory=dict[int, int])
    handles: list[Held] = field(default_factory=list[Held])
    views: list[Held] = field(default_factory=list[Held])


class World(RuleBasedStateMachine):
    """``params``: a subclass has others."""

    params: RedirectorParams = FIXED

    def __init__(self) -> None:
        super().__init__()
        shares = tuple(ShareSetting(name=name, files=FILES) for name in SHARES)
        self.office = Office(shares)
        self.content = {(share, path): bytes(FILES[path]) for share in SHARES for path in PATHS}
        self.numbers = 0
        self.computers = [self.started("WS1", 0), self.started("WS2", s(7))]

    def started(self, name: str, phase_ns: int) -> Computer:
        return Computer(client=self.office.client(self.params, name, phase_ns))

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def user(self, which: int) -> tuple[Computer, int] | None:
        found = [(each, luid) for each in self.computers for luid in each.luids]
        return found[which % len(found)] if found else None

    def held(self, kind: str, which: int) -> tuple[Computer, Held] | None:
        found = [(each, one) for each in self.computers for one in getattr(each, kind)]
        return found[which % len(found)] if found else None

    def resynchronised(self) -> None:
        """After a break what was written behind may be lost: the server's word counts."""
        for share in SHARES:
            for path in PATHS:
                file = self.office.server.book.shares[share].files[path]
                self.content[share, path] = bytes(file.content)

    @initialize(service=st.booleans(), runs=st.booleans())
    def begin(self, service: bool, runs: bool) -> None:
        """Two users of one computer have one file open; perhaps they run it."""
        self.log_on(0, service)
        self.log_on(0, False)
        self.log_on(1, False)
        self.open(0, "DATA", "TOOL.DLL", "", False)
        self.open(1, "DATA", "TOOL.DLL", "", False)
        for handle in (0, 1) if runs else ():
            self.map(handle)

    # Users.
    @rule(at=st.integers(0, 1), service=st.booleans())
    def log_on(self, at: int, service: bool) -> None:
        computer, luid = self.computers[at], self.number()
        if len(computer.luids) < 3:
            computer.client.log_on(luid, service=service)
            computer.luids[luid] = service

    @rule(which=WHICH)
    def log_off(self, which: int) -> None:
        found = self.user(which)
        if found is None:
            return
        computer, luid = found
        assert computer.client.log_off(luid).status == 0
        del computer.luids[luid]
        computer.gone[luid] = self.office.now
        computer.handles = [each for each in computer.handles if each.luid != luid]
        computer.views = [each for each in computer.views if each.luid != luid]

    @rule(which=WHICH, share=st.sampled_from(SHARES), drive=st.sampled_from(["", "X:"]))
    def connect(self, which: int, share: str, drive: str) -> None:
        found = self.user(which)
        if found is not None:
            assert found[0].client.connect(found[1], share, drive).status == 0

    @rule(which=WHICH, share=st.sampled_from(SHARES), drive=st.sampled_from(["", "X:"]))
    def disconnect(self, which: int, share: str, drive: str) -> None:
        found = self.user(which)
        if found is not None:
            assert found[0].client.disconnect(found[1], share, drive).status in (0, 2250, 2404)

    # Files.
    @rule(
        which=WHICH,
        share=st.sampled_from(SHARES),
        path=st.sampled_from(PATHS),
        drive=st.sampled_from(["", "", "X:"]),
        writes=st.booleans(),
    )
    def open(self, which: int, share: str, path: str, drive: str, writes: bool) -> None:
        found = self.user(which)
        if found is None:
            return
        (computer, luid), number = found, self.number()
        access = BOTH if writes and path == "A.TXT" else Access.READ
        told = computer.client.open(
            luid, number, path, share=share, access=access, sharing=BOTH, drive=drive
        )
        assert told.status == 0, told
        computer.handles.append(
            Held(number, luid, share, path, drive, may_write=Access.WRITE in access)
        )

    @precondition(lambda self: any(each.handles for each in self.computers))
    @rule(which=WHICH)
    def close(self, which: int) -> None:
        found = self.held("handles", which)
        if found is not None:
            assert found[0].client.close(found[1].number).status == 0
            found[0].handles.remove(found[1])

    @precondition(lambda self: any(each.handles for each in self.computers))
    @rule(which=WHICH)
    def read(self, which: int) -> None:
        found = self.held("handles", which)
        if found is None:
            return
        told = found[0].client.read(found[1].number, length=9000)
        if found[1].is_hurt:
            assert told.status == NAME_DELETED
        else:
            assert (told.status, told.data) == (0, self.content[found[1].share, found[1].path])

    @precondition(lambda self: any(each.handles for each in self.computers))
    @rule(which=WHICH, data=st.sampled_from([b"one", b"three", b"seventeen"]))
    def write(self, which: int, data: bytes) -> None:
        found = self.held("handles", which)
        if found is None or not found[1].may_write:
            return
        told = found[0].client.write(found[1].number, data)
        assert told.status == (NAME_DELETED if found[1].is_hurt else 0)
        if not told.status:
            key = (found[1].share, found[1].path)
            self.content[key] = data + self.content[key][len(data) :]

    # Images.
    @precondition(lambda self: any(each.handles for each in self.computers))
    @rule(which=WHICH)
    def map(self, which: int) -> None:
        found = self.held("handles", which)
        if found is None or found[1].path == "A.TXT":
            return
        (computer, handle), number = found, self.number()
        told = computer.client.map(handle.number, number)
        assert told.status == (NAME_DELETED if handle.is_hurt else 0)
        if not told.status:
            computer.views.append(replace(handle, number=number))

    @precondition(lambda self: any(each.views for each in self.computers))
    @rule(which=WHICH, page=st.integers(0, 2))
    def touch(self, which: int, page: int) -> None:
        found = self.held("views", which)
        if found is None:
            return
        told, view = found[0].client.touch(found[1].number, page), found[1]
        if view.is_hurt and told.status:
            assert told.status == IN_PAGE_ERROR
        else:
            piece = self.content[view.share, view.path][page * 4096 : page * 4096 + 4096]
            assert (told.status, told.data) == (0, piece.ljust(4096, b"\0")), told.why

    @precondition(lambda self: any(each.views for each in self.computers))
    @rule(which=WHICH)
    def unmap(self, which: int) -> None:
        found = self.held("views", which)
        if found is not None:
            assert found[0].client.unmap(found[1].number).status == 0
            found[0].views.remove(found[1])

    # The world.
    @rule(duration_s=st.sampled_from([0, 3, 11, 31, 400, 700, 1000]))
    def pass_time(self, duration_s: int) -> None:
        self.office.pass_ns(s(duration_s))

    @rule(at=st.integers(0, 1))
    def cut(self, at: int) -> None:
        computer = self.computers[at]
        if computer.client.connection is not None:
            self.office.cut(computer.client)
            for each in (*computer.handles, *computer.views):
                each.is_hurt = True
            self.resynchronised()

    @rule(at=st.integers(0, 1))
    def power_cycle(self, at: int) -> None:
        client = self.computers[at].client
        self.office.power_off(client)
        self.computers[at] = self.started(client.name, s(3))
        self.resynchronised()

    # What always holds.
    @invariant()
    def the_server_counts_what_the_clients_say(self) -> None:
        book = self.office.server.book
        sessions = opens = 0
        for computer in self.computers:
            view = server_view(computer.client)
            uids = {each.uid for each in view.sessions} - {None} if view else set[int]()
            tids = {each.tid for each in view.trees} - {None} if view else set[int]()
            fids = {each.fid for each in view.opens} if view else set[int]()
            serial = computer.client.connection
            if serial is None:
                assert (uids, tids, fids) == (set(), set(), set())
                continue
            circuit = book.connections[serial]
            assert uids == {each.uid for each in circuit.sessions}
            assert tids == {each.tid for each in circuit.trees}
            assert fids == {each.fid for each in circuit.opens}
            sessions, opens = sessions + len(uids), opens + len(fids)
        statistics = self.office.server.statistics
        assert (statistics.sessions_open, statistics.files_open) == (sessions, opens)
        assert len(self.office.server.net_session(self.office.now)) == sessions

    @invariant()
    def nobody_outlives_his_owner(self) -> None:
        params = self.params
        waits = params.idle_limit_ns + params.scavenger_period_ns
        allowed_ns = -1 if params.logs_off_idle_at_once else waits
        for computer in self.computers:
            view = server_view(computer.client)
            for each in view.sessions if view else ():
                if each.is_alive or each.uid is None or is_paged_through(view, each.luid):
                    continue
                assert self.office.now - computer.gone[each.luid] <= allowed_ns, each


def server_view(client: Client) -> ServerView | None:
    return next(iter(client.redirector.view().servers), None)


def is_paged_through(view: ServerView | None, luid: int) -> bool:
    return view is not None and any(
        each.luid == luid and each.viewers and not each.is_stale for each in view.sections
    )


FOUND = settings(
    max_examples=400,
    stateful_step_count=30,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def world(params: RedirectorParams) -> Any:
    return type("Wrong", (World,), {"params": params})


def test_the_fixed_rules_hold() -> None:
    sizes = settings(
        max_examples=150, stateful_step_count=50, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(World, settings=sizes)


@pytest.mark.parametrize("rule_name", ["q179983", "q248371", "q258837", "q179873"])
def test_a_rule_taken_away_is_found(rule_name: str) -> None:
    """With every rule there the same machine finds nothing: the test above."""
    wrong = replace(FIXED, **{rule_name: False})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(world(wrong), settings=FOUND)


def shrunk(rule_name: str, *, service: bool = False, runs: bool = False) -> World:
    """The world without one rule, as hypothesis began it."""
    state = world(replace(FIXED, **{rule_name: False}))()
    state.begin(service=service, runs=runs)
    return state


def sound(state: World) -> None:
    """All that must hold between two steps."""
    state.nobody_outlives_his_owner()
    state.the_server_counts_what_the_clients_say()


def test_q179983_as_hypothesis_shrank_it() -> None:
    """Two run one file, the first logs off, the second needs a page: too early."""
    state = shrunk("q179983", runs=True)
    sound(state)
    state.log_off(which=0)
    sound(state)
    with pytest.raises(AssertionError, match="SMB_BAD_UID"):
        state.touch(page=0, which=0)


def test_q248371_as_hypothesis_shrank_it() -> None:
    """Whoever logs off with a file open leaves a dormant one, and his session: too late."""
    state = shrunk("q248371")
    sound(state)
    state.log_off(which=0)
    with pytest.raises(AssertionError, match="is_alive=False"):
        state.nobody_outlives_his_owner()


def test_q258837_as_hypothesis_shrank_it() -> None:
    """A service stops, and somebody else's open file keeps the circuit: never."""
    state = shrunk("q258837", service=True)
    sound(state)
    state.log_off(which=0)
    sound(state)
    state.pass_time(duration_s=700)
    with pytest.raises(AssertionError, match="is_alive=False"):
        state.nobody_outlives_his_owner()


@pytest.mark.parametrize("rule_name", ["q179983", "q248371", "q258837"])
def test_with_the_rule_the_same_steps_are_sound(rule_name: str) -> None:
    state = World()
    state.begin(service=rule_name == "q258837", runs=rule_name == "q179983")
    sound(state)
    state.log_off(which=0)
    sound(state)
    if rule_name == "q179983":
        state.touch(page=0, which=0)
    state.pass_time(duration_s=700)
    sound(state)


def test_a_new_file_is_made_once() -> None:
    """CREATE of what is there collides, though our own dormant file would be in the way."""
    client = Office().client(FIXED)
    client.log_on(1)
    assert client.open(1, 1, "NEW.TXT", disposition=Disposition.CREATE).status == 0
    client.close(1)
    assert client.open(1, 2, "NEW.TXT", disposition=Disposition.CREATE).status == 0xC0000035
    assert client.wire()[-1] == "Open 800/800"
