"""An IPX router's RIP and SAP: what it learns, what it tells whom and when, whom it answers.

Sans-IO; octets and sockets are ``stations/router/ipx_routes.py``'s.  Left out: updates at once
on a LAN when something changes (the next periodic one says it), NLSP, and RIP timing of
datagrams; a router that is switched off says no farewell.

Read: facts/ipx.md 1.12, 3.1.1, 4.2; RFC 1582.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    EXPIRED,
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Expired,
    Note,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.routing.book import Source, route_book, service_book, service_key
from emu.machines.routing.cadence import Beat
from emu.machines.routing.exchange import CircuitDown, CircuitUp, Offer, PeerLost, Told
from emu.machines.routing.params import (
    RFC_1582_AGEING,
    Ageing,
    Periodic,
    Snapshot,
    Triggered,
    Unrouted,
)
from emu.machines.routing.ports import Event, Line, Port, event_of_packet, node_of, port_of
from emu.machines.routing.telling import (
    ASK_FOR_ROUTES,
    ASK_FOR_SERVICES,
    answers_to_query,
    answers_to_request,
    rip_packets,
    routes_for,
    sap_packets,
    services_for,
)
from emu.machines.routing.values import (
    LinkDown,
    LinkUp,
    NextHop,
    On,
    RouterParams,
    StaticService,
)
from emu.pdu.rip_sap import (
    Rip,
    RipEntry,
    Sap,
    SapEntry,
)


class IpxRouter:
    """See the module.  The contract of ``machines/base.py``, and questions to the table."""

    def __init__(self, params: RouterParams, ageing: Ageing = RFC_1582_AGEING) -> None:
        self._ageing = ageing
        self.routes = route_book(ageing)
        self.services = service_book(ageing)
        self._ports = {
            side.name: port_of(side, self.routes, self.services, start_ns=params.start_ns)
            for side in params.interfaces
        }
        for side in params.interfaces:
            if side.network:
                attached = RipEntry(network=side.network, hops=0, ticks=side.ticks)
                self.routes.fix(attached, Source(side.name, b""))
        for way in params.routes:
            entry = RipEntry(network=way.network, hops=way.hops, ticks=way.ticks)
            self.routes.fix(entry, Source(self._named(way.interface).interface.name, way.node))
        self._fix_services(params.services)

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """``LocalProtocolError`` for an unknown interface or what no router is told."""
        if isinstance(stimulus, Expired):
            said = self._expire(now)
        else:
            port, event = self._event_of(stimulus)
            row = TABLE[type(port.interface.updates), event]
            said = [*row.action(self, (port, stimulus), now)]
        return [*said, *self._offer(now)]

    def due(self) -> int | None:
        return min(self.timers().values(), default=None)

    def timers(self) -> Mapping[str, int]:
        named = {"routes": self.routes.due(), "services": self.services.due()}
        for name, port in self._ports.items():
            if port.cadence is not None:
                named[f"{name} updates"] = port.cadence.update_ns
                named[f"{name} period"] = port.cadence.turn_ns
            for line in port.lines:
                for timer, at in line.exchange.timers().items():
                    named[f"{name} {line.name} {timer}"] = at
        return {name: at for name, at in named.items() if at != NEVER}

    # --- questions ---------------------------------------------------------------------------

    def route(self, network: int) -> NextHop | None:
        """Where a datagram for ``network`` goes next; None: nobody knows."""
        best = self.routes.best(network)
        if best is None or not best.reachable:
            return None
        return NextHop(best.source.interface, best.source.node or None)

    def service(self, service: int, name: bytes) -> SapEntry | None:
        """The best that is known of a service, as it was said; None: nothing."""
        best = self.services.best(service_key(service, name))
        return best.entry if best is not None and best.reachable else None

    # --- what interfaces do ------------------------------------------------------------------

    def answer(self, what: Any, _now: int) -> Effects:
        """To who asked, whatever the interface: a client knows no update policy."""
        port, stimulus = what
        packet, peer = stimulus.pdu.packet, stimulus.pdu.peer
        answers: Iterable[Rip | Sap]
        if isinstance(packet, Rip):
            answers = answers_to_request(packet, routes_for(port.interface, self.routes))
        else:
            services = services_for(port.interface, self.services)
            there = tuple(entry for entry in services if self.route(entry.network) is not None)
            answers = answers_to_query(packet, there)
        return [Transmit(On(port.interface.name, answer, peer)) for answer in answers]

    def learn(self, what: Any, now: int) -> Effects:
        """In a quiet period nothing ages, so neither does what strays in."""
        port, stimulus = what
        on: On = stimulus.pdu
        quiet = port.cadence.is_quiet
        until_ns = NEVER if quiet else now + self._ageing.entry_ns
        source = Source(on.interface, node_of(on))
        for entry in on.packet.entries:
            book: Any = self.routes if isinstance(entry, RipEntry) else self.services
            book.hear(entry, source, now, until_ns=until_ns)
        return NOTHING

    def triggered(self, what: Any, now: int) -> Effects:
        """A packet that came proves the link, whoever made it."""
        port, stimulus = what
        on: On = stimulus.pdu
        node = node_of(on)
        said = self.link_up(what, now)
        line = port.rip if isinstance(on.packet, Rip) else port.sap
        if line.peer is not None and line.peer.node != node:
            line.book.lose(port.interface.name, now)  # another router stands there now
        line.peer = on.peer
        effects = line.exchange.step(Received(on.packet), now)
        return [*said, *self._carry_out(port, line, effects, now)]

    def link_up(self, what: Any, now: int) -> Effects:
        """RFC 1582 7.1: in time, everything is permanent again; too late, it is asked for."""
        port: Port = what[0]
        if port.failed_ns is None:
            return NOTHING
        stale = now - port.failed_ns >= self._ageing.entry_ns
        port.failed_ns = None
        for line in port.lines:
            line.book.trust(port.interface.name)
            line.exchange.step(Asked(CircuitUp(stale=stale)), now)
        return NOTHING

    def link_down(self, what: Any, now: int) -> Effects:
        """Hung up is not unreachable (RFC 1582 2.2); a call that failed is the beginning of it."""
        port, stimulus = what
        if not stimulus.request.failed or port.failed_ns is not None:
            return NOTHING
        port.failed_ns = now
        for line in port.lines:
            line.book.doubt(port.interface.name, now)
            line.exchange.step(Asked(CircuitDown()), now)
        return NOTHING

    def wake(self, what: Any, now: int) -> Effects:
        port: Port = what[0]
        assert port.cadence is not None
        return self._beat(port, port.cadence.link_up(now), now)

    def discard(self, _what: Any, _now: int) -> Effects:
        return NOTHING

    # --- time --------------------------------------------------------------------------------

    def _expire(self, now: int) -> list[Effect]:
        """Ageing first: what is over is not told as if it were there."""
        said: list[Effect] = []
        for port in self._ports.values():
            # Turns of a period come before ageing: sleeping stops it.
            while port.cadence is not None and port.cadence.turn_ns <= now:
                said += self._beat(port, port.cadence.expire(now), now)
        self.routes.age(now)
        self.services.age(now)
        for port in self._ports.values():
            if port.cadence is not None:
                said += self._beat(port, port.cadence.expire(now), now)
            for line in port.lines:
                due = line.exchange.due()
                if due is not None and due <= now:
                    said += self._carry_out(port, line, line.exchange.step(EXPIRED, now), now)
        return said

    def _beat(self, port: Port, beat: Beat | None, now: int) -> list[Effect]:
        name = port.interface.name
        if beat is Beat.SLEEP:
            self.routes.trust(name)
            self.services.trust(name)
        if beat in (None, Beat.SLEEP):
            return []
        questions: tuple[Rip | Sap, ...] = ()
        if beat is Beat.WAKE:
            self.routes.doubt(name, now)
            self.services.doubt(name, now)
            questions = (ASK_FOR_ROUTES, ASK_FOR_SERVICES)
        packets = (
            *questions,
            *rip_packets(routes_for(port.interface, self.routes)),
            *sap_packets(services_for(port.interface, self.services)),
        )
        return [Transmit(On(name, packet)) for packet in packets]

    def _offer(self, now: int) -> list[Effect]:
        """Tell the exchanges what there is to say, when that may have changed."""
        said: list[Effect] = []
        for port in self._ports.values():
            for line in port.lines:
                if line.told_version == line.book.version:
                    continue
                line.told_version = line.book.version
                entries: Any = (
                    routes_for(port.interface, self.routes)
                    if line is port.rip
                    else services_for(port.interface, self.services)
                )
                effects = line.exchange.step(Asked(Offer(entries)), now)
                said += self._carry_out(port, line, effects, now)
        return said

    # --- inside ------------------------------------------------------------------------------

    def _carry_out(self, port: Port, line: Line, effects: Effects, now: int) -> list[Effect]:
        """An exchange's effects as the router's."""
        name = port.interface.name
        said: list[Effect] = []
        book: Any = line.book
        for effect in effects:
            match effect:
                case Transmit(packet, about):
                    said.append(Transmit(On(name, packet, line.peer), about))
                case Deliver(Told(entries)):
                    assert line.peer is not None
                    book.hear_all(entries, Source(name, line.peer.node), now)
                case Deliver(PeerLost()):
                    book.lose(name, now)
                    said.append(Note("router lost", {"interface": name, "protocol": line.name}))
                case _:
                    said.append(effect)
        return said

    def _fix_services(self, services: Iterable[StaticService]) -> None:
        for service in services:
            side = self._named(service.interface).interface.name
            # Not this router's own: a node of its own tells it from what is heard.
            self.services.fix(service.entry, Source(side, service.entry.node))

    def _named(self, interface: str) -> Port:
        port = self._ports.get(interface)
        if port is None:
            raise LocalProtocolError(
                f"interface: expected one of {', '.join(self._ports)}, got {interface!r}"
            )
        return port

    def _event_of(self, stimulus: Stimulus) -> tuple[Port, Event]:
        match stimulus:
            case Received(On() as on):
                return self._named(on.interface), event_of_packet(on.packet)
            case Asked(LinkUp(interface)):
                return self._named(interface), Event.UP
            case Asked(LinkDown(interface)):
                return self._named(interface), Event.DOWN
            case _:
                raise LocalProtocolError(f"a router cannot take {stimulus}")


def _row(action: Any, citation: str) -> Row[IpxRouter, None]:
    return Row(action, frozenset(), citation)


_ANSWER = _row(IpxRouter.answer, "facts/ipx.md 3.1.1: who has no server finds it so")
_LEARN = _row(IpxRouter.learn, "facts/ipx.md 1.12")
_OTHER_VARIANT = _row(IpxRouter.discard, "RFC 1582 2.3: the wrong variant MUST be discarded")
_NOT_FOR_ROUTERS = _row(IpxRouter.discard, "facts/ipx.md 1.12: nearest responses are for clients")
_NO_MATTER = _row(IpxRouter.discard, "facts/ipx.md 4.4: sent all the same; the dialer decides")
_BY_HAND = _row(IpxRouter.discard, "written in by hand, so nothing is believed")
TABLE: Mapping[tuple[type[Any], Event], Row[IpxRouter, None]] = {
    **{(kind, Event.QUERY): _ANSWER for kind in (Periodic, Snapshot, Triggered, Unrouted)},
    **{(kind, Event.OTHER): _NOT_FOR_ROUTERS for kind in (Periodic, Snapshot, Triggered, Unrouted)},
    (Periodic, Event.RESPONSE): _LEARN,
    (Periodic, Event.TRIGGERED): _OTHER_VARIANT,
    (Periodic, Event.UP): _NO_MATTER,
    (Periodic, Event.DOWN): _NO_MATTER,
    (Snapshot, Event.RESPONSE): _LEARN,
    (Snapshot, Event.TRIGGERED): _OTHER_VARIANT,
    (Snapshot, Event.UP): _row(IpxRouter.wake, "facts/ipx.md 4.2; that it may wake: grade M"),
    (Snapshot, Event.DOWN): _NO_MATTER,
    (Triggered, Event.RESPONSE): _OTHER_VARIANT,
    (Triggered, Event.TRIGGERED): _row(IpxRouter.triggered, "RFC 1582 2.5, 2.7"),
    (Triggered, Event.UP): _row(IpxRouter.link_up, "RFC 1582 2.2, 7.1"),
    (Triggered, Event.DOWN): _row(IpxRouter.link_down, "RFC 1582 2.2, 7.1"),
    (Unrouted, Event.RESPONSE): _BY_HAND,
    (Unrouted, Event.TRIGGERED): _BY_HAND,
    (Unrouted, Event.UP): _NO_MATTER,
    (Unrouted, Event.DOWN): _NO_MATTER,
}
