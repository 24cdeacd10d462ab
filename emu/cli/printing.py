"""Lines with styles, in colour on a terminal that wants it (NO_COLOR is obeyed)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

#: SGR codes (ECMA-48 8.3.117): dim, red, green, bold.
_STYLES = {"dim": "2", "bad": "31", "good": "32", "loud": "1"}


def colourful() -> bool:
    """Whether stdout is a terminal, and nobody asked for no colour (no-color.org)."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def print_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Print (style, text) lines to stdout."""
    colour = colourful()
    for style, text in lines:
        code = _STYLES.get(style)
        shown = f"\x1b[{code}m{text}\x1b[0m" if colour and code and text else text
        sys.stdout.write(shown + "\n")
