"""``emu verify``: does the gallery still come out the same, byte for byte?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from emu.cli.output import say

if TYPE_CHECKING:
    from emu.gallery import Verdict

EXIT_DIFFERENCE = 1


def main(name: str | None, *, as_json: bool) -> int:
    """Compare; exit code 1 when a capture differs, with the first difference decoded."""
    from emu.gallery import verify

    verdicts: list[Verdict] = []
    for verdict in verify(name):
        verdicts.append(verdict)
        if not as_json:
            _print(verdict)
    same = sum(verdict.same for verdict in verdicts)
    if as_json:
        rows = [{"name": v.name, "same": v.same, "report": list(v.report)} for v in verdicts]
        say(json.dumps({"schema_version": 1, "captures": rows}, indent=1))
    else:
        say(f"{same} of {len(verdicts)} captures are the same byte for byte")
    return 0 if same == len(verdicts) else EXIT_DIFFERENCE


def _print(verdict: Verdict) -> None:
    say(f"{'same  ' if verdict.same else 'DIFFERS'} {verdict.name}")
    for line in verdict.report:
        say(f"  {line}")
    sys.stdout.flush()
