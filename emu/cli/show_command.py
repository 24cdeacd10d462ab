"""``emu show``: the story of a capture for people without Wireshark."""

from __future__ import annotations

import json
from pathlib import Path

from emu.cli.output import say


def main(file: str, *, as_json: bool) -> int:
    """Print the story; ``InputError`` when the file is no capture."""
    from emu.capture.show import story

    lines = story(Path(file))
    if as_json:
        say(json.dumps({"schema_version": 1, "file": file, "story": [*lines]}, indent=1))
    else:
        for line in lines:
            say(line)
    return 0
