"""What the absent end of a TCP connection would answer to a keepalive probe.

Learns from the segments that pass: the near end is on the proxy's LAN, the far end behind it.
A probe differs from other segments only by its sequence number, one below the next, and has at
most one octet (RFC 1122 4.2.3.6; facts/tcp.md 3.1, 4.1).  It is answered when nothing is on its
way in either direction and the far end's window is open: anything else is about something that
only the far end knows.

Its memory grows with flows, not with time: a flow is forgotten at FIN or RST.

Left out: the limit of one answer in 500 ms that Linux keeps (facts/tcp.md 4.1), and SACK.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.ip_tcp import ACK, FIN, RST, SYN, Extensions, Segment

_SEQUENCES = 1 << 32


@dataclass(slots=True)
class _Far:
    """``window``: as its last segment had it, not scaled; ``timestamp``: its last TSval."""

    following: int
    acknowledgement: int
    window: int
    timestamp: int | None


@dataclass(slots=True)
class _Flow:
    """``near_next``: the sequence number behind all the near end has said, None: nothing yet."""

    near_next: int | None = None
    far: _Far | None = None


class TcpKeepalives:
    """The flows seen; a key is whatever the caller tells them apart by."""

    __slots__ = ("_flows",)

    def __init__(self) -> None:
        self._flows: dict[bytes, _Flow] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._flows

    def from_near(self, key: bytes, segment: Segment) -> Segment | None:
        """A segment for the far side; the far end's answer if it is a probe, else None."""
        flow = self._flow(key, segment)
        if flow is None:
            return None
        if flow.far is not None and _is_probe(segment, flow.near_next):
            return _answer(segment, flow.far, flow.near_next)
        flow.near_next = _later(flow.near_next, segment)
        return None

    def from_far(self, key: bytes, segment: Segment) -> None:
        """A segment from the far side."""
        flow = self._flow(key, segment)
        # The window of a SYN is never scaled (RFC 7323 2.2), so it tells nothing for later.
        if flow is None or segment.flags & (ACK | SYN) != ACK:
            return
        far = flow.far
        if far is not None and _is_before(segment.acknowledgement, far.acknowledgement):
            return
        flow.far = _Far(
            following=_later(None if far is None else far.following, segment),
            acknowledgement=segment.acknowledgement,
            window=segment.window,
            timestamp=_timestamp(segment),
        )

    def _flow(self, key: bytes, segment: Segment) -> _Flow | None:
        """A flow that ends is forgotten; one that begins owes nothing to one before it."""
        if segment.flags & (FIN | RST):
            self._flows.pop(key, None)
            return None
        if segment.flags & (SYN | ACK) == SYN:
            self._flows[key] = _Flow()
        return self._flows.setdefault(key, _Flow())


def _is_before(number: int, other: int) -> bool:
    return (number - other) % _SEQUENCES >= _SEQUENCES // 2


def _later(known: int | None, segment: Segment) -> int:
    following = (segment.sequence + segment.length) % _SEQUENCES
    return following if known is None or _is_before(known, following) else known


def _timestamp(segment: Segment) -> int | None:
    extensions = segment.extensions
    if extensions is None or extensions.timestamps is None:
        return None
    return extensions.timestamps[0]


def _is_probe(segment: Segment, following: int | None) -> bool:
    if following is None or segment.flags & (ACK | SYN) != ACK or len(segment.payload) > 1:
        return False
    return segment.sequence == (following - 1) % _SEQUENCES


def _answer(probe: Segment, far: _Far, near_next: int | None) -> Segment | None:
    """What an idle end says to a probe: where it stands (facts/tcp.md 4.1)."""
    settled = far.acknowledgement == near_next and far.following == probe.acknowledgement
    if not settled or not far.window:
        return None
    return Segment(
        sequence=far.following,
        acknowledgement=far.acknowledgement,
        flags=ACK,
        window=far.window,
        extensions=_echo(probe, far),
    )


def _echo(probe: Segment, far: _Far) -> Extensions | None:
    """The far end's last TSval again, and the probe's back.

    How fast its clock runs is not ours to guess: a value ahead of it would make the near end
    refuse the far end's own segments later (RFC 7323 5.3), one that stands still does not.
    """
    asked = _timestamp(probe)
    if asked is None or far.timestamp is None:
        return None
    return Extensions(timestamps=(far.timestamp, asked))
