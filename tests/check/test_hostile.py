"""Whatever a file holds: a report, or one line that says what is wrong with it.

Five mutations a shared capture, 200 with ``EMU_SLOW=1``.  A failure names file and seed;
``mutated(path, seed)`` gives the octets again.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.capture.source import source_of
from emu.check import check_file, report_json
from emu.check.reading import Records
from emu.check.report import report_lines
from emu.errors import InputError
from tests.check.frames import Stamped, Tcp, pcap
from tests.check.test_ipx import busy, nbipx_session, polled, spx_session
from tests.check.test_nbf import polls, set_up
from tests.outside import real_captures

ROUNDS = 200 if os.environ.get("EMU_SLOW") == "1" else 5


def judge(path: Path, octets: bytes) -> None:
    """Everything a user can ask for; any error but ``InputError`` is ours."""
    path.write_bytes(octets)
    try:
        report = check_file(path)
    except InputError as error:
        assert "\n" not in str(error)
        return
    json.dumps(report_json(report), allow_nan=False)
    for _, line in report_lines(report):
        assert line


def mutated(octets: bytes, seed: str) -> bytes:
    """A few changes of the kinds that files meet: octets, lengths, cuts, repeats."""
    random = Random(seed)
    made = bytearray(octets)
    for _ in range(random.choice((1, 1, 3, 20, 200))):
        at = random.randrange(len(made))
        match random.randrange(6):
            case 0:
                made[at] ^= 1 << random.randrange(8)
            case 1:
                made[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                made[at : at + 4] = random.randbytes(4)
            case 3:
                del made[at : at + random.randrange(1, 64)]
            case 4:
                made[at:at] = made[at : at + random.randrange(1, 64)]
            case _:
                if random.random() < 0.1:
                    del made[at + 1 :]
        if not made:
            return b""
    return bytes(made)


def frames_mutated(path: Path, seed: str) -> bytes:
    """The container stays sound, so that damage reaches the decoders; stamps jump about."""
    random = Random(seed)
    frames: list[Stamped] = []
    for record in Records(path):
        octets = record.octets
        if octets and random.random() < 0.3:
            octets = mutated(octets, f"{seed}/{record.number}")
        at_s = record.at_ns / 1e9 % 1e6 + (random.uniform(-50, 50) if random.random() < 0.05 else 0)
        frames.append((max(at_s, 0.0), octets))
        if len(frames) == 400:
            break
    return pcap(frames)


def unpacked(path: Path) -> bytes:
    octets = path.read_bytes()
    return gzip.decompress(octets) if octets.startswith(b"\x1f\x8b") else octets


@pytest.mark.slow
def test_mutations_of_every_shared_capture(tmp_path: Path) -> None:
    for path in real_captures():
        for turn in range(ROUNDS):
            seed = f"{path.name}/{turn}"
            whole = path.read_bytes() if turn % 5 == 4 else unpacked(path)
            # A big file costs most of its time behind the place that matters.
            whole = whole[: 1 << 18]
            try:
                judge(tmp_path / "mutated", mutated(whole, seed))
                judge(tmp_path / "mutated", frames_mutated(path, seed))
            except Exception as error:
                raise AssertionError(f"seed {seed!r}: {error!r}") from error


def made() -> list[list[Stamped]]:
    return [
        Tcp().opened().exchange(10).probe(20).probe(21).server_reset(22).frames,
        busy() + polled(3),
        spx_session(),
        nbipx_session(),
        set_up() + polls(),
    ]


@pytest.mark.parametrize("index", range(5), ids=["tcp", "ncp", "spx", "nbipx", "nbf"])
def test_any_frames_in_any_order(index: int, tmp_path: Path) -> None:
    """Sessions shuffled, repeated, cut, with stamps that run backwards."""
    for turn in range(ROUNDS * 10):
        random = Random(f"shuffle/{index}/{turn}")
        frames = random.choices(made()[index], k=40)
        frames = [(random.uniform(0, 1000), frame) for _, frame in frames]
        frames = [
            (at_s, mutated(frame, f"{index}/{turn}") if random.random() < 0.2 else frame)
            for at_s, frame in frames
        ]
        judge(tmp_path / "shuffled", pcap(frames))


@settings(
    max_examples=2000 if ROUNDS > 5 else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(frames=st.lists(st.tuples(st.floats(0, 4e9), st.binary(max_size=120)), max_size=8))
def test_any_octets_as_frames(tmp_path: Path, frames: list[Stamped]) -> None:
    judge(tmp_path / "any", pcap(frames))


@settings(
    max_examples=2000 if ROUNDS > 5 else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start=st.sampled_from((b"", b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\x1f\x8b\x08")),
    rest=st.binary(max_size=200),
)
def test_any_octets_as_a_file(tmp_path: Path, start: bytes, rest: bytes) -> None:
    judge(tmp_path / "any", start + rest)


def test_the_reader_s_source_is_bounded() -> None:
    """A length of four thousand million octets reserves nothing."""
    octets = pcap([])[:24] + b"\0" * 8 + b"\xff" * 8
    with pytest.raises(InputError):
        source_of(octets, "x").take(1 << 32, "a frame")
