"""Every scenario under every policy: what was expected holds, and the JSON is the contract's.

The shape below is written from product.md, "JSON of emu run"; figures are counted again from
the octets of the file.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from emu.scenario.model import FaultSpec
from tests.contract.worlds import Played, S, ns, playable_terminals, played

NUMBER = (int, float)
MAYBE = (*NUMBER, type(None))
TEXT = (str,)

STATE = {"at_s": NUMBER, "state": TEXT, "cause": TEXT, "frame": (dict, type(None))}
SESSION = {
    "id": (int,),
    "client": TEXT,
    "user": TEXT,
    "transport": TEXT,
    "client_lost_at_s": MAYBE,
    "fault": (str, type(None)),
    "last_octet_at_s": NUMBER,
    "states": (list,),
    "noticed_at_s": MAYBE,
    "notice_delay_s": MAYBE,
    "silence_s": MAYBE,
    "false_disconnect": (bool,),
    "probes": (dict,),
    "client_probes": (dict,),
}
PROBES = {
    "frames": (int,),
    "bytes_on_wire": (int,),
    "sent": (int,),
    "answered": (int,),
    "unasked": (int,),
}
FRAME = {"interface": TEXT, "number": (int,)}
ATTEMPT = {"at_s": NUMBER, "client": TEXT, "kind": TEXT, "outcome": TEXT, "why": TEXT}
LINK = {
    "name": TEXT,
    "kind": TEXT,
    "frames": (int,),
    "bytes_on_wire": (int,),
    "calls": (int,),
    "failed_calls": (int,),
    "setup_calls": (int,),
    "setup_cost": NUMBER,
    "connected_s": NUMBER,
    "charged_units": (int,),
    "cost": NUMBER,
    "currency": (str, type(None)),
}
SERVER = {
    "limit": (int, type(None)),
    "peak_sessions": (int,),
    "refused_by_limit": (int,),
    "ghost_session_s": NUMBER,
}
EXPECTATION = {"that": TEXT, "holds": (bool,), "why": TEXT, "frames": (list,)}
ASSUMPTION = {"what": TEXT, "value": (str, int, bool, type(None)), "why": TEXT}
CAPTURE = {"path": (str, type(None)), "frames": (int,), "sha256": TEXT}
RUN = {
    "schema_version": (int,),
    "scenario": TEXT,
    "policy": TEXT,
    "seed": (int,),
    "horizon_s": NUMBER,
    "sessions": (list,),
    "attempts": (list,),
    "links": (list,),
    "server": (dict,),
    "expectations": (list,),
    "assumptions": (list,),
    "capture": (dict,),
}


def check(found: dict[str, Any], shape: dict[str, tuple[type, ...]]) -> None:
    """Every key of the contract, each of its type; a flag is no number."""
    for key, types in shape.items():
        value = found[key]
        assert isinstance(value, types), (key, value)
        assert not isinstance(value, bool) or bool in types, (key, value)


#: The longest runs of the library.
SLOW = [("healthy-day", "ncp-netware-tight")]
RUNS = [
    pytest.param(pair, id="/".join(pair), marks=[pytest.mark.slow] if pair in SLOW else [])
    for pair in playable_terminals()
]


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Played:
    return played(*request.param)


def test_every_expectation_holds(run: Played) -> None:
    assert run.failures() == []
    assert run.json["expectations"]
    assert all(each["holds"] for each in run.json["expectations"])


def test_the_json_has_the_keys_and_types_of_the_contract(run: Played) -> None:
    found = json.loads(json.dumps(run.json, allow_nan=False))
    assert found == run.json
    check(found, RUN)
    assert found["schema_version"] == 1
    assert (found["scenario"], found["policy"]) == (run.scenario.name, run.policy.name)
    check(found["server"], SERVER)
    check(found["capture"], CAPTURE)
    for key, shape in (
        ("sessions", SESSION),
        ("attempts", ATTEMPT),
        ("links", LINK),
        ("expectations", EXPECTATION),
        ("assumptions", ASSUMPTION),
    ):
        for each in found[key]:
            check(each, shape)
    for session in found["sessions"]:
        check(session["probes"], PROBES)
        check(session["client_probes"], PROBES)
        assert session["states"]
        for state in session["states"]:
            check(state, STATE)
            assert state["state"] in ("active", "disconnected", "closed")
            if state["frame"] is not None:
                check(state["frame"], FRAME)


def test_states_are_the_event_rows_and_their_frames_are_the_right_ones(run: Played) -> None:
    """A frame that made a change has its instant; one that preceded it is a trial or the last."""
    trace = run.trace
    for session in run.json["sessions"]:
        moves = trace.moves(session["id"])
        assert [(m.at_ns, m.after.lower(), m.cause) for m in moves] == [
            (ns(state["at_s"]), state["state"], state["cause"]) for state in session["states"]
        ]
        assert [m.before for m in moves] == ["NEW", *(m.after for m in moves[:-1])]
        carriers = iter(trace.carriers(session["id"]))
        carrier = None
        for state, move in zip(session["states"], moves, strict=True):
            frame = trace.frames[state["frame"]["number"] - 1]
            assert frame.interface == state["frame"]["interface"] == "server-lan"
            before = carrier
            if move.after == "ACTIVE":
                carrier = next(carriers)
                assert frame in carrier.heard
            if frame.at_ns == move.at_ns:
                assert frame.number < move.row
            elif before is not None and move.before == "ACTIVE":
                trials = [*before.repeated, *(p.frame for p in before.probes)]
                assert frame == max(trials, key=lambda trial: trial.number)
            else:
                assert move.before == "DISCONNECTED"
                lan = [f for f in trace.frames[: move.row - 1] if f.interface == "server-lan"]
                assert frame == lan[-1]
            if move.before == "ACTIVE" and frame.at_ns == move.at_ns:
                assert before is not None
                assert before.mac in (frame.octets[:6], frame.octets[6:12])


def test_probes_are_those_of_the_trace(run: Played) -> None:
    """On the wire a frame of n octets has n + 4 of FCS, and at least 64."""
    for session in run.json["sessions"]:
        carriers = run.trace.carriers(session["id"])
        for key, frames in (
            ("probes", [f for c in carriers for f in c.probe_frames()]),
            ("client_probes", [f for c in carriers for f in c.client_probe_frames()]),
        ):
            told, sizes = session[key], [max(64, len(f.octets) + 4) for f in frames]
            assert told["frames"] == told["sent"] + told["answered"] + told["unasked"]
            assert told["frames"] == len(frames)
            assert told["bytes_on_wire"] == sum(sizes)


def test_last_octets_are_those_of_the_trace(run: Played) -> None:
    for session in run.json["sessions"]:
        carriers = run.trace.carriers(session["id"])
        carrier = carriers[0] if session["fault"] else carriers[-1]
        # A session that was logged off hears no more: the connection's FIN comes behind it.
        closed = [ns(each["at_s"]) for each in session["states"] if each["state"] == "closed"]
        heard = [f.at_ns for f in carrier.heard if not closed or f.at_ns <= (closed[0] or 0)]
        assert ns(session["last_octet_at_s"]) == max(heard)


def test_delays_are_differences(run: Played) -> None:
    for session in run.json["sessions"]:
        noticed, lost = ns(session["noticed_at_s"]), ns(session["client_lost_at_s"])
        assert (session["fault"] is None) == (lost is None)
        if noticed is None:
            assert session["notice_delay_s"] is None and session["silence_s"] is None
        else:
            assert lost is not None
            assert ns(session["notice_delay_s"]) == noticed - lost
            last = ns(session["last_octet_at_s"])
            assert last is not None and ns(session["silence_s"]) == noticed - last


def fault_of(run: Played, session: dict[str, Any]) -> FaultSpec | None:
    """The fault that the JSON tells of; None where only a box on the way has forgotten it."""
    if session["fault"] == "forgotten":
        return None
    lost = ns(session["client_lost_at_s"])
    return next(
        fault
        for fault in run.scenario.faults
        if (fault.at_ns, fault.kind) == (lost, session["fault"])
        and fault.client in (None, session["client"])
    )


def test_ghosts_are_counted_from_the_fault_to_the_end_of_active(run: Played) -> None:
    """product.md: a session still active whose client is gone."""
    ghost = 0
    for session in run.json["sessions"]:
        lost = ns(session["client_lost_at_s"])
        fault = None if lost is None else fault_of(run, session)
        if lost is None or fault is None or not fault.gone:
            continue
        left = [m.at_ns for m in run.trace.moves(session["id"]) if m.at_ns >= lost]
        ghost += (left[0] if left else run.scenario.horizon_ns) - lost
    assert ns(run.json["server"]["ghost_session_s"]) == ghost


def test_the_peak_and_the_limit_are_those_of_the_rows(run: Played) -> None:
    living = peak = 0
    for move in run.trace.moves():
        living += (move.before == "NEW") - (move.after == "CLOSED")
        peak = max(peak, living)
    assert run.json["server"]["peak_sessions"] == peak
    assert run.json["server"]["limit"] == (3 if run.scenario.name == "licence-limit" else None)
    refused = [a for a in run.json["attempts"] if "sessions are in use" in a["why"]]
    assert run.json["server"]["refused_by_limit"] == len(refused)


def test_the_file_is_the_capture_that_is_told_of(run: Played) -> None:
    trace, told = run.trace, run.json["capture"]
    assert told["frames"] == len(trace.frames)
    assert told["sha256"] == hashlib.sha256(run.file).hexdigest()
    assert trace.comment == f"emu scenario={run.scenario.name} policy={run.policy.name} seed=0"
    lans = [link.name for link in run.scenario.lans()]
    assert (lans[0], trace.interfaces[: len(lans)]) == ("server-lan", lans)
    dialled = any(link.dial is not None for link in run.scenario.links)
    assert dialled or trace.interfaces == [*lans, "server-events"]
    stamps = [frame.at_ns for frame in trace.frames]
    assert stamps == sorted(stamps)
    assert stamps[0] >= 0 and stamps[-1] <= run.scenario.horizon_ns
    assert all(len(f.octets) >= 60 for f in trace.frames if f.link_type == 1)
    per_interface = [sum(f.interface == name for f in trace.frames) for name in trace.interfaces]
    assert trace.statistics == per_interface


def test_event_rows_say_their_instant_in_words_too(run: Played) -> None:
    """RFC 5424: microseconds, cut off."""
    for event in run.trace.events:
        day, rest = divmod(event.at_ns // 1000, 86_400 * 10**6)
        clock, micro = divmod(rest, 10**6)
        hour, minute, second = clock // 3600, clock // 60 % 60, clock % 60
        said = f"1998-06-{1 + day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z"
        assert event.stamp == said


def test_power_rows_stand_where_the_faults_are(run: Played) -> None:
    rows = [event.at_ns for event in run.trace.events if event.kind == "FAULT"]
    wanted: list[int] = []
    for fault in run.scenario.faults:
        wanted.append(fault.at_ns)
        back = None
        if fault.client is not None:
            back = fault.back_at_ns(run.scenario.client(fault.client).boot_time_ns)
        wanted += [at for at in (back, fault.until_ns) if at is not None]
    assert rows == sorted(wanted)


def test_comments_mark_probes_and_last_octets(run: Played) -> None:
    """product.md: "probe 4 of 10, unanswered; server still ACTIVE"."""
    frames = {f.number: f for c in run.trace.connections for p in c.probes for f in [p.frame]}
    marked = {f.number for f in run.trace.frames if any(c.startswith("probe ") for c in f.comments)}
    assert marked == set(frames)
    for connection in run.trace.connections:
        row = 0
        for probe in connection.probes:
            row += 1
            (comment,) = (c for c in probe.frame.comments if c.startswith("probe "))
            assert comment.startswith(f"probe {row} of ")
            fate = "unanswered; server still ACTIVE" if probe.answer is None else "answered by "
            assert fate in comment
            row = 0 if probe.answer is not None else row
    for session in run.json["sessions"]:
        if session["fault"] is not None:
            heard = run.trace.carriers(session["id"])[0].heard
            fault = fault_of(run, session)
            until = None if fault is None else fault.until_ns
            # Who is back in time goes on talking; what is marked is its last before that.
            over = session["noticed_at_s"] is None and until is not None
            last = [f for f in heard if not over or until is None or f.at_ns < until][-1]
            text = f"last octet of session {session['id']} from {session['client']}"
            assert any(text in comment for comment in last.comments)


def test_seconds_are_exact(run: Played) -> None:
    """JSON's seconds are nanoseconds divided, so nothing is lost below 100 days."""
    for state in (s for each in run.json["sessions"] for s in each["states"]):
        assert (ns(state["at_s"]) or 0) / S == state["at_s"]
