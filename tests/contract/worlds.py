"""Scenarios made for the contract, played, and read back from the octets of their capture."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emu.capture import pcapng
from emu.capture.ledger import Ledger
from emu.policy.carrying import provided_by
from emu.policy.loader import load_policy, policy_names
from emu.policy.model import Policy
from emu.result import RunResult, run_json
from emu.run import capture_comment, play
from emu.scenario.loader import load_scenario, scenario_names
from emu.scenario.model import Scenario
from emu.transports.base import Fault, Transport
from emu.transports.table import transport_named
from tests import reader
from tests.library import on_a_lan

S = 10**9
US = 1_000

#: One way on the contract's LAN for a minimum frame: 8 octets of preamble, 60 and 4 of FCS at
#: 10 Mbit/s, 57.6 us, and 5 us of propagation (IEEE 802.3 3.1.1, 4.2.7).
TRIP_NS = (8 + 60 + 4) * 8 * 100 + 5 * US

POLICIES = tuple(on_a_lan())

#: Under which a dead idle client is noticed at all (KB Q187049: not under this one).
NOTICING = tuple(
    name
    for name in POLICIES
    if name not in ("tcp-no-keepalive", "tcp-no-keepalive-linux", "nbf-802.2")
)

#: NT 4's policies, whose numbers are worked out by hand in several tests.
NT4 = ("tcp-keepalive-nt4", "tcp-keepalive-nt4-5min", "tcp-no-keepalive")

#: Policies of two hours and more; the slowest is Linux's, 8013 s (facts/tcp.md 3.4).
SLOW = tuple(
    name
    for name in POLICIES
    if name.startswith("tcp-keepalive")
    and name not in ("tcp-keepalive-nt4-5min", "tcp-keepalive-linux-60-10-6")
)


#: One policy of each transport, for what costs too much to do with all; EMU_SLOW=1 does it.
ONE_EACH = (
    POLICIES
    if os.environ.get("EMU_SLOW")
    else tuple({load_policy(name).transport: name for name in POLICIES}.values())
)


#: Where all policies cost too much: those of NCP and of NT 4's TCP, of Linux those whose timers
#: run, of each other stack of TCP and of each other transport one.
ENOUGH = tuple(
    name
    for name in POLICIES
    if name in (*ONE_EACH, *NT4, "tcp-keepalive-linux-60-10-6", "tcp-user-timeout-linux",
                "tcp-keepalive-freebsd", "tcp-keepalive-solaris", "tcp-keepalive-lwip")
    or name.startswith("ncp")
)  # fmt: skip


#: Tens of thousands of frames, each on three taps.  What they must come to is in
#: test_dialled_lines.py; EMU_SLOW=1 reads their captures, too.
CROWDED = (
    ("dial-on-demand-idle", "spx-nwlink"),
    ("dial-on-demand-idle", "nbipx-nwlink"),
    ("dial-on-demand-office", "nbf-nt4"),
    ("modem-slow-setup", "spx-nwlink"),
)


def affordable(scenario: Scenario, policy: str) -> bool:
    """A day of many clients, or of routed frames, costs ten seconds under some policies; EMU_SLOW=1
    plays all."""
    few = len(scenario.clients) <= 4 and len(scenario.lans()) == 1 and policy in POLICIES
    default = policy in scenario.default_policies and (scenario.name, policy) not in CROWDED
    return few or default or bool(os.environ.get("EMU_SLOW"))


def playable() -> list[tuple[str, str]]:
    """Every scenario of the library with every policy that can play it."""
    pairs = []
    for name, policy in itertools.product(scenario_names(), policy_names()):
        scenario = load_scenario(name)
        provides = provided_by(load_policy(policy))
        if not scenario.unmet_needs(provides) and affordable(scenario, policy):
            pairs.append((name, policy))
    return pairs


def playable_terminals() -> list[tuple[str, str]]:
    """Those about terminals, whose lines ``tests.reader`` can read and ``tests.replay`` say again.

    Sessions of a file server have contracts of their own: tests/contract/test_smb_*.py.
    """
    return [pair for pair in playable() if not load_scenario(pair[0]).serves_files]


@dataclass(frozen=True)
class Played:
    """One run: what it said, its JSON, and its capture read by somebody else."""

    scenario: Scenario
    policy: Policy
    result: RunResult
    json: dict[str, Any]
    file: bytes
    trace: reader.Trace

    @property
    def transport(self) -> Transport:
        return transport_named(self.policy.transport)

    @property
    def params(self) -> Any:
        return self.transport.make_params(self.policy.stack, self.policy.values)

    def failures(self) -> list[str]:
        return [f"{j.that}: {j.why}" for j in self.result.judgements if not j.holds]


def played(
    scenario: Scenario | str,
    policy: Policy | str,
    *settings: str,
    seed: int = 0,
    ledger: Ledger | None = None,
) -> Played:
    """Play it.  ``settings``: as ``--set`` takes them, ``policy.server.session_limit=2``."""
    if isinstance(scenario, str):
        scenario = load_scenario(scenario)
    if isinstance(policy, str):
        policy = load_policy(policy)
    policy = scenario.applied_to(policy)
    for key, _, text in (each.partition("=") for each in settings):
        if key.startswith("policy."):
            policy = policy.with_setting(key, text)
        else:
            scenario = scenario.with_setting(key, text)
    result = play(scenario, policy, seed=seed, ledger=ledger)
    file = pcapng.encode(result.recording, capture_comment(scenario.name, policy.name, seed))
    return Played(scenario.drawn(seed), policy, result, run_json(result), file, reader.read(file))


def made(
    folder: Path,
    *faults: str,
    program: str = '{ at = "0s", do = "log-on" }, { at = "100s", do = "work" }',
    after_restart: str = "",
    boot_time: str = "60s",
    horizon: str = "6h",
    link: str = "",
    client: str = "",
    more: str = "",
) -> Scenario:
    """A scenario of one client on the contract's LAN.  ``faults``: bodies of their tables."""
    tables = "\n".join(f'[[faults]]\nclient = "ws1"\n{fault}' for fault in faults)
    path = folder / "made.toml"
    path.write_text(
        f"""
title = "made for a test"
story = "a test"
sources = "a test"
horizon = "{horizon}"
default_policies = ["tcp-no-keepalive"]

[links.server-lan]
kind = "lan"
bandwidth = "10Mbit/s"
propagation = "5us"
{link}

[clients.ws1]
user = "ann"
boot_time = "{boot_time}"
program = [{program}]
after_restart = [{after_restart}]
{client}

{tables}
{more}
"""
    )
    return load_scenario(path)


def trip_ns(connection: reader.Connection) -> int:
    """One way for a probe of this connection; ``TRIP_NS`` if there is none."""
    octets = max([60, *(len(probe.frame.octets) for probe in connection.probes[-1:])])
    return TRIP_NS + (octets - 60) * 8 * 100


@dataclass(frozen=True)
class Story:
    """What a trace says of a session's first fault, as a closed formula wants it.

    ``last_words_ns``: the last octet from before the client came back.
    """

    connection: reader.Connection
    last_octet_ns: int
    last_words_ns: int
    left_ns: int | None
    fault: Fault


def story(
    run: Played,
    *,
    lost_ns: int,
    kind: str,
    back_ns: int | None = None,
    attaches_ns: int | None = None,
    same_address: bool | None = None,
    session: int = 1,
) -> Story:
    """Read it from the trace alone; only the fault's own times are the test's.

    A frame meets a client that is back if it arrives later than that (frames go before power
    and programs at one instant), so a frame counts that was sent one way earlier, and later.
    """
    connection = run.trace.carriers(session)[0]
    moves = [m for m in run.trace.moves(session) if m.before == "ACTIVE" and m.at_ns >= lost_ns]
    spacing = run.policy.values.get("ncp.activity_spacing")
    before = run.scenario.horizon_ns if back_ns is None else back_ns

    trip = trip_ns(connection)
    # SESSION_ALIVE counts from the session's set-up (facts/netbeui.md 2.6).
    beat_ns = connection.opened_ns if run.policy.values.get("nbf.alive_interval") else None
    if run.policy.stack == "linux":  # from the handshake's end (facts/tcp.md 3.1)
        beat_ns = connection.heard[1].at_ns if len(connection.heard) > 1 else None

    def met(at_ns: int | None) -> int | None:
        return None if at_ns is None else max(lost_ns, at_ns - trip + 1)

    fault = Fault(
        kind=kind,
        lost_at_ns=lost_ns,
        back_at_ns=met(back_ns),
        attaches_at_ns=met(attaches_ns),
        same_address=run.transport.same_address if same_address is None else same_address,
        unacknowledged_since_ns=connection.unacknowledged_since_ns,
        idle_since_ns=beat_ns
        if spacing is None
        else connection.idle_since_ns(int(spacing), before),
    )
    left_ns = moves[0].at_ns if moves else None
    words_ns = [frame.at_ns for frame in connection.heard if frame.at_ns <= before]
    return Story(connection, connection.last_octet_ns, words_ns[-1], left_ns, fault)


def ns(seconds: float | None) -> int | None:
    """JSON's seconds back to nanoseconds."""
    return None if seconds is None else round(seconds * S)
