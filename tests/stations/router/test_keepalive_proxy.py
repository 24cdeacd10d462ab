"""A box that answers TCP keepalives: the octets, and what becomes of sessions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.pdu.terminal import Screen
from emu.stations.router.inspector import PASS, Ruling
from emu.stations.router.keepalive_proxy import KeepaliveProxy
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.stations.tcp_parts import Pair, Surroundings
from tests.wire.outside import find_tshark

#: Server 10.0.0.1:1494 on the LAN, client 10.0.0.2:1044 behind the box; checksums by hand
#: (ones' complement sums over these octets and RFC 9293's pseudo header).
TO_BOX = "00a0c9abcdef 00a0c9445566 0800"
TO_SERVER = "00a0c9445566 00a0c9abcdef 0800"
SERVER_ACK = (
    f"{TO_BOX} 4500 0028 0008 4000 80 06 e6c5 0a000001 0a000002"
    " 05d6 0414 000003e9 00001389 5010 2238 583e 0000"
)
CLIENT_ACK = (
    f"{TO_SERVER} 4500 0028 0007 4000 7e 06 e8c6 0a000002 0a000001"
    " 0414 05d6 00001389 000003e9 5010 2238 583e 0000"
)
PROBE = (
    f"{TO_BOX} 4500 0028 0009 4000 80 06 e6c4 0a000001 0a000002"
    " 05d6 0414 000003e8 00001389 5010 2238 583f 0000"
)
ANSWER = (
    f"{TO_SERVER} 4500 0028 0000 4000 7e 06 e8cd 0a000002 0a000001"
    " 0414 05d6 00001389 000003e9 5010 2238 583e 0000"
)

#: The same with timestamps (RFC 7323 3.2): the answer repeats the client's 014D and echoes 2390.
STAMPED_SERVER_ACK = (
    f"{TO_BOX} 4500 0034 0008 4000 80 06 e6b9 0a000001 0a000002"
    " 05d6 0414 000003e9 00001389 8010 2238 fab1 0000 0101080a 00002328 0000014d"
)
STAMPED_CLIENT_ACK = (
    f"{TO_SERVER} 4500 0034 0007 4000 7e 06 e8ba 0a000002 0a000001"
    " 0414 05d6 00001389 000003e9 8010 2238 1d6b 0000 0101080a 0000014d 0000006f"
)
STAMPED_PROBE = (
    f"{TO_BOX} 4500 0034 0009 4000 80 06 e6b8 0a000001 0a000002"
    " 05d6 0414 000003e8 00001389 8010 2238 fa4a 0000 0101080a 00002390 0000014d"
)
STAMPED_ANSWER = (
    f"{TO_SERVER} 4500 0034 0000 4000 7e 06 e8c1 0a000002 0a000001"
    " 0414 05d6 00001389 000003e9 8010 2238 fa49 0000 0101080a 0000014d 00002390"
)

PLAIN = (CLIENT_ACK, SERVER_ACK, PROBE, ANSWER)
STAMPED = (STAMPED_CLIENT_ACK, STAMPED_SERVER_ACK, STAMPED_PROBE, STAMPED_ANSWER)


def octets(text: str) -> bytes:
    return bytes.fromhex(text).ljust(60, b"\0")


def learned(client: str, server: str) -> KeepaliveProxy:
    proxy = KeepaliveProxy()
    assert proxy.inbound(octets(client), 0) == PASS
    assert proxy.outbound(octets(server), 0) == PASS
    return proxy


@pytest.mark.parametrize("vectors", [PLAIN, STAMPED], ids=["plain", "timestamps"])
def test_the_answer_octet_by_octet(vectors: tuple[str, str, str, str]) -> None:
    """The client's own time to live, 7E behind two routers, is that of the answer."""
    client, server, probe, answer = vectors
    assert learned(client, server).outbound(octets(probe), s(7200)) == Ruling(
        forward=False, answers=(octets(answer),), why="TCP keepalive answered for 10.0.0.2"
    )


def test_the_probe_of_an_unknown_flow_passes() -> None:
    assert KeepaliveProxy().outbound(octets(PROBE), 0) == PASS


def test_a_probe_from_the_far_side_passes() -> None:
    """What the far end asks, the near end answers itself."""
    assert learned(CLIENT_ACK, SERVER_ACK).inbound(octets(PROBE), 0) == PASS


def test_a_wrong_checksum_passes_unread() -> None:
    proxy = learned(CLIENT_ACK, SERVER_ACK)
    assert proxy.outbound(octets(PROBE.replace("583f", "583e")), 0) == PASS
    # The client's next numbers in a damaged frame teach nothing.
    assert proxy.inbound(octets(CLIENT_ACK.replace("000003e9", "000007e9")), 0) == PASS
    assert not proxy.outbound(octets(PROBE), 0).forward


def test_a_reset_ends_it() -> None:
    """RST + ACK instead of ACK: 04 more in the flags, 04 less in the checksum."""
    proxy = learned(CLIENT_ACK, SERVER_ACK)
    assert proxy.inbound(octets(CLIENT_ACK.replace("5010 2238 583e", "5014 2238 583a")), 0) == PASS
    assert proxy.outbound(octets(PROBE), 0) == PASS


@given(frame=st.binary(max_size=80))
def test_any_octets_pass(frame: bytes) -> None:
    proxy = KeepaliveProxy()
    assert proxy.outbound(frame, 0) == PASS == proxy.inbound(frame, 0)


@pytest.mark.slow
@pytest.mark.parametrize("vectors", [PLAIN, STAMPED], ids=["plain", "timestamps"])
def test_tshark_calls_it_a_keepalive_answer(
    vectors: tuple[str, str, str, str], tmp_path: Path
) -> None:
    client, server, probe, _answer = map(octets, vectors)
    (answer,) = learned(vectors[0], vectors[1]).outbound(probe, 0).answers
    fields = ("tcp.analysis.keep_alive", "tcp.analysis.keep_alive_ack", "_ws.malformed",
              "ip.checksum.status", "tcp.checksum.status")  # fmt: skip
    frames = [client, server, probe, answer]
    rows = find_tshark(str(tmp_path)).fields(frames, *fields)
    assert [bool(row["tcp.analysis.keep_alive"]) for row in rows] == [False, False, True, False]
    assert [bool(row["tcp.analysis.keep_alive_ack"]) for row in rows] == [False] * 3 + [True]
    assert not any(row["_ws.malformed"] for row in rows)


# --- sessions -------------------------------------------------------------------------------


class Proxied:
    """NT 4's server and client with the box between them."""

    def __init__(self) -> None:
        self.pair = Pair()
        self.proxy = KeepaliveProxy()
        self.ruled: list[Ruling] = []
        self._carry = self.pair.wire.carry
        self.pair.wire.carry = self._cross  # type: ignore[method-assign]

    def _cross(self, sender: Surroundings, frame: bytes) -> None:
        wire = self.pair.wire
        if sender is not self.pair.at_server:
            assert self.proxy.inbound(frame, wire.now) == PASS
            self._carry(sender, frame)
            return
        ruling = self.proxy.outbound(frame, wire.now)
        if ruling.forward:
            self._carry(sender, frame)
            return
        self.ruled.append(ruling)
        for answer in ruling.answers:
            wire.push(wire.now + ms(1), 0, self.pair.at_server, answer)


def test_without_the_box_nt_4_notices_after_7205_s() -> None:
    pair = Pair()
    pair.connected()
    pair.at_client.alive = False
    pair.wire.run(s(7_300))
    assert [what for _at, what, *_rest in pair.server_user.told] == ["opened", "lost"]


def test_a_dead_client_behind_the_box_is_never_noticed() -> None:
    """Ten days: a probe every two hours, each answered; the server is content."""
    proxied = Proxied()
    proxied.pair.connected()
    proxied.pair.at_client.alive = False
    proxied.pair.wire.run(s(864_000))
    assert [what for _at, what, *_rest in proxied.pair.server_user.told] == ["opened"]
    assert len(proxied.ruled) == 119  # the 120th is due a little after the ten days


def test_data_tell_the_truth() -> None:
    """The box does not acknowledge data: NT 4 repeats them five times and gives up."""
    proxied = Proxied()
    proxied.pair.connected()
    proxied.pair.at_client.alive = False
    proxied.pair.wire.run(s(8_000))
    assert len(proxied.ruled) == 1
    proxied.pair.server_connection.send(Screen(text="x"), proxied.pair.wire.now)
    proxied.pair.wire.run(s(8_100))
    assert [what for _at, what, *_rest in proxied.pair.server_user.told] == ["opened", "lost"]
    assert len(proxied.ruled) == 1
