"""The file server's captures as others see them, its rows in a comparison, its repetition.

tests/captures looks at every default policy; here are the four carriers of smb-nt4-sp3, and
whether a person could read the story from tshark's summary lines alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emu.compare.comparison import compare
from emu.compare.plan import make_plan
from emu.policy.loader import load_policy
from emu.scenario.loader import load_scenario
from tests.contract.smb_runs import CARRIERS, run_of
from tests.outside import PROJECT, tool

SCENARIO = "image-on-unc-path"
#: Wireshark's PI_WARN (epan/proto.h); what is above is an error.
WARNING = 0x600000

#: How ws1 is called in a summary line: by name, by address, by node.
WS1 = {"nbt": "ws1", "nbf": "02:00:00:00:00:0b", "nbipx": "02000000000b", "ipx": "02000000000b"}


def captured(folder: Path, policy: str) -> Path:
    path = folder / f"{policy}.pcapng"
    path.write_bytes(run_of(SCENARIO, policy).file)
    return path


@pytest.mark.parametrize("carrier", CARRIERS)
def test_nothing_is_malformed_and_no_expert_complains(carrier: str, tmp_path: Path) -> None:
    path = captured(tmp_path, f"smb-nt4-sp3-{carrier}")
    printed = tool("tshark")(
        "-r", path, "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-E", "separator=/t",
        "-E", "aggregator=;", "-e", "frame.number", "-e", "_ws.malformed",
        "-e", "_ws.expert.severity",
    )  # fmt: skip
    rows = [line.split("\t") for line in printed.splitlines()]
    assert len(rows) == len(run_of(SCENARIO, f"smb-nt4-sp3-{carrier}").trace.frames)
    assert [number for number, malformed, _ in rows if malformed] == []
    severities = [int(each) for *_, found in rows for each in found.split(";") if each]
    wanted = load_scenario(SCENARIO).expert_rows_for(f"smb-nt4-sp3-{carrier}")
    assert sum(each >= WARNING for each in severities) == wanted == 0


#: What must stand there, in this order, in lines of ws1's and of the server's events.
BEFORE = (
    r"Session Setup AndX Request, User: \S*\\ann; Tree Connect AndX, Path: \\\\SERVER\\apps",
    r"Syslog .*session 1 NEW -> ACTIVE: ann logged on from ws1",
    r"Syslog .*tree apps \(TID 0x0800, UID 0x0800\) BEGINS",
    r"NT Create AndX Request, .*\\tool\.dll",
    r"Syslog .*open TOOL\.DLL \(FID 0x0800, UID 0x0800\) BEGINS",
    r"Read AndX Request, FID: 0x0800",
    r"Session Setup AndX Request, User: \S*\\bob; Tree Connect AndX",
    r"Syslog .*session \d NEW -> ACTIVE: bob logged on from ws1",
    r"Syslog .*tree apps \(TID 0x0801, UID 0x0801\) BEGINS",
    r"NT Create AndX Response, FID: 0x0801",
    r"Read AndX Request, FID: 0x0800",
    r"Syslog .*open TOOL\.DLL \(FID 0x0800, UID 0x0800\) ENDS: closed",
    r"Syslog .*tree apps \(TID 0x0800, UID 0x0800\) ENDS: disconnected",
    r"Logoff AndX Request",
    r"Syslog .*session 1 ACTIVE -> CLOSED: logged off",
    r"Read AndX Request, FID: 0x0800, \d+ bytes at offset 8192",
    r"Read AndX Response, FID: 0x0800(?!, \d+ bytes)",
)
#: After: the page comes, and only then goes the file, the tree, the session.
AFTER = (
    *BEFORE[:11],
    r"Read AndX Request, FID: 0x0800, \d+ bytes at offset 8192",
    r"Read AndX Response, FID: 0x0800, \d+ bytes",
    *BEFORE[11:15],
)


@pytest.mark.parametrize(
    ("policy", "carrier", "wanted"),
    [
        *((f"smb-nt4-sp3-{carrier}", carrier, BEFORE) for carrier in CARRIERS),
        ("smb-nt4-sp4", "nbt", AFTER),
    ],
)
def test_the_story_is_in_the_summary_lines(
    policy: str, carrier: str, wanted: tuple[str, ...], tmp_path: Path
) -> None:
    printed = tool("tshark")("-r", captured(tmp_path, policy), "-N", "n")
    lines = [line for line in printed.splitlines() if WS1[carrier] in line or "Syslog" in line]
    at = 0
    for pattern in wanted:
        found = [n for n, line in enumerate(lines[at:], at) if re.search(pattern, line)]
        assert found, (pattern, lines[at : at + 5])
        at = found[0] + 1


# --- emu compare -----------------------------------------------------------------------------

FIGURES = ("peak_sessions", "leaked_session_s", "refused_by_limit", "data_lost_bytes")
FILE_SCENARIOS = (
    "image-on-unc-path", "quick-relogon", "service-restart-leak", "net-session-delete",
    "workstation-limit-10", "per-server-licences", "locked-file-of-a-dead-client",
    "file-server-power-loss", "keepconn-dials-twice", "nat-and-vc-zero",
)  # fmt: skip


@pytest.mark.parametrize("name", FILE_SCENARIOS)
def test_a_comparison_has_their_figures_as_the_run_says_them(name: str) -> None:
    scenario = load_scenario(name)
    chosen = scenario.default_policies[:2]
    plan = make_plan(scenario, [scenario.applied_to(load_policy(each)) for each in chosen], 1)
    rows = {row["policy"]: row for row in compare(plan).rows}
    assert set(rows) == set(chosen)
    for policy, row in rows.items():
        told = run_of(name, policy).json
        figures = {**told["server"], **told["smb"]}
        for figure in FIGURES:
            assert isinstance(row[figure], int | float), figure
            assert row[figure] == pytest.approx(figures[figure]), figure


def test_a_terminal_servers_have_none() -> None:
    """Where no file server is, nothing leaked to a scavenger and no octet was lost: not 0."""
    scenario = load_scenario("client-power-loss")
    plan = make_plan(scenario, [load_policy("tcp-no-keepalive")], 1)
    (row,) = compare(plan).rows
    assert (row["leaked_session_s"], row["data_lost_bytes"]) == (None, None)
    assert isinstance(row["peak_sessions"], int) and isinstance(row["refused_by_limit"], int)


# --- determinism -----------------------------------------------------------------------------

#: A scenario with leaks, images, faults and deletions, one on each carrier.
REPEATED = (
    ("image-on-unc-path", "smb-nt4-sp3-nbt"),
    ("net-session-delete", "smb-nt4-sp6a-nbf"),
    ("locked-file-of-a-dead-client", "smb-nt4-sp6a-nbipx"),
    ("file-server-power-loss", "smb-nt4-sp6a-ipx"),
)
PROGRAM = """
from tests.contract.test_smb_outside import REPEATED
from tests.contract.worlds import played
for scenario, policy in REPEATED:
    print(scenario, policy, played(scenario, policy).json["capture"]["sha256"])
"""


def test_two_fresh_processes_write_the_same_octets() -> None:
    said: set[str] = set()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said.add(done.stdout)
    (lines,) = said
    assert [tuple(line.split()) for line in lines.splitlines()] == [
        (*pair, run_of(*pair).json["capture"]["sha256"]) for pair in REPEATED
    ]
