"""Autodisconnect, its 30 s scavenger, what bars it, direct IPX, searches (redirector.md 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from emu.machines.base import EXPIRED, Asked
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    BreakOplock,
    Close,
    Echo,
    Echoed,
    FindClose,
    FindFirst,
    FindNext,
    Found,
    Oplock,
    Read,
    Refused,
    TreeConnect,
)
from emu.machines.smb_server import NT4_SERVER, ServerParams, ShareSetting
from emu.machines.smb_server.administration import FileClose, Ordered
from emu.machines.smb_server.events import Connected, Dropped, Kind
from emu.units import seconds as s

from .parts import Talk, answer, began, call, ceased, does_not_come_out, wanted

IDLE = "autodisconnect after {} s without an operation"


def dropped(d: Talk, after: str, *, users: tuple[str, ...] = ("ann",)) -> Talk:
    """Circuit 1 goes now with everybody on it."""
    cause = IDLE.format(after)
    for number, user in enumerate(users, start=0x800):
        d.delivers(ceased(Kind.SESSION, 1, number, user, cause, number))
    return d.delivers(
        ceased(Kind.CONNECTION, 1, 1, "WS1", cause), Dropped(connection=1, cause=cause)
    )


# Told once with NT's numbers, and once to each server that has one number wrong by a tick.
def fifteen_minutes(params: ServerParams) -> None:
    """Last operation at 30 s: 30 + 900 = 930 s is a beat, and 15 minutes are full then."""
    d = Talk(params).at(s(30)).connected(1).log_on(1, "ann", 0x800).armed({"scavenger": s(60)})
    d.quiet_until(s(930) - 1)
    dropped(d.at(s(930)), "900").armed({})
    assert d.server.statistics.timed_out == 1
    assert d.server.statistics.errored_out == 1


def up_to_a_beat_late(params: ServerParams) -> None:
    """Last operation 1 ns after a beat: 15 minutes are full 1 ns after one, so at the next."""
    d = Talk(params).at(s(30) + 1).connected(1).log_on(1, "ann", 0x800)
    d.quiet_until(s(960) - 1)
    dropped(d.at(s(960)), "930").armed({})


def beats_count_from_the_start(params: ServerParams) -> None:
    """Started at 7 s: beats at 37, 67, ..., 937; idle since 31 s."""
    d = Talk(params, start_ns=s(7)).at(s(31)).connected(1).armed({"scavenger": s(37)})
    d.log_on(1, "ann", 0x800).quiet_until(s(937) - 1)
    dropped(d.at(s(937)), "906").armed({})


def direct_ipx(params: ServerParams) -> None:
    """Its own 15 minutes, with a file open."""
    d = Talk(params).connected(1, is_direct_ipx=True).log_on(1, "ann", 0x800)
    d.tree(1, 0x800, 0x800).opened(1, 0x800, 0x800, 0x800, wanted("A.TXT"), size=5)
    d.quiet_until(s(900) - 1)
    cause = IDLE.format("900")
    d.at(s(900)).delivers(ceased(Kind.OPEN, 1, 0x800, "A.TXT", cause, 0x800))
    d.delivers(ceased(Kind.TREE, 1, 0x800, "DATA", cause, 0x800))
    dropped(d, "900").armed({})


TOLD: tuple[tuple[Callable[[ServerParams], None], str, int], ...] = (
    (fifteen_minutes, "autodisconnect_ns", 1),
    (fifteen_minutes, "scavenger_ns", 1),
    (fifteen_minutes, "scavenger_ns", -1),
    (up_to_a_beat_late, "autodisconnect_ns", -1),
    (up_to_a_beat_late, "scavenger_ns", 1),
    (up_to_a_beat_late, "scavenger_ns", -1),
    (beats_count_from_the_start, "scavenger_ns", 1),
    (beats_count_from_the_start, "scavenger_ns", -1),
    (direct_ipx, "direct_ipx_autodisconnect_ns", 1),
)


@pytest.mark.parametrize("story", sorted({row[0] for row in TOLD}, key=lambda each: each.__name__))
def test_the_story_comes_out(story: Callable[[ServerParams], None]) -> None:
    story(NT4_SERVER)


@pytest.mark.parametrize(("story", "name", "by"), TOLD)
def test_one_nanosecond_off_is_noticed(
    story: Callable[[ServerParams], None], name: str, by: int
) -> None:
    wrong = replace(NT4_SERVER, **{name: getattr(NT4_SERVER, name) + by})
    does_not_come_out(story, wrong)


def test_direct_ipx_is_not_dropped_a_nanosecond_early() -> None:
    """One nanosecond less is noticed by a client idle since 1 ns after a beat."""

    def story(params: ServerParams) -> None:
        d = Talk(params).at(1).connected(1, is_direct_ipx=True).log_on(1, "ann", 0x800)
        d.quiet_until(s(930) - 1)
        dropped(d.at(s(930)), "930").armed({})

    story(NT4_SERVER)
    does_not_come_out(story, replace(NT4_SERVER, direct_ipx_autodisconnect_ns=s(900) - 1))


def test_an_operation_on_the_very_beat_counts() -> None:
    """A frame comes before a timer: idle since 900 s, so dropped at 1800 s."""
    d = Talk().connected(1).log_on(1, "ann", 0x800).at(s(900))
    d.refused(1, TreeConnect(share="none"), faults.BAD_NETWORK_NAME, uid=0x800)
    d.quiet_until(s(1800) - 1)
    dropped(d.at(s(1800)), "900").armed({})


def test_a_client_that_comes_on_the_very_beat_does_not_put_it_off() -> None:
    """A frame comes before a timer, so the newcomer is there when the scavenger looks."""
    d = Talk().connected(1).log_on(1, "ann", 0x800).at(s(900))
    about = Connected(connection=2, client="WS2", address="", transport="nbt")
    assert len(d.server.step(Asked(about), s(900))) == 1
    dropped(d, "900").armed({"scavenger": s(930)})


def test_a_late_look_does_not_shift_the_beat() -> None:
    d = Talk().connected(1)
    assert not d.server.step(EXPIRED, s(31))
    d.at(s(31)).armed({"scavenger": s(60)})


def test_a_request_under_way_bars_autodisconnect() -> None:
    """Autodisconnect 0, looked at every 5 s: the second only waits for the first's oplock."""
    d = Talk(replace(NT4_SERVER, autodisconnect_ns=0))
    at, batch = {"uid": 0x800, "tid": 0x800}, wanted("A.TXT", oplock=Oplock.BATCH)
    for connection, client in ((1, "WS1"), (2, "WS2")):
        d.connected(connection, client).log_on(connection, "ann", 0x800)
        d.tree(connection, 0x800, 0x800)
    d.opened(1, 0x800, 0x800, 0x800, batch, size=5, oplock=Oplock.BATCH)
    d.receives(call(2, batch, **at))
    d.sends(BreakOplock(connection=1, tid=0x800, fid=0x800, level=Oplock.LEVEL_II))
    d.quiet_until(s(35) - 1).counts(2, 1)


def test_idleness_is_the_circuits_not_the_sessions() -> None:
    """Ann is idle from 0 on; Bob's work at 600 s keeps her until 1500 s (3.2, 5)."""
    d = Talk().connected(1).log_on(1, "ann", 0x800).at(s(600)).log_on(1, "bob", 0x801)
    d.quiet_until(s(1500) - 1)
    dropped(d.at(s(1500)), "900", users=("ann", "bob")).counts(0, 0).armed({})


def test_an_open_file_bars_autodisconnect_for_ever() -> None:
    """And once it is closed by an administrator, the next beat drops: no operation since 0."""
    d = Talk().connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT"), size=5)
    d.quiet_until(s(86_400))
    d.at(s(86_401)).asked(FileClose(by_administrator=True, file_id=1))
    d.delivers(ceased(Kind.OPEN, 1, 0x800, "A.TXT", "closed by an administrator", 0x800))
    d.delivers(Ordered(error=0)).at(s(86_430))
    cause = IDLE.format("86430")
    d.delivers(ceased(Kind.TREE, 1, 0x800, "DATA", cause, 0x800))
    dropped(d, "86430").armed({})


def test_a_closed_file_starts_fifteen_minutes() -> None:
    d = Talk().connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800, "IPC$")
    d.opened(1, 0x800, 0x800, 0x800, wanted("SRVSVC"), size=0).quiet_until(s(3000))
    d.at(s(3001)).receives(call(1, Close(fid=0x800), uid=0x800, tid=0x800))
    d.delivers(ceased(Kind.OPEN, 1, 0x800, "SRVSVC", "closed", 0x800))
    d.done(1, uid=0x800, tid=0x800).quiet_until(s(3930) - 1)
    d.at(s(3930)).delivers(ceased(Kind.TREE, 1, 0x800, "IPC$", IDLE.format("929"), 0x800))
    dropped(d, "929").armed({})


def test_minus_one_never_drops() -> None:
    d = Talk(replace(NT4_SERVER, autodisconnect_ns=None)).connected(1).log_on(1, "ann", 0x800)
    d.quiet_until(s(7 * 86_400)).counts(1, 0)


def test_zero_drops_within_a_few_seconds() -> None:
    """The scan runs every 5 s then; a circuit idle since 6 s is dropped at 10 s."""
    d = Talk(replace(NT4_SERVER, autodisconnect_ns=0)).at(s(6)).connected(1)
    d.log_on(1, "ann", 0x800).quiet_until(s(10) - 1)
    dropped(d.at(s(10)), "4").armed({})


@pytest.mark.parametrize(("counts", "end_s", "idle"), [(True, 1500, "900"), (False, 900, "900")])
def test_an_echo_is_activity_or_not(counts: bool, end_s: int, idle: str) -> None:
    d = Talk(replace(NT4_SERVER, echo_is_activity=counts)).connected(1).log_on(1, "ann", 0x800)
    d.at(s(600)).asks(1, Echo(count=1, data=b""), Echoed(sequence=1, data=b""))
    d.quiet_until(s(end_s) - 1)
    dropped(d.at(s(end_s)), idle).armed({})


def test_a_circuit_that_never_said_anything_is_dropped_too() -> None:
    d = Talk().connected(1).quiet_until(s(900) - 1)
    dropped(d.at(s(900)), "900", users=()).armed({})
    assert d.server.statistics.timed_out == 0


# Searches.
MANY = (ShareSetting(name="DATA", files={f"F{n}": b"" for n in range(4)} | {"[X": b""}),)


def searching(params: ServerParams = NT4_SERVER) -> Talk:
    d = Talk(params, MANY).connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    return found(d, 0x800, ("F0", "F1"))


def found(d: Talk, sid: int, names: tuple[str, ...]) -> Talk:
    """A search that is not over."""
    d.receives(call(1, FindFirst(pattern="f*", count=len(names)), uid=0x800, tid=0x800))
    d.delivers(began(Kind.SEARCH, 1, sid, "F*", 0x800))
    return d.sends(answer(1, Found(sid=sid, names=names, is_end=False), uid=0x800, tid=0x800))


def max_keep_search(params: ServerParams) -> None:
    """A left search bars autodisconnect until 1800 s; then both go on one beat."""
    d = searching(params).quiet_until(s(1800) - 1).at(s(1800))
    d.delivers(ceased(Kind.SEARCH, 1, 0x800, "F*", "unused for MaxKeepSearch", 0x800))
    d.delivers(ceased(Kind.TREE, 1, 0x800, "DATA", IDLE.format("1800"), 0x800))
    dropped(d, "1800").armed({})


def min_keep_search(params: ServerParams) -> None:
    """One place: kept at 480 s less 1 ns, given away at 480 s."""
    d = searching(replace(params, searches_per_vc=1))
    d.at(s(480) - 1).receives(call(1, FindFirst(pattern="*", count=1), uid=0x800, tid=0x800))
    d.notes("limit", connection=1, rule="OpenSearch", event=2009, detail=0x3EA)
    d.sends(answer(1, Refused(fault=faults.INSUFF_SERVER_RESOURCES), uid=0x800, tid=0x800))
    d.at(s(480)).receives(call(1, FindFirst(pattern="F*", count=3), uid=0x800, tid=0x800))
    cause = "unused for MinKeepSearch, and the table was full"
    d.delivers(ceased(Kind.SEARCH, 1, 0x800, "F*", cause, 0x800))
    d.delivers(began(Kind.SEARCH, 1, 0x800, "F*", 0x800))
    result = Found(sid=0x800, names=("F0", "F1", "F2"), is_end=False)
    d.sends(answer(1, result, uid=0x800, tid=0x800)).armed({"scavenger": s(510)})


SEARCHES = ((max_keep_search, "max_keep_search_ns", 1), (min_keep_search, "min_keep_search_ns", 1),
            (min_keep_search, "min_keep_search_ns", -1))  # fmt: skip


@pytest.mark.parametrize(("story", "name", "by"), SEARCHES)
def test_searches_are_kept_as_long_as_the_numbers_say(
    story: Callable[[ServerParams], None], name: str, by: int
) -> None:
    story(NT4_SERVER)
    does_not_come_out(story, replace(NT4_SERVER, **{name: getattr(NT4_SERVER, name) + by}))


def test_a_search_goes_on_and_ends() -> None:
    d, at = searching(), {"uid": 0x800, "tid": 0x800}
    d.asks(1, FindNext(sid=0x800, count=1), Found(sid=0x800, names=("F2",), is_end=False), **at)
    last = FindNext(sid=0x800, count=9, close_at_end=False)
    d.asks(1, last, Found(sid=0x800, names=("F3",), is_end=True), **at)
    d.receives(call(1, FindNext(sid=0x800, count=1), **at))
    d.delivers(ceased(Kind.SEARCH, 1, 0x800, "F*", "told to its end", 0x800))
    d.sends(answer(1, Found(sid=None, names=(), is_end=True), **at))
    d.refused(1, FindNext(sid=0x800, count=1), faults.INVALID_HANDLE, **at)
    d.refused(1, FindClose(sid=0x800), faults.INVALID_HANDLE, **at)
    found(d, 0x800, ("F0",)).receives(call(1, FindClose(sid=0x800), **at))
    d.delivers(ceased(Kind.SEARCH, 1, 0x800, "F*", "closed", 0x800)).done(1, **at)
    d.armed({"scavenger": s(30)})


def test_a_search_that_is_over_at_once_has_no_number() -> None:
    d = Talk(shares=MANY).connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    at = {"uid": 0x800, "tid": 0x800}
    d.asks(1, FindFirst(pattern="[*", count=1), Found(sid=None, names=("[X",), is_end=True), **at)
    d.refused(1, FindFirst(pattern="NONE*", count=1), faults.NO_SUCH_FILE, **at)
    d.refused(1, FindFirst(pattern="*", count=0), faults.INVALID_SMB, **at)
    d.refused(1, FindFirst(pattern="*" * 1025, count=1), faults.INVALID_SMB, **at)
    d.refused(1, Read(fid=0x800, offset=0, length=1), faults.INVALID_HANDLE, **at)
    d.armed({"scavenger": s(30)})
