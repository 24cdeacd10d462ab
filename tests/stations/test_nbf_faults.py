"""Random faults on octets: when the server notices is what the closed formula says.

The formula knows no wire: 1 ms a frame here, a few frames at a come-back.  A client that is
back within that of a poll may have met it or not: both answers will do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emu.machines.nbf.params import NbfParams
from emu.pdu.terminal import Keystroke, Screen
from emu.transports.base import Fault
from emu.transports.nbf import NBF
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .nbf_lan import POLICIES, Office, params
from .tcp_parts import LOG_ON, User

TRIPS = ms(12)
LIVE = ("ua-reset", "dm-then-accept", "silence")
FLAGS = ("first_poll_counts", "data_wait_counts")


def noticed_at(office: Office) -> int | None:
    return next((told[0] for told in office.server_user.told if told[1] == "lost"), None)


def office_at_work(made: NbfParams, work_s: list[float], until_ns: int) -> tuple[Office, Any]:
    """Logged on at 0; a keystroke at each of these instants, answered."""
    user = User({"message": lambda c, now: c.send(Screen(text="shown"), now)})
    office = Office(made, server_user=user)
    connection = office.logged_on()
    for at_s in sorted(work_s):
        if s(at_s) < until_ns:
            office.lan.run(s(at_s))
            connection.send(Keystroke(text="k"), s(at_s))
    office.lan.run(until_ns)
    return office, office.server_connection


def hold(office: Office, connection: Any, fault: Fault, *, exact: bool) -> None:
    """Emulation and formula, as ``emu.verdicts`` compares them."""
    fault = replace(
        fault,
        unacknowledged_since_ns=connection.unacknowledged_since_ns,
        idle_since_ns=connection.idle_since_ns,
    )
    found = noticed_at(office)
    horizon_ns = office.lan.now
    answers = []
    for sooner_ns in (0, 0 if exact else TRIPS):
        near = replace(
            fault,
            until_ns=sooner(fault.until_ns, sooner_ns),
            back_at_ns=sooner(fault.back_at_ns, sooner_ns),
            attaches_at_ns=sooner(fault.attaches_at_ns, sooner_ns),
        )
        delay = NBF.delay(office.params, near, connection.last_octet_ns)
        answers.append(None if delay is None else fault.lost_at_ns + delay)
    tolerance = 0 if exact else TRIPS
    assert any(agrees(answer, found, tolerance, horizon_ns) for answer in answers), (
        answers, found, fault, connection.last_octet_ns,
    )  # fmt: skip


def sooner(at_ns: int | None, by_ns: int) -> int | None:
    return None if at_ns is None else max(0, at_ns - by_ns)


def agrees(answer: int | None, found: int | None, tolerance: int, horizon_ns: int) -> bool:
    if answer is None or answer > horizon_ns:
        return found is None
    return found is not None and 0 <= found - answer <= tolerance


def switched(policy: str, live: str, flags: tuple[bool, bool]) -> NbfParams:
    made = params(policy)
    changed: dict[str, Any] = {"live_sabme": live, "data_wait_counts": flags[1]}
    if made.alive_interval_ns is None:
        changed["first_poll_counts"] = flags[0]
    return replace(made, link=replace(made.link, **changed))


worlds = {
    "policy": st.sampled_from(POLICIES),
    "live": st.sampled_from(LIVE),
    "flags": st.tuples(st.booleans(), st.booleans()),
    "work_s": st.lists(st.integers(3, 90).map(float), max_size=6, unique=True),
}


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    **worlds,
    lost_ns=st.integers(s(3), s(130)),
    push_ns=st.one_of(st.none(), st.integers(0, s(40))),
)
@example(
    policy="nbf-nt4", live="silence", flags=(True, False), work_s=[10.0],
    lost_ns=s(10.05), push_ns=None,
)  # fmt: skip
@example(
    policy="nbf-lan-manager", live="ua-reset", flags=(True, False), work_s=[],
    lost_ns=s(32), push_ns=s(1),
)  # fmt: skip
def test_power_lost_at_any_instant(
    policy: str,
    live: str,
    flags: tuple[bool, bool],
    work_s: list[float],
    lost_ns: int,
    push_ns: int | None,
) -> None:
    """Exact to the nanosecond, and so is the silence in an idle client's case."""
    office, connection = office_at_work(switched(policy, live, flags), work_s, lost_ns)
    office.at_client.alive = False
    if push_ns is not None:
        office.lan.run(lost_ns + push_ns)
        connection.send(Screen(text="12:00"), office.lan.now)
    office.lan.run(office.lan.now + s(300))
    hold(office, connection, Fault(kind="power-loss", lost_at_ns=lost_ns), exact=True)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    **worlds,
    lost_ns=st.integers(s(3), s(130)),
    away_ns=st.integers(0, s(120)),
    after_ns=st.one_of(st.none(), st.integers(0, s(30))),
)
def test_a_reboot_at_any_instant(
    policy: str,
    live: str,
    flags: tuple[bool, bool],
    work_s: list[float],
    lost_ns: int,
    away_ns: int,
    after_ns: int | None,
) -> None:
    office, connection = office_at_work(switched(policy, live, flags), work_s, lost_ns)
    office.at_client.alive = False
    back_ns = lost_ns + away_ns
    office.lan.run(back_ns)
    office.reboot()
    attaches_ns = None if after_ns is None else back_ns + after_ns
    if attaches_ns is not None:
        office.lan.run(attaches_ns)
        office.client.connect(LOG_ON, attaches_ns)
    office.lan.run(office.lan.now + s(300))
    fault = Fault(
        kind="reboot",
        lost_at_ns=lost_ns,
        back_at_ns=back_ns,
        attaches_at_ns=attaches_ns,
        same_address=True,
    )
    hold(office, connection, fault, exact=False)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(**worlds, idle_ns=st.integers(s(1), s(40)), cut_ns=st.integers(0, s(120)))
def test_a_cable_out_for_any_time(
    policy: str,
    live: str,
    flags: tuple[bool, bool],
    work_s: list[float],
    idle_ns: int,
    cut_ns: int,
) -> None:
    """Struck while nothing of the client's own is in flight: its own give-up is not the formula's.

    LAN Manager's beat goes on whatever is idle; its acknowledgement may be what is cut.
    """
    lost_ns = s(max([3.0, *work_s])) + idle_ns
    office, connection = office_at_work(switched(policy, live, flags), work_s, lost_ns)
    office.lan.cut = True
    office.lan.run(lost_ns + cut_ns)
    office.lan.cut = False
    office.lan.run(office.lan.now + s(300))
    fault = Fault(kind="cable", lost_at_ns=lost_ns, until_ns=lost_ns + cut_ns)
    hold(office, connection, fault, exact=False)
