"""Hosts: passive objects with power.  A host is a factory; rebooting means calling it again.

``Host`` is the box: its NIC, its power switch, how often it has booted.  ``Boot`` is one life
of it: the stations and programs that a power failure ends without a last word.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

import trio

from emu.net.link import Deliver, Nic
from emu.net.timeline import PROGRAM, TIMER, Signal, Timeline
from emu.stations.base import SharingStation

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.machines.base import Note
    from emu.stations.base import Station, Timer

#: Called at every boot: builds the stations of that life and returns its program, if any.
Factory = Callable[["Boot"], Callable[[], Awaitable[None]] | None]
Observer = Callable[["Boot", "Note", int, int], None]


#: Frames a NIC of the time keeps for a host that does not take them; the rest is lost.
#: Assumption: NE2000's 16 kB of packet memory holds about ten full frames or two hundred small
#: ones; no document says what NT's drivers set aside.
RING_FRAMES = 64

#: What stands behind the length of an 802.3 frame, so that a claim on it is no Ethernet type:
#: raw IPX, 802.2 IPX, SNAP (facts/ipx.md 1.2), and NetBIOS (IEEE 802.2, F0), commands and
#: responses.
SERVICE_ACCESS_POINTS = frozenset({b"\xff\xff", b"\xe0\xe0", b"\xaa\xaa", b"\xf0\xf0", b"\xf0\xf1"})


def _share_out(claim: bytes, stations: Sequence[Station]) -> Deliver:
    """Hands every frame of a claim to the station whose share it is, others to nobody."""
    at = width = 0
    by_key: dict[bytes, Deliver] = {}
    for station in stations:
        if not isinstance(station, SharingStation):
            raise ValueError(f"two stations claim {claim.hex()}")
        share = station.shares[claim]
        at, width = share.at, len(share.keys[0])
        for key in share.keys:
            by_key.setdefault(key, station.receive)
    end = at + width

    def deliver(octets: bytes, now: int) -> None:
        receive = by_key.get(octets[at:end])
        if receive is not None:
            receive(octets, now)

    return deliver


class Boot:
    """One life of a host; what ``emu.stations.base.Surroundings`` asks for.

    ``number`` counts from 0.  ``alive`` turns False for good when the power goes: timers of
    this life then expire unheard, and nothing it does reaches the wire.
    """

    __slots__ = (
        "_agenda",
        "_at",
        "_by_sap",
        "_by_type",
        "_hold",
        "_holders",
        "_ledger",
        "_nic",
        "_observer",
        "_offer",
        "_overdue",
        "_ring",
        "_scope",
        "_serve",
        "_stations",
        "alive",
        "host",
        "mac",
        "number",
        "running",
        "unread",
    )

    def __init__(self, host: Host, number: int) -> None:
        self.host = host
        self.number = number
        self.alive = True
        self.running = True
        #: Something came while the program stood still, and nobody has read it.
        self.unread = False
        self.mac = host.nic.mac
        self._nic = host.nic
        self._offer = host.nic.link.offer
        self._agenda = host.timeline.agenda
        # Bound once: every frame of a farm arms a timer.
        self._at, self._serve = host.timeline.at, self._fire
        self._ledger = host.ledger
        self._observer = host.observer
        self._by_type: dict[bytes, Deliver] = {}
        self._by_sap: dict[bytes, Deliver] = {}
        self._scope: trio.CancelScope | None = None
        self._overdue: list[Timer] = []
        self._ring: list[tuple[bytes, int]] = []
        self._hold: Signal | None = None
        self._holders = 0
        self._stations: dict[bytes, list[Station]] = {}

    def add(self, station: Station) -> None:
        """Let a station have the frames it claims, or its share of them.

        Alone with its claim it gets them straight; only where several share one is there a
        step in between, which looks at a few octets and decodes nothing.
        """
        for claim in station.claims:
            sharing = [*self._stations.get(claim, ()), station]
            table = self._by_sap if claim in SERVICE_ACCESS_POINTS else self._by_type
            try:
                table[claim] = station.receive if len(sharing) == 1 else _share_out(claim, sharing)
            except ValueError as error:
                raise ValueError(f"{self.host.name}: {error}") from None
            self._stations[claim] = sharing

    def dice(self, purpose: str) -> Random:
        """A source of randomness that no other consumer, boot or host shares."""
        return Random(f"{self.host.seed}/{self.host.name}/{self.number}/{purpose}")

    # --- Surroundings ------------------------------------------------------------------------

    def transmit(self, octets: bytes) -> int:
        """The one gate out of a host: no power, no octets."""
        if not self.alive:
            return 0
        now = self._agenda.now
        number = self._offer(self._nic, octets, now)
        if self._ledger is not None:
            self._log_frame("sent", octets, number, now)
        return number

    def arm(self, timer: Timer, due: int) -> None:
        """A deadline that passed while the host hung or slept is served now: the agenda knows
        no past, and an entry in it would turn everybody's clock back."""
        now = self._agenda.now
        self._at(due if due > now else now, TIMER, self._serve, timer)

    def note(self, note: Note, connection: int, frame: int | None) -> None:
        self._observer(self, note, connection, self._nic.arriving if frame is None else frame)

    def arriving(self) -> int:
        return self._nic.arriving

    # --- the host's side ---------------------------------------------------------------------

    def plug_in(self) -> None:
        """From now on the NIC brings what arrives."""
        self._nic.by_type, self._nic.by_sap = self._by_type, self._by_sap
        if self._ledger is not None:
            self._nic.heard = self._log_received

    def _log_received(self, octets: bytes, number: int, now: int) -> None:
        self._log_frame("received", octets, number, now)

    def _log_frame(self, event: str, octets: bytes, number: int, now: int) -> None:
        """A frame the capture does not hold (yet) goes into the ledger whole.

        With that, capture and ledger say all that a host heard and did (architecture.md 5).
        """
        assert self._ledger is not None
        name, count = self.host.name, len(octets)
        if number:
            self._ledger.note(now, event, host=name, octets=count, frame=number)
        else:
            self._ledger.note(now, event, host=name, octets=count, frame=0, data=octets)

    def _fire(self, timer: Timer, now: int) -> None:
        if self.running:
            timer.fire(now)
        elif self.alive:
            self._overdue.append(timer)

    # --- hangs and sleeps: the state stays, nothing moves ------------------------------------

    def stop(self, *, hears: bool) -> None:
        """Nothing moves from now on.  ``hears``: frames fill the NIC's ring (a hang); else the
        NIC is off and they are lost (a laptop that sleeps)."""
        self.running = False
        self._nic.lose_power()
        if hears:
            self._nic.heard = self._keep
        self.hold()

    def _keep(self, octets: bytes, number: int, _now: int) -> None:
        if len(self._ring) < RING_FRAMES:
            self._ring.append((octets, number))

    def resume(self, now: int) -> None:
        """Frames from the ring first, then overdue timers in the order in which they were due,
        then the programs (architecture.md 4)."""
        self.running = True
        self.plug_in()
        ring, self._ring = self._ring, []
        for frame in ring:
            self._nic.arrive(frame, now)
        overdue, self._overdue = self._overdue, []
        for timer in overdue:
            timer.fire(now)
        self.release()

    def hold(self) -> None:
        """The program stands still at its next step; machines go on."""
        self._holders += 1
        if self._hold is None:
            self._hold = Signal(self.host.timeline)

    def release(self) -> None:
        """The program goes on and reads what came meanwhile, if nothing else holds it: one that
        hung before its host slept still hangs when that wakes up."""
        self._holders = max(0, self._holders - 1)
        if self._hold is not None and not self._holders:
            self.unread = False
            hold, self._hold = self._hold, None
            hold.set("go on")

    @property
    def held(self) -> bool:
        """Whether the program stands still."""
        return self._hold is not None

    async def going(self) -> None:
        """Wait until the program may go on."""
        while self._hold is not None:
            await self._hold.wait()

    def kill(self) -> None:
        """The program's task ends; the stack stays."""
        if self._scope is not None:
            self._scope.cancel()

    async def live(self, program: Callable[[], Awaitable[None]]) -> None:
        """Run the program of this life until it ends or the power goes."""
        if not self.alive:  # it went before the program had its first turn
            return
        with trio.CancelScope() as self._scope:
            await program()

    def end(self) -> None:
        """The power is gone: NIC first, then the tasks; no last words."""
        self.alive = self.running = False
        self._nic.lose_power()
        if self._scope is not None:
            self._scope.cancel()


class Host:
    """A box with a NIC.  ``seed``: the run's; ``observer`` hears the notes of its machines."""

    def __init__(
        self,
        name: str,
        nic: Nic,
        timeline: Timeline,
        factory: Factory,
        *,
        seed: int,
        ledger: Ledger | None,
        observer: Observer,
    ) -> None:
        self.name = name
        self.nic = nic
        self.timeline = timeline
        self.seed = seed
        self.ledger = ledger
        self.observer = observer
        self.boots = 0
        self.boot: Boot | None = None
        self._factory = factory

    def power_on(self, nursery: trio.Nursery | None) -> Boot:
        """Boot: empty tables, a new number, its program started in its turn at this instant."""
        assert self.boot is None, f"{self.name} has power already"
        boot = self.boot = Boot(self, self.boots)
        self.boots += 1
        self._log("power-on", boot=boot.number)
        program = self._factory(boot)
        boot.plug_in()
        if program is not None and nursery is not None:
            body = program
            self.timeline.spawn(
                nursery, lambda: boot.live(body), rank=PROGRAM, name=f"{self.name}/{boot.number}"
            )
        return boot

    def power_off(self) -> None:
        """Take the power away; nothing to do for a host that has none."""
        boot, self.boot = self.boot, None
        if boot is not None:
            self._log("power-off", boot=boot.number)
            boot.end()

    def _log(self, event: str, *, boot: int) -> None:
        if self.ledger is not None:
            self.ledger.note(self.timeline.now, event, host=self.name, boot=boot)
