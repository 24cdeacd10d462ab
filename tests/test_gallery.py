"""The gallery: what stands in ``captures/`` is what comes out today, octet for octet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emu import gallery
from emu.cli.main import main
from tests.library import on_a_lan

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_gallery_verifies_in_a_fresh_process(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emu", "verify"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    count = len(gallery.GALLERY)
    assert done.stdout.splitlines()[-1:] == [
        f"{count} of {count} captures are the same byte for byte"
    ]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One capture of the gallery in a folder of its own."""
    scenario, policy = "client-power-loss", "ncp-netware"
    monkeypatch.setattr(gallery, "captures_folder", lambda: tmp_path)
    target = gallery.path_of(scenario, policy)
    target.parent.mkdir()
    shutil.copy(ROOT / "captures" / scenario / f"{policy}.pcapng", target)
    return target


def test_a_flipped_octet_of_a_frame_is_shown_decoded_on_both_sides(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The watchdog's '?' (3F) becomes '>' (3E) in the first poll."""
    octets = bytearray(copied.read_bytes())
    at = octets.index(b"\x40\x01\x01\x3f") + 3
    octets[at] ^= 1
    copied.write_bytes(bytes(octets))
    assert main(["verify", "client-power-loss/ncp-netware"]) == 1
    out = capsys.readouterr().out
    assert "DIFFERS client-power-loss/ncp-netware" in out
    assert "watchdog" in out
    assert "3e" in out
    assert "3f" in out


def test_a_missing_capture_differs(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copied.unlink()
    assert main(["verify", "client-power-loss/ncp-netware"]) == 1
    assert "emu record" in capsys.readouterr().out


def test_a_capture_nobody_plays_is_named(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(copied, copied.with_name("somebody-else.pcapng"))
    assert main(["verify"]) == 1
    assert "client-power-loss/somebody-else" in capsys.readouterr().out


def test_record_writes_what_verify_expects(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied.write_bytes(b"damaged")
    assert main(["verify", "client-power-loss/ncp-netware"]) == 1
    assert main(["record", "client-power-loss/ncp-netware"]) == 0
    assert main(["verify", "client-power-loss/ncp-netware"]) == 0


def test_every_policy_stands_in_the_gallery() -> None:
    """Those that speak of routers are their bases on a LAN; one without a terminal plays none."""
    assert {policy for scenario, policy in gallery.GALLERY if scenario == "client-power-loss"} == {
        *on_a_lan()
    }


def test_the_gallery_stays_small() -> None:
    """Teachers and dissector authors clone it: under 5 MB in all."""
    assert sum(path.stat().st_size for path in (ROOT / "captures").rglob("*.pcapng")) < 5_000_000
