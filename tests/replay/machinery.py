"""Replay: fresh stations fed what capture and ledger say (architecture.md 5, authority 2).

A capture and its ledger say what every life of every host heard, was asked and sent.  Here each
life gets a fresh station and a scheduler of its own, with the written order of one instant
(frame, timer, program, power), and no link, no host, no Trio.  It cannot catch a misread
specification: the machines are the same.  It catches what lies between them and the file.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

from emu.capture import pcapng
from emu.capture.ledger import Ledger
from emu.machines.base import Note
from emu.machines.terminal_session import Rules
from emu.net.records import Records
from emu.net.terminal_server import TerminalServer
from emu.pdu.terminal import Keystroke, LogOff, LogOn
from emu.policy.loader import load_policy
from emu.policy.model import Policy
from emu.run import capture_comment, play
from emu.scenario.model import ClientSpec, Scenario
from emu.stations.base import StationSpec, Timer
from emu.transports.table import transport_named
from tests import reader

FRAME, TIMER, PROGRAM, POWER = range(4)
Sent = tuple[int, bytes]
Macs = dict[bytes, str]


@dataclass(frozen=True)
class Story:
    """A run as it is told: the file, the ledger, and what was played."""

    scenario: Scenario
    policy: Policy
    seed: int
    trace: reader.Trace
    entries: list[tuple[int, str, dict[str, Any]]]

    def octets(self, fields: Mapping[str, Any]) -> bytes:
        """Of a frame: the file's, or the ledger's where the file does not hold it."""
        number = fields["frame"]
        return self.trace.frames[number - 1].octets if number else fields["data"]


@dataclass
class Life:
    """One boot of one host: what it heard, was asked, and sent."""

    host: str
    boot: int
    on_ns: int
    off_ns: int | None = None
    inputs: list[tuple[int, int, Any]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)


def tell(scenario: Scenario, policy: Policy, *, seed: int = 0) -> Story:
    """Play, and keep only what is written."""
    ledger = Ledger()
    policy = scenario.applied_to(policy)
    result = play(scenario, policy, seed=seed, ledger=ledger)
    comment = capture_comment(scenario.name, policy.name, seed)
    trace = reader.read(pcapng.encode(result.recording, comment))
    return Story(scenario, policy, seed, trace, ledger.entries)


def lives(story: Story) -> list[Life]:
    """Every life of every host, in the order of the boots."""
    found: list[Life] = []
    now: dict[str, Life] = {}
    for at_ns, event, fields in story.entries:
        host = fields.get("host")
        if event == "power-on":
            now[host] = Life(host, fields["boot"], at_ns)
            found.append(now[host])
        elif event == "power-off":
            now[host].off_ns = at_ns
        elif event == "received":
            now[host].inputs.append((at_ns, FRAME, (fields["frame"], story.octets(fields))))
        elif event == "asked":
            now[host].inputs.append((at_ns, PROGRAM, fields["request"]))
        elif event == "sent":
            now[host].sent.append((at_ns, story.octets(fields)))
    return found


class Stage:
    """What a station may ask for (``Surroundings``), and the scheduler that drives it."""

    def __init__(self, mac: bytes) -> None:
        self.mac = mac
        self.now = 0
        self.sent: list[Sent] = []
        self.hears: list[Any] = []
        self._heap: list[tuple[int, int, int, Any]] = []
        self._serial = 0
        self._arriving = 0
        self.host = SimpleNamespace(name="server")

    # Surroundings.
    def transmit(self, octets: bytes) -> int:
        self.sent.append((self.now, octets))
        return 0

    def arm(self, timer: Timer, due: int) -> None:
        self._push(due, TIMER, timer)

    def note(self, note: Note, connection: int, frame: int) -> None:
        for hear in self.hears:
            hear(note, connection, frame)

    def arriving(self) -> int:
        return self._arriving

    # The scheduler.
    def _push(self, due: int, rank: int, what: Any) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (due, rank, self._serial, what))

    def run(self, life: Life, horizon_ns: int, receive: Any, ask: Any) -> None:
        """Everything a life went through, until its power goes or nobody looks any more."""
        end = (horizon_ns, POWER) if life.off_ns is None else (life.off_ns, POWER)
        for at_ns, rank, what in life.inputs:
            self._push(at_ns, rank, what)
        while self._heap and self._heap[0][:2] <= end:
            self.now, rank, _, what = heapq.heappop(self._heap)
            if rank == FRAME:
                self._arriving, octets = what
                receive(octets, self.now)
                self._arriving = 0
            elif rank == TIMER:
                what.fire(self.now)
            else:
                ask(what, self.now)


# --- the client ------------------------------------------------------------------------------


class Hands:
    """A user above a client's station: does what the ledger says, hears what comes."""

    def __init__(self, user: str, client: str) -> None:
        self.user, self.client = user, client
        self.station: Any = None
        self._connection: Any = None
        self._keystrokes = 0

    def opened(self, *_: Any) -> None: ...

    message = lost = ended = opened

    def ask(self, request: str, now: int) -> None:
        if request == "log-on":
            self._connection = self.station.connect(LogOn(user=self.user, client=self.client), now)
        elif request == "work":
            self._keystrokes += 1
            self._connection.send(Keystroke(text=f"{self.user} {self._keystrokes}"), now)
        elif request == "log-off":
            self._connection.send(LogOff(), now)
        else:
            assert request == "hang-up"
            self._connection.close(now)


def _pinned(client: ClientSpec, boot: int) -> dict[str, int]:
    wanted = {"port": "port_after_restart", "sequence": "sequence_after_restart"}
    names = {name: name if boot == 0 else after for name, after in wanted.items()}
    return {n: client.pinned[at] for n, at in names.items() if at in client.pinned}


def _mac(address: int) -> bytes:
    return bytes((2, 0, 0, 0, 0, address))


def _policy_of(story: Story, client: ClientSpec) -> Policy:
    return story.policy if client.policy is None else load_policy(client.policy)


def replay_client(story: Story, life: Life) -> list[Sent]:
    client = story.scenario.client(life.host)
    policy = _policy_of(story, client)
    transport = transport_named(policy.transport)
    address = 11 + story.scenario.clients.index(client)
    stage, hands = Stage(_mac(address)), Hands(client.user, client.name)
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
        )
    )
    stage.run(life, story.scenario.horizon_ns, hands.station.receive, hands.ask)
    return stage.sent


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


def replay_server(story: Story, life: Life) -> tuple[list[Sent], Records]:
    stage, records = Stage(_mac(1)), Records()
    clients = story.scenario.clients
    policies = {client.name: _policy_of(story, client) for client in clients}
    terminal = TerminalServer(
        stage,  # type: ignore[arg-type]
        _rules(story.policy),
        records,
        names={_mac(11 + index).hex(): client.name for index, client in enumerate(clients)},
        transports={name: (policy.transport, policy.name) for name, policy in policies.items()},
        lost=lambda _client, _connection: None,
        recording=None,
        ledger=None,
    )
    stage.hears.append(terminal.noted)
    stations = []
    for index, policy in enumerate({p.transport: p for p in policies.values()}.values()):
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
        )
        stations.append(transport.server(spec))

    def receive(octets: bytes, now: int) -> None:
        for station in stations:
            if octets[12:14] in station.claims or (
                octets[12] < 6 and octets[14:16] in station.claims
            ):
                station.receive(octets, now)

    def ask(request: str, now: int) -> None:
        raise AssertionError(f"a server was asked for {request}")

    stage.run(life, story.scenario.horizon_ns, receive, ask)
    return stage.sent, records


# --- what must agree -------------------------------------------------------------------------


def differences(story: Story) -> list[str]:
    """Every life whose replay does not send what is written; and rows nobody can account for."""
    found = []
    all_lives = lives(story)
    for life in all_lives:
        if life.host == "server":
            sent, records = replay_server(story, life)
            written = [
                (f.at_ns, f.octets)
                for f in story.trace.frames
                if f.link_type == 1 and f.octets[6:12] == _mac(1)
            ]
            if written != life.sent:
                found.append("server: the ledger and the file differ")
            found += _rows(story, records)
        else:
            sent = replay_client(story, life)
        if sent != life.sent:
            pairs = [*zip(sent, life.sent, strict=False)]
            first = next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
            where = f"{life.host}/{life.boot}: frame {first} of {len(life.sent)}"
            found.append(f"{where}: {sent[first : first + 1]} for {life.sent[first : first + 1]}")
    return found + _wire(story, all_lives)


def _rows(story: Story, records: Records) -> list[str]:
    told = [(m.session, m.at_ns, m.after.lower(), m.cause) for m in story.trace.moves()]
    again = [
        (number, state.at_ns, state.state, state.cause)
        for number, record in records.sessions.items()
        for state in record.states
    ]
    return [] if sorted(told) == sorted(again) else [f"event rows: {told} for {again}"]


def _wire(story: Story, all_lives: list[Life]) -> list[str]:
    """Every frame arrives when a wire brings it, and nothing arrives that was not sent.

    10 Mbit/s is 100 ns a bit.  A frame has 8 octets of preamble before it and 4 of FCS behind
    it; a sender is silent for 12 more (IEEE 802.3 3.1.1, 4.2.7).  Without loss all arrive.
    """
    (link,) = story.scenario.links
    assert link.bandwidth_bit_s == 10_000_000
    free: dict[bytes, int] = {}
    due: dict[tuple[bytes, int], list[bytes]] = {}
    macs = {_mac(1): "server"} | {
        _mac(11 + index): client.name for index, client in enumerate(story.scenario.clients)
    }
    for at_ns, event, fields in story.entries:
        if event != "sent":
            continue
        octets = story.octets(fields)
        source, target = octets[6:12], octets[:6]
        start = max(at_ns, free.get(source, 0))
        free[source] = start + (8 + len(octets) + 4 + 12) * 800
        arrival = start + (8 + len(octets) + 4) * 800 + link.propagation_ns
        for mac in [target] if target in macs else [m for m in macs if m != source]:
            due.setdefault((mac, arrival), []).append(octets)
    found = []
    for frame in story.trace.frames:
        if frame.link_type == 1 and frame.octets[6:12] != _mac(1):
            arrived = due.get((_mac(1), frame.at_ns), [])
            if frame.octets in arrived:
                arrived.remove(frame.octets)
            else:
                found.append(f"frame {frame.number} arrived, but nobody sent it")
    lost = [at for (mac, at), left in due.items() if mac == _mac(1) and left]
    if not link.loss:
        horizon_ns = story.scenario.horizon_ns
        found += [f"a frame due at {at} is missing" for at in lost if at <= horizon_ns]
        found += _heard(story, all_lives, due, macs)
    return found


def _heard(
    story: Story, all_lives: list[Life], due: dict[tuple[bytes, int], list[bytes]], macs: Macs
) -> list[str]:
    """Clients hear all that arrives while they have power, and nothing else."""
    horizon_ns = story.scenario.horizon_ns
    spans: dict[str, list[tuple[int, int]]] = {}
    heard = []
    for life in all_lives:
        if life.host == "server":
            continue
        until_ns = horizon_ns if life.off_ns is None else life.off_ns
        spans.setdefault(life.host, []).append((life.on_ns, until_ns))
        frames = [each for each in life.inputs if each[1] == FRAME]
        heard += [(life.host, at_ns, octets) for at_ns, _, (_, octets) in frames]
    wanted = [
        (macs[mac], at_ns, octets)
        for (mac, at_ns), each in due.items()
        for octets in each
        if any(on_ns < at_ns <= off_ns for on_ns, off_ns in spans.get(macs[mac], ()))
    ]
    return [] if sorted(heard) == sorted(wanted) else ["clients heard something else"]
