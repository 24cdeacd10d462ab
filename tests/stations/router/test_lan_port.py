"""A router's LAN side, frame by frame: what crosses, what is put on the LAN, what is dropped."""

from __future__ import annotations

from typing import Any

from emu.machines.base import Note
from emu.machines.routing import UNROUTED, Interface, RouterParams, StaticRoute
from emu.pdu.ppp import PROTOCOL_IP, PROTOCOL_IPX, PROTOCOL_NBF
from emu.stations.addresses import ip_address, mac_address, port_address
from emu.stations.base import Timer
from emu.stations.router.inspector import PASS, Ruling
from emu.stations.router.lan_port import LanPort, LanPortSpec
from emu.stations.router.packets import Packet
from emu.units import seconds as s
from emu.wire.ethernet import decode_ethernet
from emu.wire.forwarding import bridged

#: The router beside the server: 10.0.255.254 on network A; its far routers behind 1 and 2.
ADDRESS = port_address(0, 0xFFFE)
ROUTER_MAC, SERVER_MAC = mac_address(ADDRESS), mac_address(1)
EVERYBODY = b"\xff" * 6
#: By hand: 10.0.0.1 to 10.1.0.11, TTL 128, TCP without data is not looked at.
IP = bytes.fromhex("4500001400000000 80 06 0000 0a000001 0a01000b")


def summed(header: bytes) -> bytes:
    """With the checksum of RFC 791, the slow way."""
    blank = header[:10] + b"\0\0" + header[12:]
    total = sum(int.from_bytes(blank[at : at + 2], "big") for at in range(0, 20, 2))
    total = (total & 0xFFFF) + (total >> 16)
    return blank[:10] + (0xFFFF - total).to_bytes(2, "big") + blank[12:]


class Box:
    """What a port asks of the world, written down."""

    mac = ROUTER_MAC

    def __init__(self, *inspectors: Any, segment: int = 0, netbeui: str = "nbfcp") -> None:
        self.sent: list[bytes] = []
        self.carried: list[Packet] = []
        routing = RouterParams(
            interfaces=(
                Interface(name="lan", network=0xA + segment, ticks=1, updates=UNROUTED),
                Interface(name="one", network=0, ticks=6, updates=UNROUTED),
                Interface(name="two", network=0, ticks=6, updates=UNROUTED),
            ),
            routes=(
                StaticRoute(network=0xB, hops=1, ticks=7, interface="one", node=bytes(6)),
                StaticRoute(network=0xDEADBEEF, hops=1, ticks=1, interface="lan", node=SERVER_MAC),
            ),
        )
        spec = LanPortSpec(
            address=port_address(segment, 0xFFFE),
            beyond={1: "one", 2: "two"},
            framing="802.2",
            netbeui=netbeui,
            inspectors=inspectors,
        )
        self.port = LanPort(spec, self, lambda packet, _now: self.carried.append(packet), routing)

    def transmit(self, octets: bytes) -> int:
        self.sent.append(octets)
        return 0

    def arm(self, timer: Timer, due: int) -> None: ...

    def note(self, note: Note, connection: int, frame: int | None) -> None: ...

    def arriving(self) -> int:
        return 0

    def hears(self, *parts: bytes) -> list[Packet]:
        """What one frame made it carry."""
        before = len(self.carried)
        self.port.receive(b"".join(parts).ljust(60, b"\0"), s(1))
        return self.carried[before:]

    def puts(self, protocol: int, payload: bytes, router: str = "one") -> list[bytes]:
        """What one packet from the far side made it put on the LAN."""
        before = len(self.sent)
        self.port.put(router, Packet(protocol=protocol, payload=payload), s(1))
        return self.sent[before:]


# --- IP ------------------------------------------------------------------------------------------


def test_a_datagram_for_a_far_lan_goes_to_its_router_one_hop_older() -> None:
    box = Box()
    (packet,) = box.hears(ROUTER_MAC, SERVER_MAC, b"\x08\0", summed(IP))
    later = summed(IP[:8] + b"\x7f" + IP[9:])
    assert packet == Packet(protocol=PROTOCOL_IP, payload=later, to="one")
    to_two = IP[:16] + bytes((10, 2, 0, 11))
    assert [each.to for each in box.hears(ROUTER_MAC, SERVER_MAC, b"\x08\0", summed(to_two))] == [
        "two"
    ]


def test_datagrams_of_others_or_for_nowhere_stay() -> None:
    box = Box()
    assert box.hears(SERVER_MAC, mac_address(12), b"\x08\0", summed(IP)) == []
    for destination in ((10, 0, 0, 12), (10, 3, 0, 1), (192, 0, 2, 1)):
        nowhere = summed(IP[:16] + bytes(destination))
        assert box.hears(ROUTER_MAC, SERVER_MAC, b"\x08\0", nowhere) == []
    assert box.hears(ROUTER_MAC, SERVER_MAC, b"\x08\0", IP) == [], "a wrong checksum"
    assert box.sent == []


def test_a_datagram_from_afar_waits_for_arp_and_is_two_hops_old() -> None:
    """RFC 826: who has 10.0.0.1?  RFC 1812 5.3.1: this router takes its hop, too."""
    box = Box()
    inward = summed(IP[:12] + bytes((10, 1, 0, 11, 10, 0, 0, 1)))
    (asked,) = box.puts(PROTOCOL_IP, inward)
    assert asked[:6] == EVERYBODY
    assert asked[12:14] == b"\x08\x06"
    assert asked[38:42] == bytes((10, 0, 0, 1))
    reply = asked[:20] + b"\0\2" + SERVER_MAC + asked[38:42] + ROUTER_MAC + ip_address(ADDRESS)
    box.hears(ROUTER_MAC, SERVER_MAC, reply[12:])
    older = summed(inward[:8] + b"\x7f" + inward[9:])
    assert box.sent[1:] == [(SERVER_MAC + ROUTER_MAC + b"\x08\0" + older).ljust(60, b"\0")]
    (again,) = box.puts(PROTOCOL_IP, inward)
    assert again == box.sent[1], "and the next one knows the way"


def test_a_datagram_that_dies_or_is_for_elsewhere_is_not_put_on_the_lan() -> None:
    box = Box()
    assert box.puts(PROTOCOL_IP, summed(IP)) == [], "10.1 is not here"
    dying = summed(IP[:8] + b"\1" + IP[9:12] + bytes((10, 1, 0, 11, 10, 0, 0, 1)))
    assert box.puts(PROTOCOL_IP, dying) == []
    assert box.puts(PROTOCOL_IP, b"\x45") == []
    assert box.port.dropped == 1


# --- IPX -----------------------------------------------------------------------------------------

#: facts/ipx.md 1.13's watchdog poll, from the server's internal network to a node of network B.
POLL = "ffff0020 {hops} 11 0000000b 00a0c9112233 4004 deadbeef 000000000001 4001 053f"
LLC = b"\xe0\xe0\x03"


def ipx(hops: str = "00") -> bytes:
    return bytes.fromhex(POLL.format(hops=hops))


def frame_802_2(datagram: bytes, to: bytes, by: bytes) -> bytes:
    return to + by + (len(datagram) + 3).to_bytes(2, "big") + LLC + datagram


def test_a_datagram_handed_to_the_router_crosses_one_hop_older() -> None:
    box = Box()
    (packet,) = box.hears(frame_802_2(ipx(), ROUTER_MAC, SERVER_MAC))
    assert packet == Packet(protocol=PROTOCOL_IPX, payload=ipx("01"), to="one")
    assert box.hears(frame_802_2(ipx(), SERVER_MAC, ROUTER_MAC)) == [], "not handed to it"
    assert box.hears(frame_802_2(ipx("0f"), ROUTER_MAC, SERVER_MAC)) == [], "sixteen hops"


def test_an_answer_from_afar_is_handed_to_the_server_in_its_framing() -> None:
    """To the internal network, so to the node that the route names; heard in Ethernet II."""
    box = Box()
    box.hears(ROUTER_MAC, SERVER_MAC, b"\x81\x37", ipx())
    answer = bytes.fromhex("ffff0020 01 11 deadbeef 000000000001 4001"
                           "0000000b 00a0c9112233 4004 0559")  # fmt: skip
    (put,) = box.puts(PROTOCOL_IPX, answer)
    older = answer[:4] + b"\x02" + answer[5:]
    assert put == (SERVER_MAC + ROUTER_MAC + b"\x81\x37" + older).ljust(60, b"\0")


def test_a_type_20_broadcast_crosses_to_all_and_is_put_to_everybody() -> None:
    text = "ffff0040 00 14 00000000 ffffffffffff 0455 0000000a 00a0c9112233 0455" + "00" * 32
    broadcast = bytes.fromhex(text + "4e42")
    box = Box()
    (packet,) = box.hears(frame_802_2(broadcast, EVERYBODY, SERVER_MAC))
    assert packet.to is None
    assert packet.payload[4:5] + packet.payload[30:38] == b"\x01" + b"\0\0\0\x0a" + bytes(4)
    far = Box(segment=1)
    (put,) = far.puts(PROTOCOL_IPX, packet.payload)
    assert put[:6] == EVERYBODY
    assert put[17 + 6 : 17 + 16] == b"\0\0\0\x0b" + EVERYBODY, "to the next LAN's network"


# --- NetBEUI -------------------------------------------------------------------------------------

RR = b"\0\4\xf0\xf0\x01\x01"
CLIENT_1, CLIENT_2 = mac_address(port_address(1, 11)), mac_address(port_address(2, 11))


def test_netbeui_crosses_to_all_lines_until_the_station_has_been_heard() -> None:
    """A bridge learns (IEEE 802.1D 7.8): a poll for one office does not raise the other line."""
    box = Box()
    poll = CLIENT_1 + SERVER_MAC + RR
    (first,) = box.hears(poll)
    assert first == Packet(
        protocol=PROTOCOL_NBF,
        payload=bridged(decode_ethernet(poll.ljust(60, b"\0"))),
    )
    box.puts(PROTOCOL_NBF, bridged(decode_ethernet((SERVER_MAC + CLIENT_1 + RR).ljust(60, b"\0"))))
    assert [packet.to for packet in box.hears(poll)] == ["one"]
    assert [packet.to for packet in box.hears(CLIENT_2 + SERVER_MAC + RR)] == [None]
    group = bytes.fromhex("030000000001") + SERVER_MAC + RR
    assert [packet.to for packet in box.hears(group)] == [None]


def test_a_remote_bridge_learns_as_well() -> None:
    """RFC 2878's frames instead of RFC 2097's, to the same lines."""
    box, far = Box(netbeui="bridge"), Box(netbeui="bridge", segment=1)
    poll = CLIENT_1 + SERVER_MAC + RR
    (first,) = box.hears(poll)
    assert (first.protocol, first.to) == (0x31, None)
    (back,) = far.hears(SERVER_MAC + CLIENT_1 + RR)
    assert box.puts(back.protocol, back.payload) == [(SERVER_MAC + CLIENT_1 + RR).ljust(60, b"\0")]
    assert [packet.to for packet in box.hears(poll)] == ["one"]


def test_what_it_put_on_the_lan_itself_does_not_go_back() -> None:
    box = Box()
    frame = (SERVER_MAC + CLIENT_1 + RR).ljust(60, b"\0")
    assert box.puts(PROTOCOL_NBF, bridged(decode_ethernet(frame))) == [frame]
    assert box.hears(frame) == []


def test_a_router_that_does_not_carry_netbeui() -> None:
    box = Box(netbeui="")
    assert box.hears(CLIENT_1 + SERVER_MAC + RR) == []
    frame = (SERVER_MAC + CLIENT_1 + RR).ljust(60, b"\0")
    assert box.puts(PROTOCOL_NBF, bridged(decode_ethernet(frame))) == []


def test_what_is_too_short_is_counted_and_dropped() -> None:
    box = Box()
    assert box.puts(PROTOCOL_NBF, bytes(14)) == []
    assert box.puts(PROTOCOL_IPX, bytes(9)) == []
    assert box.port.dropped == 2


# --- inspectors ----------------------------------------------------------------------------------


class Answerer:
    """Answers everything outbound itself, and lets nothing in."""

    def __init__(self) -> None:
        self.links: list[bool] = []

    def outbound(self, frame: bytes, now: int) -> Ruling:
        return Ruling(forward=False, answers=(frame[6:12] + frame[:6] + frame[12:],))

    def inbound(self, frame: bytes, now: int) -> Ruling:
        return Ruling(forward=False)

    def link_changed(self, *, up: bool, now: int) -> None:
        self.links.append(up)


class Deaf(Answerer):
    """Passes everything, and counts what it was asked."""

    asked = 0

    def outbound(self, frame: bytes, now: int) -> Ruling:
        self.asked += 1
        return PASS


def test_an_answer_is_on_the_lan_and_the_frame_goes_nowhere() -> None:
    first, second = Answerer(), Deaf()
    box = Box(first, second)
    frame = frame_802_2(ipx(), ROUTER_MAC, SERVER_MAC).ljust(60, b"\0")
    assert box.hears(frame) == []
    assert box.sent == [SERVER_MAC + ROUTER_MAC + frame[12:]]
    assert second.asked == 0, "what one has taken the next does not see"
    assert box.puts(PROTOCOL_IPX, ipx()) == []
    box.port.link_changed("one", up=True, now=s(2))
    assert first.links == second.links == [True]
