"""The recordings of a real kernel, copied from the shared folder's ``kernel-traces``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from emu.kernel.trace import Trace, load_trace

FOLDER = Path(__file__).parents[1] / "vectors" / "kernel"
#: Not scenarios.
TABLES = ("answers", "granularity")
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in TABLES)


@cache
def recording(name: str) -> Trace:
    return load_trace(FOLDER / f"{name}.json")


def table(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())
