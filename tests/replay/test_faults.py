"""Every fault, on every transport, at any instant, on wires that lose frames: replayed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.policy.loader import load_policy
from tests.contract.worlds import ONE_EACH, POLICIES
from tests.replay.machinery import differences
from tests.replay.scenes import (
    BOOT_NS,
    KINDS,
    PUSHES,
    S,
    Sitter,
    Struck,
    chain,
    partners,
    pushable,
    scene,
)
from tests.replay.story import DEEDS, Deed, lives, tell

SLOW = bool(os.environ.get("EMU_SLOW"))

#: One policy a transport, so that one server can play them all; three share one framing.
TRANSPORTS = ("nbf-nt4", "ncp-netware-tight", "spx-nwlink", "nbipx-nwlink-15s",
              "tcp-keepalive-nt4-5min")  # fmt: skip

#: Each fault once, all at 60 s; the last two twice struck.
FAULTS: tuple[tuple[Struck, ...], ...] = (
    (Struck("power-loss", 60 * S, 40 * S),),
    (Struck("reboot", 60 * S),),
    (Struck("os-hang", 60 * S, 200 * S),),
    (Struck("os-hang", 60 * S),),
    (Struck("app-hang", 60 * S, 30 * S),),
    (Struck("kill", 60 * S),),
    (Struck("cable", 60 * S, 30 * S),),
    (Struck("suspend", 60 * S, 400 * S),),
    (Struck("app-hang", 60 * S, 10 * S), Struck("kill", 80 * S)),
    (Struck("suspend", 60 * S, 10 * S), Struck("os-hang", 80 * S, 20 * S)),
)
EVERYBODY = (
    Struck("cable", 20 * S, 2 * S, "server"),
    Struck("cable", 30 * S, 2 * S, "between-switches"),
)


@pytest.mark.slow
@pytest.mark.parametrize("link", ["", "loss = 0.1"])
@pytest.mark.parametrize("turn", range(10))
def test_a_crowd_with_every_fault_at_once_can_be_replayed(
    turn: int, link: str, tmp_path: Path
) -> None:
    """Ten clients, five transports on one server, and no transport spared in ten turns."""
    turned = [*FAULTS[turn:], *FAULTS[:turn]]
    sitters = [
        Sitter(TRANSPORTS[number % len(TRANSPORTS)], faults) for number, faults in enumerate(turned)
    ]
    made = scene(tmp_path, sitters, everybody=EVERYBODY, link=link)
    story = tell(made, load_policy(TRANSPORTS[4]), seed=turn)
    assert differences(story) == []
    assert {word for _, word, _ in story.entries} >= {*DEEDS, "cut", "mend"}
    assert any(
        isinstance(what, Deed) and what.ring for life in lives(story) for _, _, what in life.inputs
    ), "nobody's ring held anything"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3] if SLOW else [1])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_fault_on_a_lossy_link_can_be_replayed(
    policy: str, seed: int, tmp_path: Path
) -> None:
    """All that leaves the client its state, one after the other, in the midst of work."""
    steps = [(kind, 15 * S, 20 * S) for kind in ("os-hang", "suspend", "cable", "app-hang")]
    faults = chain([*steps, ("power-loss", 15 * S, 20 * S), ("kill", 15 * S, None)])
    made = scene(tmp_path, [Sitter(None, faults)], link="loss = 0.15")
    assert differences(tell(made, load_policy(policy), seed=seed)) == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", [name for name in ONE_EACH if pushable([name])])
def test_pushes_into_every_fault_can_be_replayed(policy: str, tmp_path: Path) -> None:
    """A push every 9 s meets clients that hang, sleep, are cut off and come back."""
    sitters = [Sitter(None, chain([(kind, 40 * S, 60 * S)])) for kind in KINDS]
    made = scene(tmp_path, sitters, more=PUSHES)
    story = tell(made, load_policy(policy))
    assert differences(story) == []
    assert [fields for _, event, fields in story.entries if fields.get("request") == "push"]


@pytest.mark.slow
def test_time_does_not_go_back_when_a_sleeper_wakes(tmp_path: Path) -> None:
    """Asleep from 8 to 33 s with a packet unacknowledged: both its retransmission and a probe
    are overdue.  The probe once left at 8.0005 s, after the retransmission at 33 s."""
    made = scene(tmp_path, [Sitter(None, [Struck("suspend", 8 * S, 25 * S)])], link="loss = 0.1")
    story = tell(made, load_policy("spx-nwlink"), seed=3)
    sent = [at_ns for life in lives(story) if life.host == "pc0" for at_ns, _ in life.sent]
    assert sent.count(33 * S) >= 2
    assert not [at_ns for at_ns in sent if 8 * S < at_ns < 33 * S]
    assert differences(story) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["suspend", "os-hang"])
@pytest.mark.parametrize("policy", POLICIES)
def test_overdue_timers_of_two_connections_can_be_replayed(
    policy: str, kind: str, tmp_path: Path
) -> None:
    """Stopped with a goodbye and the next log-on under way: each has a timer of its own."""
    sitter = Sitter(None, [Struck(kind, 150 * S, 60 * S)])
    story = tell(scene(tmp_path, [sitter]), load_policy(policy))
    assert differences(story) == []
    if policy.startswith("tcp") and kind == "suspend":
        sent = [at_ns for life in lives(story) if life.host == "pc0" for at_ns, _ in life.sent]
        assert sent.count(210 * S) == 2, "a FIN and a SYN, both again"


# --- random faults at random instants --------------------------------------------------------


def instants(first_s: int, last_s: int) -> st.SearchStrategy[int]:
    """Whole seconds meet programs and pushes at their very instant; others meet nobody."""
    seconds = st.integers(first_s, last_s).map(lambda count: count * S)
    return seconds | st.integers(first_s * S, last_s * S)


LASTS = st.none() | instants(1, 30) | instants(1, 200)
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), instants(1, 60), LASTS), min_size=1, max_size=4)
ELSEWHERE = st.builds(
    Struck,
    st.just("cable"),
    instants(1, 20),
    instants(1, 30),
    st.sampled_from(("server", "between-switches")),
)


@pytest.mark.slow
@settings(
    max_examples=200 if SLOW else 8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    policies=st.tuples(st.sampled_from(POLICIES), st.sampled_from(POLICIES)),
    steps=st.tuples(STEPS, STEPS),
    elsewhere=st.none() | ELSEWHERE,
    link=st.sampled_from(("", "loss = 0.1")),
    one_session=st.booleans(),
    pushes=st.booleans(),
    seed=st.integers(0, 3),
)
def test_random_faults_at_random_instants_can_be_replayed(
    policies: tuple[str, str],
    steps: tuple[list[tuple[str, int, int | None]], list[tuple[str, int, int | None]]],
    elsewhere: Struck | None,
    link: str,
    one_session: bool,
    pushes: bool,
    seed: int,
    tmp_path: Path,
) -> None:
    """Two clients, any policies: with a limit of one session they try again, hung or not."""
    start_ns = 0 if elsewhere is None else elsewhere.back_ns or 0
    pins = (None, partners(*policies))
    sitters = [Sitter(pin, chain(each, start_ns)) for pin, each in zip(pins, steps, strict=True)]
    made = scene(
        tmp_path,
        sitters,
        everybody=[] if elsewhere is None else [elsewhere],
        more=PUSHES if pushes and pushable(policies) else "",
        link=link,
    )
    policy = load_policy(policies[0])
    if one_session:
        policy = policy.with_setting("policy.server.session_limit", "1")
    assert differences(tell(made, policy, seed=seed)) == []


def test_a_client_is_struck_again_only_when_it_is_back() -> None:
    """What the scenarios above are made of, so that none of them is refused."""
    struck = chain([("reboot", S, None), ("cable", S, S), ("kill", S, None), ("suspend", S, S)])
    assert [each.at_ns for each in struck] == [S, 2 * S + BOOT_NS, 4 * S + BOOT_NS]
