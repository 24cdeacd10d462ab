"""A box between two LANs that routes TCP over IPv4 by its flow table, octets in, octets out.

Everything else ends here: no ICMP, no other protocol, no fragments, no IPv4 options, no segment
with a wrong checksum (hosts here send none of that).  A segment that goes on loses a hop and,
through a NAT, changes its address and port; RSTs and answers of the box's own have a time to live
of ``TTL`` (Linux's default; no source says what the boxes of the clouds use).

Read: facts/tcp.md 1, 6; RFC 3022 4.1 (checksums of what is translated).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from emu.errors import PeerProtocolError
from emu.machines.base import EXPIRED, Deliver, Effects, Note, Received, Transmit
from emu.machines.forget import BoxParams, Crossing, FlowTable, Made, Onward, turned
from emu.pdu.ip_tcp import Ipv4Datagram, Segment
from emu.stations.addresses import ip_address, segment_of
from emu.stations.base import Surroundings
from emu.stations.router.ip_port import IpPort
from emu.wire.ip_tcp import (
    TcpFlow,
    decode_ipv4,
    decode_tcp,
    decode_tcp_frame,
    encode_ipv4,
    encode_tcp,
)

TTL = 64
#: An Ethernet header as ``decode_tcp_frame`` wants it, for a datagram that has none any more.
_HEADER = bytes(12) + b"\x08\x00"
#: Names of the two ports: whose side a packet comes from.
INSIDE, OUTSIDE = "inside", "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPortSpec:
    """``address``: the port's number.  ``beyond``: segments that lie behind the other port."""

    address: int
    beyond: tuple[int, ...]


class ForgetfulBox:
    """``tell(happened, now)``: the table's ``Learnt``, ``Forgot`` and ``Refused``, and its notes.

    ``later(do, now)``: carry ``do(now)`` out when what the box sends is on its way, after the
    time that a crossing takes.  ``crossed``: segments that went on.
    """

    def __init__(
        self,
        params: BoxParams,
        *,
        outside: BoxPortSpec,
        inside: BoxPortSpec,
        surroundings: Mapping[str, Surroundings],
        tell: Callable[[object, int], None],
        later: Callable[[Callable[[int], None], int], None],
    ) -> None:
        self.table = FlowTable(params, ip_address(outside.address))
        self.crossed = 0
        self._tell, self._later = tell, later
        # Whoever translates is itself the host that the server talks to.
        own = (segment_of(outside.address),) if params.translates else ()
        self.ports = {
            OUTSIDE: IpPort(
                outside.address, (*outside.beyond, *own), surroundings[OUTSIDE], self._from_outside
            ),
            INSIDE: IpPort(inside.address, inside.beyond, surroundings[INSIDE], self._from_inside),
        }

    def expire(self, now: int) -> None:
        """A timer of the table's is due."""
        self._carry_out(self.table.step(EXPIRED, now), b"", now)

    def _from_outside(self, datagram: bytes, now: int) -> None:
        self._carry(datagram, now, outbound=False)

    def _from_inside(self, datagram: bytes, now: int) -> None:
        self._carry(datagram, now, outbound=True)

    def _carry(self, datagram: bytes, now: int, *, outbound: bool) -> None:
        try:
            key, segment = decode_tcp_frame(_HEADER + datagram)
        except PeerProtocolError:
            self.ports[INSIDE if outbound else OUTSIDE].dropped += 1
            return
        crossing = Crossing(outbound=outbound, key=key, segment=segment)
        self._carry_out(self.table.step(Received(crossing), now), datagram, now)

    def _carry_out(self, effects: Effects, heard: bytes, now: int) -> None:
        for effect in effects:
            match effect:
                case Deliver(value=value):
                    self._tell(value, now)
                case Transmit(pdu=Onward() as onward):
                    self.crossed += 1
                    self._put(_translated(heard, onward.key), outbound=onward.outbound, now=now)
                case Transmit(pdu=Made() as made, about=about):
                    if about is not None:
                        self._tell(Note(about.kind, _facts(made)), now)
                    octets = _datagram(made.key, made.segment)
                    self._put(octets, outbound=made.outbound, now=now)
                case other:
                    raise AssertionError(f"flow table said {other!r}")

    def _put(self, octets: bytes, *, outbound: bool, now: int) -> None:
        port = self.ports[OUTSIDE if outbound else INSIDE]
        self._later(lambda then: port.put(octets, then), now)


def _translated(octets: bytes, key: bytes) -> bytes:
    """The datagram under other addresses and ports, with its checksums made anew."""
    datagram = decode_ipv4(octets)
    segment = decode_tcp(datagram.payload)
    ports = int.from_bytes(key[8:10], "big"), int.from_bytes(key[10:12], "big")
    addresses = datagram.source, datagram.destination
    if (addresses, (segment.source_port, segment.destination_port)) == ((key[:4], key[4:8]), ports):
        return octets
    moved = replace(segment, source_port=ports[0], destination_port=ports[1], checksum=None)
    return encode_ipv4(_moved(datagram, key, encode_tcp(moved, key[:4], key[4:8])))


def _moved(datagram: Ipv4Datagram, key: bytes, payload: bytes) -> Ipv4Datagram:
    return replace(datagram, source=key[:4], destination=key[4:8], payload=payload, checksum=None)


def _datagram(key: bytes, segment: Segment) -> bytes:
    """A segment of the box's own; identification 0, for it may not be fragmented (RFC 6864)."""
    flow = TcpFlow(
        source_mac=bytes(6),
        destination_mac=bytes(6),
        source_ip=key[:4],
        destination_ip=key[4:8],
        source_port=int.from_bytes(key[8:10], "big"),
        destination_port=int.from_bytes(key[10:12], "big"),
        ttl=TTL,
    )
    return flow.encode(segment, 0)[len(_HEADER) :]


def _facts(made: Made) -> dict[str, int | str | bool]:
    return {"name_of": endpoint(made.key), "to": endpoint(turned(made.key))}


def endpoint(key: bytes) -> str:
    """Address and port of a key's source: ``10.0.0.1:1494``."""
    return f"{'.'.join(map(str, key[:4]))}:{int.from_bytes(key[8:10], 'big')}"
