"""A router of the world: a port on a LAN and a port on a dialled line, between plain calls.

Passive like a host: the timeline steps it.  It has power for the whole run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import NEVER, Note
from emu.machines.routing import RouterParams
from emu.net.link import Nic
from emu.net.timeline import TIMER
from emu.stations.base import Timer
from emu.stations.router.lan_port import LanPort, LanPortSpec
from emu.stations.router.packets import Packet
from emu.stations.router.wan_port import WanPort, WanSpec

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.net.timeline import Timeline
    from emu.net.wan import DialledLine


class Port:
    """What a router's LAN port asks of the world (``stations.base.Surroundings``)."""

    def __init__(self, nic: Nic, timeline: Timeline) -> None:
        self.mac = nic.mac
        self._nic, self._timeline = nic, timeline

    def transmit(self, octets: bytes) -> int:
        """Onto the LAN."""
        return self._nic.link.offer(self._nic, octets, self._timeline.now)

    def arm(self, timer: Timer, due: int) -> None:
        self._timeline.at(max(due, self._timeline.now), TIMER, _fire, timer)

    def note(self, note: Note, connection: int, frame: int | None) -> None:
        """A router's stations keep no connections that anybody counts."""

    def arriving(self) -> int:
        return self._nic.arriving


def _fire(timer: Timer, now: int) -> None:
    timer.fire(now)


class WanRouter:
    """``lan_spec`` and ``wan_spec``: its two sides.  ``arriving_number``: of the frame that is
    being taken from the line just now."""

    def __init__(
        self,
        name: str,
        nic: Nic,
        line: DialledLine,
        timeline: Timeline,
        *,
        lan_spec: LanPortSpec,
        wan_spec: WanSpec,
        routing: RouterParams | None,
        ledger: Ledger | None,
    ) -> None:
        self.name, self.nic, self.line = name, nic, line
        self.arriving_number = 0
        self._timeline, self._ledger = timeline, ledger
        self._armed = NEVER
        self.wan = WanPort(wan_spec, self)
        self.lan = LanPort(lan_spec, Port(nic, timeline), self._carry, routing)
        nic.by_type = nic.by_sap = dict.fromkeys(self.lan.claims, self._hear)

    # --- the LAN side ------------------------------------------------------------------------

    def _hear(self, octets: bytes, now: int) -> None:
        self.lan.receive(octets, now)
        self.watch()

    def _carry(self, packet: Packet, now: int) -> None:
        self.wan.carry(packet, now)

    # --- the line's side: WanUser --------------------------------------------------------------

    def place_call(self, destination: str, _channel: int, now: int, /) -> None:
        self.line.control.place(self.name, destination, now)

    def answer_call(self, destination: str, now: int, /) -> None:
        self.line.control.answer(self.name, destination, now)

    def refuse_call(self, destination: str, now: int, /) -> None:
        self.line.control.refuse(self.name, destination, now)

    def end_call(self, destination: str, why: str, now: int, /) -> None:
        self.line.control.end(self.name, destination, why, now)

    def send(self, destination: str, octets: bytes, now: int, /) -> None:
        self.line.send(self.name, destination, octets, now)

    def deliver(self, destination: str, packet: Packet, now: int, /) -> None:
        self.lan.put(destination, packet, now)

    def link_changed(self, destination: str, *, up: bool, now: int) -> None:
        self.lan.link_changed(destination, up=up, now=now)

    def call_failed(self, destination: str, now: int, /) -> None:
        if self.lan.ipx is not None:
            self.lan.ipx.call_failed(destination, now)

    def tell(self, note: Note, now: int, /) -> None:
        if self._ledger is not None:
            self._ledger.note(now, note.kind, router=self.name, line=self.line.name, **note.facts)

    def raise_lines(self, now: int) -> None:
        """By hand, whatever there is to carry."""
        self.wan.raise_lines(now)
        self.watch()

    # --- timers ------------------------------------------------------------------------------

    def watch(self) -> None:
        """After every step: write down what was noted, wake up when something is due."""
        if self.lan.ipx is not None:
            for note in self.lan.ipx.take_notes():
                self.tell(note, self._timeline.now)
        due = self._due()
        if due < self._armed:
            self._armed = due
            self._timeline.at(max(due, self._timeline.now), TIMER, self._expire, due)

    def _due(self) -> int:
        wan, ipx = self.wan.due(), self.lan.ipx
        routes = None if ipx is None else ipx.due()
        return min(NEVER if wan is None else wan, NEVER if routes is None else routes)

    def _expire(self, _: int, now: int) -> None:
        if now < self._armed:
            return
        self._armed = NEVER
        due = self.wan.due()
        if due is not None and due <= now:
            self.wan.expire(now)
        ipx = self.lan.ipx
        routes = None if ipx is None else ipx.due()
        if ipx is not None and routes is not None and routes <= now:
            ipx.expire(now)
        self.watch()
