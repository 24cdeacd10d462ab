"""What a comparison plays: which policies at which settings, which seeds, in which portions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from emu.compare.outcome import Outcome, outcome_of, traced_outcome_of
from emu.compare.vary import Varied
from emu.errors import InputError
from emu.policy.loader import load_policy
from emu.policy.model import Policy
from emu.run import build, survey
from emu.scenario.model import Scenario

if TYPE_CHECKING:
    from emu.net.world import World

#: A portion is at most this many runs: enough to make handing it out cheap (performance.md 6).
_BATCH_MAX = 100
#: Portions a worker, so that one long policy keeps nobody waiting at the end.
_BATCHES_PER_JOB = 16


class Batch(NamedTuple):
    """Seeds ``first`` up to, not including, ``end`` of one entry of the plan."""

    entry: int
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """A policy that cannot play the scenario."""

    policy: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What becomes one row: a policy, and the scenario it plays.

    ``varied``: the one setting in which it differs from others of that policy, if it is one of
    several.
    """

    policy: Policy
    scenario: Scenario
    varied: Varied | None = None

    @property
    def name(self) -> str:
        """The row's name: that of the policy, and the value of what is varied."""
        return self.policy.name if self.varied is None else self.varied.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Seeds 0 to ``seeds`` - 1 of every one of ``entries``.

    ``scenario``: the one they all play, but for what is varied.  ``traced``: whether the first
    seed's runs leave what it takes to draw them.
    """

    scenario: Scenario
    entries: tuple[Entry, ...]
    seeds: int
    not_applicable: tuple[NotApplicable, ...] = ()
    traced: bool = False

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policy of every entry."""
        return tuple(entry.policy for entry in self.entries)

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(self.entries) * self.seeds

    def batches(self, jobs: int) -> list[Batch]:
        """All runs in portions; policies take turns, so that progress tells of all of them."""
        size = min(_BATCH_MAX, max(1, self.runs // (jobs * _BATCHES_PER_JOB)))
        return [
            Batch(entry, first, min(first + size, self.seeds))
            for first in range(0, self.seeds, size)
            for entry in range(len(self.entries))
        ]

    def play(self, batch: Batch) -> list[Outcome]:
        """One portion, in this process."""
        seeds = range(batch.first, batch.end)
        entry = self.entries[batch.entry]
        return survey(entry.scenario, entry.policy, seeds, self._look)

    def _look(self, world: World) -> Outcome:
        drawn = self.traced and world.seed == 0
        return traced_outcome_of(world) if drawn else outcome_of(world)


def make_plan(scenario: Scenario, policies: Sequence[Policy], seeds: int) -> Plan:
    """The policies that can play it, and why the others cannot; ``InputError`` if none can."""
    return plan_of(scenario, [Entry(policy=each, scenario=scenario) for each in policies], seeds)


def plan_of(scenario: Scenario, entries: Sequence[Entry], seeds: int) -> Plan:
    """The same for policies at several values of a setting."""
    for client in scenario.clients:
        if client.policy is not None:
            load_policy(client.policy)  # a pin that cannot be read is no policy's fault
    refusals = [(entry, _refusal(entry)) for entry in _each_once(entries)]
    able = tuple(entry for entry, why in refusals if why is None)
    unable = tuple(NotApplicable(policy=e.name, why=why) for e, why in refusals if why is not None)
    if not able:
        expected = f"a policy that can play scenario {scenario.name}"
        raise InputError(
            "emu compare",
            expected=expected,
            found="none",
            hint=f"{unable[0].policy}: {unable[0].why}",
        )
    return Plan(scenario=scenario, entries=able, seeds=seeds, not_applicable=unable)


def _each_once(entries: Sequence[Entry]) -> list[Entry]:
    """The same policy twice is one row; two of one name could not be told apart."""
    by_name: dict[str, Entry] = {}
    for entry in entries:
        other = by_name.setdefault(entry.name, entry)
        if other.policy != entry.policy:
            raise InputError(
                f"--policy {entry.policy.name}",
                expected="policies of different names",
                found="two files of that name",
                hint="rename one",
            )
    return [*by_name.values()]


def _refusal(entry: Entry) -> str | None:
    """Why a policy cannot play it: found out by building its world."""
    try:
        build(entry.scenario, entry.policy)
    except InputError as error:
        return f"needs {error.expected}, has {error.found}"
    return None
