"""Lays a scenario's dialled lines: two routers or more, their ports, and what crosses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from emu.errors import InputError
from emu.machines.dial.block import NextUnit
from emu.machines.ppp import BCP, Negotiated
from emu.machines.routing import RouterParams
from emu.net.router import WanRouter
from emu.net.routes import central_routes, far_routes
from emu.net.wan import DialledLine
from emu.scenario.dialled import NAMED_LISTS
from emu.stations.addresses import ip_address, mac_address, port_address, segment_of
from emu.stations.router.inspector import Inspector
from emu.stations.router.inspectors import inspectors
from emu.stations.router.lan_port import LanPortSpec
from emu.stations.router.negotiated import ipcp, ipxcp, lcp, nbfcp
from emu.stations.router.netbeui import Partner
from emu.stations.router.wan_port import WanSpec

if TYPE_CHECKING:
    from emu.net.world import World
    from emu.scenario.dialled import DialSpec
    from emu.scenario.model import LinkSpec
    from emu.tariff import Tariff

#: Routers take the last host numbers of a LAN, counting down.
LAST_HOST = 0xFFFE
#: Which network layer carries a transport.
_IPX, _IP, _NBF = "ipx", "ip", "nbf"
_LAYERS = {
    "ncp": _IPX,
    "spx": _IPX,
    "nbipx": _IPX,
    "ipx-direct": _IPX,
    "tcp": _IP,
    "nbf": _NBF,
}


class _End(NamedTuple):
    """One router of a line.  ``address``: of its LAN port."""

    name: str
    address: int

    @property
    def segment(self) -> int:
        return segment_of(self.address)


class LineLayer:
    """Builds the lines of a world; every LAN and address is there already."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lans = [link.name for link in world.scenario.lans()]
        carriers = world.carriers.values()
        self._layers = {_LAYERS[carrier.transport.name] for carrier in carriers}
        framings = [getattr(carrier.server_params, "framing", "") for carrier in carriers]
        self._framing = next((framing for framing in framings if framing), "")

    def lay(self) -> dict[str, DialledLine]:
        """All of them, by name."""
        lines: dict[str, DialledLine] = {}
        for number, spec in enumerate(self._specs()):
            lines[spec.name] = self._line(spec, central_host=LAST_HOST - number)
        return lines

    def _specs(self) -> list[LinkSpec]:
        return [link for link in self._world.scenario.links if link.dial is not None]

    def gateways(self, lan: str) -> Mapping[int, int]:
        """The router's port on a LAN, by the segment behind it."""
        here = self._lans.index(lan)
        if here:
            return dict.fromkeys(
                (segment for segment in range(len(self._lans)) if segment != here),
                port_address(here, LAST_HOST),
            )
        return {
            self._lans.index(far): port_address(0, LAST_HOST - number)
            for number, spec in enumerate(self._specs())
            if spec.dial is not None
            for far in spec.dial.between[1:]
        }

    # --- one line ----------------------------------------------------------------------------

    def _line(self, spec: LinkSpec, *, central_host: int) -> DialledLine:
        world, dial = self._world, self._in_force(spec)
        line = DialledLine(
            spec.name,
            dial,
            world.timeline,
            propagation_ns=spec.propagation_ns,
            dice=Random(f"{world.seed}/{spec.name}/busy"),
            clients=[each.name for each in world.scenario.clients if each.link in dial.between[1:]],
            records=world.records,
            recording=world.recording,
        )
        ends = [
            _End(
                name=f"{spec.name}-{lan}",
                address=port_address(self._lans.index(lan), LAST_HOST if far else central_host),
            )
            for far, lan in enumerate(dial.between)
        ]
        for end in ends:
            self._router(line, end, ends)
        line.raise_by_hand()
        return line

    def _in_force(self, spec: LinkSpec) -> DialSpec:
        """The link's numbers, with those of the policy's routers in their place."""
        assert spec.dial is not None
        rules, dial = self._world.router_rules, spec.dial
        params = dial.params
        if "router.idle_timeout" in rules:
            idle_ns = rules["router.idle_timeout"]
            assert idle_ns is None or isinstance(idle_ns, int)
            params = replace(params, idle_ns=idle_ns)
        set_up_ns = rules.get("router.set_up", dial.set_up_ns)
        assert isinstance(set_up_ns, int)
        named = rules.get("router.interesting")
        dialer_list = dial.dialer_list if named is None else NAMED_LISTS[str(named)]
        return replace(dial, params=params, set_up_ns=set_up_ns, dialer_list=dialer_list)

    def _router(self, line: DialledLine, end: _End, ends: Sequence[_End]) -> None:
        world, central = self._world, end is ends[0]
        nic = world.nic(end.name, self._lans[end.segment], end.address)
        nic.link.bridge(nic)
        if not central:
            nic.link.tap(nic)
        others = [each.name for each in ends[1:]] if central else [ends[0].name]
        router = WanRouter(
            end.name,
            nic,
            line,
            world.timeline,
            lan_spec=LanPortSpec(
                address=end.address,
                beyond=self._beyond(end, ends),
                framing=self._framing,
                netbeui=self._netbeui(),
                inspectors=self._inspectors(beside_server=central),
                partner=self._partner(end, ends),
                randomness=Random(f"{world.seed}/{end.name}/dlsw"),
            ),
            wan_spec=self._wan_spec(line, end, others),
            routing=self._routing(line.spec, end, ends) if _IPX in self._layers else None,
            ledger=world.ledger,
        )
        line.join(router, central=central)

    def _netbeui(self) -> str:
        """How NetBEUI crosses; "" where nobody speaks it."""
        way = self._world.router_rules.get("router.netbeui", "bridge")
        return str(way) if _NBF in self._layers else ""

    def _partner(self, end: _End, ends: Sequence[_End]) -> Partner | None:
        """A data link switch has one partner."""
        if self._netbeui() != "dlsw":
            return None
        if len(ends) > 2:
            raise InputError(
                "policy.router.netbeui",
                expected="a line between two LANs: a data link switch has one partner here",
                found=f"one between {len(ends)}",
                hint='say "bridge", or give each LAN a line of its own',
            )
        other = ends[1] if end is ends[0] else ends[0]
        ip, peer_ip = ip_address(end.address), ip_address(other.address)
        return Partner(name=other.name, ip=ip, peer_ip=peer_ip)

    def _inspectors(self, *, beside_server: bool) -> Sequence[Inspector]:
        """What a router does with keepalives for stations behind it."""
        return inspectors(self._world.router_rules, beside_server=beside_server)

    def _beyond(self, end: _End, ends: Sequence[_End]) -> dict[int, str]:
        """Far router by segment: from the server's LAN one each, from a far LAN all over one."""
        if end is ends[0]:
            return {far.segment: far.name for far in ends[1:]}
        elsewhere = (segment for segment in range(len(self._lans)) if segment != end.segment)
        return dict.fromkeys(elsewhere, ends[0].name)

    def _routing(self, spec: DialSpec, end: _End, ends: Sequence[_End]) -> RouterParams:
        central = ends[0]
        if end is central:
            far = [(each.name, each.segment, mac_address(each.address)) for each in ends[1:]]
            return central_routes(spec, server_mac=self._world.server.nic.mac, far=far)
        others = (segment for segment in range(len(self._lans)) if segment != end.segment)
        return far_routes(
            spec,
            end.segment,
            central=central.name,
            node=mac_address(central.address),
            others=others,
        )

    def _wan_spec(self, line: DialledLine, end: _End, others: Sequence[str]) -> WanSpec:
        spec = line.spec
        magic = Random(f"{self._world.seed}/{end.name}/magic").getrandbits(32)
        return WanSpec(
            params=spec.params,
            channels=spec.line.channels,
            destinations=others,
            dialer_list=spec.dialer_list,
            lcp=lcp(magic, bridging=self._netbeui() == "bridge"),
            networks=self._networks(end),
            opening_ns=spec.opening_ns,
            next_unit=None if spec.tariff is None else _unit_edges(spec.tariff),
        )

    def _networks(self, end: _End) -> list[Negotiated]:
        """PPP's control protocols for what the clients' transports ride on."""
        ip, mac = ip_address(end.address), mac_address(end.address)
        offered = {_IP: ipcp(ip), _IPX: ipxcp(mac)}
        wanted = [each for layer, each in offered.items() if layer in self._layers]
        match self._netbeui():
            case "bridge":
                return [*wanted, BCP]
            case "nbfcp":
                return [*wanted, nbfcp()]
            case "dlsw" if _IP not in self._layers:
                return [*wanted, ipcp(ip)]
            case _:
                return wanted


def _unit_edges(tariff: Tariff) -> NextUnit:
    def next_unit(connected_ns: int, after_ns: int) -> int | None:
        return tariff.next_unit(connected_ns=connected_ns, after_ns=after_ns)

    return next_unit
