"""A server's date and time: virtual time since the epoch that every run starts at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emu.pdu.ncp import DateAndTime
from emu.units import NS_PER_US

#: Virtual epoch (product.md, "The capture").
EPOCH = datetime(1998, 6, 1, tzinfo=UTC)


def date_and_time(now: int) -> DateAndTime:
    """What a server's clock shows at an instant."""
    shown = EPOCH + timedelta(microseconds=now // NS_PER_US)
    return DateAndTime(
        year=shown.year,
        month=shown.month,
        day=shown.day,
        hour=shown.hour,
        minute=shown.minute,
        second=shown.second,
        # 0 = Sunday (facts/ipx.md 1.6); ISO counts Sunday as 7.
        weekday=shown.isoweekday() % 7,
    )


def as_text(value: DateAndTime) -> str:
    """``1998-06-01 00:08:53``: what a client shows its user."""
    return (
        f"{value.year}-{value.month:02}-{value.day:02}"
        f" {value.hour:02}:{value.minute:02}:{value.second:02}"
    )
