"""Expectations: read from a file, put in words, and judged on the JSON of a run.

The judge sees the same object a user sees (product.md, "JSON of emu run") and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emu.policy.values import Unfit, describe, duration_in, nearest, quoted
from emu.scenario.model import ExpectSpec, Scenario
from emu.scenario.vocabulary import CLIENT_FIELDS, RUN_FIELDS, SESSION_FIELDS
from emu.units import NS_PER_S

_STATES = ("active", "disconnected", "closed")


def judge(scenario: Scenario, policy: str, run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every expectation for this policy: ``that``, ``holds``, ``found`` and ``why``."""
    return [
        {"that": expect.that, "holds": holds(expect, found), "found": found, "why": expect.why}
        for expect in scenario.expects_for(policy)
        for found in [found_in(run, expect)]
    ]


def holds(expect: ExpectSpec, found: Any) -> bool:
    """Whether what was found is what was expected."""
    if expect.low is None or expect.high is None:
        wanted = None if expect.equals == "never" else expect.equals
        return type(found) is type(wanted) and found == wanted
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    in_units = round(found * NS_PER_S) if kind_of(expect.field) == "seconds" else found
    return expect.low <= in_units <= expect.high


def found_in(run: Mapping[str, Any], expect: ExpectSpec) -> Any:
    """The value of the field in a run; ``"no such session"`` when it has no such session."""
    if expect.field in RUN_FIELDS:
        return _of_run(run, expect)
    for session in run["sessions"]:
        if expect.session in (None, session["id"]) and expect.client in (None, session["client"]):
            return _of_session(session, expect.field)
    return "no such session"


def kind_of(name: str) -> str:
    """What a field holds: ``seconds``, ``count``, ``flag`` or ``text``."""
    return SESSION_FIELDS.get(name) or RUN_FIELDS[name]


def read_expectation(
    number: int,
    *,
    policies: Sequence[str],
    session: int | None,
    client: str | None,
    name: str,
    between: Sequence[Any] | None,
    equals: Any,
    why: str,
) -> ExpectSpec:
    """One ``[[expect]]`` table; raises ``Unfit`` when field, subject and value do not agree."""
    _fitting_subject(name, session, client)
    if (between is None) == (equals is None):
        raise Unfit(expected="either between or equals", found="both" if between else "neither")
    low, high = (None, None) if between is None else _bounds(name, between)
    wanted = None if equals is None else _wanted(name, equals)
    return ExpectSpec(
        number=number,
        policies=tuple(policies),
        session=session,
        client=client,
        field=name,
        low=low,
        high=high,
        equals=wanted,
        that=_sentence(name, session, client, between, equals),
        why=why,
    )


def _of_run(run: Mapping[str, Any], expect: ExpectSpec) -> Any:
    table, _, key = expect.field.partition(".")
    if table == "links":
        return sum(link[key] for link in run[table])
    if expect.field not in CLIENT_FIELDS:
        return run[table][key] if table in run else None  # no smb where terminals are served
    mine = [each for each in run[table] if expect.client in (None, each["client"])]
    if key == "refused":
        mine = [each for each in mine if each["outcome"] == "refused"]
    return len(mine)


def _of_session(session: Mapping[str, Any], name: str) -> Any:
    if name.startswith("final_"):
        return session["states"][-1][name.removeprefix("final_")]
    value: Any = session
    for key in name.split("."):
        value = value[key]
    return value


def _fitting_subject(name: str, session: int | None, client: str | None) -> None:
    if name not in SESSION_FIELDS and name not in RUN_FIELDS:
        hint = nearest(name, [*SESSION_FIELDS, *RUN_FIELDS])
        expected = "a field of a session or of the run"
        hint = hint or f"the fields are {', '.join([*SESSION_FIELDS, *RUN_FIELDS])}"
        raise Unfit(expected=expected, found=quoted(name), hint=hint, key="field")
    if name in SESSION_FIELDS and session is None and client is None:
        raise Unfit(expected=f"session = 1 (or client) beside {quoted(name)}", found="neither")
    if name in RUN_FIELDS and session is not None:
        raise Unfit(expected=f"no session: {name} is of the run", found=str(session), key="session")
    if name in RUN_FIELDS and client is not None and name not in CLIENT_FIELDS:
        raise Unfit(expected=f"no client: {name} is of the run", found=quoted(client), key="client")


def _bounds(name: str, between: Sequence[Any]) -> tuple[int, int]:
    kind = kind_of(name)
    if kind not in ("seconds", "count"):
        raise Unfit(expected=f"equals: {name} is no number", found="between", key="between")
    if len(between) != 2:
        found = f"a list of {len(between)}"
        raise Unfit(expected="two bounds, the lower first", found=found, key="between")
    low, high = (_bound(kind, each) for each in between)
    if low > high:
        raise Unfit(expected="the lower bound first", found=describe(between[0]), key="between")
    return low, high


def _bound(kind: str, raw: Any) -> int:
    if kind == "count" and isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    duration_ns = duration_in(raw)
    if kind == "seconds" and duration_ns is not None:
        return duration_ns
    expected = "a whole number" if kind == "count" else 'a duration such as "889.5s"'
    raise Unfit(expected=expected, found=describe(raw), key="between")


def _wanted(name: str, raw: Any) -> int | bool | str:
    kind = kind_of(name)
    fitting: dict[str, tuple[bool, str]] = {
        "seconds": (raw == "never", '"never" (or between = [...] for durations)'),
        "count": (isinstance(raw, int) and not isinstance(raw, bool), "a whole number"),
        "flag": (isinstance(raw, bool), "true or false"),
        "text": (isinstance(raw, str), "text"),
    }
    fits, expected = fitting[kind]
    if name == "final_state":
        fits, expected = raw in _STATES, 'one of "active", "disconnected", "closed"'
    if not fits:
        raise Unfit(expected=expected, found=describe(raw), key="equals")
    return raw


def _sentence(
    name: str, session: int | None, client: str | None, between: Sequence[Any] | None, equals: Any
) -> str:
    subject = f"{name} of session {session}" if session is not None else name
    subject = f"{subject} of {client}" if client is not None else subject
    if between is not None:
        return f"{subject} is between {between[0]} and {between[1]}"
    return f"{subject} is {str(equals).lower() if isinstance(equals, bool) else equals}"
