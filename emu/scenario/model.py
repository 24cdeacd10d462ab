"""What a scenario is once it is read: plain frozen values, all times in nanoseconds.

Instants count from the start of the run unless a field says otherwise.  Knows no files
and no pydantic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emu.policy.model import SCENARIO, Policy, Source
from emu.scenario.boxed import BoxSpec
from emu.scenario.dialled import DialSpec
from emu.scenario.files import FileService, Task, TaskStep, expanded_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSpec:
    """A LAN or, with ``dial``, a dialled line, or, with ``box``, a box between two LANs.

    ``bandwidth_bit_s``: bits a second; 0 for a box, which is as fast as its LANs.
    ``propagation_ns``: of a box, how long a segment is in it.

    ``loss``: probability per frame, 0 to 1.  ``jitter_ns``: every frame takes up to that much
    longer, drawn from the seed.
    """

    name: str
    kind: str
    bandwidth_bit_s: int
    propagation_ns: int
    loss: float
    jitter_ns: int = 0
    dial: DialSpec | None = None
    box: BoxSpec | None = None

    @property
    def is_lan(self) -> bool:
        """Whether hosts can be on it."""
        return self.dial is None and self.box is None


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One deed at one instant; in ``after_restart`` counted from the end of the boot."""

    at_ns: int
    do: str

    def instants(self) -> Iterator[int]:
        """That instant."""
        yield self.at_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A deed at ``from + every``, ``from + 2 * every``, ... up to and including ``until``."""

    from_ns: int
    until_ns: int
    every_ns: int
    do: str

    def instants(self) -> Iterator[int]:
        """All its instants, in order."""
        yield from range(self.from_ns + self.every_ns, self.until_ns + 1, self.every_ns)


Step = At | Every


def expanded(program: Iterable[Step]) -> list[tuple[int, str]]:
    """(instant, deed) in order; ties stay in the order written."""
    deeds = [(at_ns, step.do) for step in program for at_ns in step.instants()]
    return sorted(deeds, key=lambda deed: deed[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """The server's host.  ``pinned``: see ``schema.ServerPins``.

    ``program``: what it does unasked, see ``vocabulary.SERVER_DEEDS``.  ``steps``: what its
    administrator does, see ``files.SERVER_TASK_KINDS``.
    """

    name: str
    link: str
    pinned: Mapping[str, int]
    program: tuple[Step, ...] = ()
    steps: tuple[TaskStep, ...] = ()

    def deeds(self) -> list[tuple[int, str]]:
        """The program, expanded, in order."""
        return expanded(self.program)

    def tasks(self) -> list[tuple[int, Task]]:
        """The administrator's tasks, expanded, in order."""
        return expanded_tasks(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSpec:
    """A client: one user at one host, or, with ``steps``, whoever works on files there.

    ``boot_time_ns``: from power back to programs starting.  ``policy``: pinned, or None for
    the policy under test.  ``log_on_again_every_ns``: from the start of one attempt to the
    start of the next when it was refused or stayed unanswered; None: no second attempt.
    ``log_on_tries``: attempts in all.  ``pinned``: see ``schema.ClientPins``.  ``phase_ns``: the
    whole program starts up to that much later, drawn from the seed (see ``drawing``).
    """

    name: str
    user: str
    link: str
    boot_time_ns: int
    policy: str | None
    program: tuple[Step, ...]
    after_restart: tuple[At, ...]
    log_on_again_every_ns: int | None
    log_on_tries: int
    pinned: Mapping[str, int]
    phase_ns: int = 0
    steps: tuple[TaskStep, ...] = ()
    steps_after_restart: tuple[TaskStep, ...] = ()

    def tasks(self) -> list[tuple[int, Task]]:
        """The tasks on files, expanded: (instant, task) in order."""
        return expanded_tasks(self.steps)

    def tasks_after_restart(self) -> list[tuple[int, Task]]:
        """The same behind a restart, counted from the end of the boot."""
        return expanded_tasks(self.steps_after_restart)

    def deeds(self) -> list[tuple[int, str]]:
        """The program, expanded: (instant, deed) in order."""
        return expanded(self.program)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpec:
    """What strikes.  ``number``: counts from 1, as in ``--set faults.1.at=...``.

    ``client``: whom; None for every client of the server (a cable cut elsewhere), or of a line.
    ``line``: the dialled line that is out, ``how`` as in ``vocabulary.OUTAGES``.
    ``off_for_ns``: how long the power stays away; None: for good (power-loss) or no time at
    all (reboot).  ``for_ns``: how long it lasts, for faults that leave the client its state;
    None: to the end of the run.  ``place``: see ``vocabulary.FaultKind``.  ``latest_ns``: when
    the seed decides, it strikes at any instant from ``at_ns`` to here (see ``drawing``).
    """

    number: int
    at_ns: int
    client: str | None
    kind: str
    off_for_ns: int | None = None
    for_ns: int | None = None
    place: str = "client"
    latest_ns: int | None = None
    line: str | None = None
    how: str = ""

    @property
    def until_ns(self) -> int | None:
        """When the client is there again with all its state; None for never."""
        return None if self.for_ns is None else self.at_ns + self.for_ns

    @property
    def gone(self) -> bool:
        """Whether the client is gone, by the words of product.md (else it is alive)."""
        if self.kind == "os-hang":
            return self.for_ns is None
        return self.kind in ("power-loss", "kill", "reboot")

    def back_at_ns(self, boot_time_ns: int) -> int | None:
        """When the client's programs start again, without state; None for never."""
        if self.kind not in ("power-loss", "reboot"):
            return None
        if self.kind == "reboot":
            return self.at_ns + boot_time_ns
        return None if self.off_for_ns is None else self.at_ns + self.off_for_ns + boot_time_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectSpec:
    """One expectation: ``field`` lies between ``low`` and ``high``, or equals ``equals``.

    ``policies``: those it is for; empty: every policy that no other expectation of the same
    field and subject names.  ``session``: its id; ``client``: its name; both None for the run.
    ``low``, ``high``: inclusive, nanoseconds for fields in seconds.  ``that``: as a sentence.
    """

    number: int
    policies: tuple[str, ...]
    session: int | None
    client: str | None
    field: str
    low: int | None
    high: int | None
    equals: int | bool | str | None
    that: str
    why: str

    @property
    def subject(self) -> tuple[str, int | None, str | None]:
        """What it speaks about."""
        return self.field, self.session, self.client


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSpec:
    """One threshold of a comparison: a row's ``field`` is ``at_most`` that, or it is breached.

    ``policies``: those it is for; empty: all.  ``at_most``: nanoseconds for fields in seconds.
    """

    number: int
    policies: tuple[str, ...]
    field: str
    at_most: float
    that: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario, complete and consistent.

    ``needs``: what a policy's transport must provide.  ``server_rules``: what it sets of the
    policy's ``server.*`` and ``smb.*`` rules, as a file holds them (durations are text).
    ``expert_rows``: expert warnings and errors tshark shows on purpose, per policy, ``default``
    for the rest.
    ``document`` and ``shown``: the tables it was read from and what messages call them.
    ``files``: what the server offers besides terminals.
    """

    name: str
    title: str
    story: str
    sources: str
    horizon_ns: int
    needs: tuple[str, ...]
    default_policies: tuple[str, ...]
    links: tuple[LinkSpec, ...]
    server: HostSpec
    server_rules: Mapping[str, Any]
    clients: tuple[ClientSpec, ...]
    faults: tuple[FaultSpec, ...]
    expects: tuple[ExpectSpec, ...]
    expert_rows: Mapping[str, int]
    thresholds: tuple[ThresholdSpec, ...]
    document: Mapping[str, Any] = field(repr=False, compare=False)
    shown: str
    files: FileService = field(default_factory=FileService)

    @property
    def serves_files(self) -> bool:
        """Whether it is about files, or about terminals."""
        return any(client.steps for client in self.clients)

    def client(self, name: str) -> ClientSpec:
        """The client of that name; ``KeyError`` when there is none."""
        return {client.name: client for client in self.clients}[name]

    def link(self, name: str) -> LinkSpec:
        """The link of that name; ``KeyError`` when there is none."""
        return {link.name: link for link in self.links}[name]

    def lans(self) -> tuple[LinkSpec, ...]:
        """The LANs, the server's first: their order gives them their segments."""
        lans = [link for link in self.links if link.is_lan]
        return tuple(sorted(lans, key=lambda link: link.name != self.server.link))

    def line_to(self, lan: str) -> LinkSpec | None:
        """The dialled line behind which a LAN lies, seen from the server; None for its own."""
        for link in self.links:
            if link.dial is not None and lan in link.dial.between[1:]:
                return link
        return None

    def box_to(self, lan: str) -> LinkSpec | None:
        """The box behind which a LAN lies, seen from the server."""
        for link in self.links:
            if link.box is not None and lan in link.box.between[1:]:
                return link
        return None

    def struck_by(self, fault: FaultSpec) -> list[str]:
        """The clients that a fault strikes, by name."""
        if fault.client is not None:
            return [fault.client]
        if fault.line is None:
            return [client.name for client in self.clients]
        dial = self.link(fault.line).dial
        behind = () if dial is None else dial.between[1:]
        return [client.name for client in self.clients if client.link in behind]

    def expects_for(self, policy: str) -> tuple[ExpectSpec, ...]:
        """The expectations that a run under this policy is judged by, in the file's order."""
        named = {each.subject for each in self.expects if policy in each.policies}
        return tuple(
            each
            for each in self.expects
            if policy in each.policies or (not each.policies and each.subject not in named)
        )

    def expert_rows_for(self, policy: str) -> int:
        """How many expert warnings and errors tshark shows on purpose under this policy."""
        return self.expert_rows.get(policy, self.expert_rows.get("default", 0))

    def unmet_needs(self, provides: frozenset[str]) -> tuple[str, ...]:
        """What this scenario needs and a transport does not provide."""
        return tuple(need for need in self.needs if need not in provides)

    def applied_to(self, policy: Policy) -> Policy:
        """The policy with this scenario's own session rules.  ``--set`` comes after this."""
        source = Source(grade=SCENARIO, text=f'scenario "{self.name}": {self.sources}')
        for name, raw in self.server_rules.items():
            if name.startswith("smb.") and not policy.speaks_smb:
                continue  # it cannot play this, and is told so when it is to
            policy = policy.with_value(name, raw, source, where=f"{self.shown}: {name}")
        return policy

    def drawn(self, seed: int) -> Scenario:
        """The same scenario with everything decided that it leaves to the seed."""
        from emu.scenario.drawing import drawn

        return drawn(self, seed)

    def with_setting(self, key: str, text: str) -> Scenario:
        """The same scenario with one value from ``--set KEY=TEXT``, judged like a file."""
        from emu.scenario.loader import scenario_with

        return scenario_with(self, key, text)
