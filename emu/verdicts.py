"""Whether a run did what was expected: the scenario's expectations, and the closed formula.

The formula's agreement is expected of every run of every policy (architecture.md 3); it is
judged for the first fault of each session, and only where frames cannot be lost by chance,
where nobody took the session over before the transport noticed, and where the client was not
lost a second time before that: of these the formula says nothing.  Nor is it told when a line
that was out comes up again, when a data link switch tells the server, of a client that waits for
an acknowledgement itself behind a cut cable, and may give up on its own, or what was on the wire
when a client fell asleep; nor of a box on the way that answers keepalives itself, or has forgotten
the flow and speaks in its place.
"""

from __future__ import annotations

from collections.abc import Iterator

from emu.net.records import FORGOTTEN, Loss, SessionRecord
from emu.result import Judgement, RunResult, frame_name, run_json
from emu.scenario.expectations import judge as judge_expectations
from emu.scenario.model import Scenario
from emu.units import NS_PER_S, format_duration

#: A client that comes back needs ARP, a handshake or SAP and RIP before the server hears it;
#: the formula knows no round trips, so this many of the slowest link's are allowed.
ROUND_TRIPS = 10

#: Octets of the longest Ethernet frame with preamble (IEEE 802.3): what a round trip may carry.
_LONGEST_FRAME_BITS = (1518 + 8) * 8


def judge(scenario: Scenario, result: RunResult) -> Iterator[Judgement]:
    """All judgements of one run."""
    run = run_json(result)
    for each in judge_expectations(scenario, result.policy, run):
        found = "never" if each["found"] is None else each["found"]
        why = each["why"] if each["holds"] else f"found {found}; {each['why']}"
        yield Judgement(
            that=each["that"], holds=each["holds"], why=why, frames=tuple(_frames(result))
        )
    if not any(link.loss for link in scenario.links):
        yield from _formula(scenario, result)


def _formula(scenario: Scenario, result: RunResult) -> Iterator[Judgement]:
    for record in result.records.sessions.values():
        loss = record.losses[0] if record.losses else None
        if record.id in result.untold:
            continue
        if loss is None or _answered_for(scenario, loss):
            continue
        if not _beyond_the_formula(loss, tolerance_ns(scenario)):
            yield _agreement(scenario, result, record)


def _answered_for(scenario: Scenario, loss: Loss) -> bool:
    box = scenario.box_to(scenario.client(loss.client).link)
    return box is not None and box.box is not None and box.box.params.answers


def _beyond_the_formula(loss: Loss, tolerance: int) -> bool:
    since_ns = loss.unacknowledged_since_ns
    fell_asleep = loss.fault == "suspend" and since_ns is not None
    if fell_asleep and 0 <= loss.at_ns - (since_ns or 0) < tolerance // ROUND_TRIPS:
        return True
    # How long a dialled line takes to come up again is no formula's business.
    if loss.client_waits or (loss.fault == "line-outage" and loss.until_ns is not None):
        return True
    if loss.meddled or (loss.fault == FORGOTTEN and loss.until_ns is not None):
        return True
    over = loss.ended_at_ns is not None and not loss.recovered
    taken_over = over and loss.noticed_at_ns is None
    # A formula is about the server's patience: a client that lost its own says so when it can.
    gave_up = loss.until_ns is not None and loss.client_gave_up
    return taken_over or loss.struck_again or gave_up


def _agreement(scenario: Scenario, result: RunResult, record: SessionRecord) -> Judgement:
    """A client that comes back while a probe travels may meet it or not: both answers will do."""
    loss = record.losses[0]
    left_ns = result.horizon_ns - loss.at_ns
    predicted = _seen(result.predicted_ns[record.id], left_ns)
    emulated = None if loss.noticed_at_ns is None else loss.noticed_at_ns - loss.at_ns
    silent_for_good = loss.back_at_ns is None and loss.until_ns is None and loss.fault != "kill"
    tolerance = 0 if silent_for_good else tolerance_ns(scenario)
    answers = [predicted]
    if not silent_for_good:
        answers += [_seen(near[record.id], left_ns) for near in result.predicted_near_ns]
    if record.id in result.in_doubt:
        answers.append(None)
    late_ns = result.lateness_ns[record.id]
    holds = any(_agrees(answer, emulated, tolerance + late_ns, left_ns) for answer in answers)
    span = f" and up to {_text(late_ns)} of timers" if late_ns and predicted is not None else ""
    why = f"formula {_text(predicted)}{span}, emulation {_text(emulated)}"
    return Judgement(
        that=f"session {record.id} agrees with the closed formula",
        holds=holds,
        why=f"{why} after the fault, at most {format_duration(tolerance)} of round trips allowed",
        frames=tuple(_frames(result)),
    )


def _seen(predicted: int | None, left_ns: int) -> int | None:
    """Later than anybody looks is "never" by product.md."""
    return None if predicted is None or predicted > left_ns else predicted


def _agrees(predicted: int | None, emulated: int | None, tolerance: int, left_ns: int) -> bool:
    if predicted is None:
        return emulated is None
    if emulated is None:  # the round trips may not have been over at the horizon
        return predicted + tolerance > left_ns
    return 0 <= emulated - predicted <= tolerance


def tolerance_ns(scenario: Scenario) -> int:
    """``ROUND_TRIPS`` of the slowest link, full frames both ways."""
    return ROUND_TRIPS * max(
        2
        * (
            link.propagation_ns
            + link.jitter_ns
            + _LONGEST_FRAME_BITS * NS_PER_S // link.bandwidth_bit_s
        )
        for link in scenario.links
        if link.box is None
    )


def _text(duration_ns: int | None) -> str:
    return "never" if duration_ns is None else format_duration(duration_ns)


def _frames(result: RunResult) -> Iterator[str]:
    """The frames at which a session left ``active``."""
    for record in result.records.sessions.values():
        for state in record.states:
            frame = frame_name(result.recording, state.frame)
            if state.state == "disconnected" and frame is not None:
                yield f"{frame['interface']}#{frame['number']}"
