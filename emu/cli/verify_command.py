"""``emu verify``: does the gallery still come out the same, byte for byte?"""

from __future__ import annotations

import sys

EXIT_DIFFERENCE = 1


def main(name: str | None) -> int:
    """Compare; exit code 1 when a capture differs, with the first difference decoded."""
    from emu.gallery import verify

    checked = different = 0
    for verdict in verify(name):
        checked += 1
        different += not verdict.same
        sys.stdout.write(f"{'same  ' if verdict.same else 'DIFFERS'} {verdict.name}\n")
        for line in verdict.report:
            sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()
    same = checked - different
    sys.stdout.write(f"{same} of {checked} captures are the same byte for byte\n")
    return EXIT_DIFFERENCE if different else 0
