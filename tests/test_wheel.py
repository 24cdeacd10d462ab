"""The wheel carries policies and scenarios, and works from any folder."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by hatchling itself, without isolation, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in a fresh environment that borrows our installed needs, not our checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True,
        capture_output=True,
    )
    borrowed = next(Path(p) for p in sys.path if p.endswith("site-packages"))
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    # A .pth line of ours comes behind the wheel's own folder.  Files in it that are themselves
    # .pth (an editable install of this checkout) are not followed from there.
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    return folder / "env" / "bin" / "emu"


def test_the_wheel_holds_the_data_and_not_the_gallery(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    policies = {f"emu/_policies/{path.name}" for path in (ROOT / "policies").glob("*.toml")}
    library = ROOT / "emu" / "scenario" / "library"
    scenarios = {f"emu/scenario/library/{path.name}" for path in library.glob("*.toml")}
    assert policies | scenarios | {"emu/py.typed"} <= names
    assert not [name for name in names if name.endswith(".pcapng") or name.startswith("tests")]


def test_the_installed_program_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed, "run", "client-power-loss", "--policy", "ncp-netware", "--json"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    silence = json.loads(done.stdout)["sessions"][0]["silence_s"]
    assert 889.5 <= silence <= 889.9
    where = subprocess.run(
        [installed.with_name("python"), "-c", "import emu; print(emu.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(installed.parents[1]) in where.stdout, "the wheel's code, not the checkout's"


def test_the_gallery_is_refused_in_one_line_without_a_checkout(
    installed: Path, tmp_path: Path
) -> None:
    done = subprocess.run([installed, "verify"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "checkout" in done.stderr
