"""One run as lanes over time: links that dial, sessions with their states, probes and faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from emu.compare.page.markup import Markup, number, tag, together
from emu.compare.page.scale import Axis, time_axis
from emu.compare.trace import SessionTrace, Span, Strike, Trace
from emu.units import NS_PER_S, format_duration, seconds

WIDTH = 960.0
LEFT, RIGHT = 158.0, 944.0
#: Pixels from lane to lane, and the height of the bars in them.
LANE, LINK_LANE, BAR = 50.0, 30.0, 12.0
#: With more sessions only those that a fault struck are drawn, and of those so many.
ALL_UP_TO, MOST = 6, 8
#: So many probes have a tick each; more become a profile of their density in columns this wide.
TICKS_MAX, COLUMN = 120, 3.0
PROBE_HEIGHT = 9.0
#: A bar is at least this wide, or nobody would see it.
_BAR_MIN = 2.0
_CHARACTER = 6.0
_HATCH = 5.0


def timeline(trace: Trace, rank: int) -> Markup:
    """The SVG of one policy's run.  ``rank`` makes its ids differ from the others'."""
    axis, ticks = time_axis(trace.horizon_ns / NS_PER_S, LEFT, RIGHT)
    shown = drawn_sessions(trace)
    top = 6.0
    lanes: list[Markup] = []
    for link in trace.links:
        lanes.append(_link(link.name, link.calls_ns, axis, top))
        top += LINK_LANE
    for session in shown:
        lanes.append(_session(session, axis, top))
        top += LANE
    return tag(
        "svg",
        tag("title", f"The run with seed {trace.seed} over time", id=f"lanes-{rank}-title"),
        tag("desc", description(trace), id=f"lanes-{rank}-desc"),
        *_axis(axis, ticks, top),
        *lanes,
        class_="lanes",
        viewBox=f"0 0 {number(WIDTH)} {number(top + 26)}",
        role="img",
        aria_labelledby=f"lanes-{rank}-title lanes-{rank}-desc",
    )


def drawn_sessions(trace: Trace) -> list[SessionTrace]:
    """All of them if they are few, else those that something happened to."""
    if len(trace.sessions) <= ALL_UP_TO:
        return [*trace.sessions]
    told = [each for each in trace.sessions if each.strikes or each.false_disconnect]
    return told[:MOST] if told else [*trace.sessions[:ALL_UP_TO]]


def left_out(trace: Trace) -> str:
    """What the picture does not show, in words; empty if it shows all."""
    shown = drawn_sessions(trace)
    others = len(trace.sessions) - len(shown)
    if not others:
        return ""
    struck = sum(bool(each.strikes) for each in trace.sessions)
    if struck > len(shown):
        return f"and {others} more sessions"
    plural = "session" if others == 1 else "sessions"
    return f"and {others} more {plural} that no fault struck"


def description(trace: Trace) -> str:
    """The picture in words, for who cannot see it."""
    told = [_told(each) for each in drawn_sessions(trace)]
    calls = [f"{link.name} made {_count(len(link.calls_ns), 'call')}" for link in trace.links]
    return f"{'; '.join([*calls, *told, *filter(None, [left_out(trace)])])}."


def _told(session: SessionTrace) -> str:
    strikes = [f"{strike.fault} {_at(strike.at_ns)}, {fate(strike)}" for strike in session.strikes]
    what = "; ".join(strikes) or "no fault"
    probes = _count(len(session.probes_ns), "probe")
    return f"session {session.id} of {session.user}: {what}; {probes}"


def _at(at_ns: int) -> str:
    return f"at {format_duration(round(at_ns, -9))}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def fate(strike: Strike) -> str:
    """What came of a fault, in a few words."""
    if strike.noticed_ns is not None:
        delay = strike.noticed_ns - strike.at_ns
        digits = -9 if delay >= 60 * NS_PER_S else -8
        return f"noticed after {format_duration(round(delay, digits))}"
    return "back in time" if strike.mended else "never noticed"


# --- lanes -----------------------------------------------------------------------------------


def _x(axis: Axis, at_ns: int) -> float:
    return axis.at(at_ns / NS_PER_S)


def _axis(axis: Axis, ticks: Sequence[float], bottom: float) -> Iterator[Markup]:
    for tick in ticks:
        x = axis.at(tick)
        yield tag("line", class_="grid", x1=x, y1=0, x2=x, y2=bottom)
        text = format_duration(seconds(tick)) if tick else "0"
        yield tag("text", text, class_="tick", x=x, y=bottom + 16, text_anchor="middle")
    yield tag("line", class_="axis", x1=LEFT, y1=bottom, x2=RIGHT, y2=bottom)


def _name(first: str, second: str, top: float) -> Markup:
    return together(
        tag("text", _short(first), class_="lane-name", x=4, y=top + 12),
        tag("text", _short(second), class_="tick", x=4, y=top + 26),
    )


def _short(text: str, most: int = 22) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _link(name: str, calls: Sequence[tuple[int, int]], axis: Axis, top: float) -> Markup:
    """Up while a call lasts; calls closer than a pixel run together."""
    middle = top + 14
    bars: list[tuple[float, float]] = []
    for connected, ended in calls:
        start = _x(axis, connected)
        end = max(_x(axis, ended), start + 1)
        if bars and start - bars[-1][1] < 0.5:
            bars[-1] = (bars[-1][0], max(end, bars[-1][1]))
        else:
            bars.append((start, end))
    path = "".join(
        f"M{number(a)} {number(middle - 5)}H{number(b)}v10H{number(a)}z" for a, b in bars
    )
    return tag(
        "g",
        _name(name, f"up: {_count(len(calls), 'call')}", top),
        tag("line", class_="idle", x1=LEFT, y1=middle, x2=RIGHT, y2=middle),
        tag("path", class_="up", d=path),
        class_="link",
    )


def _session(session: SessionTrace, axis: Axis, top: float) -> Markup:
    """From the top: what happened, in words; the states; the probes."""
    bar = top + 16
    return tag(
        "g",
        _name(f"session {session.id}, {session.user}", f"{session.client}", top + 10),
        tag("line", class_="idle", x1=LEFT, y1=bar + BAR / 2, x2=RIGHT, y2=bar + BAR / 2),
        *(_state(span, axis, bar) for span in session.spans),
        *(_ghost(strike, axis, bar) for strike in session.strikes),
        _probes(session.probes_ns, axis, bar + BAR + 2),
        *(_strike(strike, axis, bar) for strike in session.strikes),
        *_words(session, axis, top + 11),
        class_="session",
    )


def _state(span: Span, axis: Axis, top: float) -> Markup:
    left, right = _x(axis, span.from_ns), _x(axis, span.until_ns)
    if span.state == "closed":
        return tag("line", class_="closed", x1=left, y1=top, x2=left, y2=top + BAR)
    height = BAR if span.state == "active" else BAR / 2
    return tag(
        "rect",
        class_=span.state,
        x=left,
        y=top + (BAR - height) / 2,
        width=max(_BAR_MIN, right - left),
        height=height,
    )


def _ghost(strike: Strike, axis: Axis, top: float) -> Markup:
    """The session is active and nobody is there: an outlined, hatched bar over it."""
    if strike.ghost_until_ns is None:
        return together()
    left, right = _x(axis, strike.at_ns), _x(axis, strike.ghost_until_ns)
    right = max(right, left + _BAR_MIN)
    slant = BAR - 2
    starts = [left + 2 + _HATCH * i for i in range(int((right - left - slant - 2) // _HATCH) + 1)]
    hatch = "".join(
        f"M{number(x)} {number(top + BAR - 1)}l{number(slant)} {number(-slant)}" for x in starts
    )
    return together(
        tag("rect", class_="ghost", x=left, y=top, width=right - left, height=BAR),
        tag("path", class_="hatch", d=hatch) if starts else "",
    )


def _strike(strike: Strike, axis: Axis, top: float) -> Markup:
    """A triangle above the bar at the fault, a stroke across it when it was noticed."""
    x = _x(axis, strike.at_ns)
    point = f"M{number(x)} {number(top + 1)}l-4.5 -7h9z"
    noticed = together()
    if strike.noticed_ns is not None:
        at = max(_x(axis, strike.noticed_ns), x + _BAR_MIN)
        noticed = tag("line", class_="noticed", x1=at, y1=top - 4, x2=at, y2=top + BAR + 3)
    return together(tag("path", class_="fault", d=point), noticed)


def _words(session: SessionTrace, axis: Axis, y: float) -> Iterator[Markup]:
    """Beside each fault, on the side with room; what has none is left to the description."""
    free_from = LEFT
    for strike in session.strikes:
        x = _x(axis, strike.at_ns)
        text = f"{strike.fault}, {fate(strike)}"
        width = len(text) * _CHARACTER
        if x + 9 + width <= RIGHT and x + 9 >= free_from:
            yield tag("text", text, class_="word", x=x + 9, y=y)
            free_from = x + 9 + width
        elif x - 9 - width >= free_from:
            yield tag("text", text, class_="word", x=x - 9, y=y, text_anchor="end")
            free_from = x
    if session.false_disconnect:
        yield from _thrown_out(session, axis, y, free_from)


def _thrown_out(session: SessionTrace, axis: Axis, y: float, free_from: float) -> Iterator[Markup]:
    text = "a live client was thrown out"
    ended = next((span.from_ns for span in session.spans if span.state != "active"), None)
    at = RIGHT if ended is None else _x(axis, ended)
    if at - 9 - len(text) * _CHARACTER >= free_from:
        yield tag("text", text, class_="word wrong", x=at - 9, y=y, text_anchor="end")
    elif free_from + 6 + len(text) * _CHARACTER <= RIGHT:
        yield tag("text", text, class_="word wrong", x=max(at, free_from) + 6, y=y)


# --- probes ----------------------------------------------------------------------------------


def _probes(probes: Sequence[int], axis: Axis, top: float) -> Markup:
    """A tick each, or, if they are many, how many there are in every column of some pixels."""
    heights = ticks(probes, axis) if len(probes) <= TICKS_MAX else density(probes, axis)
    bottom = top + PROBE_HEIGHT
    many = len(probes) > TICKS_MAX
    drawn = "".join(
        f"M{number(x)} {number(bottom if many else top)}v{number(-h if many else h)}"
        for x, h in heights
    )
    return tag("path", class_="density" if many else "probes", d=drawn) if drawn else together()


def ticks(probes: Sequence[int], axis: Axis) -> list[tuple[float, float]]:
    """(x, height) for every probe; two at the same half pixel are one tick."""
    places = sorted({round(2 * _x(axis, at)) / 2 for at in probes})
    return [(x, PROBE_HEIGHT * 0.75) for x in places]


def density(probes: Sequence[int], axis: Axis) -> list[tuple[float, float]]:
    """(x, height) for every column with probes, as high as it has many."""
    columns = groupby(int((_x(axis, at) - LEFT) // COLUMN) for at in sorted(probes))
    counts = [(column, len([*group])) for column, group in columns]
    most = max(count for _, count in counts)
    return [
        (LEFT + (column + 0.5) * COLUMN, max(1.0, PROBE_HEIGHT * count / most))
        for column, count in counts
    ]
