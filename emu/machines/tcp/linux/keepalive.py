"""The keepalive timer (tcp_keepalive_timer; facts/tcp.md 3.1; RFC 9293 3.8.4).

The timer is never touched by traffic: it looks, when it fires, how long the peer has been
silent, and comes back for the rest.  ``RULES`` is the table, asked from the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.machines.base import NEVER, NOTHING, Effects, Lost, Note
from emu.machines.tcp.control import State
from emu.machines.tcp.linux import output
from emu.machines.tcp.linux.block import Route
from emu.machines.tcp.linux.persist import wake_up
from emu.machines.tcp.linux.transmission import CONGESTED_MS
from emu.pdu.ip_tcp import ACK, RST

if TYPE_CHECKING:
    from emu.machines.tcp.linux.machine import LinuxTcp


@dataclass(frozen=True, slots=True)
class Rule:
    """When a rule applies, what it does, and who says so."""

    applies: Callable[[LinuxTcp, int], bool]
    action: Callable[[LinuxTcp, int], Effects]
    citation: str


def idle(tcp: LinuxTcp) -> int:
    """TCP_KEEPIDLE in jiffies."""
    return tcp.wheel.from_s(tcp.options.idle_s)


def silent_for(tcp: LinuxTcp, now: int) -> int:
    """Jiffies since the later of the last data and the last acknowledgement of the peer's."""
    jiffies = tcp.wheel.jiffies(now)
    return min(jiffies - tcp.heard_data, jiffies - tcp.heard_ack)


def turned(tcp: LinuxTcp, on: bool, now: int) -> None:
    """SO_KEEPALIVE.  Off to on: from the call, not from the last octet (facts/tcp.md 11.7)."""
    if on and not tcp.options.keepalive:
        start(tcp, now)
    elif not on:
        tcp.keepalive_due = NEVER


def start(tcp: LinuxTcp, now: int) -> None:
    """The timer's first run."""
    tcp.keepalive_since_ns = now
    tcp.set_keepalive_timer(idle(tcp), now)


def idle_changed(tcp: LinuxTcp, now: int) -> None:
    """TCP_KEEPIDLE set while on: from the last octet now (facts/tcp.md 3.1)."""
    if tcp.options.keepalive and tcp.state is not State.CLOSED:
        tcp.keepalive_since_ns = now
        tcp.set_keepalive_timer(max(0, idle(tcp) - silent_for(tcp, now)), now)


def expired(tcp: LinuxTcp, now: int) -> Effects:
    """The first rule that applies."""
    return next(rule for rule in RULES if rule.applies(tcp, now)).action(tcp, now)


# --- the rules -------------------------------------------------------------------------------


def _off(tcp: LinuxTcp, _now: int) -> bool:
    return not tcp.options.keepalive or tcp.state in (State.CLOSED, State.SYN_SENT)


def _stop(tcp: LinuxTcp, _now: int) -> Effects:
    tcp.keepalive_due = NEVER
    return NOTHING


def _data_in_flight(tcp: LinuxTcp, _now: int) -> bool:
    return bool(tcp.sent or tcp.unsent or tcp.fin_wanted)


def _idle_time_later(tcp: LinuxTcp, now: int) -> Effects:
    tcp.set_keepalive_timer(idle(tcp), now)
    return NOTHING


def _heard_lately(tcp: LinuxTcp, now: int) -> bool:
    return silent_for(tcp, now) < idle(tcp)


def _for_the_rest(tcp: LinuxTcp, now: int) -> Effects:
    tcp.set_keepalive_timer(idle(tcp) - silent_for(tcp, now), now)
    return NOTHING


def _used_up(tcp: LinuxTcp, now: int) -> bool:
    """TCP_USER_TIMEOUT replaces the count, and needs one probe (facts/tcp.md 11.6)."""
    limit_ms = tcp.options.user_timeout_ms
    if limit_ms:
        return silent_for(tcp, now) >= tcp.wheel.from_ms(limit_ms) and tcp.probes_out > 0
    return tcp.probes_out >= tcp.options.count


def _give_up(tcp: LinuxTcp, now: int) -> Effects:
    """The one end with a last word: RST and ACK at SND.NXT (facts/tcp.md 11.5)."""
    count = tcp.probes_out
    cause = f"{count} keepalive probe{'s'[: count != 1]} unanswered"
    last_word = output.bare(tcp, RST | ACK, tcp.snd_nxt, now)
    return [*last_word, *tcp.give_up(Lost(cause, tcp.error()))]


def _always(_tcp: LinuxTcp, _now: int) -> bool:
    return True


def _probe(tcp: LinuxTcp, now: int) -> Effects:
    """SEQ = SND.UNA-1, nothing in it (facts/tcp.md 3.1)."""
    number = {"number": tcp.probes_out + 1, "of": expected_probes(tcp)}
    effects = wake_up(tcp, now, Note("probe", number))
    if tcp.route is Route.CONGESTED:
        tcp.set_keepalive_timer(tcp.wheel.from_ms(CONGESTED_MS), now)
        return effects
    tcp.probes_out += 1
    tcp.set_keepalive_timer(tcp.wheel.from_s(tcp.options.interval_s), now)
    return effects


def expected_probes(tcp: LinuxTcp) -> int:
    """How many probes a peer that is gone will get: the count, or the user timeout's share.

    facts/tcp.md 3.1: the smallest k >= 1 with I + k*V >= U.
    """
    options = tcp.options
    if not options.user_timeout_ms:
        return options.count
    over_ms = options.user_timeout_ms - options.idle_s * 1_000
    return max(1, -(-over_ms // (options.interval_s * 1_000)))


RULES: Sequence[Rule] = (
    Rule(_off, _stop, "SO_KEEPALIVE is off, or nothing is open"),
    Rule(_data_in_flight, _idle_time_later, "facts/tcp.md 3.1 (2), RFC 9293 MUST-26: silent"),
    Rule(_heard_lately, _for_the_rest, "facts/tcp.md 3.1 (3)"),
    Rule(_used_up, _give_up, "facts/tcp.md 3.1 (4)"),
    Rule(_always, _probe, "facts/tcp.md 3.1 (5)"),
)
