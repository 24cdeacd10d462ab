"""IPX on a host: which datagrams are for it, in which framing, and where answers go."""

from __future__ import annotations

import pytest

from emu.errors import PeerProtocolError
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.stations.addresses import SEGMENT_NETWORK
from emu.stations.ipx import (
    FRAMINGS,
    SOCKET_DYNAMIC_LAST,
    IpxPort,
    client_socket,
    internal_network,
)
from emu.wire.ipx import ipx_frame

from .ncp_lan import CLIENT_MAC, SERVER_MAC, Box, Lan

ROUTER_MAC = bytes.fromhex("00a0c9000001")
ELSEWHERE = bytes.fromhex("00a0c9778899")
BROADCAST = b"\xff" * 6


def port(framing: str = "802.2", *, network: int = 0, mac: bytes = CLIENT_MAC) -> IpxPort:
    return IpxPort(Box(Lan(), mac), framing=framing, network=network)


def frame(
    framing: str = "802.2",
    *,
    network: int = SEGMENT_NETWORK,
    node: bytes = CLIENT_MAC,
    source: bytes = SERVER_MAC,
) -> bytes:
    datagram = IpxDatagram(
        destination=IpxAddress(network=network, node=node, socket=0x4003),
        source=IpxAddress(network=0xDEADBEEF, node=bytes(5) + b"\x01", socket=0x451),
        packet_type=17,
        payload=b"\x05\x3f",
    )
    return ipx_frame(datagram, framing=FRAMINGS[framing][0], destination=CLIENT_MAC, source=source)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_every_framing_is_claimed_by_the_octets_that_tell_it(framing: str) -> None:
    octets = frame(framing)
    at = 12 if framing == "ethernet-ii" else 14
    assert port(framing).claims == (octets[at : at + 2],)


@pytest.mark.parametrize("mine", FRAMINGS)
@pytest.mark.parametrize("theirs", FRAMINGS)
def test_another_framing_is_another_network(mine: str, theirs: str) -> None:
    assert (port(mine).open(frame(theirs)) is not None) == (mine == theirs)


def test_an_arrival_keeps_the_mac_address_it_came_from() -> None:
    """A server's IPX node is not its MAC address (facts/ipx.md 1.1)."""
    arrival = port().open(frame(source=ROUTER_MAC))
    assert arrival is not None
    assert arrival.mac == ROUTER_MAC
    assert str(arrival.datagram.source) == "DEADBEEF:000000000001:0451"


def test_the_network_is_learned_from_whoever_addresses_us_first() -> None:
    client = port()
    assert client.home(0x4003).network == 0
    assert client.open(frame(network=0x0B)) is not None
    assert str(client.home(0x4003)) == "0000000B:00A0C9112233:4003"
    assert client.open(frame(network=0x0A)) is None
    assert client.open(frame(network=0)) is not None


def test_network_zero_and_broadcasts_teach_nothing() -> None:
    client = port()
    assert client.open(frame(network=0)) is not None
    assert client.open(frame(network=0x0B, node=BROADCAST)) is None
    assert client.open(frame(network=0, node=BROADCAST)) is not None
    assert client.network == 0


def test_other_nodes_and_networks_are_not_ours() -> None:
    server = port(network=SEGMENT_NETWORK)
    server.add_internal(0xDEADBEEF, bytes(5) + b"\x01")
    assert server.open(frame(node=ELSEWHERE)) is None
    assert server.open(frame(network=0x0B)) is None
    assert server.open(frame(network=0x0B, node=BROADCAST)) is None
    assert server.open(frame(network=0xDEADBEEF, node=bytes(5) + b"\x01")) is not None
    assert server.open(frame(network=0xDEADBEEF, node=bytes(5) + b"\x02")) is None
    assert server.open(frame(network=0xDEADBEEF)) is None
    assert server.open(frame(node=BROADCAST)) is not None
    assert server.network == SEGMENT_NETWORK


def test_source_network_zero_means_this_segment() -> None:
    server = port(network=SEGMENT_NETWORK)
    unlearned = IpxAddress(network=0, node=CLIENT_MAC, socket=0x4003)
    assert str(server.here(unlearned)) == "0000000A:00A0C9112233:4003"
    elsewhere = IpxAddress(network=7, node=CLIENT_MAC, socket=0x4003)
    assert server.here(elsewhere) == elsewhere


def test_a_bad_header_is_the_peers_error() -> None:
    with pytest.raises(PeerProtocolError):
        port().open(frame()[:30])


def test_what_is_sent_is_the_vector_of_the_fact_sheet() -> None:
    """facts/ipx.md 1.13, "same watchdog poll as complete frames start"."""
    starts = {
        "ethernet-ii": "00a0c911223300a0c94455668137ffff",
        "raw-802.3": "00a0c911223300a0c94455660020ffff",
        "802.2": "00a0c911223300a0c94455660023e0e003ffff",
        "snap": "00a0c911223300a0c94455660028aaaa030000008137ffff",
    }
    for framing, start in starts.items():
        lan = Lan()
        server = IpxPort(Box(lan, SERVER_MAC), framing=framing, network=SEGMENT_NETWORK)
        number = server.send(
            b"\x05\x3f",
            packet_type=17,
            source=IpxAddress(network=0xDEADBEEF, node=bytes(5) + b"\x01", socket=0x4001),
            destination=IpxAddress(network=0x0A, node=CLIENT_MAC, socket=0x4004),
            mac=CLIENT_MAC,
        )
        assert number == 1
        assert lan.frames[0].octets.hex().startswith(start)
        assert lan.frames[0].ipx == (
            "ffff002000110000000a00a0c91122334004deadbeef0000000000014001053f"
        )


def test_addresses_are_made_from_small_numbers() -> None:
    assert internal_network(0xEF) == 0xDEADBEEF
    assert internal_network(1) == 0xDEADBE01
    assert client_socket(boot=0, same=False) == client_socket(boot=9, same=True) == 0x4003
    assert [client_socket(boot=boot, same=False) for boot in (1, 2)] == [0x4007, 0x400B]


def test_sockets_of_many_boots_stay_dynamic_and_apart() -> None:
    """Each boot has three sockets, below 8000 (facts/ipx.md 1.1); 4001 stays the server's."""
    seen = {client_socket(boot=boot, same=False) for boot in range(4095)}
    assert len(seen) == 4095
    assert max(seen) + 2 <= SOCKET_DYNAMIC_LAST
    assert min(seen) == 0x4003
    assert client_socket(boot=4095, same=False) == 0x4003
