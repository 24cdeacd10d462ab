"""A day of an idle client behind a dialled link: the machine, the line and the tariff together.

facts/ipx.md 4.4: without spoofing each watchdog poll raises the link.  The poll waits for the
set-up, so the next one is due 296.6 s and the set-up later.
"""

from __future__ import annotations

import pytest

from emu.line import load_line
from emu.machines.base import EXPIRED, Asked, Received
from emu.machines.dial import (
    CISCO,
    ISDN4LINUX,
    Carry,
    Cleared,
    Connected,
    DialLink,
    DialParams,
    LinkOpened,
)
from emu.tariff import Bill, Tariff, load_tariff
from emu.tariff.model import DAY_NS
from emu.units import ticks

FLAT = load_tariff("de-1996-flat90")
ISDN = load_line("isdn-64k")
POLL = Carry(octets=b"poll", interesting=True)
#: facts/ipx.md 2.1: the delay before the first watchdog packet.
D1 = ticks(5400)


def day(params: DialParams, tariff: Tariff, *, poll_every_ns: int) -> tuple[int, Bill]:
    """Calls and bill of a day; the client answers each poll at once, when it gets there."""

    def next_unit(connected: int, after: int) -> int | None:
        return tariff.next_unit(connected_ns=connected, after_ns=after)

    link, now, bill = DialLink(params, next_unit=next_unit), 0, Bill()
    while now < DAY_NS:
        link.step(Asked(POLL), now)
        if link.connected_ns is None:
            connected = now + ISDN.set_up_ns
            link.step(Received(Connected()), connected)
            now = connected + ISDN.opening_ns
            link.step(Received(LinkOpened()), now)
        due, now = link.due(), now + poll_every_ns
        if due is not None and due < now:
            bill += hung_up(link, tariff, min(due, DAY_NS))
    if link.connected_ns is not None:
        bill += tariff.bill(connected_ns=link.connected_ns, ended_ns=DAY_NS)
    return link.calls, bill


def hung_up(link: DialLink, tariff: Tariff, at: int) -> Bill:
    connected = link.connected_ns
    assert connected is not None
    link.step(EXPIRED, at)
    link.step(Received(Cleared(cause="16 normal call clearing")), at)
    return tariff.bill(connected_ns=connected, ended_ns=at)


def test_an_idle_client_raises_the_link_at_every_poll() -> None:
    """86400 / (296.6 + 2.5) calls begun; 1.5 s of PPP and 120 s are two units each: DEM 69-70."""
    calls, bill = day(CISCO, FLAT, poll_every_ns=D1)
    period_s = (D1 + ISDN.set_up_ns + ISDN.opening_ns) / 10**9
    assert calls == int(86400 / period_s) + 1 == 289
    assert bill.units == 2 * calls
    assert 69 <= bill.cost <= 70


def test_a_short_idle_time_halves_the_bill() -> None:
    """isdn4linux: 19 s, hung up 2 s before the unit's end: one unit a call, DM 35 (4.4)."""
    calls, bill = day(ISDN4LINUX, FLAT, poll_every_ns=D1)
    assert bill.units == calls == 289
    assert 34 <= bill.cost <= 35


@pytest.mark.parametrize("every_s", [30, 60, 119])
def test_a_keepalive_below_the_idle_time_never_lets_it_drop(every_s: int) -> None:
    """RIP at 60 s, NBIPX at 30 s (4.4): one call, 960 units less the second before CONNECT."""
    calls, bill = day(CISCO, FLAT, poll_every_ns=every_s * 10**9)
    assert (calls, bill.units, str(bill.cost)) == (1, 960, "115.20")
