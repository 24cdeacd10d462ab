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


def _with_answers(probes: list[Probe]) -> list[Frame]:
    answers = [probe.answer for probe in probes if probe.answer is not None]
    return [*(probe.frame for probe in probes), *answers]


@dataclass
class Connection:
    """One connection.  ``heard``: frames of its client's; ``goodbye``: the first RST or FIN.

    ``unasked``, ``client_unasked``: signs of life that answer nothing, of either end's.
    ``owes``: the client said something that the server has not acknowledged yet.
    """

    kind: str
    client: str
    mac: bytes
    opened_ns: int
    heard: list[Frame] = field(default_factory=list)
    requests_ns: list[int] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    repeated: list[Frame] = field(default_factory=list)
    unasked: list[Frame] = field(default_factory=list)
    client_probes: list[Probe] = field(default_factory=list)
    client_unasked: list[Frame] = field(default_factory=list)
    goodbye: tuple[str, str, Frame] | None = None
    unacknowledged_since_ns: int | None = None
    number: int = 0
    waiting: list[tuple[int, int]] = field(default_factory=list)
    server_next: int | None = None
    owes: bool = False

    @property
    def last_octet_ns(self) -> int:
        return self.heard[-1].at_ns

    def probe_frames(self) -> list[Frame]:
        """The server's probes, their answers and what it said unasked (product.md)."""
        return [*_with_answers(self.probes), *self.unasked]

    def client_probe_frames(self) -> list[Frame]:
        """The same of the client's; those count that the server answered."""
        answered = [probe for probe in self.client_probes if probe.answer is not None]
        return [*_with_answers(answered), *self.client_unasked]

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
