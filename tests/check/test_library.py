"""Every scenario of the library under policies that can play it: check agrees with the run.

What is expected comes from the run's own account of its sessions (``emu.result``), which the
judge never sees; the classes follow from how the server noticed (product.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from emu.capture.ledger import Ledger
from emu.check import Report, Verdict, check_file
from emu.check.rules import FlowClass
from emu.check.timeline import How
from emu.errors import InputError
from emu.policy.loader import load_policy
from emu.resources import policy_names, scenario_names
from emu.result import run_json
from emu.run import check_playable, parse_gear, play, write_capture
from emu.scenario.loader import load_scenario
from emu.units import NS_PER_S
from tests.contract.worlds import ONE_EACH, affordable

#: Transports that clear a dead peer without a word (facts/ipx.md 3.1 to 3.3).
SPEECHLESS = ("ncp", "spx", "nbipx")
#: Policies whose clients watch their server (facts/ipx.md 2.2, 2.3: both ends of NWLink do).
ASK_WHEN_AWAKE = ("spx-nwlink", "spx-nwlink-spoofed", "nbipx-nwlink", "nbipx-nwlink-15s")
#: Where the server's tap is one of several: these are played under their own policies, too.
#: The healthy day and the most expensive policy of the office are left out.
SEVERAL_TAPS = ("dial-on-demand-power-loss", "dial-on-demand-office", "wan-outage-30min",
                "modem-slow-setup", "spoofed-forever", "ras-never-hangs-up", "nat-forgets-350s",
                "load-balancer-answers")  # fmt: skip
EXPENSIVE = ("dial-on-demand-office", "nbf-nt4")
SERVER_LAN = "server-lan"
#: The scenarios whose verdict matters most: the plain death, and none at all.
WITH_ALL = ("client-power-loss", "healthy-day")
BROKEN = {FlowClass.GAP, FlowClass.CLOCK_STEP, FlowClass.LINK_DOWN}
#: How a cause counts, "5 keepalive probes unanswered": SESSION_ALIVE before it is none of them.
COUNT = re.compile(r"(?:SESSION_ALIVE and )?(\d+) .* unanswered")
DEAD = {FlowClass.GAVE_UP, FlowClass.REBOOTED, FlowClass.SILENT, FlowClass.HUNG}

Json = dict[str, Any]


def playable() -> Iterator[tuple[str, str]]:
    """Every pair of the library that can be played."""
    for scenario_name in scenario_names():
        scenario = load_scenario(scenario_name)
        for policy_name in policy_names():
            with suppress(InputError):
                check_playable(scenario, scenario.applied_to(load_policy(policy_name)))
                yield scenario_name, policy_name


def chosen(scenario_name: str, policy_name: str) -> bool:
    """Sixteen policies of every scenario cost too much for every day; EMU_SLOW=1 plays all."""
    if not affordable(load_scenario(scenario_name), policy_name):
        return False
    sleeper = scenario_name == "laptop-suspends" and policy_name in ASK_WHEN_AWAKE
    own = policy_name in load_scenario(scenario_name).default_policies
    several = scenario_name in SEVERAL_TAPS and own
    if several and (scenario_name, policy_name) == EXPENSIVE:
        return False
    return sleeper or several or policy_name in ONE_EACH or scenario_name in WITH_ALL


PAIRS = [pair for pair in playable() if chosen(*pair)]


class Probe(NamedTuple):
    """One that the ledger notes.  ``of``: the connection."""

    at_s: float
    host: str
    of: object


class Played(NamedTuple):
    """``ended``: connections by the instant at which the server ended them."""

    run: Json
    report: Report
    probes: list[Probe]
    ended: dict[object, float]


@cache
def played(scenario_name: str, policy_name: str) -> Played:
    """The run's own account of itself, and the verdict on its capture."""
    scenario = load_scenario(scenario_name)
    policy = scenario.applied_to(load_policy(policy_name))
    ledger = Ledger()
    result = play(scenario, policy, seed=0, gear=parse_gear("virtual"), ledger=ledger)
    probes, ended = list[Probe](), dict[object, float]()
    for at_ns, event, fields in ledger.entries:
        if event == "probe":
            probes.append(Probe(at_ns / NS_PER_S, str(fields["host"]), fields["connection"]))
        elif event == "connection-ended":
            ended[fields["connection"]] = at_ns / NS_PER_S
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.pcapng"
        run = run_json(write_capture(result, path))
        return Played(run, check_file(path), probes, ended)


def noticing(session: Json) -> Json | None:
    """The state in which the server noticed the fault, or threw out somebody healthy."""
    if session["noticed_at_s"] is None and not session["false_disconnect"]:
        return None
    return next(each for each in session["states"] if each["state"] != "active")


def noticed_at_s(session: Json) -> float:
    state = noticing(session)
    assert state is not None
    return state["at_s"]


def speechless(session: Json) -> bool:
    """Whether nothing on the wire says that the server gave up.

    Plain 802.2 ends a link whose polls and resets stay unanswered without a DISC; Linux and lwIP
    send a RST after probes only (facts/tcp.md 11.5).
    """
    noticed = noticing(session)
    repeated = noticed is not None and "retransmission" in noticed["cause"]
    wordless = session["policy"] == "tcp-keepalive-lwip" or "linux" in session["policy"]
    return (
        session["transport"] in SPEECHLESS
        or session["policy"] == "nbf-802.2"
        or (repeated and wordless)
    )


def lost(run: Json) -> list[Json]:
    """Sessions that something happened to."""
    return [each for each in run["sessions"] if each["fault"] or each["false_disconnect"]]


def wanted_classes(session: Json) -> set[FlowClass]:
    """What the wire shows of how the server noticed.

    Whoever asked in vain gave up, silently on the speechless transports; of a client that came
    back meanwhile the wire shows more than its server knew.
    """
    noticed = noticing(session)
    if noticed is None:
        return {FlowClass.UNKNOWN, FlowClass.ALIVE}
    if session["fault"] == "kill":
        return {FlowClass.CLOSED, FlowClass.ABORTED}
    if not any(words in noticed["cause"] for words in ("unanswered", "nothing heard")):
        return {FlowClass.REBOOTED}
    wanted = {FlowClass.SILENT if speechless(session) else FlowClass.GAVE_UP}
    if session["fault"] == "reboot":
        return wanted | {FlowClass.REBOOTED}
    if session["fault"] == "line-outage" and session["policy"] in ASK_WHEN_AWAKE:
        return {FlowClass.PATH_DROP}  # its LAN hears it ask meanwhile
    if session["fault"] is None:
        # Too slow a line, and the answers come when the server has given up.  A speechless one
        # does not say so, and of a beat of 10 s nobody can tell 1.6 s later that it has ended.
        return {FlowClass.UNKNOWN} if speechless(session) else {FlowClass.HUNG}
    # Its own watchdog asks the server when it wakes up; TCP, NCP and NetBEUI say nothing then.
    if session["fault"] == "suspend" and session["policy"] in ASK_WHEN_AWAKE:
        return {FlowClass.HUNG}
    return wanted


def seconds(at_ns: int | None) -> float:
    assert at_ns is not None
    return at_ns / NS_PER_S


def flow_of(session: Json, report: Report) -> Verdict:
    """The flow whose client was last heard when the run says so, to a second."""
    wanted = wanted_classes(session)
    # Answers that came too late are on the wire all the same.
    late = session["fault"] is None and wanted == {FlowClass.UNKNOWN}
    found = [
        flow
        for flow in report.flows
        if flow.interface == SERVER_LAN
        and flow.last_heard_ns is not None
        and (late or abs(flow.last_heard_ns / NS_PER_S - session["last_octet_at_s"]) < 1)
        and flow.flow_class in wanted
    ]
    assert found, (session, [flow.sentence for flow in report.flows])
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "policy"), PAIRS)
def test_check_agrees_with_the_run(scenario: str, policy: str) -> None:
    run, report, *_ = played(scenario, policy)
    for session in lost(run):
        flow = flow_of(session, report)
        assert flow.transport == session["transport"]
        if noticing(session) is None or session["fault"] == "kill":
            continue
        if flow.flow_class is FlowClass.UNKNOWN:
            continue
        if flow.flow_class is not FlowClass.PATH_DROP:
            assert flow.dead == 1, "the client is the one that was not called"
        if flow.disconnected_at_ns is None:
            assert speechless(session)
            assert flow.how is How.NOT_ON_THE_WIRE
        else:
            assert abs(seconds(flow.disconnected_at_ns) - noticed_at_s(session)) < 1, flow.sentence
    noticed = [each for each in lost(run) if noticing(each) and wanted_classes(each) & DEAD]
    dead = [
        flow for flow in report.flows if flow.flow_class in DEAD and flow.interface == SERVER_LAN
    ]
    assert len(dead) == len(noticed), "not one false death, not one missed"
    assert report.unread == 0
    assert not {flow.flow_class for flow in report.flows} & BROKEN, "our files have no holes"


def in_vain(session: Json, story: Played) -> list[Probe]:
    """The server's probes on the session's connection since its client was last heard."""
    noticed_s, since_s = noticed_at_s(session), session["last_octet_at_s"]
    over = {each for each, at_s in story.ended.items() if abs(at_s - noticed_s) < 1e-3}
    return [
        each
        for each in story.probes
        if each.host == "server" and each.of in over and since_s <= each.at_s <= noticed_s
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "policy"), PAIRS)
def test_silence_begins_with_the_first_probe_in_vain(scenario: str, policy: str) -> None:
    """As the ledger has it, or with data before it; the count is the one the server gives."""
    story = played(scenario, policy)
    for session in story.run["sessions"]:
        probes = in_vain(session, story) if noticing(session) is not None else []
        if not probes or session["fault"] == "kill":
            continue
        flow = flow_of(session, story.report)
        if flow.flow_class is FlowClass.UNKNOWN:
            continue
        pushed = scenario == "clock-in-taskbar"
        if pushed:
            assert seconds(flow.silent_since_ns) <= probes[0].at_s + 0.001, flow.sentence
        else:
            assert abs(seconds(flow.silent_since_ns) - probes[0].at_s) < 1, flow.sentence
        counted = COUNT.match(noticing(session)["cause"])  # pyright: ignore[reportOptionalSubscript]
        if counted is not None and not pushed and flow.flow_class is not FlowClass.REBOOTED:
            assert flow.probes_unanswered == int(counted[1]), flow.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    "policy", [policy for scenario, policy in PAIRS if scenario == "healthy-day"]
)
def test_not_one_false_death_on_a_healthy_day(policy: str) -> None:
    report = played("healthy-day", policy).report
    assert {flow.flow_class for flow in report.flows} <= {FlowClass.ALIVE, FlowClass.UNKNOWN}
    assert {flow.dead for flow in report.flows} == {None}


def test_the_server_s_own_account_is_not_read(tmp_path: Path) -> None:
    """The same capture without its event rows gives the same flows, frame numbers aside."""
    scenario = load_scenario("client-power-loss")
    policy = scenario.applied_to(load_policy("ncp-netware"))
    result = play(scenario, policy, seed=0, gear=parse_gear("virtual"))
    full, mute = tmp_path / "full.pcapng", tmp_path / "mute.pcapng"
    write_capture(result, full)
    events = next(
        index for index, each in enumerate(result.recording.interfaces) if each.link_type == 252
    )
    frames = result.recording.frames
    first = frames[0]
    # The first row stays: it is the zero of all times.
    frames[:] = [each for each in frames if each[0] != events or each is first]
    result.recording.comments.clear()
    write_capture(result, mute)
    one, two = check_file(full).flows, check_file(mute).flows
    assert [each.sentence for each in one] == [each.sentence for each in two]
