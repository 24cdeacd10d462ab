"""What the README shows is what comes out, and what it tells to run is what CI runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from emu.cli.main import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown() -> list[tuple[str, str]]:
    """(command, output) of every block that starts with a prompt."""
    blocks = re.findall(r"^```\n\$ emu (.*)\n((?:.*\n)*?)```$", README, re.MULTILINE)
    return [(command, output) for command, output in blocks]


@pytest.mark.parametrize(("command", "output"), shown(), ids=[c for c, _ in shown()])
def test_the_output_shown_is_the_output(
    command: str, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(shlex.split(command))
    assert capsys.readouterr().out == output


def test_something_is_shown() -> None:
    assert shown()


def test_there_are_two_commands_of_one_line_each() -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2
    assert lines[0].endswith("emu run client-power-loss-and-restart")
    assert "pytest" in lines[1]


def test_ci_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "README.md" in script
    assert "EMU_REQUIRE=all" in script


def test_every_module_of_the_map_exists() -> None:
    block = README.split("## Map of the code")[1].split("```")[1]
    for line in block.splitlines():
        if line.startswith("emu/"):
            names = line.split("   ")[0].split()
            folder = ROOT / names[0]
            first = folder if folder.exists() else folder.with_suffix(".py")
            assert first.exists(), line
