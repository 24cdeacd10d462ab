"""A shut window: probes that back off for ever while they are answered (facts/tcp.md 3.3).

RFC 9293 3.8.6.1; RFC 1122 4.2.2.17: the connection stays while the peer answers.  What ends it:
tcp_retries2 probes in a row unanswered, TCP_USER_TIMEOUT, or a closed socket's patience.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.machines.base import NOTHING, Effect, Effects, Lost, Note
from emu.machines.tcp.control import ahead
from emu.machines.tcp.linux import output
from emu.machines.tcp.linux.block import Pending, Route, Sent, microseconds
from emu.machines.tcp.linux.transmission import CONGESTED_MS, orphan_retries
from emu.pdu.ip_tcp import ACK, PSH

if TYPE_CHECKING:
    from emu.machines.tcp.linux.machine import LinuxTcp

#: Delays below this would fire before anybody could answer (TCP_TIMEOUT_MIN).
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Ending:
    """A row of ``ENDINGS``: when it applies, and who says so."""

    applies: Callable[[LinuxTcp, int], bool]
    citation: str


def _user_timeout(tcp: LinuxTcp, now: int) -> bool:
    since, limit_ms = tcp.probes_since, tcp.options.user_timeout_ms
    if since is None or not limit_ms:
        return False
    return tcp.wheel.jiffies(now) - since >= tcp.wheel.from_ms(limit_ms)


def _orphan_at_the_ceiling(tcp: LinuxTcp, _now: int) -> bool:
    if not tcp.orphan:
        return False
    alive = tcp.rto << tcp.backoff < tcp.rto_max
    return not alive and tcp.backoff >= orphan_retries(tcp, alive=alive)


def _unanswered(tcp: LinuxTcp, _now: int) -> bool:
    most = tcp.params.retries2
    if tcp.orphan:
        most = orphan_retries(tcp, alive=tcp.rto << tcp.backoff < tcp.rto_max)
    return tcp.probes_out >= most


#: What ends a connection with a shut window, asked in this order at each expiry.
ENDINGS: Sequence[Ending] = (
    Ending(_user_timeout, "RFC 9293 3.8.3; facts/tcp.md 3.3: though every probe is answered"),
    Ending(_orphan_at_the_ceiling, "tcp_probe_timer: a socket without an owner"),
    Ending(_unanswered, "facts/tcp.md 3.3: tcp_retries2 probes in a row"),
)


class Persist:
    """The sub-machine; its variables are the connection's (LinuxBlock)."""

    def start(self, tcp: LinuxTcp, now: int) -> None:
        """The first probe one time-out after the window shut (RFC 9293 SHLD-29)."""
        base = max(tcp.rto, tcp.wheel.from_us(tcp.params.rto_min_us))
        tcp.set_transmission_timer(Pending.PERSIST, base, now)

    def stop(self, tcp: LinuxTcp) -> None:
        tcp.backoff = tcp.probes_out = 0
        tcp.probes_since = None
        if tcp.pending is Pending.PERSIST:
            tcp.clear_transmission_timer()

    def expired(self, tcp: LinuxTcp, now: int) -> Effects:
        """tcp_probe_timer."""
        if tcp.sent or not (tcp.unsent or tcp.fin_wanted):
            tcp.probes_out = 0
            tcp.probes_since = None
            tcp.clear_transmission_timer()
            return NOTHING
        if tcp.probes_since is None:
            tcp.probes_since = tcp.wheel.jiffies(now)
        elif ENDINGS[0].applies(tcp, now):
            return self._give_up(tcp)
        if any(ending.applies(tcp, now) for ending in ENDINGS[1:]):
            return self._give_up(tcp)
        return self._probe(tcp, now)

    def _give_up(self, tcp: LinuxTcp) -> Effects:
        """Without a word (facts/tcp.md 11.5)."""
        count = tcp.probes_out
        cause = f"{count} window probe{'s'[: count != 1]} unanswered"
        if not count:
            cause = "window shut for longer than the user timeout"
        return tcp.give_up(Lost(cause, tcp.error()))

    def _probe(self, tcp: LinuxTcp, now: int) -> Effects:
        """tcp_send_probe0."""
        effects = wake_up(tcp, now, Note("window-probe", {"number": tcp.probes_out + 1, "of": 0}))
        if tcp.sent or not (tcp.unsent or tcp.fin_wanted):
            self.stop_counting(tcp)
            return effects
        tcp.probes_out += 1
        if tcp.route is Route.CONGESTED:
            delay = tcp.wheel.from_ms(CONGESTED_MS)
        else:
            tcp.backoff = min(tcp.backoff + 1, tcp.params.retries2)
            delay = self._wait(tcp)
        tcp.set_transmission_timer(Pending.PERSIST, self._clamped(tcp, delay, now), now)
        return effects

    def stop_counting(self, tcp: LinuxTcp) -> None:
        tcp.backoff = tcp.probes_out = 0
        tcp.probes_since = None

    def _wait(self, tcp: LinuxTcp) -> int:
        """tcp_probe0_when: the time-out doubled per probe, up to rto_max."""
        base = max(tcp.rto, tcp.wheel.from_us(tcp.params.rto_min_us))
        most = (tcp.params.rto_max_ms * 1_000 // tcp.params.rto_min_us).bit_length()
        return min(base << min(tcp.backoff, most), tcp.rto_max)

    def _clamped(self, tcp: LinuxTcp, delay: int, now: int) -> int:
        """Not past the user timeout (tcp_clamp_probe0_to_user_timeout)."""
        if not tcp.options.user_timeout_ms or tcp.probes_since is None:
            return delay
        waited = max(0, tcp.wheel.jiffies(now) - tcp.probes_since)
        left = tcp.wheel.from_ms(tcp.options.user_timeout_ms) - waited
        return min(max(left, _SHORTEST), delay)

    def answered(self, tcp: LinuxTcp, now: int) -> None:
        """An acknowledgement with nothing in flight (tcp_ack_probe): open again, or go on.

        The answer starts the wait anew and never shortens it.
        """
        if not (tcp.unsent or tcp.fin_wanted):
            return
        head = min(len(tcp.unsent), tcp.mss) + (tcp.fin_wanted and len(tcp.unsent) <= tcp.mss)
        if head <= ahead(tcp.window_end, tcp.snd_nxt):
            self.stop(tcp)
        elif tcp.pending is Pending.PERSIST:
            delay = self._clamped(tcp, self._wait(tcp), now)
            tcp.set_transmission_timer(Pending.PERSIST, delay, now)


def wake_up(tcp: LinuxTcp, now: int, note: Note) -> list[Effect]:
    """tcp_write_wakeup: what fits into the window, or an empty segment left of it.

    The empty one carries SND.UNA-1, so that the peer must answer (facts/tcp.md 11.12).
    """
    room = ahead(tcp.window_end, tcp.snd_nxt)
    if tcp.unsent and room > 0:
        if tcp.route is not Route.UP:
            return []
        chunk = tcp.unsent[: min(room, tcp.mss)]
        tcp.unsent = tcp.unsent[len(chunk) :]
        sent = Sent(tcp.snd_nxt, ACK | PSH, chunk, microseconds(now), first_ns=now)
        return [output.new_data(tcp, sent, now)]
    return output.bare(tcp, ACK, tcp.snd_una - 1, now, note)
