"""What a scenario leaves to chance, decided by a seed and by nothing else.

Each draw has dice of its own, named after what is drawn: so the same seed strikes at the same
instants under every policy (a comparison is paired), and one more fault moves no other.
Frames' loss and jitter are drawn in ``emu.net.link``, from the same seeds.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from emu.scenario.files import TaskStep
from emu.scenario.model import At, ClientSpec, FaultSpec, Scenario, Step


def drawn(scenario: Scenario, seed: int) -> Scenario:
    """The same scenario with one instant a fault and one phase a client."""
    return replace(
        scenario,
        clients=tuple(_client(client, seed) for client in scenario.clients),
        faults=tuple(_fault(fault, seed) for fault in scenario.faults),
    )


def _fault(fault: FaultSpec, seed: int) -> FaultSpec:
    if fault.latest_ns is None:
        return fault
    dice = Random(f"{seed}/faults/{fault.number}/at")
    return replace(fault, at_ns=dice.randint(fault.at_ns, fault.latest_ns), latest_ns=None)


def _client(client: ClientSpec, seed: int) -> ClientSpec:
    if not client.phase_ns:
        return client
    later_ns = Random(f"{seed}/clients/{client.name}/phase").randint(0, client.phase_ns)
    program = tuple(_later(step, later_ns) for step in client.program)
    steps = tuple(_later_task(step, later_ns) for step in client.steps)
    return replace(client, program=program, steps=steps, phase_ns=0)


def _later(step: Step, later_ns: int) -> Step:
    if isinstance(step, At):
        return replace(step, at_ns=step.at_ns + later_ns)
    return replace(step, from_ns=step.from_ns + later_ns, until_ns=step.until_ns + later_ns)


def _later_task(step: TaskStep, later_ns: int) -> TaskStep:
    until_ns = None if step.until_ns is None else step.until_ns + later_ns
    return replace(step, at_ns=step.at_ns + later_ns, until_ns=until_ns)
