"""NCP, SPX and NBIPX captures made by hand.  None of them puts its give-up on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.check.rules import FlowClass
from emu.check.timeline import How, Mechanism
from emu.pdu.ipx import IpxAddress
from emu.pdu.nbipx import NbipxName, NbipxNameKind, NbipxSession, NbipxSessionKind
from emu.pdu.ncp import NcpReply, NcpRequest, NcpType, Watchdog
from emu.pdu.spx import Spx
from emu.units import NS_PER_MS, NS_PER_S
from emu.wire.nbipx import encode_nbipx
from emu.wire.ncp import encode_ncp
from emu.wire.spx import encode_spx
from tests.check.frames import CLIENT_MAC, SERVER_MAC, Stamped, ipx, judged, only


def address(node: bytes, socket: int) -> IpxAddress:
    return IpxAddress(network=10, node=node, socket=socket)


NCP_SERVER, NCP_CLIENT = address(SERVER_MAC, 0x0451), address(CLIENT_MAC, 0x4003)
POLLER, POLLED = address(SERVER_MAC, 0x4001), address(CLIENT_MAC, 0x4004)


def near(found: int | None, wanted_s: float) -> bool:
    return found is not None and abs(found - wanted_s * NS_PER_S) < 2 * NS_PER_MS


def request(kind: NcpType, *, sequence: int = 1, connection: int = 1) -> bytes:
    function = 0x14 if kind is NcpType.REQUEST else 0
    pdu = NcpRequest(kind=kind, sequence=sequence, connection=connection, task=1, function=function)
    return ipx(NCP_CLIENT, NCP_SERVER, encode_ncp(pdu), packet_type=17)


def reply(*, sequence: int = 1, connection: int = 1, status: int = 0) -> bytes:
    pdu = NcpReply(
        kind=NcpType.REPLY,
        sequence=sequence,
        connection=connection,
        task=1,
        completion=0,
        status=status,
    )
    return ipx(NCP_SERVER, NCP_CLIENT, encode_ncp(pdu), packet_type=17)


def watchdog(mark: str, *, connection: int = 1) -> bytes:
    octets = encode_ncp(Watchdog(connection_low=connection, mark=ord(mark)))
    ends = (POLLER, POLLED) if mark == "?" else (POLLED, POLLER)
    return ipx(*ends, octets, packet_type=17)


def attached(at_s: float = 0.0, *, connection: int = 1) -> list[Stamped]:
    create = request(NcpType.CREATE, sequence=0, connection=0xFFFF)
    return [(at_s, create), (at_s + 0.001, reply(sequence=0, connection=connection))]


def polled(count: int, *, first_s: float = 400.0, every_s: float = 60.0) -> list[Stamped]:
    return [(first_s + every_s * turn, watchdog("?")) for turn in range(count)]


def busy() -> list[Stamped]:
    """Attached at 0, a request at 100, its reply 1 ms later."""
    return [*attached(), (100.0, request(NcpType.REQUEST)), (100.001, reply())]


def test_a_watchdog_that_stops_asking_has_cleared_silently(tmp_path: Path) -> None:
    """Idle 300 s, then 10 polls a minute apart to 940; at 1100 the file still goes on."""
    found = only(tmp_path, busy() + polled(10), until_s=1100)
    assert (found.transport, found.flow_class) == ("ncp", FlowClass.SILENT)
    assert (found.a, found.b) == ("0000000A:020000000001:0451", "0000000A:02000000000B:4003")
    assert (found.dead, found.host_alive) == (1, False)
    assert (found.how, found.disconnected_at_ns) == (How.NOT_ON_THE_WIRE, None)
    assert (found.mechanism, found.prober) == (Mechanism.NCP_WATCHDOG, 0)
    assert found.probes_unanswered == 10
    assert near(found.idle_ns, 300)
    assert near(found.interval_ns, 60)
    assert near(found.last_heard_ns, 100)
    assert near(found.silent_since_ns, 400)


def test_a_watchdog_that_still_asks_when_the_file_ends(tmp_path: Path) -> None:
    found = only(tmp_path, busy() + polled(4))
    assert (found.flow_class, found.how) == (FlowClass.SILENT, How.STILL_OPEN)


def test_an_answered_watchdog_keeps_a_station_alive(tmp_path: Path) -> None:
    frames = [*busy(), (400.0, watchdog("?")), (400.001, watchdog("Y"))]
    found = only(tmp_path, frames, until_s=600)
    assert (found.flow_class, found.mechanism) == (FlowClass.ALIVE, Mechanism.NCP_WATCHDOG)


def test_a_station_that_attaches_again_has_started_anew(tmp_path: Path) -> None:
    """The same slot, so the server ends the old connection with it (facts/ipx.md 3.1, 4)."""
    old, new = judged(tmp_path, busy() + polled(2) + attached(500)).flows
    assert (old.flow_class, old.dead, old.how) == (FlowClass.REBOOTED, 1, How.END_FRAME)
    assert near(old.last_heard_ns, 100)
    assert near(old.disconnected_at_ns, 500)
    assert new.flow_class is FlowClass.ALIVE


def test_a_station_that_comes_back_after_the_watchdog_stopped_was_silent(tmp_path: Path) -> None:
    """Four polls to 580, the attach at 900: the slot was cleared in between, unseen."""
    old, _ = judged(tmp_path, busy() + polled(4) + attached(900)).flows
    assert (old.flow_class, old.how) == (FlowClass.SILENT, How.NOT_ON_THE_WIRE)
    assert old.disconnected_at_ns is None


def test_an_ncp_connection_is_closed_by_its_destroy(tmp_path: Path) -> None:
    frames = [*busy(), (200.0, request(NcpType.DESTROY, sequence=2)), (200.001, reply(sequence=2))]
    found = only(tmp_path, frames)
    assert (found.flow_class, found.how) == (FlowClass.CLOSED, How.END_FRAME)
    assert near(found.disconnected_at_ns, 200)


def test_a_bad_connection_status_says_that_only_the_client_still_believes(tmp_path: Path) -> None:
    frames = [
        *busy(),
        (900.0, request(NcpType.REQUEST, sequence=2)),
        (900.001, reply(sequence=2, status=1)),
    ]
    found = only(tmp_path, frames)
    assert (found.flow_class, found.dead) == (FlowClass.HALF_OPEN, None)
    assert near(found.disconnected_at_ns, 900.001)


def test_a_server_that_does_not_answer_requests_is_silent(tmp_path: Path) -> None:
    again = [(200.0 + turn, request(NcpType.REQUEST, sequence=2)) for turn in range(5)]
    found = only(tmp_path, busy() + again)
    assert (found.flow_class, found.dead) == (FlowClass.SILENT, 0)
    assert found.probes_unanswered == 4


SPX_SERVER, SPX_CLIENT = address(SERVER_MAC, 0x5000), address(CLIENT_MAC, 0x4010)


def spx(
    at_s: float,
    *,
    up: bool,
    control: int,
    stream: int = 0,
    sequence: int = 0,
    client_id: int = 7,
    server_id: int = 9,
) -> Stamped:
    """A packet of the client (``up``) or the server."""
    ends = (SPX_CLIENT, SPX_SERVER) if up else (SPX_SERVER, SPX_CLIENT)
    ids = (client_id, server_id) if up else (server_id, client_id)
    packet = Spx(
        control=control,
        stream=stream,
        source_id=ids[0],
        destination_id=ids[1],
        sequence=sequence,
        acknowledgement=0,
        allocation=3,
    )
    return at_s, ipx(*ends, encode_spx(packet), packet_type=5)


def spx_session() -> list[Stamped]:
    return [
        spx(0, up=True, control=0xC0, server_id=0xFFFF),
        spx(0.001, up=False, control=0x80),
        spx(1.0, up=True, control=0x50),
        spx(1.001, up=False, control=0x80),
    ]


def test_an_spx_watchdog_in_vain(tmp_path: Path) -> None:
    """NWLink: 8 requests 6 s apart, the first after 6 s (facts/ipx.md 2.2)."""
    asks = [spx(7.0 + 6 * turn, up=False, control=0xC0) for turn in range(8)]
    found = only(tmp_path, spx_session() + asks, until_s=100)
    assert (found.transport, found.flow_class, found.dead) == ("spx", FlowClass.SILENT, 1)
    assert (found.a, found.b) == ("0000000A:020000000001:5000", "0000000A:02000000000B:4010")
    assert (found.mechanism, found.prober) == (Mechanism.SPX_WATCHDOG, 0)
    assert (found.probes_unanswered, found.how) == (8, How.NOT_ON_THE_WIRE)
    assert near(found.idle_ns, 6)
    assert near(found.interval_ns, 6)
    assert near(found.last_heard_ns, 1)


def test_an_answered_spx_watchdog(tmp_path: Path) -> None:
    asks = [spx(7, up=False, control=0xC0), spx(7.001, up=True, control=0x80)]
    found = only(tmp_path, spx_session() + asks)
    assert (found.flow_class, found.mechanism) == (FlowClass.ALIVE, Mechanism.SPX_WATCHDOG)


def test_an_orderly_spx_end(tmp_path: Path) -> None:
    end = [spx(5, up=True, control=0x50, stream=0xFE), spx(5.001, up=False, control=0, stream=0xFF)]
    found = only(tmp_path, spx_session() + end)
    assert (found.flow_class, found.how) == (FlowClass.CLOSED, How.END_FRAME)


def test_spx_data_repeated_in_vain(tmp_path: Path) -> None:
    data = [spx(10.0 + 0.6 * turn, up=False, control=0x40, sequence=5) for turn in range(9)]
    found = only(tmp_path, spx_session() + data, until_s=60)
    assert (found.flow_class, found.dead, found.probes_unanswered) == (FlowClass.SILENT, 1, 8)


def test_an_spx_client_that_calls_again_while_asked_has_started_anew(tmp_path: Path) -> None:
    """The old end drops what carries the old ids and ages out (facts/ipx.md 3.2)."""
    asks = [spx(7.0 + 6 * turn, up=False, control=0xC0) for turn in range(8)]
    call = [
        spx(20, up=True, control=0xC0, server_id=0xFFFF, client_id=8),
        spx(20.001, up=False, control=0x80, client_id=8, server_id=11),
    ]
    old, new = judged(tmp_path, sorted(spx_session() + asks + call), until_s=70).flows
    assert (old.flow_class, old.dead) == (FlowClass.REBOOTED, 1)
    assert old.disconnected_at_ns is None
    assert new.flow_class is FlowClass.ALIVE


NB_SERVER, NB_CLIENT = address(SERVER_MAC, 0x0455), address(CLIENT_MAC, 0x0455)


def nbipx(
    at_s: float,
    *,
    up: bool,
    control: int,
    kind: NbipxSessionKind = NbipxSessionKind.DATA,
    sequence: int = 0,
    server_id: int = 9,
) -> Stamped:
    ends = (NB_CLIENT, NB_SERVER) if up else (NB_SERVER, NB_CLIENT)
    ids = (7, server_id) if up else (server_id, 7)
    packet = NbipxSession(
        kind=kind,
        control=control,
        source_id=ids[0],
        destination_id=ids[1],
        send_sequence=sequence,
    )
    return at_s, ipx(*ends, encode_nbipx(packet), packet_type=4)


def nbipx_session() -> list[Stamped]:
    return [
        nbipx(0, up=True, control=0x40, server_id=0xFFFF),
        nbipx(0.001, up=False, control=0x80),
        nbipx(1.0, up=True, control=0x40, sequence=1),
        nbipx(1.001, up=False, control=0x80),
    ]


def test_nbipx_keep_alives_in_vain(tmp_path: Path) -> None:
    """NWLink NB: every 30 s, 8 of them (facts/ipx.md 2.3)."""
    asks = [nbipx(31.0 + 30 * turn, up=False, control=0xC0) for turn in range(8)]
    found = only(tmp_path, nbipx_session() + asks, until_s=400)
    assert (found.transport, found.flow_class, found.dead) == ("nbipx", FlowClass.SILENT, 1)
    assert (found.mechanism, found.probes_unanswered) == (Mechanism.NBIPX_KEEPALIVE, 8)
    assert (found.how, found.disconnected_at_ns) == (How.NOT_ON_THE_WIRE, None)
    assert near(found.idle_ns, 30)
    assert near(found.interval_ns, 30)
    assert near(found.last_heard_ns, 1)


def test_an_orderly_nbipx_end(tmp_path: Path) -> None:
    end = [
        nbipx(5, up=False, control=0x40, kind=NbipxSessionKind.END),
        nbipx(5.001, up=True, control=0x40, kind=NbipxSessionKind.END_ACK),
    ]
    found = only(tmp_path, nbipx_session() + end)
    assert (found.flow_class, found.how) == (FlowClass.CLOSED, How.END_FRAME)
    assert near(found.disconnected_at_ns, 5)


def test_a_name_claimed_while_asked_is_a_reboot(tmp_path: Path) -> None:
    """INDEX: PEER_REBOOTED is silence with name claims."""
    claim = NbipxName(kind=NbipxNameKind.CHECK, flags=0, name=b"WS1".ljust(15) + b"\0")
    octets = ipx(NB_CLIENT, address(b"\xff" * 6, 0x0455), encode_nbipx(claim), packet_type=20)
    asks = [nbipx(31.0 + 30 * turn, up=False, control=0xC0) for turn in range(8)]
    frames = sorted([*nbipx_session(), *asks, (100.0, octets)])
    found = only(tmp_path, frames, until_s=400)
    assert (found.flow_class, found.dead, found.host_alive) == (FlowClass.REBOOTED, 1, True)


@pytest.mark.parametrize("mark", ["!", "@"])
def test_a_message_announcement_is_no_poll(tmp_path: Path, mark: str) -> None:
    frames = busy() + [(200.0 + turn, watchdog(mark)) for turn in range(4)]
    assert only(tmp_path, frames).probes_unanswered == 0
