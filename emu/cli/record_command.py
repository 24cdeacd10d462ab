"""``emu record``: write the gallery anew."""

from __future__ import annotations

import json
import sys

from emu.cli.output import say


def main(name: str | None, *, as_json: bool) -> int:
    """Record all of it, a scenario's part, or one capture."""
    from emu.gallery import record

    written: list[dict[str, object]] = []
    for each in record(name):
        written.append({"name": each.name, "frames": each.frames, "bytes": each.size})
        if not as_json:
            say(f"{each.name}: {each.frames} frames, {each.size} B")
            sys.stdout.flush()
    if as_json:
        say(json.dumps({"schema_version": 1, "captures": written}, indent=1))
    return 0
