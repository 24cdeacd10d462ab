"""PPP from CONNECT to the last Terminate-Ack: RFC 1661, with its timers."""

from __future__ import annotations

import heapq
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import (
    EXPIRED,
    Asked,
    Deliver,
    Effects,
    Ended,
    Lost,
    Opened,
    Received,
    Transmit,
)
from emu.machines.ppp import BCP, RFC_1661, Close, Negotiated, Open, PppEnd
from emu.pdu.ppp import (
    PROTOCOL_BCP,
    PROTOCOL_IPCP,
    PROTOCOL_IPXCP,
    PROTOCOL_LCP,
    PROTOCOL_NBFCP,
    Configure,
    ConfigureOption,
    Control,
    PppCode,
    ip_address,
    ipx_network,
    line_identification,
    mac_support,
    magic_number,
    maximum_receive_unit,
)
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.machines.dialogue import Dialogue
from tests.wire.strategies import thorough

REQUEST, ACK = PppCode.CONFIGURE_REQUEST, PppCode.CONFIGURE_ACK
NAK, REJECT = PppCode.CONFIGURE_NAK, PppCode.CONFIGURE_REJECT
OURS, THEIRS = magic_number(1), magic_number(2)
LCP = Negotiated(protocol=PROTOCOL_LCP, wants=(OURS,), knows=frozenset({1, 5}))
IPCP = Negotiated(
    protocol=PROTOCOL_IPCP, wants=(ip_address(b"\x0a\0\0\x01"),), knows=frozenset({3})
)
IPXCP = Negotiated(protocol=PROTOCOL_IPXCP, wants=(ipx_network(7),), knows=frozenset({1, 2}))
THEIR_IP = ip_address(b"\x0a\0\0\x02")


def end(*networks: Negotiated) -> PppEnd:
    return PppEnd(RFC_1661, lcp=LCP, networks=networks or (IPCP,))


def lcp(code: PppCode, identifier: int, *options: ConfigureOption) -> Configure:
    return Configure(protocol=PROTOCOL_LCP, code=code, identifier=identifier, options=options)


def ipcp(code: PppCode, identifier: int, *options: ConfigureOption) -> Configure:
    return Configure(protocol=PROTOCOL_IPCP, code=code, identifier=identifier, options=options)


def control(code: PppCode, identifier: int, data: bytes = b"") -> Control:
    return Control(protocol=PROTOCOL_LCP, code=code, identifier=identifier, data=data)


def opened_lcp(d: Dialogue) -> Dialogue:
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    d.receives(lcp(REQUEST, 9, THEIRS)).sends(lcp(ACK, 9, THEIRS))
    return d.receives(lcp(ACK, 1, OURS)).sends(ipcp(REQUEST, 1, *IPCP.wants))


def opened(d: Dialogue) -> Dialogue:
    opened_lcp(d).receives(ipcp(ACK, 1, *IPCP.wants)).silent()
    return d.receives(ipcp(REQUEST, 4, THEIR_IP)).sends(ipcp(ACK, 4, THEIR_IP)).delivers(Opened())


def test_opening() -> None:
    """LCP first, whoever is quicker; packets flow when IPCP is open in both directions."""
    opened(Dialogue(end())).armed({}).quiet_until(s(3600))


def test_nobody_there() -> None:
    """RFC 1661 4.6: ten requests 3 s apart, given up 30 s after the first."""
    d = Dialogue(end())
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    for count in range(1, 10):
        d.at(s(3 * count)).sends(lcp(REQUEST, 1, OURS))
    d.at(s(30)).delivers(Lost("no answer to LCP")).armed({})


def test_a_network_protocol_nobody_answers() -> None:
    d = opened_lcp(Dialogue(end()))
    for count in range(1, 10):
        d.at(s(3 * count)).sends(ipcp(REQUEST, 1, *IPCP.wants))
    d.at(s(30)).delivers(Lost("no answer to IPCP")).armed({})


def test_an_ack_that_is_in_time_is_in_time() -> None:
    d = Dialogue(end())
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    d.at(s(3)).receives(lcp(ACK, 1, OURS)).armed({"LCP": s(6)})
    d.receives(lcp(REQUEST, 9)).sends(lcp(ACK, 9), ipcp(REQUEST, 1, *IPCP.wants))
    d.armed({"IPCP": s(6)})


def test_an_ack_to_nothing_of_ours_is_dropped() -> None:
    d = Dialogue(end())
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    d.receives(lcp(ACK, 2, OURS)).armed({"LCP": s(3)})


def test_a_nak_is_heeded_and_a_reject_too() -> None:
    d = Dialogue(end())
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    d.receives(lcp(NAK, 1, magic_number(77))).sends(lcp(REQUEST, 2, magic_number(77)))
    d.receives(lcp(REJECT, 2, magic_number(77))).sends(lcp(REQUEST, 3)).armed({"LCP": s(3)})


def test_endless_naks_end() -> None:
    """A count of its own: the tenth request is the last, its timer the end."""
    d = Dialogue(end())
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    for count in range(1, 10):
        d.receives(lcp(NAK, count, OURS)).sends(lcp(REQUEST, count + 1, OURS))
    d.at(s(3)).delivers(Lost("no answer to LCP")).armed({})


def test_unknown_options_are_rejected() -> None:
    """All of them, and only them."""
    odd = ConfigureOption(kind=13, data=b"\1")
    d = Dialogue(end())
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    d.receives(lcp(REQUEST, 5, maximum_receive_unit(1500), odd)).sends(lcp(REJECT, 5, odd))
    d.armed({"LCP": s(3)})


def test_a_lost_ack_is_asked_for_again() -> None:
    """Our Ack was lost: the peer asks again, the table of RFC 1661 starts over, and nobody is
    told twice."""
    d = opened(Dialogue(end()))
    d.at(s(1)).receives(ipcp(REQUEST, 4, THEIR_IP))
    d.sends(ipcp(REQUEST, 2, *IPCP.wants), ipcp(ACK, 4, THEIR_IP))
    d.receives(ipcp(ACK, 2, *IPCP.wants)).armed({})


def test_terminate_at_the_end() -> None:
    d = opened(Dialogue(end()))
    d.at(s(60)).asked(Close()).sends(control(PppCode.TERMINATE_REQUEST, 2))
    d.at(s(60.02)).receives(control(PppCode.TERMINATE_ACK, 2))
    d.delivers(Ended("LCP terminated")).armed({})


def test_terminate_that_nobody_answers() -> None:
    """RFC 1661 4.6: Max-Terminate 2, 3 s apart; then the line is hung up all the same."""
    d = opened(Dialogue(end()))
    d.asked(Close()).sends(control(PppCode.TERMINATE_REQUEST, 2))
    d.at(s(3)).sends(control(PppCode.TERMINATE_REQUEST, 2))
    d.at(s(6)).delivers(Ended("LCP terminated")).armed({})


def test_the_peer_terminates() -> None:
    d = opened(Dialogue(end()))
    d.receives(control(PppCode.TERMINATE_REQUEST, 8)).sends(control(PppCode.TERMINATE_ACK, 8))
    d.delivers(Ended("LCP terminated")).armed({})
    d.receives(control(PppCode.TERMINATE_REQUEST, 8)).sends(control(PppCode.TERMINATE_ACK, 8))
    d.armed({})


def test_close_without_a_link() -> None:
    Dialogue(end()).asked(Close()).delivers(Ended("there was no link")).armed({})


def test_echo_is_answered_with_our_magic_number() -> None:
    """RFC 1661 5.8."""
    d = opened(Dialogue(end()))
    d.receives(control(PppCode.ECHO_REQUEST, 3, b"\0\0\0\x02hello"))
    d.sends(control(PppCode.ECHO_REPLY, 3, b"\0\0\0\x01hello")).armed({})


def test_a_protocol_nobody_speaks() -> None:
    """RFC 1661 5.7: rejected, and nothing before LCP is open."""
    ask = Configure(protocol=PROTOCOL_NBFCP, code=REQUEST, identifier=1)
    d = Dialogue(end())
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS)).receives(ask).silent()
    d.receives(lcp(REQUEST, 9)).sends(lcp(ACK, 9)).receives(lcp(ACK, 1, OURS))
    d.sends(ipcp(REQUEST, 1, *IPCP.wants))
    d.receives(ask).sends(control(PppCode.PROTOCOL_REJECT, 1, b"\x80\x3f")).armed({"IPCP": s(3)})
    d.receives(control(PppCode.PROTOCOL_REJECT, 1, b"\x80\x21"))
    d.delivers(Lost("8021 rejected by the peer")).armed({})


def test_before_the_line_is_there_nothing_is_heard() -> None:
    Dialogue(end()).receives(lcp(REQUEST, 9)).armed({})


def test_nbfcp_waits_longer() -> None:
    """facts/netbeui.md 4: 10 s when names are projected."""
    nbfcp = Negotiated(protocol=PROTOCOL_NBFCP, restart_ns=s(10))
    d = Dialogue(end(nbfcp))
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    d.receives(lcp(REQUEST, 9)).sends(lcp(ACK, 9)).receives(lcp(ACK, 1, OURS))
    d.sends(Configure(protocol=PROTOCOL_NBFCP, code=REQUEST, identifier=1))
    d.armed({"NBFCP": s(10)})


class Pipe:
    """Two ends over a line that loses packets for a while."""

    def __init__(self, seed: int, loss: float) -> None:
        self.dice, self.loss, self.now = Random(seed), loss, 0
        self.ends = (end(IPCP, IPXCP), end(IPCP, IPXCP))
        self.told: tuple[list[Any], list[Any]] = ([], [])
        self.agenda: list[tuple[int, int, int, Any]] = []
        self.serial = 0

    def heed(self, side: int, effects: Effects) -> None:
        for effect in effects:
            if isinstance(effect, Deliver):
                self.told[side].append(effect.value)
            if isinstance(effect, Transmit) and self.dice.random() >= self.loss:
                self.serial += 1
                # A line loses packets and never swaps them (RFC 1661 1).
                arrival = self.now + ms(10)
                heapq.heappush(self.agenda, (arrival, self.serial, 1 - side, effect.pdu))

    def ask(self, side: int, request: Any) -> None:
        self.heed(side, self.ends[side].step(Asked(request), self.now))

    def run(self, until: int) -> None:
        while True:
            dues = [(each.due(), side) for side, each in enumerate(self.ends)]
            timer = min(((due, side) for due, side in dues if due is not None), default=None)
            arrival = self.agenda[0][0] if self.agenda else None
            if arrival is not None and (timer is None or arrival <= timer[0]):
                if arrival > until:
                    return
                self.now, _, side, pdu = heapq.heappop(self.agenda)
                self.heed(side, self.ends[side].step(Received(pdu), self.now))
            elif timer is not None and timer[0] <= until:
                self.now = timer[0]
                self.heed(timer[1], self.ends[timer[1]].step(EXPIRED, self.now))
            else:
                self.now = until
                return


@pytest.mark.slow
@thorough
@given(seed=st.integers(0, 2**32), loss=st.sampled_from((0.0, 0.2, 0.4)))
def test_two_ends_agree_or_say_so(seed: int, loss: float) -> None:
    """Whatever is lost for 100 s: each end opens at most once, and then is open or has ended."""
    pipe = Pipe(seed, loss)
    pipe.ask(0, Open())
    pipe.ask(1, Open())
    pipe.run(s(100))
    pipe.loss = 0.0
    pipe.run(s(200))
    for side in (0, 1):
        ends = [each for each in pipe.told[side] if isinstance(each, (Lost, Ended))]
        assert pipe.told[side].count(Opened()) <= 1
        assert pipe.ends[side].opened or ends
    if loss == 0:
        assert pipe.told == ([Opened()], [Opened()])
        pipe.ask(0, Close())
        pipe.run(s(300))
        assert [told[-1] for told in pipe.told] == [Ended("LCP terminated")] * 2
    assert all(each.due() is None or each.due() > pipe.now for each in pipe.ends)


def test_a_bridge_announces_802_3_and_rejects_what_both_would_have_to_agree_on() -> None:
    """RFC 2878 5.2: without an agreed segment number a source-routing line must not open."""

    def bcp(code: PppCode, identifier: int, *options: ConfigureOption) -> Configure:
        return Configure(protocol=PROTOCOL_BCP, code=code, identifier=identifier, options=options)

    ours, line = mac_support(1), line_identification(segment=1, bridge=1)
    d = Dialogue(end(BCP))
    d.asked(Open()).sends(lcp(REQUEST, 1, OURS))
    d.receives(lcp(REQUEST, 9, THEIRS)).sends(lcp(ACK, 9, THEIRS))
    d.receives(lcp(ACK, 1, OURS)).sends(bcp(REQUEST, 1, ours))
    d.receives(bcp(REQUEST, 7, line, ours)).sends(bcp(REJECT, 7, line))
    d.receives(bcp(ACK, 1, ours)).silent()
    d.receives(bcp(REQUEST, 8, mac_support(1), mac_support(3)))
    d.sends(bcp(ACK, 8, mac_support(1), mac_support(3))).delivers(Opened()).armed({})
