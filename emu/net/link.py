"""A switched Ethernet segment: serialisation, propagation, loss, and one tap.

The link is passive: it computes when a frame arrives and schedules that.  The tap stands at
the server's port, so a frame of the server's is stamped when it is sent and a frame for the
server when it has arrived; that is what a capture made on the server would show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random

from emu.capture.recording import Frame, Recording
from emu.net.timeline import FRAME, Timeline
from emu.pdu.ethernet import FRAME_MIN_OCTETS
from emu.units import NS_PER_S

#: FCS (4 octets) behind every frame; preamble and start delimiter (8) before it; IEEE 802.3
#: 4.2.7 and 3.1.1.  The gap between frames (12 octets) keeps the sender busy, not the receiver.
FCS_OCTETS = 4
PREAMBLE_OCTETS = 8
GAP_OCTETS = 12

#: Takes a frame at an instant.
Deliver = Callable[[bytes, int], None]

NOBODY: Mapping[bytes, Deliver] = {}


def bytes_on_wire(octets: int) -> int:
    """A frame as product.md counts it: padded, with FCS, without preamble; at least 64."""
    return max(octets, FRAME_MIN_OCTETS) + FCS_OCTETS


@dataclass(slots=True, kw_only=True)
class _Size:
    """Frames of one length: how long the sender is busy, when they arrive, how many there were."""

    busy_ns: int
    arrival_ns: int
    count: int = 0


class Nic:
    """One port of a link, and the host's table of who gets which frames.

    ``by_type`` and ``by_sap``: who takes frames of an Ethernet type, or of an 802.3 frame by
    the two octets behind its length; both empty without power.  ``arriving``: the number of
    the frame being received just now, 0 if none.  ``heard``: told of every frame, if set.
    ``cuts``: how many faults cut its cable; with any, nothing passes, and the tap, which stands
    behind the port, sees nothing either.
    """

    __slots__ = (
        "arrived_at",
        "arriving",
        "by_sap",
        "by_type",
        "cuts",
        "free_at",
        "heard",
        "link",
        "mac",
        "name",
        "taps",
    )

    def __init__(self, name: str, mac: bytes, link: Lan) -> None:
        self.name = name
        self.mac = mac
        self.link = link
        self.free_at = 0
        self.arrived_at = 0
        self.arriving = 0
        self.cuts = 0
        self.taps = False
        self.by_type: Mapping[bytes, Deliver] = NOBODY
        self.by_sap: Mapping[bytes, Deliver] = NOBODY
        self.heard: Callable[[bytes, int, int], None] | None = None
        link.nics[mac] = self

    def arrive(self, frame: tuple[bytes, int], now: int) -> None:
        """A frame is here.  Without power it is lost, but the tap has seen it.

        The switch brings only what is for this address or for a group's.
        """
        octets, number = frame
        if number == 0 and self.taps:
            number = self.link.tapped(octets, now)
        if self.heard is not None:
            self.heard(octets, number, now)
        deliver = self.by_type.get(octets[12:14])
        if deliver is None and octets[12] < 6:  # a length, not a type: IEEE 802.3 3.2.6
            deliver = self.by_sap.get(octets[14:16])
        if deliver is not None:
            self.arriving = number
            deliver(octets, now)
            self.arriving = 0

    def lose_power(self) -> None:
        """From now on nothing that arrives is heard."""
        self.by_type = self.by_sap = NOBODY
        self.heard = None


class Lan:
    """``bits_per_second`` and ``propagation_ns`` as configured; ``loss``: 0..1 per frame.

    ``jitter_ns``: every frame arrives up to that much later, by ``jitter_dice``.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        bits_per_second: int,
        propagation_ns: int,
        loss: float,
        dice: Random,
        jitter_ns: int = 0,
        jitter_dice: Random | None = None,
        recording: Recording | None,
        interface: int = 0,
    ) -> None:
        self.name = name
        self.nics: dict[bytes, Nic] = {}
        self._at = timeline.at
        self._cuts = 0
        self._trunk_cuts = 0
        self._server: Nic | None = None
        self._bits_per_second = bits_per_second
        self._propagation_ns = propagation_ns
        self._loss = loss
        self._dice = dice
        self._jitter_ns = jitter_ns
        self._jitter_dice = jitter_dice or Random(0)
        self._records = recording is not None
        self._frames: list[Frame] = [] if recording is None else recording.frames
        self.interface = interface
        self._bridges: list[Nic] = []
        self._sizes: dict[int, _Size] = {}

    @property
    def calls_ns(self) -> tuple[tuple[int, int], ...]:
        """Calls as (connected, ended); a LAN makes none."""
        return ()

    @property
    def frames(self) -> int:
        """Frames offered so far, lost ones included."""
        return sum(size.count for size in self._sizes.values())

    @property
    def bytes_on_wire(self) -> int:
        """What they were on the wire; see the function of that name."""
        return sum(size.count * bytes_on_wire(octets) for octets, size in self._sizes.items())

    def tap(self, nic: Nic) -> None:
        """Put the tap at a port, if anything is recorded at all."""
        nic.taps = self._records
        self._server = nic

    def bridge(self, nic: Nic) -> None:
        """A port behind which other LANs lie: frames for stations that are not here go there,
        as a switch floods what it has not learnt."""
        self._bridges.append(nic)

    def cut(self, nic: Nic | None) -> None:
        """Cut the cable at a port, or (None) between the server's switch and the clients'.

        Cuts are counted.  A simplification: a frame that was offered before still arrives, even
        if its last bit would only have come to the cut; on a LAN that is 60 us.
        """
        self._change(nic, 1)

    def mend(self, nic: Nic | None) -> None:
        """Undo one ``cut``; what is whole stays so."""
        if nic.cuts if nic is not None else self._trunk_cuts:
            self._change(nic, -1)

    def _change(self, nic: Nic | None, by: int) -> None:
        self._cuts += by
        if nic is None:
            self._trunk_cuts += by
        else:
            nic.cuts += by

    def _joined(self, one: Nic, other: Nic | None) -> bool:
        """Whether a frame gets from one port to the other."""
        if one.cuts or (other is not None and other.cuts):
            return False
        return not (self._trunk_cuts > 0 and self._server in (one, other))

    def tapped(self, octets: bytes, now: int) -> int:
        """Record a frame at the tap; its number in the capture."""
        frames = self._frames
        frames.append((self.interface, now, octets))  # what Recording.frame does
        return len(frames)

    def offer(self, sender: Nic, octets: bytes, now: int) -> int:
        """Send a frame.  Returns its number at the tap, 0 if the tap has not seen it (yet)."""
        if self._cuts and sender.cuts:
            return 0
        number = self.tapped(octets, now) if sender.taps else 0
        length = len(octets)
        size = self._sizes.get(length) or self._measure(length)
        size.count += 1
        start = sender.free_at
        if start < now:
            start = now
        sender.free_at = start + size.busy_ns
        if self._loss and self._dice.random() < self._loss:
            return number
        arrival = start + size.arrival_ns
        if self._jitter_ns:
            arrival = self._late(sender, arrival)
        target = self.nics.get(octets[:6])
        if self._cuts and not self._joined(sender, target):
            return number
        if target is not None:
            self._at(arrival, FRAME, target.arrive, (octets, number))
        elif octets[0] & 1:
            self._flood(self.nics.values(), sender, octets, number, arrival)
        elif self._bridges:
            self._flood(self._bridges, sender, octets, number, arrival)
        return number

    def _late(self, sender: Nic, arrival: int) -> int:
        """Jitter comes from queues, and in a queue nobody overtakes: frames stay in order."""
        late = arrival + self._jitter_dice.randrange(self._jitter_ns + 1)
        sender.arrived_at = max(sender.arrived_at, late)
        return sender.arrived_at

    def _flood(
        self, ports: Iterable[Nic], sender: Nic, octets: bytes, number: int, arrival: int
    ) -> None:
        """To every port but the sender's, in the order they were plugged in."""
        for nic in ports:
            if nic is not sender and not (self._cuts and not self._joined(sender, nic)):
                self._at(arrival, FRAME, nic.arrive, (octets, number))

    def _measure(self, octets: int) -> _Size:
        on_wire = bytes_on_wire(octets) + PREAMBLE_OCTETS

        def duration(count: int) -> int:
            return count * 8 * NS_PER_S // self._bits_per_second

        size = self._sizes[octets] = _Size(
            busy_ns=duration(on_wire + GAP_OCTETS),
            arrival_ns=duration(on_wire) + self._propagation_ns,
        )
        return size
