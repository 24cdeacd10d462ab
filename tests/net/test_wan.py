"""Dialled lines in a whole world: the capture, the calls, the bill, and what goes wrong on them."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from emu.capture import pcapng
from emu.capture.ledger import Ledger
from emu.net.bill import LineFigures
from emu.policy.loader import load_policy
from emu.result import RunResult
from emu.run import capture_comment, play
from emu.scenario.model import Scenario
from tests.net.wan_parts import client, office
from tests.outside import PROJECT, tool

#: One of each transport: its sessions are up by then, its probes go on.
POLICIES = ("ncp-netware", "spx-nwlink", "nbf-nt4", "tcp-keepalive-nt4-5min")
FIELDS = (
    "frame.time_epoch", "frame.interface_name", "_ws.col.Protocol", "_ws.col.Info",
    "_ws.malformed", "frame.packet_flags_direction",
)  # fmt: skip
S = 10**9
TWO = client("ws1", "office-a") + client("ws2", "office-b", '{ at = "6s", do = "log-on" }')


@dataclass(frozen=True)
class Row:
    """A frame as tshark sees it."""

    at: str
    interface: str
    protocol: str
    info: str
    malformed: str
    direction: str


class Run:
    """One run, its line's figures, and tshark's rows of its file."""

    def __init__(self, folder: Path, scenario: Scenario, policy: str, *, seed: int = 0) -> None:
        self.ledger = Ledger()
        self.result: RunResult = play(scenario, load_policy(policy), seed=seed, ledger=self.ledger)
        self.path = folder / "run.pcapng"
        comment = capture_comment(scenario.name, policy, seed)
        pcapng.write(self.result.recording, self.path, comment)

    @property
    def line(self) -> LineFigures:
        (found,) = [link.dialled for link in self.result.links if link.dialled is not None]
        return found

    @property
    def rows(self) -> list[Row]:
        wanted = [part for field in FIELDS for part in ("-e", field)]
        lines = tool("tshark")("-r", self.path, "-T", "fields", *wanted).splitlines()
        return [Row(*line.split("\t")) for line in lines]

    def states(self, session: int = 1) -> list[str]:
        return [each.state for each in self.result.records.sessions[session].states]

    @property
    def outcomes(self) -> list[str]:
        return [attempt.outcome for attempt in self.result.records.attempts]

    @property
    def failures(self) -> list[str]:
        return [f"{j.that}: {j.why}" for j in self.result.judgements if not j.holds]


def connects(rows: list[Row]) -> int:
    return sum(1 for row in rows if row.protocol == "Q.931" and row.info.endswith("| CONNECT"))


def outage(at: str, how: str = "out-of-order", lasts: str = "10m") -> str:
    return f'kind = "line-outage"\nline = "wan"\nat = "{at}"\nfor = "{lasts}"\nhow = "{how}"'


# --- the capture ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("lans", [("office",), ("office-a", "office-b")])
def test_tshark_reads_all_of_it_in_order_and_counts_the_calls(
    policy: str, lans: tuple[str, ...], tmp_path: Path
) -> None:
    """CONNECTs on the D channel of the router beside the server: calls + setup_calls."""
    clients = None if len(lans) == 1 else TWO
    run = Run(tmp_path, office(tmp_path, lans=lans, clients=clients), policy)
    rows = run.rows
    assert connects(rows) == run.line.calls + run.line.setup_calls > 0
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert [row for row in rows if row.malformed] == []
    assert run.failures == []
    assert {row.interface for row in rows} >= {"server-lan", lans[0], "wan-b1", "wan-d"}
    assert ("wan-b2" in {row.interface for row in rows}) is (len(lans) == 2)
    assert run.outcomes == ["new"] * len(lans)
    on_the_line = [row for row in rows if row.interface.startswith("wan-")]
    assert {row.direction for row in on_the_line} == {"0x00000001", "0x00000002"}
    assert {row.direction for row in rows if row.interface == "server-lan"} == {""}


@pytest.mark.slow
def test_a_call_reads_as_people_expect_it(tmp_path: Path) -> None:
    """Set up, PPP, datagrams, PPP's end, cleared: the first call of an NCP client.

    802B is IPXCP, which tshark 4.0 has no name for."""
    rows = Run(tmp_path, office(tmp_path, horizon="4m"), "ncp-netware").rows
    words = [
        re.sub(r".*\| ", "", row.info) if row.protocol == "Q.931" else row.protocol
        for row in rows
        if row.interface in ("wan-d", "wan-b1")
    ]
    kept = [w for w, before in zip(words, ["", *words], strict=False) if w != before]
    told = [w for w in kept if w not in ("LAPD",)]
    assert told[:5] == ["SETUP", "CONNECT", "CONNECT ACKNOWLEDGE", "PPP LCP", "0x802b"]
    assert told[-4:] == ["PPP LCP", "DISCONNECT", "RELEASE", "RELEASE COMPLETE"]


@pytest.mark.slow
def test_modem_calls_are_rows_among_the_events(tmp_path: Path) -> None:
    """45 s to carrier, so the router must be patient and the line up before the log-on."""
    scenario = office(
        tmp_path,
        line="modem-28800",
        horizon="10m",
        program='{ at = "60s", do = "log-on" }',
        more='carrier_wait = "90s"\nraised_at = "500ms"\ncounts = "either"',
    )
    run = Run(tmp_path, scenario, "tcp-keepalive-nt4-5min")
    rows = run.rows
    said = [row.info for row in rows if row.protocol == "Syslog" and " CALL " in row.info]
    ends = [text.split(" CALL - ")[1] for text in said]
    assert ends[0] == "wan-server-lan dials wan-office"
    assert ends[1] == "wan-server-lan and wan-office: CONNECT"
    assert ends[2].startswith("wan-server-lan and wan-office: call over (")
    assert len([text for text in ends if "CONNECT" in text]) == (
        run.line.calls + run.line.setup_calls
    )
    assert {row.interface for row in rows} == {"server-lan", "office", "wan", "server-events"}
    assert [row for row in rows if row.malformed] == []
    assert run.outcomes == ["new"]


PROGRAM = """
import sys
from pathlib import Path
from tests.net.test_wan import digest
for policy in ("ncp-netware", "nbf-nt4", "tcp-keepalive-nt4-5min"):
    print(*digest(Path(sys.argv[1]), policy))
"""


def digest(folder: Path, policy: str) -> tuple[str, str]:
    """Of capture and ledger, with chance in it: half of the calls are busy."""
    three = TWO + client("ws3", "office-c", '{ at = "40s", do = "log-on" }')
    scenario = office(
        folder,
        outage("20m", "busy"),
        lans=("office-a", "office-b", "office-c"),
        clients=three,
        more='busy = 0.5\nraised_at = "500ms"\ncounts = "either"',
    )
    run = Run(folder, scenario, policy, seed=3)
    told = hashlib.sha256("\n".join(run.ledger.lines()).encode())
    return hashlib.sha256(run.path.read_bytes()).hexdigest(), told.hexdigest()


@pytest.mark.slow
def test_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    said = set[str]()
    for seed in ("0", "1", "4242"):
        folder = tmp_path / seed
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder)],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        said.add(done.stdout)
    assert len(said) == 1
    assert len(said.pop().split()) == 6


# --- several far LANs ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_poll_for_one_office_raises_no_line_to_the_other(tmp_path: Path) -> None:
    """NetBEUI is bridged: the router has learnt behind which line each client is.

    LLC polls every 30 s hold both links up; ws2 loses power after 10 minutes, its link's polls
    end, and its call ends the idle time-out later, while the other's goes on.
    """
    fault = 'kind = "power-loss"\nclient = "ws2"\nat = "10m"'
    scenario = office(tmp_path, fault, lans=("office-a", "office-b"), clients=TWO)
    run = Run(tmp_path, scenario, "nbf-nt4")
    horizon = run.result.horizon_ns
    late = [last for _, last in run.line.calls_ns if last > 600 * S]
    assert sorted(last == horizon for last in late) == [False, True]
    assert min(late) < 900 * S


@pytest.mark.slow
def test_three_offices_contend_for_two_channels(tmp_path: Path) -> None:
    """Never more than two calls at once, and everybody gets a turn: who waits at the router
    makes it hang up after 20 s of silence instead of 120 s (fast-idle, facts/ipx.md 4.2)."""
    three = TWO + client("ws3", "office-c", '{ at = "200s", do = "log-on" }')
    scenario = office(
        tmp_path,
        lans=("office-a", "office-b", "office-c"),
        clients=three,
        more='counts = "either"',
        horizon="1h",
    )
    run = Run(tmp_path, scenario, "ncp-netware")
    rows = run.rows
    assert connects(rows) == run.line.calls + run.line.setup_calls
    assert sorted(run.outcomes) == ["new", "new", "new"]
    spans = sorted(run.line.calls_ns)
    open_at_once = max(
        sum(1 for first, last in spans if first <= start < last) for start, _ in spans
    )
    assert open_at_once == 2


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("how", ["busy", "out-of-order", "no-answer"])
@pytest.mark.parametrize("at", ["5500ms", "6s", "6300ms", "20m"])
def test_a_line_that_is_out_at_any_time(policy: str, how: str, at: str, tmp_path: Path) -> None:
    """While dialling, while PPP opens, in a call or idle: the run ends well, nothing crosses
    meanwhile, and afterwards the line can be called again."""
    run = Run(tmp_path, office(tmp_path, outage(at, how)), policy)
    assert run.failures == []
    assert connects(run.rows) == run.line.calls + run.line.setup_calls
    start = {"5500ms": 5.5, "6s": 6.0, "6300ms": 6.3, "20m": 1200.0}[at]
    for first, last in run.line.calls_ns:
        assert not start * S < first < (start + 600) * S
        assert not (first < start * S and last > (start + 1) * S)


@pytest.mark.slow
def test_the_causes_of_failed_calls_are_on_the_d_channel(tmp_path: Path) -> None:
    """17 and 27 end calls without CONNECT.  The tap is at the router beside the server, whose
    polls are what is called for in vain; the other causes are 16, of calls that were made."""
    for how, cause in (("busy", "17"), ("out-of-order", "27")):
        run = Run(tmp_path, office(tmp_path, outage("900s", how)), "ncp-netware")
        shown = tool("tshark")("-r", run.path, "-Y", "q931.cause_value && frame.time_relative > 901"
                               " && frame.time_relative < 1500", "-T", "fields",
                               "-e", "q931.cause_value")  # fmt: skip
        assert [*shown.split()] == [cause] * len(shown.split())
        assert len(shown.split()) == run.line.failed_calls > 0


@pytest.mark.slow
def test_a_short_outage_while_nobody_calls_is_not_noticed(tmp_path: Path) -> None:
    """NCP polls every 296.6 s: at 900 s nothing is on the line."""
    run = Run(tmp_path, office(tmp_path, outage("15m", lasts="5s")), "ncp-netware")
    assert run.states() == ["active"]
    assert run.failures == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_a_client_behind_a_line_loses_power_and_comes_back(policy: str, tmp_path: Path) -> None:
    fault = 'kind = "power-loss"\nclient = "ws1"\nat = "10m"\noff_for = "5m"'
    run = Run(tmp_path, office(tmp_path, fault), policy)
    assert run.failures == []
    assert run.states() == ["active", "disconnected", "active"]
    assert run.outcomes == ["new", "resumed"]


@pytest.mark.slow
def test_netbeui_lives_behind_isdn_and_dies_behind_a_slow_modem(tmp_path: Path) -> None:
    """facts/netbeui.md 4: LLC runs end to end, and a modem's set-up outlasts its retries.

    The line is hung up after 19 s idle, and LLC polls every 30 s: each poll raises it anew.
    1 s and PPP are shorter than LLC's patience, 45 s are not: a healthy client is thrown out.
    """
    keys = 'idle_timeout = "19s"\nraised_at = "500ms"\ncarrier_wait = "90s"\ncounts = "either"'
    program = '{ at = "60s", do = "log-on" }'
    isdn = Run(tmp_path, office(tmp_path, more=keys, program=program), "nbf-nt4")
    assert isdn.states() == ["active"]
    assert isdn.line.calls > 50
    slow = office(tmp_path, more=keys, program=program, line="modem-28800")
    modem = Run(tmp_path, slow, "nbf-nt4")
    assert modem.states()[:2] == ["active", "disconnected"]
    assert modem.result.records.sessions[1].false_disconnect


@pytest.mark.slow
@pytest.mark.parametrize("router", ["cisco", "isdn4linux", "pppd", "diald"])
@pytest.mark.parametrize("line", ["isdn-64k", "modem-x2"])
@pytest.mark.parametrize("raised", ["4999ms", "5s", "5030ms", "6s", "20s"])
def test_both_sides_may_dial_at_once(router: str, line: str, raised: str, tmp_path: Path) -> None:
    """The router beside the server is raised by hand while the client logs on."""
    more = f'router = "{router}"\nraised_at = "{raised}"'
    run = Run(tmp_path, office(tmp_path, line=line, more=more, horizon="30m"), "ncp-netware")
    assert run.failures == []
    if line == "isdn-64k":
        assert connects(run.rows) == run.line.calls + run.line.setup_calls
