"""NetBEUI: LLC type 2 links and the NetBIOS sessions on them (facts/netbeui.md 1.1 to 1.4).

A session has what its link hears; the link polls, or one of its sessions says that it is alive,
and what stays unacknowledged is polled for.  Part of tests/reader.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.reader_parts import Connection, Frame, Probe

SABME, UA, DISC, DM = 0x6F, 0x63, 0x43, 0x0F
POLL_U = 0x10
RR = 0x01
SESSION_END, SESSION_INITIALIZE, SESSION_ALIVE = 0x18, 0x19, 0x1F


@dataclass
class _Link:
    """``caller``: its client's address.  ``calls``: sessions, by both their numbers.

    ``waiting``: I frames of the server's that are not acknowledged: N(S), and whether it is an
    alive; ``since_ns``: from when on.  ``setting_up``: whose SABME is not answered yet.
    """

    caller: bytes
    server: bytes
    calls: dict[tuple[int, int], Connection] = field(default_factory=dict)
    waiting: list[tuple[int, bool]] = field(default_factory=list)
    since_ns: int | None = None
    next_ns: int = 0
    setting_up: bytes | None = None

    def over(self, what: str, who: str, frame: Frame) -> None:
        for connection in self.calls.values():
            connection.goodbye = (what, who, frame)
        self.calls.clear()
        self.waiting.clear()
        self.since_ns, self.next_ns = None, 0

    def tell(self) -> None:
        """An alive of its own is no data: what it waits for is told by the probes."""
        data = any(not alive for _, alive in self.waiting)
        for connection in self.calls.values():
            connection.unacknowledged_since_ns = self.since_ns if data else None


class Llc:
    """Links by both addresses; the client is who says SABME first."""

    def __init__(self) -> None:
        self.links: dict[frozenset[bytes], _Link] = {}

    def frame(self, frame: Frame) -> Connection | None:
        length = int.from_bytes(frame.octets[12:14], "big")
        llc = frame.octets[14 : 14 + length]
        if llc[0] != 0xF0 or llc[1] & 0xFE != 0xF0:
            return None
        to, by, response = frame.octets[:6], frame.octets[6:12], bool(llc[1] & 1)
        link = self.links.get(frozenset((to, by)))
        if llc[2] & 3 == 3:
            kind = llc[2] & ~POLL_U
            if kind == SABME and link is None:
                link = self.links[frozenset((to, by))] = _Link(caller=by, server=to)
            if link is not None:
                _unnumbered(link, frame, kind, by)
            return None
        if link is None:
            return None
        final, receive = bool(llc[3] & 1), llc[3] >> 1
        if by == link.caller:
            return _from_client(link, frame, llc, response and final, receive)
        _from_server(link, frame, llc, response and final, not response and final)
        return None


def _unnumbered(link: _Link, frame: Frame, kind: int, by: bytes) -> None:
    """SABME and DM are another life's, and no octet of a connection."""
    from_client = by == link.caller
    who = "client" if from_client else "server"
    if from_client and kind not in (SABME, DM):
        for connection in link.calls.values():
            connection.heard.append(frame)
    if kind == SABME:
        link.setting_up = by
    elif kind == UA:
        if link.setting_up not in (None, by):
            link.over("sabme", "client", frame)
        link.setting_up = None
    elif kind == DM:
        probes = _open_probes(link) if from_client else []
        for probe in probes:
            probe.answer, probe.by_reset = frame, True
        link.over("dm", who, frame)
        link.setting_up = None
    elif kind == DISC:
        link.over("disc", who, frame)


def _open_probes(link: _Link) -> list[Probe]:
    """The last one of each session, if nobody answered it."""
    return [
        connection.probes[-1]
        for connection in link.calls.values()
        if connection.probes and connection.probes[-1].answer is None
    ]


def _nbf(llc: bytes) -> tuple[int, int, int] | None:
    """Command, destination and source session of an I frame."""
    return (llc[8], llc[16], llc[17]) if len(llc) >= 18 and llc[6:8] == b"\xff\xef" else None


def _from_client(
    link: _Link, frame: Frame, llc: bytes, final: bool, receive: int
) -> Connection | None:
    for connection in link.calls.values():
        connection.heard.append(frame)
    # Which of those that wait are before N(R): modulo 128 (facts/netbeui.md 1.2).
    left = [each for each in link.waiting if (each[0] - receive) % 128 < 64]
    done = link.waiting[: len(link.waiting) - len(left)]
    news = bool(done) and (not left or any(alive for _, alive in done))
    if done:
        link.waiting = left
        link.since_ns = frame.at_ns if left else None
    if final or news:
        for probe in _open_probes(link):
            probe.answer = frame
    link.tell()
    if link.calls and llc[:2] == b"\xf0\xf0" and llc[2] == RR and llc[3] & 1:
        next(iter(link.calls.values())).client_probes.append(Probe(frame))
    nbf = None if llc[2] & 1 else _nbf(llc)
    if nbf is None:
        return None
    command, to_number, by_number = nbf
    key = (by_number, to_number)
    if command == SESSION_END and key in link.calls:
        link.calls.pop(key).goodbye = ("end", "client", frame)
    if command != SESSION_INITIALIZE or key in link.calls:
        return None
    name = f"{link.caller.hex(':')}/{by_number}"
    made = link.calls[key] = Connection("nbf", name, link.caller, frame.at_ns, [frame])
    made.number = to_number
    return made


def _from_server(link: _Link, frame: Frame, llc: bytes, final: bool, poll: bool) -> None:
    if llc[2] & 1:
        asked = next(iter(link.calls.values())).client_probes[-1:] if link.calls else []
        if final and asked and asked[0].answer is None:
            asked[0].answer = frame
        if poll and llc[2] == RR and link.calls:
            next(iter(link.calls.values())).probes.append(Probe(frame))
        return
    number, nbf = llc[2] >> 1, _nbf(llc)
    assert nbf is not None
    command, to_number, by_number = nbf
    connection = link.calls.get((to_number, by_number))
    if number != link.next_ns:
        link.since_ns = frame.at_ns
        if connection is not None:
            connection.repeated.append(frame)
        link.tell()
        return
    link.next_ns = (number + 1) % 128
    alive = command == SESSION_ALIVE
    if not link.waiting:
        link.since_ns = frame.at_ns
    link.waiting.append((number, alive))
    link.tell()
    if connection is None:
        return
    if alive:
        connection.probes.append(Probe(frame))
    if command == SESSION_END:
        connection.goodbye = ("end", "server", frame)
        del link.calls[(to_number, by_number)]
