"""Every recorded scenario, played by our machines: the same packets, times, outcome, errno."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emu.kernel.compare import judge
from emu.kernel.packets import Packet
from emu.kernel.trace import load_trace
from tests.kernel.recordings import FOLDER, NAMES, TABLES, recording, table
from tests.outside import shared_folder


def test_the_copies_are_the_shared_ones() -> None:
    """Beside them stand recordings of our own recorder (``emu verify --kernel --keep``)."""
    shared = shared_folder() / "kernel-traces"
    names = {path.name for path in shared.iterdir() if path.suffix in (".json", ".pcap")}
    assert names <= {path.name for path in FOLDER.iterdir()}
    assert all((FOLDER / name).read_bytes() == (shared / name).read_bytes() for name in names)
    assert len({Path(name).stem for name in names} - set(TABLES)) == 37


@pytest.mark.parametrize("name", NAMES)
def test_our_reader_of_captures_says_what_the_recorder_said(name: str) -> None:
    """Kinds, flags and numbers of the .pcap by us, and of the .json by the recorder."""
    trace = recording(name)
    listed = trace.facts["packets"]
    ours = [p for p in (*trace.before, *trace.packets) if p.at_ns >= 0]
    ours = ours[len(ours) - len(listed) :]
    for mine, theirs in zip(ours, listed, strict=True):
        assert (mine.kind, mine.from_server) == (theirs["kind"], theirs["dir"] == "server>")
        assert abs(mine.at_ns / 1e9 - theirs["t"]) < 0.0002
        if mine.kind not in ("arp", "icmp", "other-conn"):
            assert (mine.flags, mine.sequence, mine.length) == (
                theirs["flags"],
                theirs["seq"],
                theirs["len"],
            )
            assert "." not in mine.flags or mine.acknowledgement == theirs["ack"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_emulator_does_what_the_kernel_did(name: str) -> None:
    verdict = judge(recording(name))
    assert verdict.troubles == ()
    # On a busy machine a timer of this one was late, and what followed built on it.
    assert verdict.punctual or name == "reboot_same_port"


@pytest.mark.slow
def test_most_packets_come_within_two_jiffies() -> None:
    """With the wheel in its place: of all packets of all recordings, two came late (a busy
    machine), and none early."""
    verdicts = [judge(recording(name)) for name in NAMES if "full" not in name]
    rows = [row for verdict in verdicts for row in verdict.rows]
    assert len(rows) > 180
    assert sum(row.late for row in rows) <= 2


def test_what_the_emulator_did_lasts_the_numbers_of_the_table() -> None:
    """Outcomes of facts/tcp.md 4 against what the recordings hold: neither was written by us."""
    outcomes = {name: recording(name).error for name in NAMES}
    assert outcomes["data_inflight_arp_dead"] == "EHOSTUNREACH"
    assert outcomes["reboot_rst_on_probe"] == outcomes["reboot_rst_on_data"] == "ECONNRESET"
    assert outcomes["ka_off"] is None and outcomes["hung_app_ka"] is None
    assert outcomes["ka_idle_arp_dead"] == "ETIMEDOUT"


# --- a judge that can say no ------------------------------------------------------------------


def damaged(tmp_path: Path, name: str, **changes: object) -> Path:
    """The same recording, with something of its JSON changed."""
    facts = json.loads((FOLDER / f"{name}.json").read_text())
    facts.update(changes)
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(facts))
    path.with_suffix(".pcap").write_bytes((FOLDER / f"{name}.pcap").read_bytes())
    return path


@pytest.mark.parametrize(
    ("name", "changes", "word"),
    [
        ("ka_idle_drop_l3", {"options": {"keepalive": 1, "idle": 2, "intvl": 1, "cnt": 4}}, "rst"),
        ("ka_idle_drop_l3", {"options": {"keepalive": 1, "idle": 2, "intvl": 2, "cnt": 3}}, "off"),
        ("data_inflight_noka", {"sysctl": {"net.ipv4.tcp_retries2": 4}}, "outcome|end|no rtx"),
        ("ka_off", {"options": {"keepalive": 1, "idle": 2, "intvl": 1, "cnt": 3}}, "keepalive"),
        ("hung_app_ka", {"vanish": "drop_l3"}, "ack|outcome|no"),
    ],
)
def test_another_setting_is_another_story(
    name: str, changes: dict[str, object], word: str, tmp_path: Path
) -> None:
    verdict = judge(load_trace(damaged(tmp_path, name, **changes)))
    assert verdict.troubles
    assert any(part in " ".join(verdict.troubles) for part in word.split("|"))


def test_a_packet_missing_in_the_recording_is_seen() -> None:
    trace = recording("ka_idle_drop_l3")
    from dataclasses import replace

    shorter = replace(trace, packets=trace.packets[:1] + trace.packets[2:])
    assert not judge(shorter).holds
    one: Packet = trace.packets[1]
    later = (*trace.packets[:1], replace(one, at_ns=one.at_ns + 80_000_000), *trace.packets[2:])
    assert not judge(replace(trace, packets=later)).holds


# --- lateness (granularity.json) --------------------------------------------------------------


@pytest.mark.parametrize("row", table("granularity")["results"], ids=lambda row: f"{row['idle']}s")
def test_the_first_probe_is_as_late_as_thirty_two_real_ones_were(row: dict[str, float]) -> None:
    """facts/tcp.md 3.4: uniform over the granule.  All places of the wheel, one connection each."""
    from emu.machines.tcp.linux.wheel import Wheel, granule

    delay = int(row["idle"]) * 250
    late = sorted(
        Wheel(250, first, 0).fires(0, delay) / 1e9 - row["idle"] for first in range(granule(delay))
    )
    assert granule(delay) * 0.004 == pytest.approx(row["granule"])
    assert 0 < late[0] < 0.0041 and late[-1] == pytest.approx(row["granule"])
    # What was measured lies inside, its median near ours; a jiffy for when the socket was armed.
    assert late[0] - 0.004 <= row["late_min"] and row["late_max"] <= late[-1] + 0.004
    middle = late[len(late) // 2]
    spread = row["granule"] / 2 / 32**0.5 * 3  # three sigma of a median of 32 uniform draws
    assert abs(row["late_median"] - middle) < spread + 0.004
