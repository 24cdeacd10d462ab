"""Plays a scenario under a policy: assemble a world, pick a gear, ``trio.run``, collect.

The one module outside ``emu.net`` that starts Trio.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import trio

from emu.capture import pcapng
from emu.capture.ledger import Ledger
from emu.capture.recording import Recording
from emu.errors import InputError
from emu.machines.dlsw.params import CISCO
from emu.machines.dlsw.params import assumptions as dlsw_assumptions
from emu.machines.ncp import NcpParams
from emu.machines.terminal_session import Rules
from emu.net.bill import line_figures
from emu.net.records import FORGOTTEN, Loss, SessionRecord
from emu.net.routes import FAR_TICKS
from emu.net.world import Carrier, World
from emu.policy.carrying import carrier_transport, has_formula, provided_by
from emu.policy.loader import load_policy
from emu.policy.model import Policy
from emu.policy.smb_rules import smb_rules
from emu.result import LinkResult, RunResult, frame_name
from emu.scenario.model import Scenario
from emu.transports.base import Fault, Value

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gear:
    """``speed``: virtual seconds a real second; None goes as fast as the machine can."""

    name: str
    speed: float | None = None


def parse_gear(text: str) -> Gear:
    """``virtual``, ``paced:N`` or ``wall``; ``InputError`` for anything else."""
    if text == "virtual":
        return Gear(name=text)
    if text == "wall":
        return Gear(name=text, speed=1.0)
    kind, _, number = text.partition(":")
    try:
        speed = float(number) if kind == "paced" else 0.0
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise InputError(
            "--clock",
            expected='virtual, wall, or paced:N (N virtual seconds a second), such as "paced:60"',
            found=f'"{text}"',
        )
    return Gear(name=text, speed=speed)


def check_playable(scenario: Scenario, policy: Policy) -> None:
    """``InputError`` when the policy's sessions lack what the scenario needs."""
    missing = scenario.unmet_needs(provided_by(policy))
    if missing:
        what = "SMB" if policy.speaks_smb else policy.transport
        raise InputError(
            f"policy {policy.name}",
            expected=f"a policy that provides {', '.join(missing)} (scenario {scenario.name})",
            found=f"{what}, which lacks {', '.join(missing)}",
            hint='see "emu list transports"',
        )


def carrier_of(policy: Policy) -> Carrier:
    """The machines' parameters for both ends."""
    transport, smb = carrier_transport(policy), smb_rules(policy)
    return Carrier(
        transport=transport,
        policy=policy.name,
        server_params=transport.make_params(policy.stack, policy.values),
        client_params=transport.make_params(policy.client_stack, policy.values),
        redirector=None if smb is None else smb.redirector,
    )


def _rules(policy: Policy) -> Rules:
    def number(name: str) -> int | None:
        value = policy.values[f"server.{name}"]
        return None if value is None else int(value)

    return Rules(
        session_limit=number("session_limit"),
        disconnected_limit_ns=number("disconnected_session_limit"),
        one_session_per_user=bool(policy.values["server.one_session_per_user"]),
        end_when_broken=policy.values["server.broken_connection"] == "end",
        same_client_only=policy.values["server.reconnect_from"] == "same-client",
    )


def _policies(scenario: Scenario, policy: Policy) -> Mapping[str, Policy]:
    """Each client's policy: its own pin, else the one under test."""
    return {
        client.name: policy if client.policy is None else load_policy(client.policy)
        for client in scenario.clients
    }


def build(
    scenario: Scenario,
    policy: Policy,
    *,
    seed: int = 0,
    recording: Recording | None = None,
    ledger: Ledger | None = None,
) -> World:
    """A world ready to play; what the scenario leaves to chance is drawn from the seed."""
    scenario = scenario.drawn(seed)
    by_client = _policies(scenario, policy)
    for used in by_client.values():
        check_playable(scenario, used)
    _one_policy_a_transport(by_client)
    return World(
        scenario,
        {name: carrier_of(used) for name, used in by_client.items()},
        _rules(policy),
        seed=seed,
        recording=recording,
        ledger=ledger,
        router_rules=_router_rules(policy, by_client.values()),
        smb=smb_rules(policy),
    )


def _router_rules(policy: Policy, others: Iterable[Policy]) -> dict[str, Value]:
    """Each policy speaks of the routers' way with its own transport; where two speak of the same
    thing, the one under test has the word."""
    rules: dict[str, Value] = {}
    for each in (*others, policy):
        rules |= {name: value for name, value in each.values.items() if name.startswith("router.")}
    return rules


def _one_policy_a_transport(by_client: Mapping[str, Policy]) -> None:
    """A server has one stack per transport, so two policies of one transport exclude each other,
    unless all they differ in is the routers' doing."""
    seen: dict[str, tuple[str, Policy]] = {}
    for client, policy in by_client.items():
        other, known = seen.setdefault(policy.transport, (client, policy))
        if known.name != policy.name and _ends(known) != _ends(policy):
            raise InputError(
                f"clients.{client}.policy",
                expected=f'"{known.name}", because the server speaks {policy.transport} by it to'
                f" {other}",
                found=f'"{policy.name}"',
                hint="one server plays one policy per transport",
            )


def _ends(policy: Policy) -> tuple[object, object]:
    """What a policy makes of the two ends."""
    carrier = carrier_of(policy)
    return carrier.server_params, carrier.client_params


def play(
    scenario: Scenario,
    policy: Policy,
    *,
    seed: int = 0,
    gear: Gear | None = None,
    ledger: Ledger | None = None,
    progress: Callable[[int], None] | None = None,
    settings: Sequence[str] = (),
) -> RunResult:
    """Play one scenario under one policy; the result holds the capture in memory.

    ``settings``: the ``--set`` texts that made scenario and policy what they are, for the record.
    """
    recording = Recording()
    world = build(scenario, policy, seed=seed, recording=recording, ledger=ledger)
    speed = None if gear is None else gear.speed

    async def main() -> None:
        await world.play(speed=speed, progress=progress)

    trio.run(main)
    return _collect(world, policy, recording, settings)


def capture_comment(scenario: str, policy: str, seed: int, settings: Sequence[str] = ()) -> str:
    """The section's comment: what it takes to make the same file again."""
    changed = "".join(f" --set {setting}" for setting in settings)
    return f"emu scenario={scenario} policy={policy} seed={seed}{changed}"


def _collect(
    world: World, policy: Policy, recording: Recording, settings: Sequence[str]
) -> RunResult:
    from emu.verdicts import judge, tolerance_ns

    scenario, records = world.scenario, world.records
    _look_at_the_end(world)
    recording.ended_ns = scenario.horizon_ns
    _comment(world, recording)
    comment = capture_comment(scenario.name, policy.name, world.seed, settings)
    used = {policy.name: policy, **{p.name: p for p in _policies(scenario, policy).values()}}
    result = RunResult(
        scenario=scenario.name,
        policy=policy.name,
        seed=world.seed,
        settings=tuple(settings),
        horizon_ns=scenario.horizon_ns,
        records=records,
        links=link_results(world),
        session_limit=world.rules.session_limit,
        assumptions=tuple(_once(_assumed(world, used.values()))),
        recording=recording,
        sha256=pcapng.digest(recording, comment),
        predicted_ns=predict(world),
        predicted_near_ns=tuple(
            predict(world, sooner_ns=sign * tolerance_ns(scenario)) for sign in (1, -1)
        ),
        lateness_ns=lateness(world),
        in_doubt=in_doubt(world, tolerance_ns(scenario)),
        untold=untold(world),
    )
    return replace(result, judgements=tuple(judge(scenario, result)))


def link_results(world: World) -> tuple[LinkResult, ...]:
    """Every link's figures, in the scenario's order; a box is no wire: what crosses it is counted
    on its LANs."""
    links = [link for link in world.scenario.links if link.box is None]
    return tuple(_link_result(world, link.name) for link in links)


def _link_result(world: World, name: str) -> LinkResult:
    line = world.lines.get(name)
    if line is None:
        lan = world.links[name]
        return LinkResult(name=name, kind="lan", frames=lan.frames, bytes_on_wire=lan.bytes_on_wire)
    return LinkResult(
        name=name,
        kind="dial",
        frames=line.frames,
        bytes_on_wire=line.bytes_on_wire,
        dialled=line_figures(line, world.scenario.horizon_ns),
    )


def survey(
    scenario: Scenario, policy: Policy, seeds: Iterable[int], look: Callable[[World], T]
) -> list[T]:
    """One run a seed, all under one ``trio.run``; ``look`` keeps what is wanted of each.

    For comparisons: nothing is judged and no capture is rendered.  The frames are recorded all
    the same, because probes are counted in octets at the tap.
    """

    async def main() -> list[T]:
        found: list[T] = []
        for seed in seeds:
            world = build(scenario, policy, seed=seed, recording=Recording())
            await world.play()
            _look_at_the_end(world)
            found.append(look(world))
        return found

    return trio.run(main)


def _assumed(world: World, policies: Iterable[Policy]) -> Iterator[Mapping[str, Value]]:
    """What no source decides: of the policies, and of the lines and boxes that were played."""
    for policy in policies:
        for assumption in policy.assumptions():
            terminals = str(assumption["what"]).startswith("server.")
            if not (terminals and world.smb is not None):  # a file server has no such rules
                yield assumption
    for line in world.lines.values():
        yield from line.spec.assumptions()
    if world.lines and world.router_rules.get("router.netbeui") == "dlsw":
        yield from dlsw_assumptions(CISCO)
    for box in world.boxes.values():
        yield from box.spec.assumptions()


def _once(assumptions: Iterable[Mapping[str, Value]]) -> Iterator[Mapping[str, Value]]:
    """What several policies assume alike is said once."""
    seen: list[Mapping[str, Value]] = []
    for assumption in assumptions:
        if assumption not in seen:
            seen.append(assumption)
            yield assumption


def _look_at_the_end(world: World) -> None:
    """Sessions that are still active have heard their last octet by now."""
    assert world.keeper is not None
    for record in world.records.sessions.values():
        world.keeper.settle(record)
        world.keeper.look_at(record)


def predict(world: World, *, sooner_ns: int = 0) -> dict[int, int | None]:
    """The closed formula's delay for the first fault of every session; None for never.

    ``sooner_ns``: let the client be back that much sooner than it is, or, if it is negative and
    the client kept its state, later: it is heard only when its first word has arrived.
    """
    return {
        number: _predict_one(carrier, loss, sooner_ns)
        for number, carrier, loss in _first_losses(world)
    }


def lateness(world: World) -> dict[int, int]:
    """By how much the formula's delay may be exceeded, for the first fault of every session."""
    return {
        number: carrier.transport.lateness(
            carrier.server_params, _fault_of(loss, 0), _last_words(loss)
        )
        for number, carrier, loss in _first_losses(world)
    }


def in_doubt(world: World, tolerance: int) -> tuple[int, ...]:
    """Sessions whose first fault ends where the formula cannot tell whether a trial is left."""
    return tuple(
        number
        for number, carrier, loss in _first_losses(world)
        if any(
            carrier.transport.doubtful(
                carrier.server_params, _fault_of(loss, sooner_ns), _last_words(loss)
            )
            for sooner_ns in (0, tolerance, -tolerance)
        )
    )


def untold(world: World) -> tuple[int, ...]:
    """Sessions of which no formula of the transport's can tell: of far clients, and of SMB's.

    Over DLSw the switch beside the client polls it and tells the server; mars_nwe does not ask
    far stations; and where a router answers for a client that comes back, its answers and the
    client's cannot be told apart.
    """
    here = world.scenario.server.link
    return tuple(
        record.id
        for record in world.records.sessions.values()
        if (world.scenario.client(record.client).link != here and _is_untold(world, record))
        or (world.smb is not None and _comes_and_goes(world, record))
    )


def _comes_and_goes(world: World, record: SessionRecord) -> bool:
    """What a redirector says when it is there again is no formula's business; nor is NetBT where
    TCP asks as well."""
    if not has_formula(world.carriers[record.client].server_params):
        return True
    return any(
        loss.until_ns is not None or loss.back_at_ns is not None or loss.fault == "kill"
        for loss in record.losses[:1]
    )


def _is_untold(world: World, record: SessionRecord) -> bool:
    rules = world.router_rules
    if record.transport == "nbf" and rules.get("router.netbeui") == "dlsw":
        return True
    if _is_left_alone(world.carriers[record.client]):
        return True
    name, plain = _ANSWERED.get(record.transport, ("", ""))
    comes_back = any(loss.back_at_ns or loss.until_ns for loss in record.losses[:1])
    return comes_back and rules.get(name, plain) != plain


#: What a router may do with a transport's probes, and the word for leaving them alone.
_ANSWERED = {
    "ncp": ("router.ncp_watchdog", "forward"),
    "spx": ("router.spx_keepalive", "forward"),
    "tcp": ("router.tcp_keepalive", "forward"),
}


def _is_left_alone(carrier: Carrier) -> bool:
    params = carrier.server_params
    return isinstance(params, NcpParams) and params.at_distance(FAR_TICKS) is not params


def _first_losses(world: World) -> Iterator[tuple[int, Carrier, Loss]]:
    for record in world.records.sessions.values():
        for loss in record.losses[:1]:
            yield record.id, world.carriers[loss.client], loss


def _last_words(loss: Loss) -> int:
    assert loss.last_words_ns is not None, "looked at when it ended, or at the end of the run"
    return loss.last_words_ns


def _predict_one(carrier: Carrier, loss: Loss, sooner_ns: int) -> int | None:
    fault = _fault_of(loss, sooner_ns)
    return carrier.transport.delay(carrier.server_params, fault, _last_words(loss))


def _fault_of(loss: Loss, sooner_ns: int) -> Fault:
    def sooner(at_ns: int | None) -> int | None:
        return None if at_ns is None else max(loss.at_ns, at_ns - sooner_ns)

    return Fault(
        # To the server's timers a line that is out is a cable that is cut; so is a path that a
        # box has forgotten and is silent about.
        kind="cable" if loss.fault in ("line-outage", FORGOTTEN) else loss.fault,
        lost_at_ns=loss.at_ns,
        until_ns=sooner(loss.until_ns),
        back_at_ns=sooner(loss.back_at_ns) if sooner_ns > 0 else loss.back_at_ns,
        attaches_at_ns=sooner(loss.attaches_at_ns) if sooner_ns > 0 else loss.attaches_at_ns,
        same_address=loss.same_address,
        unacknowledged_since_ns=loss.unacknowledged_since_ns,
        idle_since_ns=loss.idle_since_ns,
        owes_acknowledgement=loss.owes_acknowledgement,
        client_heard_ns=loss.client_heard_ns,
    )


def _comment(world: World, recording: Recording) -> None:
    """Say on the frames that matter what they are (product.md, "The capture")."""
    for probe in world.records.probes:
        if probe.frame:
            by = probe.answered_by
            fate = "unanswered; server still ACTIVE" if by is None else f"answered by {by}"
            recording.comment(probe.frame, f"{probe.name}, {fate}")
    for record in world.records.sessions.values():
        for before, state in zip([None, *record.states], record.states, strict=False):
            if before is not None and state.frame:
                moved = f"session {record.id} {before.state.upper()} -> {state.state.upper()}"
                recording.comment(state.frame, f"{moved}: {state.cause}")
        for loss in record.losses:
            _comment_last_octet(world, record, recording, loss)


def _comment_last_octet(
    world: World, record: SessionRecord, recording: Recording, loss: Loss
) -> None:
    """The last octet came at a known instant; its frame is the one stamped so."""
    last = 0 if loss.last_octet_ns is None else loss.last_octet_ns
    frames = recording.frames
    low = bisect_left(frames, last, key=lambda frame: frame[1])
    high = bisect_right(frames, last, key=lambda frame: frame[1])
    mac = world.heard_from(loss.client)
    for number in range(low + 1, high + 1):
        if recording.octets(number)[6:12] == mac:
            recording.comment(number, f"last octet of session {record.id} from {loss.client}")


def write_capture(result: RunResult, path: str) -> RunResult:
    """Write the capture; the result then names it as typed.  ``InputError`` when it cannot."""
    comment = capture_comment(result.scenario, result.policy, result.seed, result.settings)
    pcapng.write(result.recording, Path(path), comment)
    return replace(result, path=path)


__all__ = ["Gear", "build", "frame_name", "parse_gear", "play", "survey", "write_capture"]
