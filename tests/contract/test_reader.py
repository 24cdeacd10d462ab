"""The third proof must stand on its own: no code of the emulator's in it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests import outside, reader
from tests.contract.worlds import played

#: The reader and the parts of it that know one family of transports each.
PARTS = sorted(path.stem for path in Path(reader.__file__).parent.glob("reader*.py"))


@pytest.mark.parametrize("part", PARTS)
def test_the_reader_uses_the_standard_library_and_its_own_parts_alone(part: str) -> None:
    tree = ast.parse(Path(reader.__file__).with_name(f"{part}.py").read_text("utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            own = node.module in [f"tests.{each}" for each in PARTS]
            imported |= set() if own else {(node.module or "").partition(".")[0]}
    assert imported <= set(sys.stdlib_module_names)


def test_a_file_that_breaks_off_is_no_file() -> None:
    file = played("client-power-loss", "ncp-netware").file
    for length in (len(file) - 1, len(file) - 4, 30):
        with pytest.raises((AssertionError, IndexError, KeyError, reader.struct.error)):
            reader.read(file[:length])


def test_what_is_missing_is_a_skip_at_home_and_an_error_where_all_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMU_SHARED", "no/such/folder")
    monkeypatch.delenv("EMU_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="EMU_SHARED"):
        outside.shared_folder()
    monkeypatch.setenv("EMU_REQUIRE", "all")
    with pytest.raises(pytest.fail.Exception, match="EMU_SHARED"):
        outside.shared_folder()
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        outside.tool("no-such-program")
