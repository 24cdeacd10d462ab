"""``emu show``: the story of a capture for people without Wireshark."""

from __future__ import annotations

import sys
from pathlib import Path


def main(path: Path) -> int:
    """Print the story; ``InputError`` when the file is no capture."""
    from emu.capture.show import story

    for line in story(path):
        sys.stdout.write(line + "\n")
    return 0
