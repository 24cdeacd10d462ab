"""Boxes in the world: what their forgetting does to sessions, told by runs and their captures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emu.capture.ledger import Ledger
from emu.scenario.loader import load_scenario
from tests.contract.worlds import Played, S, ns, played

BOXED = """
title = "Two clients behind a box"
story = "For a test."
sources = "tests"
horizon = "4h"
needs = ["tcp"]
default_policies = ["tcp-keepalive-nt4"]

[links.server-lan]
kind = "lan"
bandwidth = "10Mbit/s"
propagation = "5us"

[links.far-lan]
kind = "lan"
bandwidth = "10Mbit/s"
propagation = "5us"

[links.box]
kind = "box"
between = ["server-lan", "far-lan"]
profile = "PROFILE"

[hosts.server]
link = "server-lan"

[clients.ws1]
user = "ann"
link = "far-lan"
boot_time = "60s"
program = [{ at = "0s", do = "log-on" }, { at = "10s", do = "work" }, MORE]

[clients.ws2]
user = "bob"
link = "far-lan"
boot_time = "60s"
program = [{ at = "1s", do = "log-on" }, { at = "11s", do = "work" }]
"""
POWER_LOSS = '[[faults]]\nat = "AT"\nclient = "ws1"\nkind = "power-loss"\n'
#: The last octet of ws1 is the acknowledgement, held back, of the answer to its work.
LAST_NS = 10 * S + S // 5


def run(
    folder: Path,
    policy: str,
    *settings: str,
    profile: str = "aws-nat-gateway",
    more: str = "",
    fault: str = "",
    ledger: Ledger | None = None,
) -> Played:
    path = folder / "boxed.toml"
    text = BOXED.replace("PROFILE", profile).replace("MORE", more) + fault
    path.write_text(text, encoding="utf-8")
    return played(load_scenario(path), policy, *settings, ledger=ledger)


def first(done: Played) -> dict[str, Any]:
    return next(session for session in done.json["sessions"] if session["client"] == "ws1")


def rows(done: Played) -> list[tuple[str, int, str]]:
    return [(e.host, e.at_ns, e.text) for e in done.trace.events if e.kind == "BOX"]


@pytest.mark.parametrize(("idle", "survives"), [("300s", False), ("300001ms", True)])
def test_a_probe_a_millisecond_in_time_keeps_the_flow(
    tmp_path: Path, idle: str, survives: bool
) -> None:
    """The box hears the client some microseconds before the server does, so at 300 s it forgets
    first."""
    done = run(tmp_path, "tcp-keepalive-nt4-5min", f"links.box.idle={idle}")
    assert [session["false_disconnect"] for session in done.json["sessions"]] == [not survives] * 2
    assert bool(rows(done)) is not survives


def test_a_nat_that_resets_ends_a_live_session_at_the_first_probe(tmp_path: Path) -> None:
    done = run(tmp_path, "tcp-keepalive-nt4")
    session = first(done)
    lost, noticed = ns(session["client_lost_at_s"]), ns(session["noticed_at_s"])
    assert lost is not None and noticed is not None
    assert 0 < lost - (LAST_NS + 350 * S) < S // 1000
    assert 0 < noticed - (LAST_NS + 7200 * S) < S // 1000
    assert (session["fault"], session["false_disconnect"]) == ("forgotten", True)
    assert session["states"][-1]["cause"] == "RST received"
    answer = next(row for row in rows(done) if "RST" in row[2])
    assert answer[0] == "box" and 0 < noticed - answer[1] < S // 1000
    assert "answers 10.0.0.1:1494 with a RST in the name of 10.0.254.254:4915" in answer[2]
    assert done.failures() == []
    assert not any("closed formula" in each["that"] for each in done.json["expectations"])


def test_a_silent_nat_ends_a_live_session_as_the_formula_says(tmp_path: Path) -> None:
    done = run(tmp_path, "tcp-keepalive-nt4", "links.box.afterwards=drop")
    session = first(done)
    assert session["false_disconnect"] is True
    assert 7205 <= session["silence_s"] < 7205.6
    that = [each["that"] for each in done.json["expectations"]]
    assert that == [f"session {number} agrees with the closed formula" for number in (1, 2)]
    assert done.failures() == []


def test_resets_both_ways_are_noticed_at_once(tmp_path: Path) -> None:
    """facts/tcp.md 6, Azure: nobody has to ask, and the client knows, too."""
    done = run(
        tmp_path, "tcp-no-keepalive", profile="azure-lb-reset", more="{ at = '1h', do = 'log-on' }"
    )
    session = first(done)
    lost, noticed = ns(session["client_lost_at_s"]), ns(session["noticed_at_s"])
    assert lost is not None and noticed is not None
    assert 0 < lost - (LAST_NS + 240 * S) < S // 1000
    assert 0 < noticed - lost < S // 1000
    assert session["false_disconnect"] is True
    picked_up = [state for state in session["states"] if state["at_s"] > 3600]
    assert [state["state"] for state in picked_up][:1] == ["active"]


def test_what_conntrack_picks_up_again_was_never_lost(tmp_path: Path) -> None:
    """tcp_loose: the client speaks, the same port comes back, and the session goes on."""
    done = run(
        tmp_path,
        "tcp-no-keepalive",
        "links.box.idle=350s",
        profile="linux-conntrack",
        more="{ at = '1h', do = 'work' }",
    )
    session = first(done)
    assert session["client_lost_at_s"] is not None
    assert (session["noticed_at_s"], session["false_disconnect"]) == (None, False)
    assert session["last_octet_at_s"] > 3600
    assert len(done.json["sessions"]) == 2
    assert done.failures() == []


def test_a_firewall_does_not_translate(tmp_path: Path) -> None:
    done = run(tmp_path, "tcp-keepalive-nt4-5min", profile="linux-firewall")
    assert {c.client for c in done.trace.connections} == {"10.1.0.11:1025", "10.1.0.12:1025"}
    assert [s["false_disconnect"] for s in done.json["sessions"]] == [False, False]


def test_the_server_knows_who_is_who_behind_one_address(tmp_path: Path) -> None:
    done = run(tmp_path, "tcp-keepalive-nt4-5min")
    assert {c.client for c in done.trace.connections} == {
        "10.0.254.254:49152",
        "10.0.254.254:49153",
    }
    assert [(s["client"], s["user"]) for s in done.json["sessions"]] == [
        ("ws1", "ann"),
        ("ws2", "bob"),
    ]


@pytest.mark.parametrize(
    ("at", "fault"), [("20s", "before it is forgotten"), ("1000s", "after it was forgotten")]
)
def test_a_client_that_is_gone_is_no_false_disconnect(tmp_path: Path, at: str, fault: str) -> None:
    """And the NAT's RST comes 5 s sooner than the formula's silence, which is not asked."""
    done = run(tmp_path, "tcp-keepalive-nt4", fault=POWER_LOSS.replace("AT", at))
    session = first(done)
    assert (session["fault"], session["false_disconnect"]) == ("power-loss", False), fault
    assert session["client_lost_at_s"] == float(at.removesuffix("s"))
    assert 7200 <= session["silence_s"] < 7200.1
    assert done.json["server"]["ghost_session_s"] == session["notice_delay_s"]
    assert not any("session 1 agrees" in each["that"] for each in done.json["expectations"])


def test_a_proxy_answers_for_the_dead_and_the_answer_is_on_one_side_only(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "tcp-keepalive-nt4-5min",
        profile="tcp-proxy",
        fault=POWER_LOSS.replace("AT", "20s"),
    )
    session = first(done)
    assert session["noticed_at_s"] is None
    assert session["probes"]["sent"] == session["probes"]["answered"] == (4 * 3600 - 11) // 300
    beyond = [f for f in done.trace.frames if f.interface == "far-lan" and f.at_ns > 20 * S]
    assert beyond == [], "no probe went on"
    assert done.failures() == []


def test_the_same_box_without_answering_lets_the_death_be_noticed(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "tcp-keepalive-nt4-5min",
        "links.box.keepalives=forwarded",
        profile="tcp-proxy",
        fault=POWER_LOSS.replace("AT", "20s"),
    )
    assert 305 <= first(done)["silence_s"] < 305.6
    assert done.failures() == []


def test_a_crossing_takes_its_time(tmp_path: Path) -> None:
    """Handshake and log-on: SYN out, SYN and ACK back, the log-on out; 10 ms each."""
    done = run(tmp_path, "tcp-no-keepalive", "links.box.propagation=10ms")
    began = ns(first(done)["states"][0]["at_s"])
    assert began is not None and 30 * S // 1000 < began < 32 * S // 1000


def test_the_ledger_says_what_the_box_did(tmp_path: Path) -> None:
    ledger = Ledger()
    run(tmp_path, "tcp-keepalive-nt4", "links.box.afterwards=drop", ledger=ledger)
    told = [json.loads(line) for line in ledger.lines()]
    mine = [
        (each["event"], each.get("flow"), each.get("after_ns")) for each in told if "box" in each
    ]
    flows = "10.1.0.11:1025", "10.1.0.12:1025"
    assert mine[:4] == [
        *(("learnt", flow, None) for flow in flows),
        *(("forgot", flow, 350 * S) for flow in flows),
    ]
    # Five probes and the last RST of the server's, for each of two clients.
    assert [each[0] for each in mine[4:]] == ["dropped"] * 12
