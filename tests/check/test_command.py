"""``emu check`` as a user types it: streams, exit codes, the JSON of product.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emu.check import check_file, report_json
from tests.check.frames import Tcp, pcap
from tests.check.test_tcp import given_up
from tests.cli.commands import emu, python

#: product.md, "JSON of emu check", in its order.
FIELDS = [
    "transport", "a", "b", "frames", "first_s", "last_s", "mechanism", "prober", "idle_s",
    "interval_s", "probes_unanswered", "class", "confidence", "dead", "host_alive",
    "last_heard_s", "silent_since_s", "disconnected_at_s", "how", "verdict", "evidence",
    "interface",
]  # fmt: skip


@pytest.fixture
def dead(tmp_path: Path) -> str:
    path = tmp_path / "dead.pcap"
    path.write_bytes(pcap(given_up(5).frames))
    return str(path)


@pytest.fixture
def alive(tmp_path: Path) -> str:
    path = tmp_path / "alive.pcap"
    path.write_bytes(pcap(Tcp().opened().exchange(10).frames))
    return str(path)


def test_the_json_is_that_of_the_contract(capsys: pytest.CaptureFixture[str], dead: str) -> None:
    answer = emu(capsys, "check", dead, "--json")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert list(found) == ["schema_version", "file", "frames", "unread", "without_flow", "flows"]
    assert (found["schema_version"], found["file"], found["frames"]) == (1, dead, 12)
    assert found["without_flow"] == {}
    (flow,) = found["flows"]
    assert list(flow) == FIELDS
    del flow["verdict"]
    assert flow == {
        "transport": "tcp",
        "a": "10.0.0.1:1494",
        "b": "10.0.0.11:1025",
        "frames": 12,
        "first_s": 0.0,
        "last_s": 22.2,
        "mechanism": "tcp-keepalive",
        "prober": "a",
        "idle_s": 7.0,
        "interval_s": 1.0,
        "probes_unanswered": 5,
        "class": "gave-up",
        "confidence": "certain",
        "dead": "b",
        "host_alive": False,
        "last_heard_s": 10.2,
        "silent_since_s": 17.2,
        "disconnected_at_s": 22.2,
        "how": "rst",
        "evidence": [6, 7, 11, 12],
        "interface": "0",
    }


def test_a_dead_flow_is_an_answer(capsys: pytest.CaptureFixture[str], dead: str) -> None:
    answer = emu(capsys, "check", dead)
    assert (answer.code, answer.err) == (0, "")
    heading, line = answer.out.splitlines()
    assert heading == f"{dead}: 12 frames, 1 flow"
    assert "10.0.0.11:1025 was last heard at 10.2 s" in line
    assert "10.0.0.1:1494 gave up at 22.2 s (rst), 12 s later" in line


def test_several_files_make_a_list(
    capsys: pytest.CaptureFixture[str], dead: str, alive: str
) -> None:
    found = json.loads(emu(capsys, "check", dead, alive, "--json").out)
    assert [each["file"] for each in found["files"]] == [dead, alive]


def test_a_failed_expectation_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], dead: str, alive: str
) -> None:
    assert emu(capsys, "check", dead, "--expect", "silence < 60s").code == 0
    answer = emu(capsys, "check", dead, "--expect", "silence < 10s", "--expect", "dead == b")
    assert answer.code == 1
    assert answer.err == (
        f"emu: {dead}: expected silence < 10s, found silence 12 s: 10.0.0.1:1494 - 10.0.0.11:1025\n"
    )
    assert emu(capsys, "check", alive, dead, "--expect", "class == alive").code == 1
    assert emu(capsys, "check", alive, "--expect", "silence < 60s").code == 1


def test_a_cut_capture_is_noted_on_stderr(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, dead: str
) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(Path(dead).read_bytes()[:-5])
    answer = emu(capsys, "check", str(path), "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["frames"] == 11
    assert answer.err.startswith(f"emu: {path}: octet ")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["/no/such/file"],
        ["/"],
        ["/dev/null"],
        [__file__],
        [__file__, "--expect", "silence < 60"],
        [],
    ],
    ids=["no file", "a folder", "a device", "no capture", "no unit", "nothing"],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    answer = emu(capsys, "check", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("emu")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


def test_nothing_is_printed_when_a_later_file_is_wrong(
    capsys: pytest.CaptureFixture[str], dead: str
) -> None:
    answer = emu(capsys, "check", dead, "/no/such/file")
    assert (answer.code, answer.out) == (2, "")


def test_a_name_in_a_capture_cannot_steer_a_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "\x1b[31mred.pcap"
    path.write_bytes(pcap(given_up(5).frames))
    assert "\x1b" not in emu(capsys, "check", str(path)).out


@pytest.mark.slow
def test_the_hash_seed_changes_nothing(dead: str) -> None:
    runs = [
        python("-m", "emu", "check", dead, "--json", PYTHONHASHSEED=seed).stdout
        for seed in ("0", "1", "4711")
    ]
    assert runs[0] == runs[1] == runs[2] != ""


@pytest.mark.slow
def test_check_loads_neither_trio_nor_scapy(dead: str) -> None:
    """Octets only: the world stays outside, and so does the slow toolbox."""
    code = (
        "import sys; from emu.cli.main import main; main(['check', sys.argv[1]]);"
        " print([each for each in ('trio', 'scapy.packet', 'emu.net', 'emu.run')"
        " if each in sys.modules])"
    )
    assert python("-c", code, dead).stdout.splitlines()[-1] == "[]"


def test_json_written_flow_by_flow_is_that_of_the_whole(
    capsys: pytest.CaptureFixture[str], dead: str, alive: str, tmp_path: Path
) -> None:
    """Octet for octet what ``json.dumps`` makes; of a file without flows, too."""
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(pcap([(0.0, b"\0" * 60)]))
    objects = [report_json(check_file(name, name=name)) for name in (dead, alive, str(empty))]
    for name, each in zip((dead, alive, str(empty)), objects, strict=True):
        assert emu(capsys, "check", name, "--json").out == json.dumps(each, indent=1) + "\n"
    several = json.dumps({"schema_version": 1, "files": objects}, indent=1)
    assert emu(capsys, "check", dead, alive, str(empty), "--json").out == several + "\n"
