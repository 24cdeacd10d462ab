"""What a dialled line cost: calls, time, units and money, split as product.md has it.

Everything up to (last packet of the log-on + idle time-out) is the price of logging on; what
lies beyond is what keeping watch costs, even inside the call that the log-on raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from emu.tariff.model import Bill
from emu.units import NS_PER_S

if TYPE_CHECKING:
    from emu.net.calls import Call
    from emu.net.wan import DialledLine

#: What it takes to clear a call (PPP's end, DISCONNECT, RELEASE) belongs to the call's price.
_CLEARING_NS = NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFigures:
    """``calls``: connected after the log-on; ``failed_calls``: that never connected.

    ``connected_ns``, ``units``, ``cost``: beyond the log-on; ``setup_*``: the rest.
    ``calls_ns``: from CONNECT to the end, of every call that connected.
    """

    calls: int
    failed_calls: int
    setup_calls: int
    setup_cost: Decimal
    connected_ns: int
    units: int
    cost: Decimal
    currency: str | None
    calls_ns: tuple[tuple[int, int], ...]


def line_figures(line: DialledLine, horizon_ns: int) -> LineFigures:
    """The line's account at the end of a run; a call that is still up ends with it."""
    settled_ns = line.settled_ns
    connected = [call for call in line.calls if call.connected_ns is not None]
    set_up = [call for call in connected if (call.connected_ns or 0) <= line.log_on_ns]
    log_on, beyond, beyond_ns = Bill(), Bill(), 0
    for call in connected:
        first, last = _span(call, horizon_ns)
        whole = _bill(line, first, last, call.octets)
        part = Bill()
        if call in set_up:
            whole_call = last - settled_ns <= _CLEARING_NS
            paid_ns = last if whole_call else settled_ns
            octets = call.octets if whole_call else call.log_on_octets
            part = _bill(line, first, paid_ns, octets)
            first = paid_ns
        log_on += part
        beyond += whole - part
        beyond_ns += last - first
    failed = [call for call in line.calls if call.connected_ns is None and call.ended_ns]
    return LineFigures(
        calls=len(connected) - len(set_up),
        failed_calls=len(failed),
        setup_calls=len(set_up),
        setup_cost=log_on.cost,
        connected_ns=beyond_ns,
        units=beyond.units,
        cost=beyond.cost,
        currency=None if line.spec.tariff is None else line.spec.tariff.currency,
        calls_ns=tuple(_span(call, horizon_ns) for call in connected),
    )


def _span(call: Call, horizon_ns: int) -> tuple[int, int]:
    assert call.connected_ns is not None
    return call.connected_ns, horizon_ns if call.ended_ns is None else call.ended_ns


def _bill(line: DialledLine, first: int, last: int, octets: int) -> Bill:
    tariff = line.spec.tariff
    if tariff is None:
        return Bill()
    return tariff.bill(connected_ns=first, ended_ns=last, octets=octets)
