"""A replay that cannot fail proves nothing: ledgers that tell what the operator did wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from emu.policy.loader import load_policy
from emu.scenario.loader import load_scenario
from tests.contract.worlds import ONE_EACH, made
from tests.replay.machinery import differences
from tests.replay.scenes import PUSHES, S, Sitter, Struck, chain, pushable, scene
from tests.replay.story import Entry, Story, lives, tell
from tests.replay.wire import wire_differences

Change = Callable[[Entry], list[Entry]]

WORDS = ("hang", "suspend", "resume", "hold", "release", "kill", "cut", "mend")


def is_push(entry: Entry) -> bool:
    return entry[2].get("request") == "push"


def told_with(story: Story, which: Callable[[Entry], bool], change: Change) -> Story:
    """The same, the first such entry changed."""
    at = next(n for n, entry in enumerate(story.entries) if which(entry))
    entries = [*story.entries[:at], *change(story.entries[at]), *story.entries[at + 1 :]]
    return replace(story, entries=entries)


def missing(_: Entry) -> list[Entry]:
    return []


def moved(by_ns: int) -> Change:
    return lambda entry: [(entry[0] + by_ns, entry[1], entry[2])]


def word(named: str) -> Callable[[Entry], bool]:
    return lambda entry: entry[1] == named


@pytest.fixture(scope="module", params=ONE_EACH)
def everything(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Every word of the operator's in one run, and pushes where there can be any."""
    steps = [(kind, 20 * S, 25 * S) for kind in ("os-hang", "suspend", "app-hang", "cable")]
    faults = chain([*steps, ("kill", 20 * S, None)])
    more = PUSHES if pushable([request.param]) else ""
    folder = tmp_path_factory.mktemp("told")
    work = '{ from = "1s", until = "300s", every = "7s", do = "work" }'
    return tell(scene(folder, [Sitter(None, faults)], work=work, more=more),
                load_policy(request.param))  # fmt: skip


@pytest.mark.slow
def test_told_rightly_there_is_no_difference(everything: Story) -> None:
    assert differences(everything) == []
    assert {entry[1] for entry in everything.entries} >= set(WORDS)


@pytest.mark.slow
@pytest.mark.parametrize("change", [missing, moved(1), moved(-1)], ids=["missing", "+1", "-1"])
@pytest.mark.parametrize("named", WORDS)
def test_a_deed_missing_or_a_nanosecond_off_makes_replay_fail(
    everything: Story, named: str, change: Change
) -> None:
    assert differences(told_with(everything, word(named), change))


@pytest.mark.slow
@pytest.mark.parametrize("change", [missing, moved(1)], ids=["missing", "+1"])
def test_a_push_missing_or_late_makes_replay_fail(everything: Story, change: Change) -> None:
    """Where there is one that sends at once (a full window holds it back); NCP has none."""
    entries = everything.entries
    pushes = [one for one, then in pairwise(entries) if is_push(one) and then[1] == "sent"]
    assert bool(pushes) is pushable([everything.policy.name])
    if pushes:
        assert differences(told_with(everything, lambda entry: entry is pushes[0], change))


@pytest.mark.slow
@pytest.mark.parametrize("change", [missing, moved(1)], ids=["missing", "+1"])
def test_what_a_machine_said_is_compared(everything: Story, change: Change) -> None:
    """Probes, retransmissions, the peer's answers: whatever is said of a connection."""

    def is_note(entry: Entry) -> bool:
        return "connection" in entry[2] and "host" in entry[2]

    assert differences(told_with(everything, is_note, change))


@pytest.mark.parametrize(("one", "other"), [("hang", "suspend"), ("suspend", "hang")])
def test_a_hang_is_no_sleep(one: str, other: str) -> None:
    """What the ring holds is handed over, what comes to a sleeper is lost."""
    scenario = load_scenario("client-os-hang" if one == "hang" else "laptop-suspends")
    story = tell(scenario, load_policy("nbf-nt4"))
    assert differences(story) == []
    wrong = told_with(story, word(one), lambda entry: [(entry[0], other, entry[2])])
    assert differences(wrong)


# --- without the operator's rows to compare with: frames alone -------------------------------


def without_rows(story: Story) -> Story:
    """The same, every row of the operator's and every word in the ledger in agreement.

    The rows would give any change of the ledger away at once; this shows that frames do, too.
    """
    trace = replace(story.trace, events=[e for e in story.trace.events if e.kind != "FAULT"])
    return replace(story, trace=trace)


def of_frames(story: Story) -> list[str]:
    return [what for what in differences(without_rows(story)) if "operator's rows" not in what]


def pushed_at(folder: Path, fault: Struck, policy: str) -> Story:
    """An update every 9 s, so that there is something to miss."""
    return tell(scene(folder, [Sitter(None, [fault])], more=PUSHES), load_policy(policy))


@pytest.mark.parametrize(
    ("kind", "named", "change"),
    [
        ("os-hang", "hang", missing),
        ("os-hang", "resume", missing),
        ("os-hang", "resume", moved(1)),
        ("suspend", "suspend", missing),
        ("suspend", "resume", missing),
        ("suspend", "resume", moved(10 * S)),
        ("cable", "cut", missing),
        ("cable", "mend", missing),
    ],
)
@pytest.mark.parametrize("policy", ["tcp-no-keepalive", "nbf-nt4", "spx-nwlink"])
def test_frames_alone_give_a_wrong_deed_away(
    tmp_path: Path, policy: str, kind: str, named: str, change: Change
) -> None:
    story = pushed_at(tmp_path, Struck(kind, 60 * S + 5, 35 * S), policy)
    assert of_frames(story) == []
    assert of_frames(told_with(story, word(named), change))


@pytest.mark.parametrize("place", ["server", "between-switches"])
def test_a_cut_elsewhere_that_is_missing_makes_replay_fail(tmp_path: Path, place: str) -> None:
    everybody = [Struck("cable", 60 * S, 30 * S, place)]
    made = scene(tmp_path, [Sitter(None, [])], everybody=everybody, more=PUSHES)
    story = tell(made, load_policy("tcp-no-keepalive"))
    assert of_frames(story) == []
    assert of_frames(told_with(story, word("cut"), missing))


def test_the_order_of_the_ring_counts(tmp_path: Path) -> None:
    """Two frames of the ring exchanged: heard in another order than they came."""
    story = pushed_at(tmp_path, Struck("os-hang", 60 * S, 60 * S), "tcp-no-keepalive")
    resumed = next(n for n, entry in enumerate(story.entries) if entry[1] == "resume")
    entries = [*story.entries]
    first, second = [n for n in range(resumed, len(entries)) if entries[n][1] == "received"
                     and entries[n][2]["host"] == "pc0"][:2]  # fmt: skip
    assert entries[first][0] == entries[second][0] == 120 * S
    entries[first], entries[second] = entries[second], entries[first]
    wrong = replace(story, entries=entries)
    assert wire_differences(wrong, lives(wrong))


def test_a_frame_lost_by_other_dice_makes_replay_fail(tmp_path: Path) -> None:
    """The dice of a link are the seed's and the link's; another seed loses other frames."""
    scenario = made(tmp_path, link="loss = 0.15", horizon="1h")
    story = tell(scenario, load_policy("tcp-keepalive-nt4-5min"), seed=1)
    assert differences(story) == []
    assert differences(replace(story, seed=2))
