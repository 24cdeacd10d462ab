"""The diary: what happens, for people, on stderr while it happens (``emu run --verbose``).

It is not the ledger: the ledger is data and is compared, the diary is read and thrown away.
"""

from __future__ import annotations

import sys

import structlog

from emu.capture.ledger import Ledger, Value


class DiaryLedger(Ledger):
    """A ledger that is read aloud as it is written."""

    __slots__ = ("_log",)

    def __init__(self) -> None:
        super().__init__()
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[structlog.dev.ConsoleRenderer(colors=False, pad_event_to=18)],
        )

    def note(self, at_ns: int, event: str, **fields: Value) -> None:
        super().note(at_ns, event, **fields)
        self._log.msg(event, t=f"{at_ns / 1e9:.6f}", **fields)
