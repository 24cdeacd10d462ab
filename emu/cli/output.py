"""Where output goes: data to stdout, everything for people's eyes only to stderr."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Data: one or more lines to stdout."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Progress, hints, errors: to stderr."""
    sys.stderr.write(f"{text}\n")


def one_line(text: str) -> str:
    """Text made safe for one line of a terminal, whatever a file or a user put into it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
