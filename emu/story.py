"""A run as a story of about twenty lines for people, the sentence that matters last.

Lines are (style, text); the command line decides whether styles become colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from emu.net.records import FORGOTTEN, Loss, ProbeFrame, SessionRecord
from emu.policy.carrying import carrier_transport
from emu.policy.model import Policy
from emu.result import RunResult
from emu.scenario.model import Scenario
from emu.story_calls import bill_sentences, call_events
from emu.story_files import file_events, file_sentences
from emu.units import NS_PER_S, format_duration

PLAIN, DIM, BAD, GOOD, LOUD = "plain", "dim", "bad", "good", "loud"

Line = tuple[str, str]

#: Probes of one session beyond these are counted, not listed.
PROBES_FIRST, PROBES_LAST = 2, 2
#: Sessions whose probes are listed at all; with more clients only what changes is.
SESSIONS_WITH_PROBES_MAX = 2
#: Lines stay within this many columns.
WIDTH = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    at_ns: int
    order: int
    style: str
    text: str


def tell(scenario: Scenario, policy: Policy, result: RunResult) -> Iterator[Line]:
    """The whole story."""
    yield LOUD, f"{scenario.name} under {policy.name}"
    for line in _heading(policy, result):
        yield DIM, line
    yield PLAIN, ""
    yield DIM, f"{'at':>11}  {'after fault':>11}  what happens"
    yield from _timeline(scenario, result)
    yield PLAIN, ""
    yield from _judgements(result)
    yield from _assumptions(policy, result)
    yield from _wireshark(scenario, policy, result)
    yield PLAIN, ""
    for sentence in sentences(result):
        for line in wrap(sentence, WIDTH):
            yield LOUD, line


def side_by_side(results: Sequence[tuple[Policy, RunResult]]) -> Iterator[Line]:
    """One line a policy, for a run of several: the first lost session, as each noticed it."""
    width = max(len(policy.name) for policy, _ in results)
    yield LOUD, f"{'policy':<{width}}  {'noticed after':>15}  {'silence':>15}  what it took"
    for policy, result in results:
        struck = [s for s in result.records.sessions.values() if s.losses]
        noticed, silence = _figures(struck[0]) if struck else ("-", "-")
        cost = _cost([*result.records.sessions.values()])
        yield PLAIN, f"{policy.name:<{width}}  {noticed:>15}  {silence:>15}  {cost}"


def _figures(record: SessionRecord) -> tuple[str, str]:
    loss = record.losses[0]
    if loss.noticed_at_ns is None:
        return "never", "never"
    last = record.last_octet_ns if loss.last_octet_ns is None else loss.last_octet_ns
    noticed = format_duration(_rounded(loss.noticed_at_ns - loss.at_ns))
    return noticed, format_duration(_rounded(loss.noticed_at_ns - last))


def _heading(policy: Policy, result: RunResult) -> Iterator[str]:
    transport = carrier_transport(policy)
    params = transport.make_params(policy.stack, policy.values)
    stack = transport.stack(policy.stack).title
    yield f"{stack}; {format_duration(result.horizon_ns)} of virtual time, seed {result.seed}"
    yield from wrap(transport.formula(params), WIDTH)


# --- the timeline ----------------------------------------------------------------------------


def _timeline(scenario: Scenario, result: RunResult) -> Iterator[Line]:
    fault = min((at for at, _, _ in result.records.power), default=None)
    for event in sorted(_events(scenario, result), key=lambda e: (e.at_ns, e.order)):
        when = f"{_clock(event.at_ns):>11}  {_since(event.at_ns, fault):>11}"
        for line in wrap(event.text, WIDTH - len(when) - 2, subsequent_indent="  "):
            yield event.style, f"{when}  {line}"
            when = " " * len(when)


def _clock(at_ns: int) -> str:
    return f"{at_ns / NS_PER_S:.3f} s"


def _since(at_ns: int, fault: int | None) -> str:
    if fault is None or at_ns < fault:
        return ""
    return f"+{(at_ns - fault) / NS_PER_S:.3f} s"


def _events(scenario: Scenario, result: RunResult) -> Iterator[_Event]:
    records = result.records
    for at, client, what in records.power:
        yield _Event(at_ns=at, order=3, style=BAD, text=f"{client} {what}")
    yield from _failures(result)
    for at, text in call_events(result):
        yield _Event(at_ns=at, order=1, style=DIM, text=text)
    many = len(records.sessions) > SESSIONS_WITH_PROBES_MAX
    for record in records.sessions.values():
        if records.files is None:
            yield from _states(record)
        if record.losses and not many:
            yield from _last_octet(record)
        yield from _probes(record, result, listed=not many)
    if records.files is not None:
        for told in file_events(records.files, [*records.sessions.values()]):
            style = BAD if told.bad else DIM if told.dim else PLAIN
            yield _Event(at_ns=told.at_ns, order=told.order, style=style, text=told.text)
    horizon = scenario.horizon_ns
    ghosts = [s for s in records.sessions.values() if s.open_loss is not None]
    ids = ", ".join(str(ghost.id) for ghost in ghosts)
    cut_off = all(s.open_loss is not None and s.open_loss.fault == FORGOTTEN for s in ghosts)
    whom = "a way to its client" if cut_off else "a client"
    text = f"the run ends; still ACTIVE without {whom}: session {ids}" if ids else "the run ends"
    yield _Event(at_ns=horizon, order=9, style=BAD if ids else DIM, text=text)


def _failures(result: RunResult) -> Iterator[_Event]:
    """Log-ons that came to nothing; of many alike the first and, with a count, the last."""
    alike: dict[str, list[int]] = {}
    for attempt in result.records.attempts:
        if attempt.outcome in ("refused", "failed"):
            text = f"{attempt.client}: {attempt.kind} {attempt.outcome}: {attempt.why}"
            alike.setdefault(text, []).append(attempt.at_ns)
    for text, instants in alike.items():
        yield _Event(at_ns=instants[0], order=1, style=BAD, text=text)
        if len(instants) > 1:
            last = f"{text} ({len(instants)} times by now)"
            yield _Event(at_ns=instants[-1], order=1, style=BAD, text=last)


def _states(record: SessionRecord) -> Iterator[_Event]:
    before = "NEW"
    for state in record.states:
        after = state.state.upper()
        style = GOOD if after == "ACTIVE" else LOUD
        text = f"session {record.id} {before} -> {after}: {state.cause}"
        yield _Event(at_ns=state.at_ns, order=2, style=style, text=text)
        before = after


def _last_octet(record: SessionRecord) -> Iterator[_Event]:
    loss = record.losses[0]
    last = record.last_octet_ns if loss.last_octet_ns is None else loss.last_octet_ns
    text = f"last octet of session {record.id} from {record.client}"
    yield _Event(at_ns=last, order=0, style=PLAIN, text=text)


def _probes(record: SessionRecord, result: RunResult, *, listed: bool) -> Iterator[_Event]:
    """Unanswered ones by name, the first and the last; answered ones as a count."""
    own = [p for p in result.records.probes if p.session == record.id and p.frame]
    silent = [p for p in own if p.answered_by is None]
    if listed:
        yield from _silent_probes(silent, record, result)
    answered = [p for p in own if p.answered_by is not None]
    if answered:
        count = _count(len(answered), "probe")
        text = (
            f"{count} of session {record.id} answered, the last one by {answered[-1].answered_by}"
        )
        yield _Event(at_ns=_at(answered[-1], result), order=1, style=DIM, text=text)


def _silent_probes(
    silent: list[ProbeFrame], record: SessionRecord, result: RunResult
) -> Iterator[_Event]:
    last_first = len(silent) - PROBES_LAST
    for index, probe in enumerate(silent):
        text = f"{probe.name}, unanswered; session {record.id} still ACTIVE"
        if PROBES_FIRST < index < last_first:
            continue
        if index == PROBES_FIRST and index < last_first - 1:
            text = f"... {last_first - PROBES_FIRST} more ..."
        yield _Event(at_ns=_at(probe, result), order=1, style=DIM, text=text)


def _at(probe: ProbeFrame, result: RunResult) -> int:
    return result.recording.frames[probe.frame - 1][1]


# --- what it rests on ------------------------------------------------------------------------


def _judgements(result: RunResult) -> Iterator[Line]:
    for judgement in result.judgements:
        style = GOOD if judgement.holds else BAD
        verdict = "holds" if judgement.holds else "FAILS"
        why = "" if judgement.holds else f" ({judgement.why})"
        yield style, f"expected  {judgement.that}: {verdict}{why}"


def _assumptions(policy: Policy, result: RunResult) -> Iterator[Line]:
    """Named with their values; their reasons are in ``emu explain`` and in --json."""
    if not result.assumptions:
        return
    listed = ", ".join(f"{a['what']} = {_value(a['value'])}" for a in result.assumptions)
    text = f"{listed} (why: emu explain {policy.name})"
    for index, line in enumerate(wrap(text, WIDTH - 10)):
        yield DIM, f"{'assumed' if index == 0 else '':<9} {line}"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wireshark(scenario: Scenario, policy: Policy, result: RunResult) -> Iterator[Line]:
    if result.path is not None:
        yield DIM, f'look      wireshark {result.path}   (filter "syslog || frame.comment")'
        return
    yield DIM, f"look      emu run {scenario.name} --policy {policy.name} -w out.pcapng"
    yield DIM, '          wireshark out.pcapng   (filter "syslog || frame.comment")'


# --- the sentence ----------------------------------------------------------------------------


def sentences(result: RunResult) -> Iterator[str]:
    """Who noticed, when, for how much; one sentence a session with a fault."""
    struck = [s for s in result.records.sessions.values() if s.losses]
    if not struck:
        if result.records.files is None:
            yield _quiet(result)
    elif len(struck) > SESSIONS_WITH_PROBES_MAX:
        yield _crowd(struck, result)
    else:
        for record in struck:
            yield _one(record, result)
    yield from file_sentences(result)
    yield from bill_sentences(result)


def _quiet(result: RunResult) -> str:
    wrong = sum(s.false_disconnect for s in result.records.sessions.values())
    cost = _cost(list(result.records.sessions.values()))
    outcome = f"{_count(wrong, 'live session')} thrown out" if wrong else "Nobody was thrown out"
    return f"{outcome} in {format_duration(result.horizon_ns)}, for {cost}."


def _one(record: SessionRecord, result: RunResult) -> str:
    loss = record.losses[0]
    cost = _cost([record])
    if loss.fault == FORGOTTEN:
        return _cut_off(record, loss, result)
    if loss.noticed_at_ns is None and loss.ended_at_ns is not None and record.state == "closed":
        return _ended_otherwise(record, loss, loss.ended_at_ns, cost)
    if loss.noticed_at_ns is None:
        ghost = format_duration(result.horizon_ns - loss.at_ns)
        second = [s for s in result.records.sessions.values() if s.user == record.user]
        extra = f"; {record.user} has {len(second)} sessions now" if len(second) > 1 else ""
        return (
            f"The server never noticed that {record.client} was gone: session {record.id} is a"
            f" ghost for the {ghost} that were left{extra}; {cost}."
        )
    last = record.last_octet_ns if loss.last_octet_ns is None else loss.last_octet_ns
    delay = format_duration(_rounded(loss.noticed_at_ns - loss.at_ns))
    silence = format_duration(_rounded(loss.noticed_at_ns - last))
    cause = next(s.cause for s in record.states if s.at_ns == loss.noticed_at_ns)
    return (
        f"The server noticed that {record.client} was gone {delay} after it was lost"
        f" ({silence} after its last octet): {cause}; {cost}."
    )


def _ended_otherwise(record: SessionRecord, loss: Loss, ended_ns: int, cost: str) -> str:
    """Autodisconnect, an administrator, a limit: the session ends, and nobody has noticed why."""
    last = record.last_octet_ns if loss.last_octet_ns is None else loss.last_octet_ns
    delay = format_duration(_rounded(ended_ns - loss.at_ns))
    silence = format_duration(_rounded(ended_ns - last))
    return (
        f"No transport noticed that {record.client} was gone; session {record.id} was closed"
        f" {delay} after it was lost ({silence} after its last octet): {record.states[-1].cause};"
        f" {cost}."
    )


def _cut_off(record: SessionRecord, loss: Loss, result: RunResult) -> str:
    """A box has forgotten the connection of a client that is well."""
    cost = _cost([record])
    if loss.noticed_at_ns is None:
        left = format_duration(_rounded(result.horizon_ns - loss.at_ns))
        return (
            f"The server never noticed that nothing reaches {record.client} any more: session"
            f" {record.id} was forgotten on the way {left} before the end; {cost}."
        )
    delay = format_duration(_rounded(loss.noticed_at_ns - loss.at_ns))
    cause = next(s.cause for s in record.states if s.at_ns == loss.noticed_at_ns)
    return (
        f"{record.client} was alive when the server gave session {record.id} up, {delay} after a"
        f" box on the way had forgotten it: {cause}; {cost}."
    )


def _rounded(duration_ns: int) -> int:
    """To the millisecond: nobody reads further."""
    return round(duration_ns, -6)


def _crowd(struck: list[SessionRecord], result: RunResult) -> str:
    noticed = [s for s in struck if s.losses[0].noticed_at_ns is not None]
    refused = result.records.refused_by_limit
    tail = (
        f"; {_count(refused, 'log-on')} refused because all sessions were in use" if refused else ""
    )
    ghost = format_duration(_rounded(result.ghost_ns()))
    return (
        f"The server noticed {len(noticed)} of {len(struck)} lost clients; ghosts held sessions"
        f" for {ghost} in all{tail}; {_cost(list(result.records.sessions.values()))}."
    )


def _cost(records: list[SessionRecord]) -> str:
    """What the server spent; a client's own probes are in the JSON."""
    if not any(r.probes.frames for r in records):
        return "no probe was sent"
    probes, answers = sum(r.probes.probes for r in records), sum(r.probes.answers for r in records)
    unasked, size = (
        sum(r.probes.unasked for r in records),
        sum(r.probes.bytes_on_wire for r in records),
    )
    verified = f" and {_count(unasked, 'packet')} unasked" if unasked else ""
    return f"{_count(probes, 'probe')} and {_count(answers, 'answer')}{verified}, {size} B on wire"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
