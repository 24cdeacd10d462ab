"""NetBEUI: the LLC2 link between two stations and the NBF sessions on it.

One flow a link: all sessions of a link die with it (facts/netbeui.md 2.1, 2.5), and what
notices death is the link.  Names come from the NAME_QUERY before it.
Documents: facts/netbeui.md 1.2 (frames), 2.2 (timers), 2.6 (SESSION_ALIVE), 3 (reboot).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.check.book import Book
from emu.check.timeline import A, B, How, Mark, Mechanism, Timeline
from emu.pdu.ethernet import EthernetFrame
from emu.pdu.llc2 import Information, Llc2Pdu, Supervisory, Unnumbered, UnnumberedKind, is_poll
from emu.pdu.nbf import NameFrame, NbfCommand, SessionFrame
from emu.pdu.netbios_name import name_text
from emu.units import NS_PER_MS

#: A poll sooner than this after the last frame is a checkpoint of the set-up, not a timer that
#: expired: the shortest T1 of any stack is 200 ms (2.3).
_T1_MIN_NS = 100 * NS_PER_MS

_CLAIMS = frozenset({NbfCommand.ADD_NAME_QUERY, NbfCommand.ADD_GROUP_NAME_QUERY})
_CALLS = frozenset({NbfCommand.NAME_QUERY, NbfCommand.NAME_RECOGNIZED})


@dataclass(slots=True)
class _Link:
    """``sessions``: those set up and not ended.  ``numbers``: of each side the last N(S).
    ``alive``: of each side, whether a SESSION_ALIVE is its last I frame; ``beat``: when."""

    timeline: Timeline
    side_of: dict[bytes, int]
    sessions: set[frozenset[int]] = field(default_factory=set[frozenset[int]])
    numbers: list[int | None] = field(default_factory=lambda: [None, None])
    alive: list[bool] = field(default_factory=lambda: [False, False])
    beat: list[int | None] = field(default_factory=lambda: [None, None])


class NbfFlows:
    """The links that one tap sees, by the pair of stations."""

    def __init__(self, tap: int, book: Book) -> None:
        self._tap, self._book = tap, book
        self._links: dict[frozenset[bytes], _Link] = {}
        self._names: dict[bytes, str] = {}

    def frame(
        self,
        ethernet: EthernetFrame,
        pdu: Llc2Pdu,
        inner: tuple[object, ...],
        at_ns: int,
        frame: int,
    ) -> bool:
        """Take an LLC frame; whether it is understood."""
        mark = Mark(at_ns, frame)
        nbf = inner[0] if inner else None
        if isinstance(nbf, NameFrame):
            self._named(ethernet.source, nbf, mark)
            return True
        if isinstance(pdu, Unnumbered) and pdu.kind is UnnumberedKind.UI:
            return False
        link = self._link(ethernet, pdu, mark)
        side = link.side_of[ethernet.source]
        if link.timeline.end is not None and _is_kind(pdu, UnnumberedKind.DM):
            link.timeline.count(at_ns)  # it knows of no link either (3, 1)
        elif link.timeline.end is not None:
            link.timeline.after_end(side, *mark)
        elif isinstance(pdu, Unnumbered):
            self._unnumbered(link, side, pdu, mark)
        else:
            self._numbered(link, side, pdu, nbf, mark)
        return True

    def _named(self, station: bytes, pdu: NameFrame, mark: Mark) -> None:
        if pdu.kind in _CLAIMS:
            self._book.hosts(self._tap).booted(station, *mark)
        elif pdu.kind in _CALLS and pdu.session:
            self._names[station] = name_text(pdu.source)

    def _link(self, ethernet: EthernetFrame, pdu: Llc2Pdu, mark: Mark) -> _Link:
        stations = frozenset((ethernet.source, ethernet.destination))
        link = self._links.get(stations)
        if link is not None and not self._starts_anew(link, ethernet.source, pdu, mark):
            return link
        sets_up = _is_kind(pdu, UnnumberedKind.SABME)
        caller = ethernet.source if sets_up else max(ethernet.source, ethernet.destination)
        called = ethernet.destination if caller == ethernet.source else ethernet.source
        timeline = Timeline(
            transport="nbf",
            ends=(self._text(called), self._text(caller)),
            hosts=(called, caller),
            first_ns=mark.at_ns,
            last_ns=mark.at_ns,
            opened=not sets_up,
        )
        link = self._links[stations] = _Link(timeline, {called: A, caller: B})
        self._book.add(self._tap, ("nbf", stations), timeline)
        return link

    def _text(self, station: bytes) -> str:
        name = self._names.get(station)
        return f"{station.hex(':')} {name}" if name else station.hex(":")

    def _starts_anew(self, link: _Link, station: bytes, pdu: Llc2Pdu, mark: Mark) -> bool:
        """A SABME on a live link is a station without memory (3, 2); of one that asks in vain
        it is the reset of IEEE 802.2 (2.5), of one whose SABME was not answered a repetition."""
        if not _is_kind(pdu, UnnumberedKind.SABME):
            return False
        timeline, side = link.timeline, link.side_of[station]
        if timeline.end is not None or timeline.goodbye is not None:
            return True
        if not timeline.opened or timeline.asks[side].count:
            return False
        timeline.reborn(side, *mark, certain=True)
        timeline.finish(side, *mark, How.END_FRAME)
        return True

    def _unnumbered(self, link: _Link, side: int, pdu: Unnumbered, mark: Mark) -> None:
        timeline = link.timeline
        if pdu.kind is UnnumberedKind.DM and timeline.goodbye is None:
            self._no_memory(link, side, mark)
            return
        waited = timeline.sent[side] is not None
        timeline.hear(side, *mark)
        timeline.answer(side)
        match pdu.kind:
            case UnnumberedKind.SABME if waited:
                self._ask(link, side, Mechanism.LLC2_POLL, mark)
            case UnnumberedKind.UA:
                timeline.opened = True
                timeline.sent[side] = None
            case UnnumberedKind.DISC:
                self._disconnect(timeline, side, mark)
            case _:
                pass

    def _no_memory(self, link: _Link, side: int, mark: Mark) -> None:
        """DM: the station has no such link (3, 1); to a SABME, it wants none."""
        timeline = link.timeline
        if timeline.opened:
            heard = timeline.heard[side]
            since_ns = heard.at_ns if heard else timeline.first_ns
            host = timeline.hosts[side]
            booted = self._book.hosts(self._tap).boot_after(host, since_ns) is not None
            timeline.reborn(side, *mark, certain=booted)
            timeline.count(mark.at_ns)
            timeline.refused(side)
        else:
            timeline.hear(side, *mark)
            timeline.answer(side)
        timeline.finish(side, *mark, How.END_FRAME)

    def _disconnect(self, timeline: Timeline, side: int, mark: Mark) -> None:
        """DISC: of a station that asked in vain it is the give-up, else an orderly end."""
        if timeline.asks[side].count and timeline.goodbye is None:
            timeline.finish(side, *mark, How.END_FRAME)
        else:
            timeline.say_goodbye(side, *mark, How.END_FRAME)

    def _numbered(
        self, link: _Link, side: int, pdu: Supervisory | Information, nbf: object, mark: Mark
    ) -> None:
        timeline = link.timeline
        heard, quiet_ns = timeline.heard[1 - side], mark.at_ns - timeline.last_ns
        waited = timeline.sent[side] is not None
        timeline.hear(side, *mark)
        timeline.answer(side)
        link.alive[1 - side] = False
        timeline.opened = True
        if isinstance(pdu, Information):
            self._information(link, side, pdu, nbf, mark, waited=waited)
        elif is_poll(pdu):
            if quiet_ns < _T1_MIN_NS and not timeline.asks[side].count:
                return
            if heard is not None and not waited:
                timeline.idled(mark.at_ns - heard.at_ns)
            self._ask(link, side, Mechanism.LLC2_POLL, mark)
        else:
            timeline.sent[side] = None

    def _information(
        self,
        link: _Link,
        side: int,
        pdu: Information,
        nbf: object,
        mark: Mark,
        *,
        waited: bool,
    ) -> None:
        repeated = waited and link.numbers[side] == pdu.ns
        link.numbers[side] = pdu.ns
        kind = nbf.kind if isinstance(nbf, SessionFrame) else None
        link.alive[side] = kind is NbfCommand.SESSION_ALIVE
        if repeated:
            self._ask(link, side, Mechanism.LLC2_POLL, mark)
        elif isinstance(nbf, SessionFrame):
            self._session(link, side, nbf, mark)

    def _session(self, link: _Link, side: int, pdu: SessionFrame, mark: Mark) -> None:
        timeline = link.timeline
        session = frozenset((pdu.destination, pdu.source))
        match pdu.kind:
            case NbfCommand.SESSION_INITIALIZE:
                link.sessions.add(session)
                timeline.goodbye = None
            case NbfCommand.SESSION_END:
                link.sessions.discard(session)
                if not link.sessions:
                    self._session_end(timeline, side, mark)
            case NbfCommand.SESSION_ALIVE:
                # A beat of its own, not gated by idleness (2.6); only LLC answers it.
                since_ns = link.beat[side] or timeline.first_ns
                timeline.idled(mark.at_ns - since_ns)
                link.beat[side] = mark.at_ns
                timeline.probed(Mechanism.NBF_SESSION_ALIVE, side)
            case _:
                pass

    def _session_end(self, timeline: Timeline, side: int, mark: Mark) -> None:
        """Normal or abnormal tells nothing: a client in good order says abnormal as well
        (real-captures 21).  Of a station that asks in vain it is the give-up."""
        if timeline.asks[side].count:
            timeline.finish(side, *mark, How.END_FRAME)
        else:
            timeline.say_goodbye(side, *mark, How.END_FRAME)

    def _ask(self, link: _Link, side: int, mechanism: Mechanism, mark: Mark) -> None:
        if link.alive[side] and link.timeline.sent[side] is not None:
            mechanism = Mechanism.NBF_SESSION_ALIVE
        link.timeline.ask(side, mechanism, *mark)
        self._book.asked(self._tap, link.timeline, side)


def _is_kind(pdu: Llc2Pdu, kind: UnnumberedKind) -> bool:
    return isinstance(pdu, Unnumbered) and pdu.kind is kind
