"""What several connections suffer together has one cause, and it is none of their peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from emu.check.cases import Case
from emu.check.rules import is_hung
from emu.units import NS_PER_S

#: Hosts that stop within this of each other stopped together (INDEX 09: 30 ms).
_TOGETHER_NS = NS_PER_S
#: Who repeats does so at least this often, so it finds a link that is back (INDEX 16: 64 s).
_BACK_NS = 64 * NS_PER_S


class _Silence(NamedTuple):
    """``place``: where the host stands, as far as the tap sees.  ``case``: its index.
    ``back_ns``: when it was heard again, 0 for those that were not."""

    place: bytes
    heard_ns: int
    host: bytes
    case: int
    back_ns: int


def with_common_causes(cases: Sequence[Case]) -> list[Case]:
    """The cases, each knowing whether another host fell silent, or came back, with its own."""
    paths, links = _shared(_behind_gateways(cases)), _shared(_hung(cases))
    return [
        replace(case, common=index in paths, link=index in links)
        if index in paths or index in links
        else case
        for index, case in enumerate(cases)
    ]


def _behind_gateways(cases: Sequence[Case]) -> list[_Silence]:
    """Hosts beyond one gateway (INDEX 09); those on the LAN have an adapter each."""
    return [
        _Silence(case.timeline.gateways[case.silent], heard.at_ns, host, index, 0)
        for index, case in enumerate(cases)
        if case.timeline.transport == "tcp" and case.is_silence and case.silent is not None
        if case.timeline.end is None and (heard := case.timeline.heard[case.silent])
        for host in (case.timeline.hosts[case.silent],)
    ]


def _hung(cases: Sequence[Case]) -> list[_Silence]:
    """Those who came back with their state, wherever they stand."""
    return [
        _Silence(b"", heard.at_ns, case.timeline.hosts[case.silent], index, back.at_ns)
        for index, case in enumerate(cases)
        if is_hung(case) and case.silent is not None
        if (heard := case.timeline.heard[case.silent]) and (back := case.back)
    ]


def _shared(silences: Sequence[_Silence]) -> set[int]:
    """Indices of those that another host at the same place shares its moment with."""
    found: set[int] = set()
    for one, two in pairwise(sorted(silences)):
        near = one.place == two.place and two.heard_ns - one.heard_ns <= _TOGETHER_NS
        if near and one.host != two.host and abs(two.back_ns - one.back_ns) <= _BACK_NS:
            found.update((one.case, two.case))
    return found
