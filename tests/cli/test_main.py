"""Exit codes, one line for wrong usage, and a help that imports next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from emu import __version__
from emu.cli import list_command
from emu.errors import InputError
from tests.cli.commands import CHECKOUT, emu, python

HEAVY = ("trio", "scapy", "numpy", "pydantic", "structlog", "rich.console")


@pytest.mark.slow
def test_help_imports_none_of_the_heavy_packages() -> None:
    done = python("-X", "importtime", "-m", "emu", "--help")
    assert done.returncode == 0
    assert "Usage: emu" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "emu.cli.main" in imported, "the list of imports was read"
    loaded = [name for name in imported for heavy in HEAVY if f"{name}.".startswith(f"{heavy}.")]
    assert loaded == []


@pytest.mark.slow
def test_names_are_completed_without_the_heavy_packages() -> None:
    code = (
        "import sys; from emu.cli import completion;"
        "print(*completion.policies(''), *completion.scenarios(''));"
        f"sys.exit(any(name in sys.modules for name in {HEAVY!r}))"
    )
    done = python("-c", code)
    assert done.returncode == 0
    assert {"ncp-netware", "client-power-loss"} <= set(done.stdout.split())


@pytest.mark.slow
def test_the_shell_is_offered_names() -> None:
    done = python(
        "-m", "emu",
        _EMU_COMPLETE="complete_bash", COMP_WORDS="emu explain ncp-net", COMP_CWORD="2",
    )  # fmt: skip
    offered = done.stdout.split()
    assert {"ncp-netware", "ncp-netware-tight"} <= set(offered), done.stderr
    assert all(name.startswith("ncp-net") for name in offered)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--help"]):
        answer = emu(capsys, *arguments)
        assert (answer.code, answer.err) == (0, "")
        for command in ("list", "explain", "run", "show", "record", "verify"):
            assert f"\n  {command} " in answer.out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert emu(capsys, "--version").out == f"emu {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["frobnicate"], "emu: No such command 'frobnicate'"),
        (["list", "--frob"], "emu list: No such option: --frob"),
        (["list", "policy"], 'did you mean "policies"?'),
        (["run"], "emu run: Missing argument 'SCENARIO'"),
        (["run", "x", "--seed", "many"], "--seed"),
        (["run", "x", "--seed", "-1"], "--seed"),
        (["run", "client-power-los"], 'did you mean "client-power-loss"?'),
        (["run", "client-power-loss", "--policy", "ncp"], "expected the name of a policy"),
        (["run", "client-power-loss", "--set", "policy.ncp.polls"], "expected KEY=VALUE"),
        (["explain"], "explain: expected a POLICY or more, found none"),
        (["explain", "nope\nnope"], r'found "nope\nnope"'),
        (["explain", "a\nb.toml"], r"emu: a\nb.toml: expected a readable policy file"),
        (["explain", "ncp-netware", "tcp-no-keepalive", "--toml"], "expected one policy"),
        (["explain", "ncp-netware", "--toml", "--json"], "found --json"),
        (["explain", "--schema", "x"], 'expected one of "policy", "scenario", found "x"'),
        (["explain", "--schema", "policy", "ncp-netware"], "expected no policy beside it"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    answer = emu(capsys, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert answer.err.endswith("\n")
    assert line in answer.err


def test_wrong_files_are_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "empty.toml").write_bytes(b"")
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    (tmp_path / "bare.toml").write_text('title = "x"\nwhat = "y"\n[ncp]\npolls = 10\n')
    for name in ("empty.toml", "binary.toml", "bare.toml", "none.toml", ""):
        for command in (["explain"], ["run"], ["run", "client-power-loss", "--policy"]):
            answer = emu(capsys, *command, str(tmp_path / name))
            assert (answer.code, answer.out) == (2, "")
            assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (InputError("here", expected="a", found="b"), 2),
        (ExceptionGroup("of Trio", [InputError("here", expected="a", found="b")]), 2),
        (KeyboardInterrupt(), 130),
        (BaseExceptionGroup("of Trio", [KeyboardInterrupt()]), 130),
        (BrokenPipeError(), 0),
    ],
)
def test_what_was_foreseen_ends_quietly(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    code: int,
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise raised

    monkeypatch.setattr(list_command, "main", fail)
    # A broken pipe makes emu point the real stdout elsewhere: not in this process.
    monkeypatch.setattr("emu.cli.main._quiet", lambda: 0)
    answer = emu(capsys, "list")
    assert answer.code == code
    assert answer.err.count("\n") <= 1
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("raised", [ValueError("a bug"), ExceptionGroup("two", [ValueError("a")])])
def test_a_bug_of_ours_is_loud_and_exit_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise raised

    monkeypatch.setattr(list_command, "main", fail)
    answer = emu(capsys, "list")
    assert answer.code == 3
    assert "Traceback" in answer.err
    assert answer.err.endswith("emu: internal error, please report it with the lines above\n")


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error() -> None:
    """``emu explain ... | head -1``: more than a pipe holds, and nothing on stderr."""
    names = ["ncp-netware", "tcp-no-keepalive", "ncp-mars-nwe"] * 40
    with subprocess.Popen(
        [sys.executable, "-m", "emu", "explain", *names],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


@pytest.mark.slow
def test_a_wrong_name_from_a_real_shell() -> None:
    done = python("-m", "emu", "explain", "ncp-netwar")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "emu: policy: expected the name of a policy or a path ending in .toml,"
        ' found "ncp-netwar"; did you mean "ncp-netware"?\n'
    )


@pytest.mark.slow
def test_an_odd_encoding_ends_in_escapes_not_in_a_traceback() -> None:
    done = python("-m", "emu", "explain", "--schema", "policy", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
