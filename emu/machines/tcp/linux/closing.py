"""The end of a connection: FINs, sockets without an owner, and who is left waiting.

``ON_CLOSE`` is the table of close(2) by state; what a FIN or its acknowledgement does is
RFC 793 3.9's.  A closed socket is an orphan: it gives up earlier (``transmission``), answers
data with RST (RFC 1122 4.2.2.13), and leaves FIN-WAIT-2 after ``tcp_fin_timeout``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.machines.base import NEVER, NOTHING, Deliver, Effects, Ended, Lost
from emu.machines.tcp.arriving import in_closed
from emu.machines.tcp.control import State
from emu.machines.tcp.linux import output
from emu.machines.tcp.linux.block import ATO_MIN_SHARE, Pending
from emu.pdu.ip_tcp import ACK, RST, Segment

if TYPE_CHECKING:
    from emu.machines.tcp.linux.machine import LinuxTcp


@dataclass(frozen=True, slots=True)
class Closing:
    """A row: what close(2) does in a state, and who says so."""

    action: Callable[[LinuxTcp, int], Effects]
    citation: str


def close(tcp: LinuxTcp, now: int) -> Effects:
    """close(2): the program is gone; what it left unread is answered with a RST."""
    tcp.orphan = True
    if tcp.unread:
        return reset(tcp, now)
    return ON_CLOSE[tcp.state].action(tcp, now)


def reset(tcp: LinuxTcp, now: int) -> Effects:
    """RFC 1122 4.2.2.13: octets that nobody will read."""
    last_word = output.bare(tcp, RST | ACK, tcp.snd_nxt, now)
    return [*last_word, *tcp.finish(Ended("aborted"))]


def shutdown(tcp: LinuxTcp, now: int) -> Effects:
    """A FIN behind the last octet; on what is still unsent, if there is any (tcp_send_fin)."""
    tcp.fin_wanted = True
    tcp.state = State.LAST_ACK if tcp.state is State.CLOSE_WAIT else State.FIN_WAIT_1
    return output.push(tcp, now)


def _half_closed(tcp: LinuxTcp, now: int) -> Effects:
    """shutdown(SHUT_WR) came before."""
    if tcp.state is State.FIN_WAIT_2:
        wait_for_fin(tcp, now)
    return NOTHING


def wait_for_fin(tcp: LinuxTcp, now: int) -> None:
    """An orphan in FIN-WAIT-2 has tcp_fin_timeout left (tcp_fin_time)."""
    tcp.keepalive_due = NEVER
    tcp.wait_due = now + tcp.params.fin_timeout_ns


def own_fin_acknowledged(tcp: LinuxTcp, now: int) -> Effects:
    """RFC 793 p. 73: where the acknowledgement of our FIN leads."""
    if tcp.state is State.FIN_WAIT_1:
        tcp.state = State.FIN_WAIT_2
        if tcp.orphan:
            wait_for_fin(tcp, now)
        return NOTHING
    if tcp.state is State.CLOSING:
        return wait_out(tcp, now)
    return tcp.finish(None) if tcp.state is State.LAST_ACK else NOTHING


def peer_fin(tcp: LinuxTcp, now: int) -> Effects:
    """RFC 793 p. 75.  Before our own FIN the acknowledgement waits for what the program will say
    next (tcp_fin: pingpong); behind it, it goes at once."""
    before = tcp.state
    tcp.rcv_nxt = (tcp.rcv_nxt + 1) % (1 << 32)
    told = Deliver(Ended("connection closed by FIN"))
    if before is State.ESTABLISHED:
        tcp.state = State.CLOSE_WAIT
        tcp.pingpong = True
        tcp.ack_timeout = tcp.ack_timeout or tcp.wheel.hz // ATO_MIN_SHARE
        if tcp.ack_due == NEVER:
            tcp.ack_due = tcp.wheel.fires(now, tcp.ack_timeout)
        return [told]
    effects = [*output.acknowledgement(tcp, now), told]
    if before is State.FIN_WAIT_1:
        tcp.state = State.CLOSING
    elif before is State.FIN_WAIT_2:
        effects += wait_out(tcp, now)
    return effects


def wait_out(tcp: LinuxTcp, now: int) -> Effects:
    """TIME-WAIT: 60 s on Linux (TCP_TIMEWAIT_LEN), with no timer but its own."""
    tcp.clear_transmission_timer()
    tcp.pending = Pending.NOTHING
    tcp.keepalive_due = tcp.ack_due = NEVER
    tcp.state = State.TIME_WAIT
    tcp.wait_due = now + tcp.params.time_wait_ns
    return NOTHING


def data_for_nobody(tcp: LinuxTcp, segment: Segment) -> Effects:
    """Data for an orphan: a RST as if there were no connection (TCPABORTONDATA)."""
    return [*in_closed(segment), *tcp.finish(Lost("data for a closed socket", "ECONNRESET"))]


ON_CLOSE: Mapping[State, Closing] = {
    State.ESTABLISHED: Closing(shutdown, "RFC 793 3.9 CLOSE, p. 60"),
    State.CLOSE_WAIT: Closing(shutdown, "RFC 793 3.9 CLOSE, p. 61; RFC 1122 4.2.2.20 (a)"),
    State.FIN_WAIT_1: Closing(_half_closed, "tcp_close after shutdown: an orphan from here"),
    State.FIN_WAIT_2: Closing(_half_closed, "tcp_close: tcp_fin_timeout runs"),
}
