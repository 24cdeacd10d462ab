"""Both ends, built afresh for one life each, and what is above their stations."""

from __future__ import annotations

from random import Random
from typing import Any

from emu.machines.terminal_session import Rules
from emu.net.records import Records
from emu.net.routes import FAR_TICKS
from emu.net.session_keeper import Post
from emu.net.terminal_server import TerminalServer
from emu.pdu.terminal import Keystroke, LogOff, LogOn
from emu.policy.model import Policy
from emu.scenario.model import ClientSpec
from emu.stations.base import StationSpec
from emu.transports.table import transport_named
from tests.replay.stage import Stage
from tests.replay.story import Asked, Life, Story, mac_of

_AFTER = "_after_restart"


# --- the client ------------------------------------------------------------------------------


class Hands:
    """A user above a client's station: does what the ledger says, hears what comes."""

    def __init__(self, user: str, client: str, stage: Stage) -> None:
        self.user, self.client, self.stage = user, client, stage
        self.station: Any = None
        self._connection: Any = None
        self._keystrokes = 0

    def opened(self, *_: Any) -> None: ...

    lost = ended = opened

    def message(self, *_: Any) -> None:
        self.stage.unread = self.stage.unread or self.stage.held

    def receive(self, octets: bytes, now: int) -> None:
        self.station.receive(octets, now)

    def ask(self, asked: Asked, now: int) -> None:
        if asked.request == "log-on":
            self._connection = self.station.connect(LogOn(user=self.user, client=self.client), now)
        elif asked.request == "work":
            self._keystrokes += 1
            self._connection.send(Keystroke(text=f"{self.user} {self._keystrokes}"), now)
        elif asked.request == "log-off":
            self._connection.send(LogOff(), now)
        elif asked.request == "killed":
            self._killed(asked, now)
        else:
            assert asked.request == "hang-up"
            self._connection.close(now)

    def _killed(self, asked: Asked, now: int) -> None:
        unread = self.stage.unread
        if asked.unread != unread:
            self.stage.wrong.append(f"{now}: killed with unread {asked.unread}, not {unread}")
        self.station.killed(self._connection, unread=unread, now=now)


def _pinned(client: ClientSpec, boot: int) -> dict[str, int]:
    if boot == 0:
        return {name: n for name, n in client.pinned.items() if not name.endswith(_AFTER)}
    later = {name: n for name, n in client.pinned.items() if name.endswith(_AFTER)}
    return {name.removesuffix(_AFTER): n for name, n in later.items()}


def replay_client(story: Story, life: Life) -> Stage:
    client = story.scenario.client(life.host)
    policy = story.policy_of(client)
    transport = transport_named(policy.transport)
    address = story.address_of(client)
    stage = Stage(mac_of(address), life)
    hands = Hands(client.user, client.name, stage)
    hands.station = transport.client(
        StationSpec(
            params=transport.make_params(policy.client_stack, policy.values),
            surroundings=stage,
            user=hands,
            address=address,
            server_address=1,
            boot=life.boot,
            randomness=Random(f"{story.seed}/{life.host}/{life.boot}/station"),
            pinned=_pinned(client, life.boot),
            gateways=story.gateways_of(client.link),
        )
    )
    stage.run(story.scenario.horizon_ns, hands)
    return stage


# --- the server ------------------------------------------------------------------------------


def _rules(policy: Policy) -> Rules:
    values = {name.removeprefix("server."): value for name, value in policy.values.items()}
    return Rules(
        session_limit=values["session_limit"],  # type: ignore[arg-type]
        disconnected_limit_ns=values["disconnected_session_limit"],  # type: ignore[arg-type]
        one_session_per_user=values["one_session_per_user"] is True,
        end_when_broken=values["broken_connection"] == "end",
        same_client_only=values["reconnect_from"] == "same-client",
    )


class Service:
    """The server's stations under its session table, and the clock that it pushes.

    Stations of one framing share what arrives by the octets each has named; where two want the
    same, the first has it.
    """

    def __init__(self, terminal: TerminalServer) -> None:
        self.stations: list[Any] = []
        self._terminal = terminal
        self._pushes = 0

    def receive(self, octets: bytes, now: int) -> None:
        claim = octets[14:16] if octets[12] < 6 else octets[12:14]
        sharers = [station for station in self.stations if claim in station.claims]
        takers = sharers if len(sharers) == 1 else [s for s in sharers if _wants(s, claim, octets)]
        if takers:
            takers[0].receive(octets, now)

    def ask(self, asked: Asked, now: int) -> None:
        assert asked.request == "push", f"a server was asked for {asked.request}"
        self._pushes += 1
        self._terminal.push(f"clock {self._pushes}", now)


def _wants(station: Any, claim: bytes, octets: bytes) -> bool:
    share = station.shares[claim]
    return any(octets[share.at : share.at + len(key)] == key for key in share.keys)


def replay_server(story: Story, life: Life) -> tuple[Stage, Records]:
    stage, records = Stage(mac_of(1), life), Records()
    terminal = _terminal(story, stage, records)
    stage.hears.append(terminal.noted)
    service = Service(terminal)
    policies = [story.policy_of(client) for client in story.scenario.clients]
    gateways = story.gateways_of(story.scenario.server.link)
    for index, policy in enumerate({p.transport: p for p in policies}.values()):
        transport = transport_named(policy.transport)
        spec = StationSpec(
            params=transport.make_params(policy.stack, policy.values),
            surroundings=stage,
            user=terminal,
            address=1,
            server_address=1,
            boot=life.boot,
            randomness=Random(f"{story.seed}/server/{life.boot}/station"),
            pinned=story.scenario.server.pinned,
            serial_first=index * 1_000_000_000,
            gateways=gateways,
            ticks=dict.fromkeys(gateways, FAR_TICKS),
        )
        service.stations.append(transport.server(spec))
    stage.run(story.scenario.horizon_ns, service)
    return stage, records


def _terminal(story: Story, stage: Stage, records: Records) -> TerminalServer:
    policies = {client.name: story.policy_of(client) for client in story.scenario.clients}
    post = Post(
        boot=stage,  # type: ignore[arg-type]
        records=records,
        names={mac.hex(): name for mac, name in story.macs().items() if name != "server"},
        transports={name: (policy.transport, policy.name) for name, policy in policies.items()},
        lost=lambda _client, _connection: None,
        recording=None,
        ledger=None,
    )
    return TerminalServer(post, _rules(story.policy))
