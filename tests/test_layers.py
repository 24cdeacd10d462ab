"""Imports point down only (architecture.md 2), read from the syntax trees, not by importing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "emu"

#: From the bottom up; a module may import from its own row and from rows before it.  The
#: second entry says what to do instead when it does not.
LAYERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("units", "errors", "resources"), "these know nothing of the rest"),
    (("pdu",), "a PDU is a plain value: put behaviour into wire or machines"),
    (("machines", "wire"), "machines speak PDUs; encode and decode in stations"),
    (("stations",), "a station asks its Surroundings and tells its User"),
    (("transports",), "hand it in as a parameter of the transport"),
    (("policy", "capture"), "policies know transports; captures know octets"),
    (
        ("tariff", "line", "box"),
        "a tariff prices a call, a line makes it, a box forgets: who calls is a scenario's",
    ),
    (("scenario",), "a scenario names what the world builds"),
    (
        ("check", "net"),
        "check judges octets only: no world, no ledger; what runs share belongs into run or result",
    ),
    (("kernel",), "the laboratory knows machines, wire and captures, not the Trio world"),
    (("diary",), "the diary only reads a ledger aloud"),
    (
        (
            "run",
            "result",
            "verdicts",
            "story",
            "story_calls",
            "result_files",
            "story_files",
            "gallery",
        ),
        "return it; the command line prints it",
    ),
    (("compare",), "a run knows nothing of other runs; hand it to compare"),
    (("cli", "__main__", "__init__"), ""),
)
RANK = {name: rank for rank, (names, _) in enumerate(LAYERS) for name in names}
INSTEAD = {name: text for names, text in LAYERS for name in names}
#: Peers of one row that must not know each other.
APART = {("machines", "wire"), ("wire", "machines"), ("policy", "capture"), ("capture", "policy"),
         ("check", "net"), ("net", "check")}  # fmt: skip
#: What a judge of octets may know (architecture.md 2).
CHECK_MAY_KNOW = {"check", "capture", "wire", "pdu", "units", "errors"}
#: The one way up: the viewer of captures decodes what it shows, by the wire's own decoder.
TRIO_ALLOWED = ("net", "run.py")
SLEEPS = {"sleep", "sleep_until", "sleep_forever", "Event", "open_memory_channel", "move_on_after",
          "move_on_at", "fail_after", "fail_at"}  # fmt: skip
#: No clock, no dice, no I/O, no logging (conventions.md 2); typing aside.
FORBIDDEN_IN_MACHINES = {"time", "random", "logging", "structlog", "socket", "os", "io", "trio",
                         "scapy", "datetime", "pathlib", "sys"}  # fmt: skip


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every imported module by its full name, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: import by full name"
            base = node.module or ""
            yield from ((node.lineno, f"{base}.{name.name}") for name in node.names)


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def complaints_of(path: Path) -> Iterator[str]:
    own = layer(path)
    for line, name in imports(path):
        where = f"emu/{path.relative_to(ROOT)}:{line}"
        parts = name.split(".")
        if parts[0] == "emu" and len(parts) > 1 and parts[1] != "__version__":
            other = parts[1]
            foreign = own == "check" and other not in CHECK_MAY_KNOW
            if RANK[other] > RANK[own] or (own, other) in APART or foreign:
                yield f"{where}: {own} imports {other}: {INSTEAD[own]}"
            elif own == "check" and "ledger" in parts:
                yield f"{where}: check knows no ledger: a stranger's capture has none"
        elif parts[0] == "trio" and not str(path.relative_to(ROOT)).startswith(TRIO_ALLOWED):
            yield f"{where}: Trio only in emu/net and emu/run.py; pass plain calls instead"
        elif parts[0] == "scapy" and own != "wire":
            yield f"{where}: Scapy only in emu/wire; use its encode and decode instead"
        elif own == "machines" and parts[0] in FORBIDDEN_IN_MACHINES:
            yield f"{where}: a machine uses no {parts[0]}; take it as an argument instead"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down_only(path: Path) -> None:
    assert [*complaints_of(path)] == []


def test_every_module_has_a_layer() -> None:
    assert {layer(path) for path in modules()} <= RANK.keys()


def test_only_the_timeline_sleeps_or_waits() -> None:
    """Nothing in emu/net but timeline.py may use Trio's own ways of waiting."""
    found = [
        f"emu/{path.relative_to(ROOT)}:{node.lineno}: trio.{node.attr}"
        for path in modules()
        if path.name != "timeline.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "trio"
        and node.attr in SLEEPS
    ]
    assert found == []


def test_the_guard_sees_an_upward_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that cannot fail guards nothing."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path, raising=True)
    bad = tmp_path / "machines" / "bad.py"
    bad.parent.mkdir()
    bad.write_text("import random\nfrom emu.net.world import World\nimport scapy.packet\n")
    assert len([*complaints_of(bad)]) == 3


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_passes_500_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
