"""A capture is a function of (scenario, policy, seed): same inputs, same bytes, anywhere.

architecture.md 1.  The ledger too: it is data.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emu.capture.ledger import Ledger
from tests.contract.worlds import ONE_EACH, made, playable, played
from tests.outside import PROJECT

RUNS = 20

#: What a process of its own prints: one line a run, digests of capture and ledger.
PROGRAM = """
import sys
from tests.contract.test_determinism import digests
from tests.contract.worlds import ONE_EACH, playable
for scenario, policy in playable():
    if policy not in ONE_EACH:
        continue
    print(scenario, policy, *digests(scenario, policy, seed=0))
for policy in ("ncp-netware-tight", "tcp-keepalive-nt4-5min"):
    for seed in (1, 2):
        print("lossy", policy, seed, *digests(sys.argv[1], policy, seed=seed))
"""


def digests(scenario: str, policy: str, *, seed: int) -> tuple[str, str]:
    ledger = Ledger()
    run = played(scenario, policy, seed=seed, ledger=ledger)
    told = hashlib.sha256("\n".join(ledger.lines()).encode())
    assert hashlib.sha256(run.file).hexdigest() == run.json["capture"]["sha256"]
    return run.json["capture"]["sha256"], told.hexdigest()


def lossy(folder: Path) -> str:
    """A scenario with loss, a crowd in phase, and ties: its path."""
    crowd = "".join(
        f"""
[clients.pc{number}]
user = "user{number}"
boot_time = "30s"
program = [
    {{ at = "0s", do = "log-on" }}, {{ from = "0s", until = "300s", every = "30s", do = "work" }},
]
"""
        for number in range(8)
    )
    made(folder, 'kind = "reboot"\nat = "200s"', link="loss = 0.1", more=crowd, horizon="1h")
    return str(folder / "made.toml")


@pytest.mark.slow
@pytest.mark.parametrize("policy", ONE_EACH)
def test_twenty_runs_in_one_process_are_one_run(policy: str, tmp_path: Path) -> None:
    for scenario, seed in (("client-power-loss-and-restart", 0), (lossy(tmp_path), 7)):
        found = {digests(scenario, policy, seed=seed) for _ in range(RUNS)}
        assert len(found) == 1, (scenario, policy, seed)


@pytest.mark.slow
def test_processes_with_different_hash_seeds_agree(tmp_path: Path) -> None:
    """And they agree with this one, whatever was played in it before."""
    path = lossy(tmp_path)
    printed = set()
    for hash_seed in ("0", "1", "2", "random"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, path],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed.add(done.stdout)
    (said,) = printed
    lines = [line.split() for line in said.splitlines()]
    assert len(lines) == sum(policy in ONE_EACH for _, policy in playable()) + 4
    for scenario, policy, *rest in lines:
        if scenario == "lossy":
            assert digests(path, policy, seed=int(rest[0])) == tuple(rest[1:])
        elif scenario != "healthy-day":
            assert digests(scenario, policy, seed=0) == tuple(rest)


def test_the_seed_counts_where_dice_are_thrown(tmp_path: Path) -> None:
    """TCP draws its first sequence numbers; NCP draws nothing but the link's losses."""
    scenario, link = "client-power-loss", lossy(tmp_path)
    for policy in ("ncp-netware", "tcp-no-keepalive"):
        assert digests(link, policy, seed=1) != digests(link, policy, seed=2)
    tcp = [played(scenario, "tcp-no-keepalive", seed=seed) for seed in (1, 2)]
    ncp = [played(scenario, "ncp-netware", seed=seed) for seed in (1, 2)]
    assert tcp[0].file != tcp[1].file
    assert [f.octets for f in ncp[0].trace.frames if f.link_type == 1] == [
        f.octets for f in ncp[1].trace.frames if f.link_type == 1
    ]
    # Times, states and probes are nobody's dice.
    for one, other in (tcp, ncp):
        assert one.json["sessions"] == other.json["sessions"]
