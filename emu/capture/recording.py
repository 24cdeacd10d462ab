"""What a run records in memory: frames, comments on frames, server events, names.

It knows neither files nor protocols.  Times are nanoseconds since the start of the run; the
writer adds the virtual epoch.  Frames are numbered as Wireshark will number them: from 1, over
all interfaces, in the order in which they were recorded, so callers record in time order.

Documents: RFC 5424 section 6 (the syslog line); Wireshark's ``epan/exported_pdu.h`` (the tags
of a link type 252 frame); draft-ietf-opsawg-pcapng sections 4.3 and 4.5 for what can be kept.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from emu.units import NS_PER_S, NS_PER_US

#: Link types of the registry at tcpdump.org/linktypes.html.
LINKTYPE_ETHERNET = 1
LINKTYPE_PPP = 9
LINKTYPE_LAPD = 203
LINKTYPE_UPPER_PDU = 252

#: The virtual epoch, nanoseconds since 1970: every run starts at 1998-06-01T00:00:00Z.
EPOCH_NS = 896_659_200 * NS_PER_S
_EPOCH = datetime(1998, 6, 1, tzinfo=UTC)

#: RFC 5424 table 1: 16 is "local use 0".
FACILITY_LOCAL0 = 16

#: Tags of an exported PDU: the dissector's name, and the end of the tags.
TAG_DISSECTOR_NAME = 12
TAG_END = 0

#: Name of the interface that carries server events.
SERVER_EVENTS = "server-events"

#: One recorded frame: interface index, nanoseconds since the start, octets without FCS.
Frame = tuple[int, int, bytes]


class Severity(IntEnum):
    """RFC 5424 table 2, as far as a run needs them."""

    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFORMATIONAL = 6


class Direction(IntEnum):
    """Bits 0 and 1 of ``epb_flags`` (draft-ietf-opsawg-pcapng, 4.3.1)."""

    INBOUND = 1
    OUTBOUND = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One tapped link.

    ``link_type``: a ``LINKTYPE_`` constant.  ``bits_per_second``: the line's speed, None when
    it has none worth stating.
    """

    name: str
    link_type: int
    description: str = ""
    bits_per_second: int | None = None


def _no_frames() -> list[Frame]:
    return []


@dataclass(slots=True)
class Recording:
    """The frames of one run and what is known about them.

    ``frames``: a tap may append ``(interface, at_ns, octets)`` to it directly; the new frame's
    number is then the list's length.  ``ended_ns``: the instant at which the run stopped, None
    for "at the last frame".
    """

    interfaces: list[Interface] = field(default_factory=list[Interface])
    frames: list[Frame] = field(default_factory=_no_frames)
    comments: dict[int, str] = field(default_factory=dict[int, str])
    directions: dict[int, Direction] = field(default_factory=dict[int, Direction])
    names: dict[tuple[bytes, str], None] = field(default_factory=dict[tuple[bytes, str], None])
    ended_ns: int | None = None
    _events: int | None = None

    def __len__(self) -> int:
        return len(self.frames)

    def add_interface(self, interface: Interface) -> int:
        """The index under which the interface's frames are recorded."""
        self.interfaces.append(interface)
        return len(self.interfaces) - 1

    def frame(self, interface: int, at_ns: int, octets: bytes) -> int:
        """Record a frame; its number.  The hot path: nothing is checked here."""
        self.frames.append((interface, at_ns, octets))
        return len(self.frames)

    def octets(self, number: int) -> bytes:
        """The octets of frame ``number``."""
        return self.frames[self._known(number) - 1][2]

    def comment(self, number: int, text: str) -> None:
        """Put a comment on a frame; a second one is added behind the first."""
        earlier = self.comments.get(self._known(number))
        self.comments[number] = f"{earlier}; {text}" if earlier else text

    def direction(self, number: int, direction: Direction) -> None:
        """Which way the frame went, as seen from the tapped interface."""
        self.directions[self._known(number)] = direction

    def name(self, address: bytes, host: str) -> None:
        """A host's name for an IPv4 (4 octets), MAC (6) or IPv6 (16) address."""
        if len(address) not in (4, 6, 16):
            raise ValueError(f"an address of {len(address)} octets")
        if not host or "\0" in host:
            raise ValueError(f"a host name without zeros, not {host!r}")
        self.names[address, host] = None

    def event(
        self,
        at_ns: int,
        text: str,
        *,
        hostname: str = "server",
        msgid: str = "SESSION",
        app: str = "emu",
        severity: Severity = Severity.INFORMATIONAL,
    ) -> int:
        """Record a row on the "server-events" interface; its frame number."""
        line = syslog_line(at_ns, text, hostname=hostname, msgid=msgid, app=app, severity=severity)
        return self.frame(self.events_interface(), at_ns, exported_pdu("syslog", line))

    def events_interface(self) -> int:
        """Index of the "server-events" interface; asked for early, it takes an early index."""
        if self._events is None:
            self._events = self.add_interface(
                Interface(
                    name=SERVER_EVENTS,
                    link_type=LINKTYPE_UPPER_PDU,
                    description="what the server did, as syslog lines; not on any wire",
                )
            )
        return self._events

    def _known(self, number: int) -> int:
        if not 1 <= number <= len(self.frames):
            raise IndexError(f"frame {number} of {len(self.frames)}")
        return number


def syslog_line(
    at_ns: int, text: str, *, hostname: str, msgid: str, app: str, severity: Severity
) -> bytes:
    """An RFC 5424 line without PROCID and structured data.

    TIME-SECFRAC has at most 6 digits (6.2.3), so nanoseconds are cut off here; the frame's own
    stamp keeps them.  MSG goes out as MSG-ANY (6.4), UTF-8 without the BOM, which viewers show.
    """
    header = (
        f"<{FACILITY_LOCAL0 * 8 + severity}>1 {rfc5424_time(at_ns)} "
        f"{_field('HOSTNAME', hostname, 255)} {_field('APP-NAME', app, 48)} - "
        f"{_field('MSGID', msgid, 32)} - "
    )
    return (header + " ".join(text.splitlines())).encode()


def rfc5424_time(at_ns: int) -> str:
    """TIMESTAMP of RFC 5424 6.2.3 for an instant of the run, with all six digits."""
    instant = _EPOCH + timedelta(microseconds=at_ns // NS_PER_US)
    return f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z"


def _field(name: str, text: str, octets_max: int) -> str:
    """PRINTUSASCII of RFC 5424 6: no space, no control character, a longest length."""
    if 0 < len(text) <= octets_max and all(33 <= ord(character) <= 126 for character in text):
        return text
    raise ValueError(f"{name}: 1 to {octets_max} printable ASCII characters, not {text!r}")


def exported_pdu(dissector: str, payload: bytes) -> bytes:
    """A link type 252 frame: which dissector to call, then its octets.

    A tag's length counts its padding to four octets (Wireshark ``epan/exported_pdu.h``).
    """
    name = dissector.encode()
    name += bytes(-len(name) % 4)
    head = struct.pack(">HH", TAG_DISSECTOR_NAME, len(name)) + name
    return head + struct.pack(">HH", TAG_END, 0) + payload
