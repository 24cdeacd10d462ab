"""What every reader of a transport fills in; see tests/reader.py."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Frame:
    """``number``: as Wireshark counts, from 1.  ``at_ns``: since the virtual epoch."""

    number: int
    interface: str
    link_type: int
    at_ns: int
    octets: bytes
    comments: tuple[str, ...]


@dataclass
class Probe:
    """``answer``: the frame that answered it, None if none did."""

    frame: Frame
    answer: Frame | None = None
    by_reset: bool = False


@dataclass
class Connection:
    """One connection.  ``heard``: frames of its client's; ``goodbye``: the first RST or FIN."""

    kind: str
    client: str
    mac: bytes
    opened_ns: int
    heard: list[Frame] = field(default_factory=list)
    requests_ns: list[int] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    repeated: list[Frame] = field(default_factory=list)
    goodbye: tuple[str, str, Frame] | None = None
    unacknowledged_since_ns: int | None = None
    number: int = 0
    waiting: list[tuple[int, int]] = field(default_factory=list)
    server_next: int | None = None

    @property
    def last_octet_ns(self) -> int:
        return self.heard[-1].at_ns

    def probe_frames(self) -> list[Frame]:
        """Probes and their answers, as product.md counts them."""
        answers = [probe.answer for probe in self.probes if probe.answer is not None]
        return [*(probe.frame for probe in self.probes), *answers]

    def idle_since_ns(self, spacing_ns: int, before_ns: int) -> int:
        """facts/ipx.md 2.1, mars_nwe: a request counts if the one before is more than 50 s ago.

        An answer always counts; the create is the request before the first.  ``before_ns``: what
        is heard later is not looked at.
        """
        clock = previous = self.opened_ns
        requests = set(self.requests_ns)
        for frame in self.heard:
            if frame.at_ns > before_ns:
                break
            if frame.at_ns not in requests:
                clock = frame.at_ns
            else:
                clock = frame.at_ns if frame.at_ns - previous > spacing_ns else clock
                previous = frame.at_ns
        return clock
