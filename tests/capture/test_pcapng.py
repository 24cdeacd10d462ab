"""What is written: octets that depend on the recording alone, whole files or none."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.capture import pcapng
from emu.capture.recording import EPOCH_NS, Direction, Interface, Recording
from emu.errors import InputError
from tests.capture.recordings import COMMENT, small

_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_name = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)
_interfaces = st.lists(
    st.builds(
        Interface,
        name=_text,
        link_type=st.integers(0, 0xFFFF),
        description=_text,
        bits_per_second=st.none() | st.integers(0, 2**64 - 1),
    ),
    min_size=1,
    max_size=4,
)
_addresses = st.one_of(*(st.binary(min_size=n, max_size=n) for n in (4, 6, 16)))


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    recording = Recording(interfaces=draw(_interfaces))
    indices = st.integers(0, len(recording.interfaces) - 1)
    instants = st.integers(0, 10**18)
    frames = st.lists(st.tuples(indices, instants, st.binary(max_size=70)), max_size=12)
    recording.frames.extend(draw(frames))
    for number in range(1, len(recording) + 1):
        if comment := draw(st.just("") | _text):
            recording.comment(number, comment)
        if direction := draw(st.none() | st.sampled_from(Direction)):
            recording.direction(number, direction)
    for address, host in draw(st.lists(st.tuples(_addresses, _name), max_size=3)):
        recording.name(address, host)
    return recording


@settings(deadline=None)
@given(recordings(), _text)
def test_what_is_written_is_read_back(recording: Recording, comment: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "round.pcapng"
        pcapng.write(recording, path, comment)
        _is_read_back(path, recording, comment)


def _is_read_back(path: Path, recording: Recording, comment: str) -> None:
    file = pcapng.read(path)
    got = [(r.interface, r.at_ns - EPOCH_NS, r.octets) for r in file]
    assert got == recording.frames
    assert {r.number: r.comment for r in file if r.comment} == recording.comments
    assert {r.number: r.direction for r in file if r.direction} == recording.directions
    assert [r.number for r in file] == list(range(1, len(recording) + 1))
    assert file.interfaces == recording.interfaces
    assert file.names == list(recording.names)
    assert (file.comment, file.application) == (comment, "emu")
    counts = [sum(f[0] == i for f in recording.frames) for i in range(len(recording.interfaces))]
    assert [each.received for each in file.statistics] == counts


def test_statistics_run_from_the_epoch_to_the_horizon(tmp_path: Path) -> None:
    recording = small()
    pcapng.write(recording, tmp_path / "a.pcapng", COMMENT)
    file = pcapng.read(tmp_path / "a.pcapng")
    assert [record.number for record in file] == [1, 2, 3, 4, 5]
    assert [(s.started_ns, s.ended_ns, s.received) for s in file.statistics] == [
        (EPOCH_NS, EPOCH_NS + 10_800 * 10**9, received) for received in (1, 2, 1, 1)
    ]


def test_the_digest_is_of_the_file_and_pieces_make_the_whole(tmp_path: Path) -> None:
    recording, path = small(), tmp_path / "a.pcapng"
    for index in range(10_000):
        recording.frame(0, 2 * 10**12 + index, bytes(index % 97))
    recording.comment(4096, "last of the first piece")
    recording.comment(4097, "first of the second piece")
    digest = pcapng.write(recording, path, COMMENT)
    octets = path.read_bytes()
    assert digest == hashlib.sha256(octets).hexdigest()
    assert digest == pcapng.digest(recording, COMMENT)
    assert octets == pcapng.encode(recording, COMMENT)
    comments = {record.number: record.comment for record in pcapng.read(path) if record.comment}
    assert comments == recording.comments


_MAKE = """
import hashlib
from emu.capture.pcapng import encode
from tests.capture.recordings import COMMENT, small
print(hashlib.sha256(encode(small(), COMMENT)).hexdigest())
"""


def test_the_octets_depend_on_nothing_else() -> None:
    """Other process, other hash seed, other user and time zone: the same octets."""
    expected = hashlib.sha256(pcapng.encode(small(), COMMENT)).hexdigest()
    for seed in ("1", "2"):
        environment = os.environ | {
            "PYTHONHASHSEED": seed,
            "TZ": "Asia/Kathmandu",
            "USER": "somebody",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        made = subprocess.run(
            [sys.executable, "-c", _MAKE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert made.stdout.strip() == expected


_KILLED = """
import sys
from emu.capture.pcapng import write
from emu.capture.recording import Interface, Recording

class Frames(list):
    def __getitem__(self, key):
        if isinstance(key, slice) and key.start >= 8192:
            print("writing", flush=True)
            sys.stdin.read()
        return super().__getitem__(key)

recording = Recording(frames=Frames([(0, i, bytes(1000)) for i in range(20_000)]))
recording.add_interface(Interface(name="lan", link_type=1))
write(recording, sys.argv[1])
"""


@pytest.mark.parametrize("earlier", [None, b"an earlier file"])
def test_a_killed_run_leaves_no_half_file(tmp_path: Path, earlier: bytes | None) -> None:
    path = tmp_path / "out.pcapng"
    if earlier is not None:
        path.write_bytes(earlier)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(path)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"writing\n"
        assert any(part.stat().st_size for part in tmp_path.glob(".emu-*.part"))
        run.send_signal(signal.SIGKILL)
    assert (path.read_bytes() if path.exists() else None) == earlier


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    recording = small()
    recording.frames.append((0, -(2**70), b""))
    with pytest.raises(struct.error):
        pcapng.write(recording, tmp_path / "out.pcapng")
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_readable_by_whom_the_umask_lets(tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    pcapng.write(small(), path)
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.pcapng", "plain"]


def test_a_link_keeps_pointing_at_its_file(tmp_path: Path) -> None:
    (tmp_path / "real.pcapng").write_bytes(b"old")
    link = tmp_path / "link.pcapng"
    link.symlink_to("real.pcapng")
    pcapng.write(small(), link, COMMENT)
    assert link.is_symlink()
    assert (tmp_path / "real.pcapng").read_bytes() == pcapng.encode(small(), COMMENT)


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    pcapng.write(small(), pipe, COMMENT)
    reader.join(10)
    assert got == [pcapng.encode(small(), COMMENT)]
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("missing/out.pcapng", "no such folder; make the folder first"),
        ("folder", "a folder; add a file name"),
        ("file/out.pcapng", "a file where a folder should be; give another path"),
        ("x" * 300, "file name too long; give another path"),
    ],
)
def test_a_place_that_cannot_be_written_is_an_input_error(
    tmp_path: Path, name: str, found: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    path = tmp_path / name
    with pytest.raises(InputError) as error:
        pcapng.write(small(), path)
    assert str(error.value) == f"{path}: expected a file that can be written, found {found}"
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_without_permission_is_an_input_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)  # root may write everywhere
    try:
        with pytest.raises(InputError, match="no permission to write there"):
            pcapng.write(small(), tmp_path / "out.pcapng")
    finally:
        os.seteuid(user)


def test_a_comment_that_no_option_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 65535"):
        pcapng.encode(small(), "x" * 65_536)
