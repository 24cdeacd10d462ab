"""Lays a scenario's dialled lines: two routers or more, their ports, and what crosses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from emu.machines.dial.block import NextUnit
from emu.machines.ppp import Negotiated
from emu.net.router import WanRouter
from emu.net.wan import DialledLine
from emu.scenario.dialled import NAMED_LISTS
from emu.stations.addresses import ip_address, port_address
from emu.stations.router.lan_port import LanPortSpec
from emu.stations.router.negotiated import ipcp, ipxcp, lcp, nbfcp
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
_LAYERS = {"ncp": _IPX, "spx": _IPX, "nbipx": _IPX, "tcp": _IP, "nbf": _NBF}


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
        names = [self._name(spec, lan) for lan in dial.between]
        segments = [self._lans.index(lan) for lan in dial.between]
        far = dict(zip(names[1:], (frozenset({each}) for each in segments[1:]), strict=True))
        self._router(line, names[0], 0, central_host, far, central=True)
        for name, segment in zip(names[1:], segments[1:], strict=True):
            others = frozenset(range(len(self._lans))) - {segment}
            self._router(line, name, segment, LAST_HOST, {names[0]: others}, central=False)
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

    def _name(self, spec: LinkSpec, lan: str) -> str:
        """``wan-office``: the line's router on that LAN."""
        return f"{spec.name}-{lan}"

    def _router(
        self,
        line: DialledLine,
        name: str,
        segment: int,
        host: int,
        destinations: Mapping[str, frozenset[int]],
        *,
        central: bool,
    ) -> None:
        world, address = self._world, port_address(segment, host)
        nic = world.nic(name, self._lans[segment], address)
        nic.link.bridge(nic)
        if not central:
            nic.link.tap(nic)
        beyond = frozenset(each for segments in destinations.values() for each in segments)
        lan_spec = LanPortSpec(
            address=address, beyond=beyond, framing=self._framing, bridges=_NBF in self._layers
        )
        router = WanRouter(
            name,
            nic,
            line,
            world.timeline,
            lan_spec=lan_spec,
            wan_spec=self._wan_spec(line, name, address, nic.mac, destinations),
            ledger=world.ledger,
        )
        line.join(router, central=central)

    def _wan_spec(
        self,
        line: DialledLine,
        name: str,
        address: int,
        mac: bytes,
        destinations: Mapping[str, frozenset[int]],
    ) -> WanSpec:
        spec = line.spec
        magic = Random(f"{self._world.seed}/{name}/magic").getrandbits(32)
        return WanSpec(
            params=spec.params,
            channels=spec.line.channels,
            destinations=destinations,
            dialer_list=spec.dialer_list,
            lcp=lcp(magic),
            networks=self._networks(address, mac),
            opening_ns=spec.opening_ns,
            next_unit=None if spec.tariff is None else _unit_edges(spec.tariff),
        )

    def _networks(self, address: int, mac: bytes) -> list[Negotiated]:
        """PPP's control protocols for what the clients' transports ride on."""
        offered = {_IP: ipcp(ip_address(address)), _IPX: ipxcp(mac), _NBF: nbfcp()}
        return [each for layer, each in offered.items() if layer in self._layers]


def _unit_edges(tariff: Tariff) -> NextUnit:
    def next_unit(connected_ns: int, after_ns: int) -> int | None:
        return tariff.next_unit(connected_ns=connected_ns, after_ns=after_ns)

    return next_unit
