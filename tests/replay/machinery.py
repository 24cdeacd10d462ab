"""Replay: fresh stations fed what capture and ledger say (architecture.md 5, authority 2).

A capture and its ledger say what every life of every host heard, was asked, went through and
sent (``story``).  Here each life gets fresh stations (``ends``) and a scheduler of its own
(``stage``), and the segment is told a second time (``wire``).  It cannot catch a misread
specification: the machines are the same.  It catches what lies between them and the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from emu.net.records import Records
from tests.replay.ends import replay_client, replay_server
from tests.replay.story import Life, Story, lives
from tests.replay.wire import wire_differences

#: The operator's rows, by the ledger's words.
_ROWS = {
    "power-on": ("has power again and has booted",),
    "power-off": ("loses power", "reboots"),
    "hang": ("hangs: nothing of it moves",),
    "suspend": ("goes to sleep, its NIC is off",),
    "resume": ("comes to itself again", "wakes up"),
    "hold": ("has a program that stands still; its stack still answers",),
    "release": ("has a program that goes on",),
    "kill": ("has its program killed; its kernel says goodbye",),
    "cut": ("has its cable cut",),
    "mend": ("has its cable back",),
    "line-out": ("is cut off: the line carries no call any more",),
    "line-back": ("can be called again",),
}


def differences(story: Story) -> list[str]:
    """Every life whose replay does not send what is written; and rows nobody can account for."""
    found = []
    all_lives = lives(story)
    for life in all_lives:
        if life.host == "server":
            stage, records = replay_server(story, life)
            found += _moves(story, records) + _attempts(story, records)
        else:
            stage = replay_client(story, life)
        found += [f"{life.host}/{life.boot}: {what}" for what in stage.wrong]
        found += _first(life, "frame", stage.sent, life.sent)
        found += _first(life, "note", stage.notes, life.notes)
    found += _order(story) + _deeds(story)
    # What routers and boxes put on a LAN is in no ledger, so only one LAN alone can be told again.
    return found + (wire_differences(story, all_lives) if len(story.scenario.links) == 1 else [])


def _first(life: Life, what: str, found: Sequence[Any], told: Sequence[Any]) -> list[str]:
    if [*found] == [*told]:
        return []
    pairs = [*zip(found, told, strict=False)]
    first = next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
    where = f"{life.host}/{life.boot}: {what} {first} of {len(told)}"
    return [f"{where}: {found[first : first + 1]} for {told[first : first + 1]}"]


def _moves(story: Story, records: Records) -> list[str]:
    told = [(m.session, m.at_ns, m.after.lower(), m.cause) for m in story.trace.moves()]
    again = [
        (number, state.at_ns, state.state, state.cause)
        for number, record in records.sessions.items()
        for state in record.states
    ]
    return [] if sorted(told) == sorted(again) else [f"event rows: {told} for {again}"]


def _attempts(story: Story, records: Records) -> list[str]:
    told = [
        (at_ns, fields["client"], fields["kind"], fields["outcome"], fields["why"])
        for at_ns, event, fields in story.entries
        if event == "attempt"
    ]
    again = [(a.at_ns, a.client, a.kind, a.outcome, a.why) for a in records.attempts]
    return [] if told == again else [f"attempts: {told} for {again}"]


def _order(story: Story) -> list[str]:
    """Time does not go back."""
    times = [at_ns for at_ns, _, _ in story.entries]
    return [f"{later} comes after {now}" for now, later in pairwise(times) if later < now][:1]


def _deeds(story: Story) -> list[str]:
    """Every row of the operator's is in the ledger at its instant, and the other way round."""
    rows = [(event.at_ns, event.text) for event in story.trace.events if event.kind == "FAULT"]
    wanted = [
        (at_ns, [f"{_whom(fields)} {text}{_place(fields)}" for text in _ROWS[word]])
        for at_ns, word, fields in story.entries
        if word in _ROWS and not (word == "power-on" and fields["boot"] == 0)
    ]
    agree = len(rows) == len(wanted) and all(
        row[0] == at_ns and row[1] in texts
        for row, (at_ns, texts) in zip(rows, wanted, strict=True)
    )
    return [] if agree else [f"the operator's rows: {rows} for {wanted}"]


def _whom(fields: dict[str, object]) -> object:
    if "line" in fields:
        return f"everybody behind {fields['line']}"
    struck = fields["host"] if "host" in fields else fields["port"]
    return "every client" if struck in (None, "server") else struck


def _place(fields: dict[str, object]) -> str:
    if "host" in fields or "line" in fields:
        return ""
    return {None: " (between-switches)", "server": " (server)"}.get(fields["port"], "")  # type: ignore[call-overload]
