"""The dialled lines' part of a run's story: the calls, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator

from emu.net.bill import LineFigures
from emu.result import LinkResult, RunResult
from emu.units import format_duration

#: Calls of one line beyond these are counted, not listed.
CALLS_FIRST, CALLS_LAST = 2, 1


def call_events(result: RunResult) -> Iterator[tuple[int, str]]:
    """(instant, words) of the first calls and the last one."""
    for link in result.links:
        spans = link.calls_ns
        last_first = len(spans) - CALLS_LAST
        for index, (first, last) in enumerate(spans):
            if CALLS_FIRST < index < last_first:
                continue
            if index == CALLS_FIRST and index < last_first:
                yield first, f"{link.name}: ... {last_first - CALLS_FIRST} more calls ..."
            else:
                yield (
                    first,
                    f"{link.name}: call {index + 1} connected, up for {_span(last - first)}",
                )


def bill_sentences(result: RunResult) -> Iterator[str]:
    """What each dialled line cost beyond the log-on."""
    for link in result.links:
        if link.dialled is not None:
            yield _bill(link, link.dialled)


def _bill(link: LinkResult, line: LineFigures) -> str:
    called = f"{link.name} was {_called(line.calls)} after the log-on"
    if line.failed_calls:
        called += f" ({_times(line.failed_calls)} in vain)"
    up = f"and was up for {_span(line.connected_ns)} beyond it"
    if line.currency is None:
        return f"{called} {up}."
    units = f"{line.units} charge unit{'' if line.units == 1 else 's'}"
    return f"{called} {up}: {units}, {line.currency} {line.cost:.2f}."


def _called(number: int) -> str:
    return f"called {_times(number)}" if number else "never called"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _span(duration_ns: int) -> str:
    return format_duration(round(duration_ns, -6))
