"""``emu record``: write the gallery anew."""

from __future__ import annotations

import sys


def main(name: str | None) -> int:
    """Record all of it, a scenario's part, or one capture."""
    from emu.gallery import record

    for line in record(name):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0
