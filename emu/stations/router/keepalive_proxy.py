"""A box that answers TCP keepalives for hosts behind it: the load balancer of today.

Both legs stay alive for their own hosts while the other one is dead.  Unlike a real load
balancer it terminates nothing: segments pass as they are, only probes from its LAN end here.
The answer has the addresses, numbers and time to live of the absent host, and the box's own MAC
address, which is where the probe was sent.

Simplifications: a frame with a wrong checksum, IPv4 options or a fragment goes on unread, as
hosts here do not send it; the identification is 0, for a datagram that may not be fragmented
needs none (RFC 6864 4.1).

Read: facts/tcp.md 3.1, 4.1, 6; RFC 1122 4.2.3.6.
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.machines.spoof import TcpKeepalives
from emu.pdu.ip_tcp import Segment
from emu.stations.router.inspector import PASS, Ruling
from emu.wire.ip_tcp import TcpFlow, decode_tcp_frame

#: Where the time to live is in the frame (RFC 791 3.1).
_TTL_AT = 22


class KeepaliveProxy:
    """Learns flows from what passes, and answers for their far ends."""

    def __init__(self) -> None:
        self._keepalives = TcpKeepalives()
        self._ttl: dict[bytes, int] = {}

    def outbound(self, frame: bytes, now: int) -> Ruling:  # noqa: ARG002
        """See ``Inspector``."""
        opened = _open(frame)
        if opened is None:
            return PASS
        key, segment = opened
        answer = self._keepalives.from_near(key, segment)
        self._forget(key)
        if answer is None:
            return PASS
        flow = _flow_back(frame, key, ttl=self._ttl[key])
        why = f"TCP keepalive answered for {'.'.join(map(str, key[4:8]))}"
        return Ruling(forward=False, answers=(flow.encode(answer, 0),), why=why)

    def inbound(self, frame: bytes, now: int) -> Ruling:  # noqa: ARG002
        """See ``Inspector``."""
        opened = _open(frame)
        if opened is not None:
            key, segment = _turned(opened[0]), opened[1]
            self._keepalives.from_far(key, segment)
            self._ttl[key] = frame[_TTL_AT]
            self._forget(key)
        return PASS

    def link_changed(self, *, up: bool, now: int) -> None:
        """It does not look at the link."""

    def _forget(self, key: bytes) -> None:
        if key not in self._keepalives:
            self._ttl.pop(key, None)


def _open(frame: bytes) -> tuple[bytes, Segment] | None:
    try:
        return decode_tcp_frame(frame)
    except PeerProtocolError:
        return None


def _turned(key: bytes) -> bytes:
    """The same flow seen from its other end: addresses and ports change places."""
    return key[4:8] + key[0:4] + key[10:12] + key[8:10]


def _flow_back(frame: bytes, key: bytes, *, ttl: int) -> TcpFlow:
    return TcpFlow(
        source_mac=frame[:6],
        destination_mac=frame[6:12],
        source_ip=key[4:8],
        destination_ip=key[0:4],
        source_port=int.from_bytes(key[10:12], "big"),
        destination_port=int.from_bytes(key[8:10], "big"),
        ttl=ttl,
    )
