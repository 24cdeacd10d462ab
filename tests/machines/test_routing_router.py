"""An IPX router's RIP and SAP (facts/ipx.md 1.12, 4.2; RFC 1582)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.errors import LocalProtocolError
from emu.machines.base import EXPIRED, Asked, Note, Received, Transmit
from emu.machines.routing import (
    CISCO_SNAPSHOT,
    RFC_1582,
    UNROUTED,
    Interface,
    IpxRouter,
    LinkDown,
    LinkUp,
    NextHop,
    On,
    RouterParams,
    Snapshot,
    StaticRoute,
    StaticService,
)
from emu.pdu.rip_sap import Rip, RipEntry, Sap
from emu.units import seconds as s

from .dialogue import Dialogue
from .routing_parts import (
    ASK_ROUTES,
    ASK_SERVICES,
    CLIENT,
    CLIENT_NODE,
    FAR,
    INTERNAL,
    LAN_NETWORK,
    PERIODIC,
    REQUEST,
    REQUEST_SAP,
    ROUTER_NODE,
    SERVER,
    SERVER_NODE,
    SERVER_SAP,
    THEM,
    THEM_SAP,
    WAN_NETWORK,
    heard,
    heard_sap,
    lan,
    rip,
    router,
    sap,
    sap_update,
    server,
    update,
    wan,
    way,
)

#: What the LAN's network is on the other side of the link: 1 router, 1 + 6 ticks.
OUR_LAN = way(LAN_NETWORK, 1, 7)


# --- periodic --------------------------------------------------------------------------------


def test_the_whole_table_goes_out_every_60_s() -> None:
    """At the start with a question; the link's own network is not told to it."""
    d = Dialogue(router(PERIODIC))
    d.at(0).sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(OUR_LAN)))
    d.quiet_until(s(60) - 1)
    d.at(s(60)).sends(wan(rip(OUR_LAN)))
    d.at(s(120)).sends(wan(rip(OUR_LAN))).armed({"wan updates": s(180)})


def test_what_was_learned_here_is_not_told_here() -> None:
    """Split horizon; services likewise.  Hops count routers: one more on the other side."""
    d = Dialogue(router(PERIODIC, lan=PERIODIC))
    started(d)
    d.at(s(1)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER), lan(sap(server()), SERVER_SAP))
    d.at(s(60)).sends(lan(rip(way(WAN_NETWORK, 1, 7))))
    d.sends(wan(rip(OUR_LAN, way(INTERNAL, 2, 8))), wan(sap(server(2))))
    d.armed(
        {
            "lan updates": s(120),
            "wan updates": s(120),
            "routes": s(181),
            "services": s(181),
        }
    )


def started(d: Dialogue) -> None:
    d.at(0).sends(lan(ASK_ROUTES), lan(ASK_SERVICES), lan(rip(way(WAN_NETWORK, 1, 7))))
    d.sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(OUR_LAN)))


def test_a_long_table_goes_out_in_packets_of_50_routes_and_7_services() -> None:
    ways = tuple(
        StaticRoute(network=n, hops=1, ticks=2, interface="lan", node=SERVER_NODE)
        for n in range(0x100, 0x133)
    )
    names = tuple(
        StaticService(entry=server(name=b"FS%d" % n), interface="lan") for n in range(1, 9)
    )
    d = Dialogue(router(PERIODIC, routes=ways, services=names))
    told = (OUR_LAN, *(way(n, 2, 8) for n in range(0x100, 0x133)))
    offered = tuple(server(2, name=b"FS%d" % n) for n in range(1, 9))
    d.at(0).sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(*told[:50])), wan(rip(*told[50:])))
    d.sends(wan(sap(*offered[:7])), wan(sap(*offered[7:]))).armed({"wan updates": s(60)})


# --- learning and ageing ---------------------------------------------------------------------


def learning() -> Dialogue:
    """A LAN whose updates are read, a link that says nothing; a server heard at 1 s."""
    d = Dialogue(router(UNROUTED, lan=replace(PERIODIC, interval_ns=s(100_000))))
    d.at(0).sends(lan(ASK_ROUTES), lan(ASK_SERVICES), lan(rip(way(WAN_NETWORK, 1, 7))))
    d.at(s(1)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER), lan(sap(server()), SERVER_SAP))
    return d


def it(d: Dialogue) -> IpxRouter:
    assert isinstance(d.machine, IpxRouter)
    return d.machine


def test_three_missed_updates_and_it_is_unreachable_then_gone() -> None:
    """180 s from 1 s, then 120 s as unreachable: 301 s."""
    d = learning()
    assert it(d).route(INTERNAL) == NextHop("lan", SERVER_NODE)
    d.quiet_until(s(181) - 1)
    assert it(d).route(INTERNAL) == NextHop("lan", SERVER_NODE)
    d.quiet_until(s(181))
    assert it(d).route(INTERNAL) is None
    assert it(d).service(4, b"FS1") is None
    d.armed({"lan updates": s(100_000), "routes": s(301), "services": s(301)})
    d.quiet_until(s(301)).armed({"lan updates": s(100_000)})


def test_an_update_on_the_deadline_counts() -> None:
    d = learning()
    d.at(s(181)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER), lan(sap(server()), SERVER_SAP))
    d.quiet_until(s(361) - 1)
    assert it(d).route(INTERNAL) == NextHop("lan", SERVER_NODE)


def test_a_router_that_says_16_hops_is_believed_at_once() -> None:
    d = learning()
    d.at(s(10)).receives(lan(rip(way(INTERNAL, 16, 2)), SERVER)).silent()
    assert it(d).route(INTERNAL) is None
    d.at(s(20)).receives(lan(rip(way(INTERNAL, 16, 2)), SERVER))
    d.armed({"lan updates": s(100_000), "routes": s(130), "services": s(181)})
    d.at(s(30)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER))
    d.armed({"lan updates": s(100_000), "routes": s(210), "services": s(181)})
    assert it(d).route(INTERNAL) == NextHop("lan", SERVER_NODE)


def test_unreachable_networks_nobody_knew_are_no_news() -> None:
    d = learning()
    d.at(s(2)).receives(lan(rip(way(FAR, 16, 1)), SERVER))
    d.armed({"lan updates": s(100_000), "routes": s(181), "services": s(181)})


def test_fewer_ticks_win_then_fewer_hops_and_the_other_way_is_kept() -> None:
    other = replace(SERVER, node=CLIENT_NODE)
    d = learning()
    d.at(s(2)).receives(lan(rip(way(INTERNAL, 5, 1)), other)).silent()
    assert it(d).route(INTERNAL) == NextHop("lan", CLIENT_NODE)
    d.receives(lan(rip(way(INTERNAL, 5, 2)), other)).silent()
    assert it(d).route(INTERNAL) == NextHop("lan", SERVER_NODE)
    d.receives(lan(rip(way(INTERNAL, 16, 2)), SERVER)).silent()
    assert it(d).route(INTERNAL) == NextHop("lan", CLIENT_NODE)
    d.armed({"lan updates": s(100_000), "routes": s(122), "services": s(181)})


def test_an_attached_network_is_not_reached_through_others() -> None:
    d = learning()
    d.at(s(2)).receives(lan(rip(way(WAN_NETWORK, 1, 0)), SERVER)).silent()
    assert it(d).route(WAN_NETWORK) == NextHop("wan", None)
    assert it(d).route(FAR) is None
    d.quiet_until(s(3))


# --- answers ---------------------------------------------------------------------------------


def branch() -> Dialogue:
    """A branch office: clients on the LAN, the server behind the link, written in by hand."""
    way_there = StaticRoute(network=INTERNAL, hops=1, ticks=2, interface="wan", node=ROUTER_NODE)
    services = (
        StaticService(entry=server(2, name=b"FS0"), interface="wan"),
        StaticService(entry=server(), interface="wan"),
        StaticService(entry=server(name=b"LOST", network=FAR), interface="wan"),
    )
    return Dialogue(router(UNROUTED, routes=(way_there,), services=services))


def test_the_nearest_server_is_named_for_a_client_without_one() -> None:
    d = branch()
    ask = Sap(operation=3, service=4)
    d.at(s(5)).receives(lan(ask, CLIENT)).sends(lan(sap(server(2), operation=4), CLIENT))
    d.receives(lan(Sap(operation=3, service=7), CLIENT)).receives(lan(Sap(operation=3), CLIENT))
    d.armed({})


def test_a_general_query_is_told_all_of_the_type() -> None:
    d = branch()
    both = sap(server(3, name=b"FS0"), server(2))
    for service in (4, 0xFFFF):
        ask = Sap(operation=1, service=service)
        d.at(s(5)).receives(lan(ask, CLIENT)).sends(lan(both, CLIENT))
    d.receives(wan(Sap(operation=1, service=4), THEM_SAP)).armed({})


def test_a_client_is_shown_the_way() -> None:
    """Its request names the network; 2 + 1 ticks for the LAN's crossing."""
    d = branch()
    d.at(s(5)).receives(lan(asking(INTERNAL), CLIENT))
    d.sends(lan(rip(way(INTERNAL, 2, 3)), CLIENT))
    d.receives(lan(asking(0xFFFFFFFF), CLIENT))
    d.sends(lan(rip(way(WAN_NETWORK, 1, 7), way(INTERNAL, 2, 3)), CLIENT))
    d.receives(lan(asking(FAR), CLIENT)).receives(lan(asking(LAN_NETWORK), CLIENT)).armed({})


def asking(network: int) -> Rip:
    return Rip(operation=1, entries=(RipEntry(network=network, hops=0xFFFF, ticks=0xFFFF),))


def test_what_is_not_reachable_is_told_but_not_answered() -> None:
    d = Dialogue(router(PERIODIC, lan=PERIODIC))
    started(d)
    d.at(s(1)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER)).silent()
    d.receives(lan(rip(way(INTERNAL, 16, 2)), SERVER))
    d.receives(wan(asking(INTERNAL), THEM)).silent()
    d.at(s(60)).sends(lan(rip(way(WAN_NETWORK, 1, 7))))
    d.sends(wan(rip(OUR_LAN, way(INTERNAL, 16, 8)))).quiet_until(s(61))


def test_hops_end_at_15() -> None:
    """What is 15 routers away here is unreachable there."""
    d = Dialogue(router(PERIODIC, lan=PERIODIC))
    started(d)
    d.at(s(1)).receives(lan(rip(way(FAR, 15, 2)), SERVER))
    d.at(s(60)).sends(lan(rip(way(WAN_NETWORK, 1, 7))))
    d.sends(wan(rip(OUR_LAN, way(FAR, 16, 8)))).quiet_until(s(61))


# --- triggered -------------------------------------------------------------------------------


def triggered() -> Dialogue:
    """Both ends have told each other everything; nothing is armed.  The LAN is periodic, but so
    slow that it does not disturb; its deadline is left out of the story."""
    d = Dialogue(router(RFC_1582, lan=replace(PERIODIC, interval_ns=s(1_000_000))))
    d.at(0).sends(lan(ASK_ROUTES), lan(ASK_SERVICES), lan(rip(way(WAN_NETWORK, 1, 7))))
    d.sends(wan(REQUEST), wan(REQUEST_SAP))
    d.at(s(1)).receives(wan(update(1, way(FAR, 1, 7)), THEM)).sends(wan(heard(1), THEM))
    d.receives(wan(sap_update(1, server(name=b"FAR", network=FAR)), THEM_SAP))
    d.sends(wan(heard_sap(1), THEM_SAP))
    d.at(s(3)).sends(wan(update(1, OUR_LAN), THEM), wan(sap_update(1), THEM_SAP))
    d.receives(wan(heard(1), THEM), wan(heard_sap(1), THEM_SAP))
    return d.armed(QUIET)


QUIET = {"lan updates": s(1_000_000)}


def test_nothing_crosses_a_dialled_link_between_two_changes() -> None:
    """A day of silence, hung up or not; then a server is switched on and off."""
    d = triggered()
    d.at(s(120)).asked(LinkDown("wan")).quiet_until(s(86_400))
    assert it(d).route(FAR) == NextHop("wan", ROUTER_NODE)
    d.at(s(90_000)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER)).silent()
    d.at(s(90_003)).sends(wan(update(2, OUR_LAN, way(INTERNAL, 2, 8)), THEM))
    d.asked(LinkUp("wan")).receives(wan(heard(2), THEM)).silent()
    d.at(s(90_060)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER))
    d.at(s(90_120)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER)).asked(LinkDown("wan"))
    d.quiet_until(s(90_302))
    d.at(s(90_303)).sends(wan(update(3, OUR_LAN, way(INTERNAL, 16, 8)), THEM))
    d.receives(wan(heard(3), THEM))
    d.at(s(90_423)).sends(wan(update(4, OUR_LAN), THEM)).receives(wan(heard(4), THEM)).armed(QUIET)


def test_what_was_learned_over_a_link_that_hung_up_is_presumed_reachable() -> None:
    """RFC 1582 2.2; a client on the LAN is answered as if the link were there."""
    d = triggered()
    d.at(s(100)).asked(LinkDown("wan")).quiet_until(s(500_000))
    d.receives(lan(asking(FAR), CLIENT)).sends(lan(rip(way(FAR, 2, 8)), CLIENT))
    d.receives(lan(Sap(operation=3, service=4), CLIENT))
    d.sends(lan(sap(server(2, name=b"FAR", network=FAR), operation=4), CLIENT)).armed(QUIET)


def test_a_call_that_fails_begins_the_ageing() -> None:
    """RFC 1582 7.1: 180 s as reachable, 120 s as unreachable; a second failure changes nothing."""
    d = triggered()
    d.at(s(100)).asked(LinkDown("wan", failed=True)).armed(
        {**QUIET, "routes": s(280), "services": s(280)}
    )
    d.at(s(200)).asked(LinkDown("wan", failed=True)).quiet_until(s(280) - 1)
    assert it(d).route(FAR) == NextHop("wan", ROUTER_NODE)
    d.quiet_until(s(280))
    assert it(d).route(FAR) is None
    d.quiet_until(s(400)).armed(QUIET)


def test_a_link_that_is_back_in_time_makes_everything_permanent_again() -> None:
    d = triggered()
    d.at(s(100)).asked(LinkDown("wan", failed=True)).quiet_until(s(279))
    d.asked(LinkUp("wan")).armed(QUIET)
    assert it(d).route(FAR) == NextHop("wan", ROUTER_NODE)


def test_a_link_that_is_back_too_late_is_asked() -> None:
    d = triggered()
    d.at(s(100)).asked(LinkDown("wan", failed=True)).quiet_until(s(280))
    d.asked(LinkUp("wan")).sends(wan(REQUEST, THEM), wan(REQUEST_SAP, THEM_SAP))
    d.receives(wan(update(2, way(FAR, 1, 7)), THEM)).sends(wan(heard(2), THEM))
    d.receives(wan(sap_update(2), THEM_SAP)).sends(wan(heard_sap(2), THEM_SAP))
    assert it(d).route(FAR) == NextHop("wan", ROUTER_NODE)
    d.armed({**QUIET, "services": s(400)})


def test_a_packet_proves_that_the_link_is_there() -> None:
    d = triggered()
    d.at(s(100)).asked(LinkDown("wan", failed=True)).quiet_until(s(150))
    d.receives(wan(update(1, way(FAR, 1, 7)), THEM)).sends(wan(heard(1), THEM)).armed(QUIET)


def test_what_is_absent_from_an_update_is_unreachable() -> None:
    """RFC 1582 2.6: the hold-down time, then it is gone."""
    d = triggered()
    d.at(s(10)).receives(wan(update(2, way(0x0D, 2, 8)), THEM)).sends(wan(heard(2), THEM))
    assert it(d).route(FAR) is None
    assert it(d).route(0x0D) == NextHop("wan", ROUTER_NODE)
    d.armed({**QUIET, "routes": s(130)}).quiet_until(s(130)).armed(QUIET)


def test_who_answers_no_update_loses_its_routes() -> None:
    """10 retransmissions, 5 s apart, from 13 s: given up at 68 s; its services are not touched."""
    d = triggered()
    d.at(s(10)).receives(lan(rip(way(INTERNAL, 1, 2)), SERVER)).silent()
    said = wan(update(2, OUR_LAN, way(INTERNAL, 2, 8)), THEM)
    d.at(s(13)).sends(said)
    for number in range(1, 11):
        d.at(s(13 + 5 * number)).sends(said, about=Note("retransmission", {"number": number}))
    d.at(s(68)).notes("router lost", interface="wan", protocol="RIP")
    assert it(d).route(FAR) is None
    assert it(d).service(4, b"FAR") is not None
    d.armed({**QUIET, "routes": s(188), "wan RIP poll": s(128)})


def test_another_router_at_the_other_end_knows_only_what_it_says() -> None:
    d = triggered()
    d.at(s(10)).receives(wan(update(1, way(0x0D, 1, 7)), replace(THEM, node=SERVER_NODE)))
    d.sends(wan(heard(1), replace(THEM, node=SERVER_NODE)))
    assert it(d).route(FAR) is None
    assert it(d).route(0x0D) == NextHop("wan", SERVER_NODE)
    d.armed({**QUIET, "routes": s(130)})


def test_the_other_variant_is_discarded() -> None:
    """RFC 1582 2.3."""
    d = triggered()
    d.at(s(10)).receives(wan(rip(way(0x0D, 1, 7)), THEM), lan(REQUEST, SERVER)).armed(QUIET)
    assert it(d).route(0x0D) is None


# --- snapshot --------------------------------------------------------------------------------


def test_a_quiet_period_is_quiet_and_ages_nothing() -> None:
    """Active 5 min, quiet 60: updates at 0 to 240 s, none from 300 s to 3900 s."""
    d = Dialogue(router(CISCO_SNAPSHOT))
    d.at(0).sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(OUR_LAN)))
    for at in (60, 120, 180, 240):
        d.at(s(at)).sends(wan(rip(OUR_LAN)))
    d.receives(wan(rip(way(FAR, 1, 7)), THEM)).quiet_until(s(300)).armed({"wan period": s(3900)})
    d.asked(LinkUp("wan")).asked(LinkDown("wan")).quiet_until(s(3900) - 1)
    assert it(d).route(FAR) == NextHop("wan", ROUTER_NODE)
    d.at(s(3900)).sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(OUR_LAN)))
    d.armed({"wan updates": s(3960), "wan period": s(4200), "routes": s(4080)})


def test_what_is_not_heard_in_an_active_period_dies_in_it() -> None:
    """180 s into the period that begins at 3900 s, then 120 s: gone with the period's end."""
    d = Dialogue(router(CISCO_SNAPSHOT))
    d.at(0).sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(OUR_LAN)))
    d.receives(wan(rip(way(FAR, 1, 7)), THEM))
    for at in (60, 120):
        d.at(s(at)).sends(wan(rip(OUR_LAN)))
    d.at(s(180)).sends(wan(rip(OUR_LAN)))
    assert it(d).route(FAR) is None
    d.at(s(240)).sends(wan(rip(OUR_LAN))).armed(
        {"wan updates": s(300), "wan period": s(300), "routes": s(300)}
    )


def test_a_link_that_comes_up_may_begin_an_active_period() -> None:
    d = Dialogue(router(Snapshot(interval_ns=s(60), active_ns=s(300), quiet_ns=s(3600),
                                 link_up_wakes=True)))  # fmt: skip
    d.at(0).sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(OUR_LAN)))
    for at in (60, 120, 180, 240):
        d.at(s(at)).sends(wan(rip(OUR_LAN)))
    d.asked(LinkUp("wan")).quiet_until(s(1000))
    d.asked(LinkUp("wan")).sends(wan(ASK_ROUTES), wan(ASK_SERVICES), wan(rip(OUR_LAN)))
    d.armed({"wan updates": s(1060), "wan period": s(1300)})


# --- by hand, and what nobody may say --------------------------------------------------------


def test_by_hand_nothing_is_said_and_nothing_is_believed() -> None:
    d = branch()
    d.at(0).receives(wan(rip(way(FAR, 1, 7)), THEM), wan(REQUEST, THEM))
    d.asked(LinkUp("wan")).asked(LinkDown("wan")).quiet_until(s(86_400)).armed({})
    assert it(d).route(FAR) is None
    assert it(d).route(INTERNAL) == NextHop("wan", ROUTER_NODE)


def test_nearest_responses_are_not_for_routers() -> None:
    d = Dialogue(router(UNROUTED, lan=PERIODIC))
    d.at(0).sends(lan(ASK_ROUTES), lan(ASK_SERVICES), lan(rip(way(WAN_NETWORK, 1, 7))))
    d.receives(lan(sap(server(), operation=4), SERVER_SAP)).armed({"lan updates": s(60)})


def test_what_no_router_is_told_is_refused() -> None:
    d = branch()
    d.at(0).refuses(object()).refuses(LinkUp("isdn")).refuses_pdu(On("isdn", ASK_ROUTES, CLIENT))
    d.refuses_pdu(object()).armed({})
    made = router(RFC_1582, lan=PERIODIC)
    for nobody in (lan(rip(way(1, 1, 1))), wan(REQUEST)):
        with pytest.raises(LocalProtocolError):
            made.step(Received(nobody), 0)
    with pytest.raises(LocalProtocolError):
        wrong = StaticRoute(network=1, hops=1, ticks=1, interface="x", node=ROUTER_NODE)
        IpxRouter(RouterParams(interfaces=(), routes=(wrong,)))


def test_two_routers_agree_and_then_are_silent() -> None:
    """Both ends joined by hand, everything acknowledged at the instant it is sent."""
    ends = [both_sides(n) for n in (1, 2)]
    log: list[int] = []
    deliver(ends, 0, log)
    while (now := min(end.due() or s(10**6) for end in ends)) < s(10**6):
        deliver(ends, now, log)
    assert max(log) == s(3)
    assert ends[0].route(0x200) == NextHop("wan", b"\2" * 6)
    assert ends[1].route(0x100) == NextHop("wan", b"\1" * 6)
    for end in ends:
        assert end.step(Asked(LinkDown("wan")), s(100)) == []


def both_sides(number: int) -> IpxRouter:
    sides = (
        Interface(name="lan", network=0x100 * number, ticks=1),
        Interface(name="wan", network=WAN_NETWORK, ticks=6, updates=RFC_1582),
    )
    return IpxRouter(RouterParams(interfaces=sides))


def deliver(ends: list[IpxRouter], now: int, log: list[int]) -> None:
    for turn, end in enumerate(ends):
        due = end.due()
        waiting = [(turn, effect) for effect in end.step(EXPIRED, now)] if due == now else []
        while waiting:
            by, effect = waiting.pop(0)
            if isinstance(effect, Transmit):
                log.append(now)
                there = 1 - by
                came = On("wan", effect.pdu.packet, replace(THEM, node=bytes([by + 1]) * 6))
                waiting += [(there, said) for said in ends[there].step(Received(came), now)]
