"""What a comparison plays: which policies, which seeds, and in which portions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from emu.compare.outcome import Outcome, outcome_of, traced_outcome_of
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
    """Seeds ``first`` up to, not including, ``end`` under one policy of the plan."""

    policy: int
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """A policy that cannot play the scenario."""

    policy: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Seeds 0 to ``seeds`` - 1 of one scenario under every one of ``policies``.

    ``traced``: whether the first seed's runs leave what it takes to draw them.
    """

    scenario: Scenario
    policies: tuple[Policy, ...]
    seeds: int
    not_applicable: tuple[NotApplicable, ...] = ()
    traced: bool = False

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(self.policies) * self.seeds

    def batches(self, jobs: int) -> list[Batch]:
        """All runs in portions; policies take turns, so that progress tells of all of them."""
        size = min(_BATCH_MAX, max(1, self.runs // (jobs * _BATCHES_PER_JOB)))
        return [
            Batch(policy, first, min(first + size, self.seeds))
            for first in range(0, self.seeds, size)
            for policy in range(len(self.policies))
        ]

    def play(self, batch: Batch) -> list[Outcome]:
        """One portion, in this process."""
        seeds = range(batch.first, batch.end)
        return survey(self.scenario, self.policies[batch.policy], seeds, self._look)

    def _look(self, world: World) -> Outcome:
        drawn = self.traced and world.seed == 0
        return traced_outcome_of(world) if drawn else outcome_of(world)


def make_plan(scenario: Scenario, policies: Sequence[Policy], seeds: int) -> Plan:
    """The policies that can play it, and why the others cannot; ``InputError`` if none can."""
    for client in scenario.clients:
        if client.policy is not None:
            load_policy(client.policy)  # a pin that cannot be read is no policy's fault
    refusals = [(policy, _refusal(scenario, policy)) for policy in _each_once(policies)]
    able = tuple(policy for policy, why in refusals if why is None)
    unable = tuple(NotApplicable(policy=p.name, why=why) for p, why in refusals if why is not None)
    if not able:
        expected = f"a policy that can play scenario {scenario.name}"
        raise InputError(
            "emu compare",
            expected=expected,
            found="none",
            hint=f"{unable[0].policy}: {unable[0].why}",
        )
    return Plan(scenario=scenario, policies=able, seeds=seeds, not_applicable=unable)


def _each_once(policies: Sequence[Policy]) -> list[Policy]:
    """The same policy twice is one row; two of one name could not be told apart."""
    by_name: dict[str, Policy] = {}
    for policy in policies:
        other = by_name.setdefault(policy.name, policy)
        if other != policy:
            raise InputError(
                f"--policy {policy.name}",
                expected="policies of different names",
                found="two files of that name",
                hint="rename one",
            )
    return [*by_name.values()]


def _refusal(scenario: Scenario, policy: Policy) -> str | None:
    """Why a policy cannot play it: found out by building its world."""
    try:
        build(scenario, policy)
    except InputError as error:
        return f"needs {error.expected}, has {error.found}"
    return None
