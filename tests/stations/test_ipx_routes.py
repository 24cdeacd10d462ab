"""One router's RIP and SAP in octets (facts/ipx.md 1.1, 1.12; RFC 1582)."""

from __future__ import annotations

from emu.machines.routing import (
    NETWARE_PERIODIC,
    RFC_1582,
    UNROUTED,
    Interface,
    NextHop,
    Periodic,
    RouterParams,
    StaticRoute,
    StaticService,
    Updates,
)
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.rip_sap import SapEntry
from emu.stations.router.ipx_routes import IpxRoutes
from emu.units import seconds as s
from emu.wire.ipx import decode_ipx, encode_ipx

LAN_NODE = bytes.fromhex("00a0c9000001")
WAN_NODE = bytes.fromhex("00a0c9000002")
CLIENT = bytes.fromhex("00a0c9112233")
OTHER_ROUTER = bytes.fromhex("00a0c9778899")


def routes(wan: Updates = UNROUTED) -> IpxRoutes:
    server = SapEntry(
        service=4,
        name=b"FS1".ljust(48, b"\0"),
        network=0xDEADBEEF,
        node=b"\0\0\0\0\0\x01",
        socket=0x0451,
        hops=1,
    )
    params = RouterParams(
        interfaces=(
            Interface(name="lan", network=0x0A, ticks=1),
            Interface(name="wan", network=0x0B, ticks=6, updates=wan),
        ),
        routes=(
            StaticRoute(network=0xDEADBEEF, hops=1, ticks=7, interface="wan", node=OTHER_ROUTER),
        ),
        services=(StaticService(entry=server, interface="wan"),),
    )
    return IpxRoutes(params, nodes={"lan": LAN_NODE, "wan": WAN_NODE})


def datagram(octets: str) -> IpxDatagram:
    return decode_ipx(bytes.fromhex(octets))


#: By hand after facts/ipx.md 1.1, 1.12: SAP nearest query for file servers from a client that
#: does not know its network yet, by broadcast.
NEAREST = "ffff 0022 00 04 00000000 ffffffffffff 0452 00000000 00a0c9112233 4003 0003 0004"
#: What it gets: to its node on network A, from the router's, one hop more than was written in.
NAMED = (
    "ffff 0060 00 04 0000000a 00a0c9112233 4003 0000000a 00a0c9000001 0452"
    "0004 0004 465331" + 45 * "00" + "deadbeef 000000000001 0451 0002"
)
RIP_REQUEST = (
    "ffff 0028 00 01 0000000a ffffffffffff 0453 0000000a 00a0c9112233 40030001 deadbeef ffff ffff"
)
RIP_RESPONSE = (
    "ffff 0028 00 01 0000000a 00a0c9112233 4003 0000000a 00a0c9000001 04530002 deadbeef 0002 0008"
)


def test_a_client_without_a_server_on_its_lan_finds_one() -> None:
    made = routes()
    (out,) = made.receive("lan", datagram(NEAREST), 0)
    assert (out.port, out.mac, out.triggered) == ("lan", CLIENT, False)
    assert encode_ipx(out.datagram) == bytes.fromhex(NAMED)
    (out,) = made.receive("lan", datagram(RIP_REQUEST), 0)
    assert encode_ipx(out.datagram) == bytes.fromhex(RIP_RESPONSE)
    assert made.next_hop(0xDEADBEEF) == NextHop("wan", OTHER_ROUTER)
    assert made.next_hop(0x0A) == NextHop("lan", None)
    assert made.next_hop(0x0C) is None
    assert made.due() is None


def test_triggered_updates_go_to_everybody_until_the_other_router_is_known() -> None:
    """A triggered request is its operation alone: an IPX length of 32."""
    made = routes(RFC_1582)
    assert made.due() == 0
    out = made.expire(0)
    assert [(o.port, o.mac, o.triggered) for o in out] == [("wan", None, True)] * 2
    start = "ffff002000{}0000000bffffffffffff{}0000000b00a0c9000002{}0006"
    assert [encode_ipx(o.datagram).hex() for o in out] == [
        start.format("01", "0453", "0453"),
        start.format("04", "0452", "0452"),
    ]
    ask = "ffff 0020 00 01 0000000b ffffffffffff 0453 0000000b 00a0c9778899 0453 0006"
    (answer,) = made.receive("wan", datagram(ask), 0)
    assert answer.mac == OTHER_ROUTER
    assert encode_ipx(answer.datagram) == bytes.fromhex(
        "ffff 002c 00 01 0000000b 00a0c9778899 0453 0000000b 00a0c9000002 0453"
        "0007 0001 01 01 0000000a 0001 0007"
    )
    assert made.due() == s(3)  # what SAP has to say
    assert len(made.expire(s(3))) == 1


def test_what_is_repeated_is_noted() -> None:
    made = routes(RFC_1582)
    made.expire(0)
    made.expire(s(3))
    assert made.notes == []
    made.expire(s(5))
    assert [note.kind for note in made.notes] == ["retransmission"] * 2


def test_a_failed_call_silences_the_exchange_and_a_link_wakes_it() -> None:
    made = routes(RFC_1582)
    made.expire(0)
    assert made.link_down("wan", s(1), failed=True) == []
    assert made.due() is None
    assert made.link_up("wan", s(2)) == []
    assert made.due() == s(2)


def test_the_table_goes_to_everybody() -> None:
    out = routes(NETWARE_PERIODIC).expire(0)
    assert [o.mac for o in out] == [None] * 3
    assert {o.datagram.destination.node for o in out} == {b"\xff" * 6}


def test_what_is_not_for_this_router_is_let_pass() -> None:
    made = routes()
    elsewhere = IpxAddress(network=0x0A, node=CLIENT, socket=0x0452)
    for to in (
        elsewhere,
        IpxAddress(network=0x0C, node=LAN_NODE, socket=0x0452),
        IpxAddress(network=0x0A, node=LAN_NODE, socket=0x0451),
    ):
        query = IpxDatagram(
            destination=to, source=elsewhere, packet_type=4, payload=b"\0\x03\0\x04"
        )
        assert made.receive("lan", query, 0) == []
    assert made.dropped == 0
    assert [made.takes(datagram(NEAREST)), made.takes(query)] == [True, False]


def test_what_nobody_can_read_is_dropped_and_counted() -> None:
    made = routes()
    here = IpxAddress(network=0, node=LAN_NODE, socket=0x0453)
    rubbish = IpxDatagram(destination=here, source=here, packet_type=1, payload=b"\0\x09")
    assert made.receive("lan", rubbish, 0) == []
    assert made.dropped == 1


def test_a_client_behind_a_dialled_link_finds_the_server_at_the_other_end() -> None:
    """Two routers joined by their octets; the server's broadcasts come in at the far LAN."""
    near, far = end(1), end(2)
    join(near, far, 0)
    for told in (TOLD_RIP, TOLD_SAP):
        assert far.receive("lan", datagram(told), s(10)) == []
    assert far.due() == s(13)
    join(near, far, s(13))
    (out,) = near.receive("lan", datagram(NEAREST), s(1000))
    # Network, node, socket, and three routers: the server itself and two more.
    assert out.datagram.payload.endswith(bytes.fromhex("deadbeef 000000000001 0451 0003"))
    assert near.next_hop(0xDEADBEEF) == NextHop("wan", bytes([2]) * 6)
    assert near.due() is None  # and nothing more crosses the link


#: By hand: what the server of facts/ipx.md 1.13 broadcasts on network 2.
TOLD_RIP = (
    "ffff 0028 00 01 00000002 ffffffffffff 0453 00000002 00a0c9445566 0453 0002 deadbeef 0001 0002"
)
TOLD_SAP = (
    "ffff 0060 00 04 00000002 ffffffffffff 0452 00000002 00a0c9445566 0452"
    "0002 0004 465331" + 45 * "00" + "deadbeef 000000000001 0451 0001"
)


def end(number: int) -> IpxRoutes:
    """A router with LAN ``number``; only the far one hears a server there."""
    updates = NETWARE_LAN if number == 2 else UNROUTED
    sides = (
        Interface(name="lan", network=number, ticks=1, updates=updates),
        Interface(name="wan", network=0x0B, ticks=6, updates=RFC_1582),
    )
    nodes = {"lan": LAN_NODE, "wan": bytes([number]) * 6}
    return IpxRoutes(RouterParams(interfaces=sides), nodes=nodes)


#: Its own broadcasts are not this story's.
NETWARE_LAN = Periodic(interval_ns=s(10**6))


def join(near: IpxRoutes, far: IpxRoutes, now: int) -> None:
    """Everything due now crosses the link at once, and the answers to it."""
    waiting = [(far, out) for out in near.expire(now)] + [(near, out) for out in far.expire(now)]
    while waiting:
        to, out = waiting.pop(0)
        if out.port == "wan":
            by = near if to is far else far
            waiting += [(by, said) for said in to.receive("wan", out.datagram, now)]
