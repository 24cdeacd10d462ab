"""A world: one scenario under given policies, assembled and played to its horizon.

The server boots at 0 with one station per transport; every client boots at 0 with its own.
The operator (power, cable) is a Trio task whose turn at one instant comes last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import trio

from emu.capture.ledger import Ledger
from emu.capture.recording import LINKTYPE_ETHERNET, Interface, Recording
from emu.machines.base import Note
from emu.machines.redirector.params import RedirectorParams
from emu.machines.terminal_session import Rules
from emu.net.boxes import BoxLayer
from emu.net.file_client import Desk, FileClient
from emu.net.file_programs import SERVER
from emu.net.file_records import FileRecords
from emu.net.file_server import FileServer
from emu.net.host import Boot, Factory, Host
from emu.net.lines import LineLayer
from emu.net.link import Lan, Nic
from emu.net.operator import Operator
from emu.net.programs import Agent, Deed, Person
from emu.net.records import Records
from emu.net.routes import FAR_TICKS
from emu.net.session_keeper import Post, SessionKeeper
from emu.net.terminal_server import TerminalServer
from emu.net.timeline import OPERATOR, Timeline
from emu.policy.smb_rules import SmbRules
from emu.scenario.files import Task
from emu.scenario.model import ClientSpec, Scenario
from emu.stations.addresses import ip_address, mac_address, port_address
from emu.stations.base import ClientStation, StationSpec, User
from emu.stations.service import MESSAGES
from emu.transports.base import Transport, Value

SERVER_ADDRESS = 1
CLIENT_ADDRESS_FIRST = 11

Program = Callable[[], Awaitable[None]]

#: More connections than one station of a server makes in a run.
SERIALS_PER_STATION = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """How a client's sessions are carried.  ``params``: the transport's, made of the policy.

    ``redirector``: what the client does above it, None at a terminal.
    """

    transport: Transport
    policy: str
    server_params: object
    client_params: object
    redirector: RedirectorParams | None = None


def _pins(pinned: Mapping[str, int], boot: int) -> dict[str, int]:
    """What a scenario pins for one life: ``port`` before, ``port_after_restart`` behind it."""
    suffix = "_after_restart"
    first = {name: value for name, value in pinned.items() if not name.endswith(suffix)}
    if boot == 0:
        return first
    later = {name: value for name, value in pinned.items() if name.endswith(suffix)}
    return {name.removesuffix(suffix): value for name, value in later.items()}


class World:
    """``carriers``: by client name.  ``rules``: the server's.  See ``play``.

    ``router_rules``: what the policies say of the routers (``policy.router_parameters``).
    ``smb``: what the policy under test says of SMB; None where terminals are served.
    """

    def __init__(
        self,
        scenario: Scenario,
        carriers: Mapping[str, Carrier],
        rules: Rules,
        *,
        seed: int,
        recording: Recording | None,
        ledger: Ledger | None,
        router_rules: Mapping[str, Value] | None = None,
        smb: SmbRules | None = None,
    ) -> None:
        self.scenario = scenario
        self.carriers = carriers
        self.rules = rules
        self.seed = seed
        self.recording = recording
        self.ledger = ledger
        self.timeline = Timeline()
        self.records = Records()
        self.smb = smb
        self.keeper: SessionKeeper | None = None
        self.agents: dict[str, Agent | FileClient] = {}
        self.router_rules = router_rules or {}
        self.operator = Operator(self)
        self._lans = [spec.name for spec in scenario.lans()]
        self.links: dict[str, Lan] = {name: self._link(name) for name in self._lans}
        self.addresses = {
            client.name: self._address(client.link, CLIENT_ADDRESS_FIRST + index)
            for index, client in enumerate(scenario.clients)
        }
        self._layer, self._box_layer = LineLayer(self), BoxLayer(self)
        self.server = self._server()
        self.hosts = {client.name: self._client(client) for client in scenario.clients}
        self.lines = self._layer.lay()
        self.boxes = self._box_layer.lay()
        if recording is not None:
            recording.events_interface()

    # --- assembling --------------------------------------------------------------------------

    def _address(self, lan: str, host: int) -> int:
        return port_address(self._lans.index(lan), host)

    def _gateways(self, lan: str) -> Mapping[int, int]:
        """The way off a LAN, by the segment behind it: a router's port or a box's."""
        return {**self._layer.gateways(lan), **self._box_layer.gateways(lan)}

    def heard_from(self, client: str) -> bytes:
        """The MAC address the server hears a client from: its own, or its router's or box's."""
        spec = self.scenario.client(client)
        routed = self.carriers[client].transport.name != "nbf"
        if spec.link == self.scenario.server.link or not routed:
            return self.hosts[client].nic.mac
        segment = self._lans.index(spec.link)
        return mac_address(self._gateways(self.scenario.server.link)[segment])

    def _link(self, name: str) -> Lan:
        spec = self.scenario.link(name)
        interface = 0
        here = name == self.scenario.server.link
        if self.recording is not None:
            interface = self.recording.add_interface(
                Interface(
                    name=name,
                    link_type=LINKTYPE_ETHERNET,
                    description="the server's port" if here else "the router's port",
                    bits_per_second=spec.bandwidth_bit_s,
                )
            )
        return Lan(
            name,
            self.timeline,
            bits_per_second=spec.bandwidth_bit_s,
            propagation_ns=spec.propagation_ns,
            loss=spec.loss,
            dice=Random(f"{self.seed}/{name}/loss"),
            jitter_ns=spec.jitter_ns,
            jitter_dice=Random(f"{self.seed}/{name}/jitter"),
            recording=self.recording,
            interface=interface,
        )

    def nic(self, name: str, link: str, address: int) -> Nic:
        """A port of a host or router, with its name for whoever reads the capture."""
        if self.recording is not None:
            self.recording.name(ip_address(address), name)
            self.recording.name(mac_address(address), name)
        return Nic(name, mac_address(address), self.links[link])

    def _host(self, name: str, nic: Nic, factory: Factory) -> Host:
        return Host(
            name,
            nic,
            self.timeline,
            factory,
            seed=self.seed,
            ledger=self.ledger,
            observer=self._observe,
        )

    def _server(self) -> Host:
        spec = self.scenario.server
        nic = self.nic(spec.name, spec.link, SERVER_ADDRESS)
        nic.link.tap(nic)
        return self._host(spec.name, nic, self._boot_server)

    def _boot_server(self, boot: Boot) -> Callable[[], Awaitable[None]] | None:
        names = {mac_address(number).hex(): name for name, number in self.addresses.items()}
        post = Post(
            boot=boot,
            records=self.records,
            names=names,
            transports={
                name: (carrier.transport.name, carrier.policy)
                for name, carrier in self.carriers.items()
            },
            lost=self.operator.lost_before,
            recording=self.recording,
            interface=self.server.nic.link.interface,
            ledger=self.ledger,
        )
        keeper = self.keeper = self._keeper(post)
        by_transport = {carrier.transport.name: carrier for carrier in self.carriers.values()}
        for index, carrier in enumerate(by_transport.values()):
            user = keeper.user_of(carrier.transport.name)
            pinned = self.scenario.server.pinned
            spec = self._spec(carrier.server_params, boot, user, SERVER_ADDRESS, pinned)
            gateways = self._gateways(self.scenario.server.link)
            first = index * SERIALS_PER_STATION
            ticks = dict.fromkeys(gateways, FAR_TICKS)
            spec = replace(spec, serial_first=first, gateways=gateways, ticks=ticks)
            boot.add(carrier.transport.server(self._serving(spec, SERVER)))
        if self.scenario.serves_files:
            tasks = self.scenario.server.tasks()
            return (lambda: self._administer(tasks)) if tasks else None
        deeds = self.scenario.server.deeds()
        return (lambda: self._serve(deeds)) if deeds else None

    def _keeper(self, post: Post) -> SessionKeeper:
        """Who stands above the server's stations: a terminal server, or a file server."""
        if not self.scenario.serves_files:
            return TerminalServer(post, self.rules)
        assert self.smb is not None, "check_playable asks for it"
        self.records.files = FileRecords()
        return FileServer(post, self.smb.server, self.scenario.files, self.records.files)

    def _serving(self, spec: StationSpec, host: str) -> StationSpec:
        """Terminals are what a station carries unless it is told otherwise."""
        if self.smb is None:
            return spec
        keepalive_ns = self.smb.session_keepalive_ns
        return replace(spec, service=MESSAGES, host=host, session_keepalive_ns=keepalive_ns)

    async def _serve(self, deeds: Sequence[tuple[int, str]]) -> None:
        """The server's own program: what it pushes unasked."""
        assert self.keeper is not None
        for number, (at_ns, _push) in enumerate(deeds, 1):
            await self.timeline.until(at_ns)
            if self.ledger is not None:
                self.ledger.note(at_ns, "asked", host=self.server.name, request="push")
            self.keeper.push(f"clock {number}", at_ns)

    async def _administer(self, tasks: Sequence[tuple[int, Task]]) -> None:
        """What is done at the server's console."""
        assert isinstance(self.keeper, FileServer)
        for at_ns, task in tasks:
            await self.timeline.until(at_ns)
            self.keeper.do(task, at_ns)

    def _client(self, client: ClientSpec) -> Host:
        nic = self.nic(client.name, client.link, self.addresses[client.name])
        boot_up = self._boot_file_client if self.scenario.serves_files else self._boot_client
        return self._host(client.name, nic, lambda boot: boot_up(client, boot))

    def _boot_client(self, client: ClientSpec, boot: Boot) -> Program:
        person = Person(
            user=client.user,
            client=client.name,
            again_ns=client.log_on_again_every_ns,
            tries=client.log_on_tries,
        )
        agent = Agent(person, boot, self.timeline, self.records, self.ledger)
        agent.station = self._client_station(client, boot, agent)
        self.agents[client.name] = agent
        return lambda: agent.follow(self._deeds(client.name, boot))

    def _boot_file_client(self, client: ClientSpec, boot: Boot) -> Program:
        redirector = self.carriers[client.name].redirector
        assert redirector is not None and isinstance(self.keeper, FileServer)
        desk = Desk(
            client=client.name,
            timeline=self.timeline,
            service=self.scenario.files,
            records=self.keeper.files,
            recording=self.recording,
            ledger=self.ledger,
            left=self.keeper.owner_left,
        )
        agent = FileClient(desk, boot, redirector)
        agent.plug_in(lambda user: self._client_station(client, boot, user))
        self.agents[client.name] = agent
        return lambda: agent.follow(self._tasks(client, boot))

    def _client_station(self, client: ClientSpec, boot: Boot, user: User) -> ClientStation:
        carrier = self.carriers[client.name]
        pinned = self.pins(client.name, boot.number)
        spec = self._spec(carrier.client_params, boot, user, self.addresses[client.name], pinned)
        spec = replace(spec, gateways=self._gateways(client.link))
        station = carrier.transport.client(self._serving(spec, client.name.upper()))
        boot.add(station)
        return station

    def _spec(
        self, params: object, boot: Boot, user: User, address: int, pinned: Mapping[str, int]
    ) -> StationSpec:
        return StationSpec(
            params=params,
            surroundings=boot,
            user=user,
            address=address,
            server_address=SERVER_ADDRESS,
            boot=boot.number,
            randomness=boot.dice("station"),
            pinned=pinned,
        )

    def pins(self, client: str, boot: int) -> dict[str, int]:
        """What the scenario pins for one life of a client."""
        return _pins(self.scenario.client(client).pinned, boot)

    def _deeds(self, name: str, boot: Boot) -> list[Deed]:
        """The program of one life: the scenario's times are absolute, a restart's relative."""
        client = self.scenario.client(name)
        if boot.number == 0:
            return [Deed(at_ns=at_ns, do=do) for at_ns, do in client.deeds()]
        start = self.timeline.now
        return [Deed(at_ns=start + step.at_ns, do=step.do) for step in client.after_restart]

    def _tasks(self, client: ClientSpec, boot: Boot) -> list[tuple[int, Task]]:
        """The same of a client that works on files."""
        if boot.number == 0:
            return client.tasks()
        start = self.timeline.now
        return [(start + at_ns, task) for at_ns, task in client.tasks_after_restart()]

    # --- playing -----------------------------------------------------------------------------

    def _observe(self, boot: Boot, note: Note, connection: int, frame: int) -> None:
        if self.ledger is not None:
            self.ledger.note(
                self.timeline.now,
                note.kind,
                host=boot.host.name,
                connection=connection,
                frame=frame,
                **note.facts,
            )
        if boot.host is self.server and self.keeper is not None:
            self.keeper.noted(note, connection, frame)

    async def play(
        self, *, speed: float | None = None, progress: Callable[[int], None] | None = None
    ) -> None:
        """Everything up to the horizon; then every host is switched off without a word."""
        if self.recording is not None:
            # The first row stands at 0, so that Wireshark's relative times are virtual time.
            names = dict.fromkeys(carrier.policy for carrier in self.carriers.values())
            text = f"{self.scenario.name} under {', '.join(names)}, seed {self.seed}"
            self.recording.event(0, text, hostname="operator", msgid="RUN")
        async with trio.open_nursery() as nursery:
            self.server.power_on(nursery)
            for host in self.hosts.values():
                host.power_on(nursery)
            self.timeline.spawn(
                nursery, lambda: self.operator.work(nursery), rank=OPERATOR, name="operator"
            )
            await self.timeline.run(self.scenario.horizon_ns, speed=speed, progress=progress)
            nursery.cancel_scope.cancel()
