"""What the TCP machine tests are made of: the documents' numbers, segments, one maker per state.

Our end counts from ``ISS``, the peer from ``IRS``; segments are written from where they come:
``ours`` and ``theirs`` take offsets, so that a dialogue reads like RFC 793's figures.
"""

from __future__ import annotations

from collections.abc import Callable

from emu.machines.base import Asked, Note, Received
from emu.machines.tcp.control import Close, Connect, Send, State
from emu.machines.tcp.machine import Tcp
from emu.machines.tcp.params import TcpParams
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Segment
from emu.units import milliseconds as ms
from emu.units import seconds as s

#: policies/tcp-keepalive-nt4.toml, whose numbers are those of facts/tcp.md 5.
NT4 = TcpParams(
    keepalive=True,
    keepalive_idle_ns=s(7200),
    keepalive_interval_ns=s(1),
    retransmissions=5,
    first_probe_counts=True,
    first_rto_ns=ms(500),
    syn_rto_ns=s(3),
    syn_retransmissions=3,
    ack_delay_ns=ms(200),
    window=8760,
    mss=1460,
    time_wait_ns=s(240),
    reset_on_probe_give_up=True,
    reset_on_data_give_up=True,
    arp_lifetime_ns=None,
)

ISS, IRS = 1_000, 70_000
WINDOW = 8760
CIRCLE = 1 << 32

FLAGS = {"S": SYN, "A": ACK, "F": FIN, "R": RST, "P": PSH}


def flags_of(letters: str) -> int:
    return sum(FLAGS[letter] for letter in letters)


class Ends:
    """Segments between two ends whose initial sequence numbers are given."""

    def __init__(self, iss: int = ISS, irs: int = IRS, *, window: int = WINDOW) -> None:
        self.iss, self.irs, self.window = iss, irs, window

    def ours(
        self, letters: str, at: int, ack: int = 0, octets: bytes = b"", mss: int | None = None
    ) -> Segment:
        return self._segment(letters, (self.iss + at, self.irs + ack), octets, mss)

    def theirs(
        self,
        letters: str,
        at: int,
        ack: int = 0,
        octets: bytes = b"",
        mss: int | None = None,
        window: int | None = None,
    ) -> Segment:
        made = self._segment(letters, (self.irs + at, self.iss + ack), octets, mss)
        if window is None:
            return made
        return Segment(made.sequence, made.acknowledgement, made.flags, window, octets, mss)

    def _segment(
        self, letters: str, numbers: tuple[int, int], octets: bytes, mss: int | None
    ) -> Segment:
        flags = flags_of(letters)
        acknowledgement = numbers[1] % CIRCLE if flags & ACK else 0
        return Segment(numbers[0] % CIRCLE, acknowledgement, flags, self.window, octets, mss)

    # One maker per state; the handshake and what follows it happen at 0.
    def fresh(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        return Tcp(params, initial_sequence=self.iss, probing=probing)

    def syn_sent(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.fresh(params, probing=probing)
        tcp.step(Asked(Connect()), 0)
        return tcp

    def syn_received(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.fresh(params, probing=probing)
        tcp.step(Received(self.theirs("S", 0, mss=1460)), 0)
        return tcp

    def established(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.syn_received(params, probing=probing)
        tcp.step(Received(self.theirs("A", 1, 1)), 0)
        return tcp

    def fin_wait_1(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.established(params, probing=probing)
        tcp.step(Asked(Close()), 0)
        return tcp

    def fin_wait_2(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.fin_wait_1(params, probing=probing)
        tcp.step(Received(self.theirs("A", 1, 2)), 0)
        return tcp

    def close_wait(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.established(params, probing=probing)
        tcp.step(Received(self.theirs("FA", 1, 1)), 0)
        return tcp

    def closing(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.fin_wait_1(params, probing=probing)
        tcp.step(Received(self.theirs("FA", 1, 1)), 0)
        return tcp

    def last_ack(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.close_wait(params, probing=probing)
        tcp.step(Asked(Close()), 0)
        return tcp

    def time_wait(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.fin_wait_2(params, probing=probing)
        tcp.step(Received(self.theirs("FA", 1, 2)), 0)
        return tcp

    def closed(self, params: TcpParams = NT4, *, probing: bool = True) -> Tcp:
        tcp = self.established(params, probing=probing)
        tcp.step(Received(self.theirs("R", 1)), 0)
        return tcp


MAKERS: dict[State, Callable[..., Tcp]] = {
    State.CLOSED: Ends.closed,
    State.SYN_SENT: Ends.syn_sent,
    State.SYN_RECEIVED: Ends.syn_received,
    State.ESTABLISHED: Ends.established,
    State.FIN_WAIT_1: Ends.fin_wait_1,
    State.FIN_WAIT_2: Ends.fin_wait_2,
    State.CLOSE_WAIT: Ends.close_wait,
    State.CLOSING: Ends.closing,
    State.LAST_ACK: Ends.last_ack,
    State.TIME_WAIT: Ends.time_wait,
}


def stateless_rst(sequence: int, acknowledgement: int | None = None) -> Segment:
    """A RST by RFC 793 p. 36: of no connection, so of no window."""
    flags = RST if acknowledgement is None else RST | ACK
    return Segment(sequence % CIRCLE, (acknowledgement or 0) % CIRCLE, flags, 0)


def probe(number: int, of: int = 5) -> Note:
    return Note("probe", {"number": number, "of": of})


def again(number: int, of: int = 5) -> Note:
    return Note("retransmission", {"number": number, "of": of})


def send(octets: bytes) -> Send:
    return Send(octets)
