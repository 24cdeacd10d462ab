"""A run as capture and ledger tell it, and the lives of its hosts (architecture.md 5, authority 2).

Nothing here knows a world: a story is octets, entries and what was played.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emu.capture import pcapng
from emu.capture.ledger import Ledger
from emu.policy.loader import load_policy
from emu.policy.model import Policy
from emu.run import capture_comment, play
from emu.scenario.model import ClientSpec, Scenario
from tests import reader

#: The written order of one instant.
FRAME, TIMER, PROGRAM, OPERATOR = range(4)
Entry = tuple[int, str, dict[str, Any]]
Sent = tuple[int, bytes]
#: What a machine had to say: instant, kind, connection, frame, facts.
Told = tuple[int, str, int, int, dict[str, Any]]

#: What stands in the ledger beside the facts of a note.
_OF_A_NOTE = ("host", "connection", "frame")

#: What the operator does to one host, as the ledger has it.
DEEDS = ("hang", "suspend", "resume", "hold", "release", "kill", "power-off")


@dataclass(frozen=True)
class Story:
    """A run as it is told: the file, the ledger, and what was played."""

    scenario: Scenario
    policy: Policy
    seed: int
    trace: reader.Trace
    entries: list[Entry]

    def octets(self, fields: Mapping[str, Any]) -> bytes:
        """Of a frame: the file's, or the ledger's where the file does not hold it."""
        number = fields["frame"]
        return self.trace.frames[number - 1].octets if number else fields["data"]

    def policy_of(self, client: ClientSpec) -> Policy:
        return self.policy if client.policy is None else load_policy(client.policy)

    def macs(self) -> dict[bytes, str]:
        """Who is who, in the order in which they were plugged in."""
        return {mac_of(1): "server"} | {
            mac_of(self.address_of(client)): client.name for client in self.scenario.clients
        }

    @property
    def is_routed(self) -> bool:
        """Whether there are lines between its LANs."""
        return len(self.scenario.links) > 1

    def address_of(self, client: ClientSpec) -> int:
        """Hosts are numbered from 11, LANs from 0 (``emu.stations.addresses``)."""
        return self._segment(client.link) << 16 | 11 + self.scenario.clients.index(client)

    def gateways(self, lan: str) -> dict[int, int]:
        """The router's port on a LAN by the segment behind it: the last host number, and the
        next lower one for every further line at the server's."""
        here, segments = self._segment(lan), range(len(self.scenario.lans()))
        if here:
            return dict.fromkeys((n for n in segments if n != here), here << 16 | 0xFFFE)
        lines = [link.dial for link in self.scenario.links if link.dial is not None]
        return {
            self._segment(far): 0xFFFE - number
            for number, line in enumerate(lines)
            for far in line.between[1:]
        }

    def _segment(self, lan: str) -> int:
        return [link.name for link in self.scenario.lans()].index(lan)


def mac_of(address: int) -> bytes:
    return bytes((2, 0, 0, *address.to_bytes(3, "big")))


@dataclass(frozen=True)
class Heard:
    """A frame, as the host took it.  ``number``: the file's, 0 where the tap never saw it."""

    number: int
    octets: bytes


@dataclass(frozen=True)
class Asked:
    """What the program above the stations wanted."""

    request: str
    unread: bool = False


@dataclass(frozen=True)
class Deed:
    """What the operator did.  ``ring``: what the NIC had kept and handed over at that."""

    word: str
    ring: list[Heard] = field(default_factory=list)


@dataclass
class Life:
    """One boot of one host: what it heard, was asked, went through, sent and noted.

    ``numbers``: what the tap called the frames that were sent.
    """

    host: str
    boot: int
    on_ns: int
    ended: bool = False
    inputs: list[tuple[int, int, Any]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    notes: list[Told] = field(default_factory=list)

    def hear(self, at_ns: int, heard: Heard) -> None:
        """A resume hands the ring over within its own turn: no timer comes between."""
        last_ns, _, last = self.inputs[-1] if self.inputs else (-1, 0, None)
        if last_ns == at_ns and isinstance(last, Deed) and last.word == "resume":
            last.ring.append(heard)
        else:
            self.inputs.append((at_ns, FRAME, heard))

    def ask(self, at_ns: int, asked: Asked) -> None:
        """What a kernel does for a killed program it does in the operator's turn."""
        rank = OPERATOR if asked.request == "killed" else PROGRAM
        self.inputs.append((at_ns, rank, asked))

    def suffer(self, at_ns: int, word: str) -> None:
        self.inputs.append((at_ns, OPERATOR, Deed(word)))
        self.ended = self.ended or word == "power-off"


def tell(scenario: Scenario, policy: Policy, *, seed: int = 0) -> Story:
    """Play, and keep only what is written."""
    ledger = Ledger()
    policy = scenario.applied_to(policy)
    result = play(scenario, policy, seed=seed, ledger=ledger)
    comment = capture_comment(scenario.name, policy.name, seed)
    trace = reader.read(pcapng.encode(result.recording, comment))
    return Story(scenario, policy, seed, trace, [_entry(line) for line in ledger.lines()])


def _entry(line: str) -> Entry:
    """A line as somebody finds it in the file."""
    fields = json.loads(line)
    if "data" in fields:
        fields["data"] = bytes.fromhex(fields["data"])
    return fields.pop("t_ns"), fields.pop("event"), fields


def lives(story: Story) -> list[Life]:
    """Every life of every host, in the order of the boots."""
    found: list[Life] = []
    now: dict[str, Life] = {}
    for at_ns, event, fields in story.entries:
        if event == "power-on":
            life = now[fields["host"]] = Life(fields["host"], fields["boot"], at_ns)
            found.append(life)
        elif "host" in fields:
            _live(story, now[fields["host"]], at_ns, event, fields)
    return found


def _live(story: Story, life: Life, at_ns: int, event: str, fields: Mapping[str, Any]) -> None:
    if event == "received":
        life.hear(at_ns, Heard(fields["frame"], story.octets(fields)))
    elif event == "asked":
        life.ask(at_ns, Asked(fields["request"], fields.get("unread", False)))
    elif event == "sent":
        life.sent.append((at_ns, story.octets(fields)))
        life.numbers.append(fields["frame"])
    elif event in DEEDS:
        life.suffer(at_ns, event)
    else:
        rest = {name: fields[name] for name in fields if name not in _OF_A_NOTE}
        life.notes.append((at_ns, event, fields["connection"], fields["frame"], rest))
