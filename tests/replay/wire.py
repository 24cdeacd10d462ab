"""The segment, told a second time: who hears what and when, from the ledger's sends and cuts.

10 Mbit/s is 100 ns a bit.  A frame has 8 octets of preamble before it and 4 of FCS behind it;
a sender is silent for 12 more (IEEE 802.3 3.1.1, 4.2.7).  Loss is one throw a frame, whoever it
is for, of dice that the seed and the link's name make.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from tests.replay.story import DEEDS, Heard, Life, Story

#: What a NIC keeps for a host that hangs (assumption, see ``emu.net.host``).
RING = 64
_NS_A_OCTET = 800
Arrival = tuple[int, bytes]


class Segment:
    """``arrived``: by host, what reaches its port, in order.  ``taped``: what the tap sees."""

    def __init__(self, story: Story) -> None:
        (self._link,) = story.scenario.links
        assert self._link.bandwidth_bit_s == 10_000_000
        self._dice = Random(f"{story.seed}/{self._link.name}/loss")
        self._macs = story.macs()
        self._free: dict[str, int] = {}
        self._cut: set[str | None] = set()
        self.arrived: dict[str, list[Arrival]] = {name: [] for name in self._macs.values()}
        self.taped: list[Arrival] = []
        for at_ns, event, fields in story.entries:
            if event == "sent":
                self._offer(fields["host"], story.octets(fields), at_ns)
            elif event == "cut":
                self._cut.add(fields["port"])
            elif event == "mend":
                self._cut.discard(fields["port"])
        self._end(story.scenario.horizon_ns)

    def _offer(self, sender: str, octets: bytes, now: int) -> None:
        if sender in self._cut:
            return
        if sender == "server":
            self.taped.append((now, octets))
        start = max(now, self._free.get(sender, 0))
        self._free[sender] = start + (8 + len(octets) + 4 + 12) * _NS_A_OCTET
        if self._link.loss and self._dice.random() < self._link.loss:
            return
        arrival = start + (8 + len(octets) + 4) * _NS_A_OCTET + self._link.propagation_ns
        for host in self._targets(sender, octets):
            self.arrived[host].append((arrival, octets))

    def _targets(self, sender: str, octets: bytes) -> Iterator[str]:
        """A cut between switches parts the server from everybody else."""
        for mac, host in self._macs.items():
            meant = octets[:6] == mac or (octets[0] & 1 and host != sender)
            parted = None in self._cut and "server" in (host, sender)
            if meant and host not in self._cut and not parted:
                yield host

    def _end(self, horizon_ns: int) -> None:
        """One sender's frames arrive as sent; those of several as their wires bring them."""
        for host, arrivals in self.arrived.items():
            seen = [each for each in arrivals if each[0] <= horizon_ns]
            self.arrived[host] = sorted(seen, key=lambda each: each[0])
        self.taped += self.arrived["server"]


def _words(story: Story, host: str) -> list[tuple[int, str]]:
    """What the operator did to a host, power included."""
    wanted = ("power-on", *DEEDS)
    return [(at, word) for at, word, fields in story.entries
            if word in wanted and fields["host"] == host]  # fmt: skip


class _Ear:
    """A NIC: takes, keeps or loses what arrives, by what the operator last did."""

    def __init__(self) -> None:
        self.heard: list[Arrival] = []
        self._state = "power-off"
        self._ring: list[bytes] = []

    def arrive(self, at_ns: int, octets: bytes) -> None:
        if self._state == "running":
            self.heard.append((at_ns, octets))
        elif self._state == "hang" and len(self._ring) < RING:
            self._ring.append(octets)

    def turn(self, at_ns: int, word: str) -> None:
        if word == "resume":
            self.heard += [(at_ns, octets) for octets in self._ring]
        if word in ("resume", "power-on", "power-off"):
            self._ring, self._state = [], "off" if word == "power-off" else "running"
        elif word in ("hang", "suspend"):
            self._state = word


def _heard(words: Iterable[tuple[int, str]], arrivals: Iterable[Arrival]) -> list[Arrival]:
    """A frame at the instant of a deed comes before it."""
    ear = _Ear()
    turns = [(at_ns, 1, word) for at_ns, word in words]
    frames = [(at_ns, 0, octets) for at_ns, octets in arrivals]
    for at_ns, rank, what in sorted([*turns, *frames], key=lambda each: each[:2]):
        (ear.turn if rank else ear.arrive)(at_ns, what)  # type: ignore[arg-type]
    return ear.heard


def _frames(life: Life) -> Iterator[Arrival]:
    """What a life heard, by the ledger."""
    for at_ns, _, what in life.inputs:
        heard = [what] if isinstance(what, Heard) else getattr(what, "ring", [])
        yield from ((at_ns, each.octets) for each in heard)


def wire_differences(story: Story, all_lives: list[Life]) -> list[str]:
    """Every frame arrives when a wire brings it, nothing arrives that was not sent, and every
    host hears all that arrives while it can, in order."""
    segment = Segment(story)
    found = []
    written = [(f.at_ns, f.octets) for f in story.trace.frames if f.link_type == 1]
    if sorted(written) != sorted(segment.taped):
        found.append(_first("the file", sorted(written), sorted(segment.taped)))
    for host, arrivals in segment.arrived.items():
        heard = [each for life in all_lives if life.host == host for each in _frames(life)]
        wanted = _heard(_words(story, host), arrivals)
        if heard != wanted:
            found.append(_first(f"{host} heard", heard, wanted))
    return found


def _first(what: str, found: list[Arrival], wanted: list[Arrival]) -> str:
    pairs = [*zip(found, wanted, strict=False)]
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
    return f"{what}: {found[at : at + 1]} for {wanted[at : at + 1]} at {at} of {len(wanted)}"
