"""Oplocks: who gets one, and what a second open of the file does to it.  Pure.

Read facts/redirector.md 2.1 and 3.7 (the 35 s).  The facts say that a batch oplock lets a client
hold back CLOSE and that a break may be answered by closing; what is written G below is
MS-CIFS from memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from emu.machines.smb.calls import Access, Disposition, Oplock
from emu.machines.smb_server.objects import OpenFile

#: Dispositions that destroy what a file holds.
TRUNCATING = frozenset({Disposition.SUPERSEDE, Disposition.OVERWRITE, Disposition.OVERWRITE_IF})


class Second(Enum):
    """What becomes of a further open."""

    GOES_ON = "goes on"
    VIOLATES = "sharing violation"
    WAITS = "waits for the break"


def judge_second(opens: Iterable[OpenFile], *, access: Access, share: Access) -> Second:
    """A batch oplock is broken before share modes are compared: its holder may have closed.

    An exclusive one is broken after (both G).
    """
    opens = tuple(opens)
    if any(each.oplock is Oplock.BATCH for each in opens):
        return Second.WAITS
    if any(_in_the_way(each, access, share) for each in opens):
        return Second.VIOLATES
    if any(each.oplock is Oplock.EXCLUSIVE for each in opens):
        return Second.WAITS
    return Second.GOES_ON


def _in_the_way(first: OpenFile, access: Access, share: Access) -> bool:
    return bool(access & ~first.share) or bool(first.access & ~share)


def grant(wanted: Oplock, *, is_alone: bool, level_ii: bool) -> Oplock:
    """Alone on the file: what was wanted; else level II for who understands it (G)."""
    if wanted is Oplock.NONE or is_alone:
        return wanted
    return Oplock.LEVEL_II if level_ii else Oplock.NONE


def level_to_break_to(*, level_ii: bool, truncates: bool) -> Oplock:
    """A holder that understands level II keeps its reads, unless there is nothing left (G)."""
    return Oplock.LEVEL_II if level_ii and not truncates else Oplock.NONE


def after_break(told: Oplock, answered: Oplock) -> Oplock:
    """What a holder keeps: never more than it was told."""
    keeps = told is Oplock.LEVEL_II and answered is Oplock.LEVEL_II
    return Oplock.LEVEL_II if keeps else Oplock.NONE
