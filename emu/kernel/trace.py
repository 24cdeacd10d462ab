"""What a real kernel did in one scenario: the recorder's JSON and the capture beside it.

The format is that of ``shared/kernel-traces`` (its README.md); ``emu verify --kernel --keep``
writes the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emu.capture.reader import read as read_capture
from emu.errors import InputError
from emu.kernel.packets import Packet, PacketReader
from emu.units import NS_PER_S

SERVER_IP = bytes((10, 77, 0, 1))
SERVER_MAC = bytes.fromhex("020000000001")

#: The JSON's times are rounded to 0.1 ms.
_ROUNDED_NS = 100_000

_NEEDED = (
    "scenario",
    "topology",
    "options",
    "timeline",
    "packets",
    "sysctl",
    "vanish",
    "t0_after_last_rx",
    "hz",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something done on purpose.  ``at_ns``: after L; ``done_ns``: when it had taken effect."""

    at_ns: int
    done_ns: int
    what: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One scenario.  All instants in ns after L, the last segment heard from the client.

    ``before``: packets up to L, of which the client's and the server's own doings are replayed;
    ``packets``: those after it.  ``error``: what the server's socket reported, None if it
    lived; ``dead_ns``: when.
    """

    name: str
    what: str
    facts: dict[str, Any]
    before: tuple[Packet, ...]
    packets: tuple[Packet, ...]
    actions: tuple[Action, ...]
    vanish_ns: int
    error: str | None
    dead_ns: int | None
    watched_ns: int

    @property
    def hz(self) -> int:
        return int(self.facts["hz"])

    @property
    def sysctl(self) -> Mapping[str, Any]:
        """What was set at the server, by its full name."""
        return self.facts["sysctl"]

    @property
    def router(self) -> Mapping[str, Any]:
        """What was set at the router; empty where there is none."""
        return self.facts.get("router") or {}

    @property
    def complete(self) -> bool:
        """Whether the capture goes on to the end of the run."""
        return bool(self.facts.get("capture_complete", True))


def load_trace(path: Path) -> Trace:
    """Read NAME.json and NAME.pcap.  ``InputError`` says what is missing."""
    try:
        facts = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(str(path), expected="a kernel trace", found=str(error)) from None
    missing = [key for key in _NEEDED if key not in facts]
    if missing:
        raise InputError(
            str(path),
            expected="a kernel trace of this project's recorder",
            found=f"no {missing[0]!r}",
        )
    capture = read_capture(path.with_suffix(".pcap"))
    return trace_of(facts, ((record.at_ns, record.octets) for record in capture))


def traces_in(folder: Path, names: Sequence[str]) -> list[Path]:
    """The recordings of a folder, or those named: JSON files with a capture beside them."""
    found = {p.stem: p for p in sorted(folder.glob("*.json")) if _is_scenario(p)}
    if not found:
        raise InputError(str(folder), expected="recordings of a kernel", found="none")
    for name in names:
        if name not in found:
            raise InputError(str(folder), expected=f"one of {', '.join(found)}", found=repr(name))
    return [found[name] for name in names] or list(found.values())


def _is_scenario(path: Path) -> bool:
    """The recorder's folder holds tables of other kinds too."""
    if not path.with_suffix(".pcap").exists():
        return False
    try:
        return "scenario" in json.loads(path.read_text())
    except (OSError, ValueError):
        return True  # let ``load_trace`` say what is wrong with it


def trace_of(facts: dict[str, Any], frames: Iterable[tuple[int, bytes]]) -> Trace:
    """The same of what is in memory.  ``frames``: (ns, octets) at the server's interface."""
    packets = PacketReader(SERVER_IP, SERVER_MAC).read(frames)
    start_ns = _last_heard(facts, packets)
    dated = [replace(packet, at_ns=packet.at_ns - start_ns) for packet in packets]
    vanish_ns = _ns(facts["t0_after_last_rx"])
    death: dict[str, Any] | None = facts.get("death")
    ended = None if death is None else death["t"]
    return Trace(
        name=facts["scenario"],
        what=facts.get("desc", ""),
        facts=facts,
        before=tuple(p for p in dated if p.at_ns <= 0),
        packets=tuple(p for p in dated if p.at_ns > 0),
        actions=tuple(_actions(facts, vanish_ns)),
        vanish_ns=vanish_ns,
        error=None if death is None else str(death["so_error"]),
        dead_ns=None if ended is None else _ns(ended),
        watched_ns=_ns(facts.get("watched_until_t") or ended or facts["bound"]),
    )


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)


def _last_heard(facts: dict[str, Any], packets: list[Packet]) -> int:
    """L: the last segment of the client's before it vanished.

    The list in the JSON ends with the capture's last packet, which ties the two clocks.
    """
    listed = facts["packets"]
    tcp = [p for p in packets if p.kind not in ("arp", "icmp", "other-conn") and not p.from_server]
    if not listed:
        return tcp[-1].at_ns
    guess = packets[-1].at_ns - _ns(listed[-1]["t"])
    return max(p.at_ns for p in tcp if p.at_ns <= guess + _ROUNDED_NS)


def _actions(facts: dict[str, Any], vanish_ns: int) -> Iterator[Action]:
    """As planned, at the times the recorder measured; what came after the end is left out."""
    for planned, real in zip(facts["timeline"], facts.get("actions") or (), strict=False):
        yield Action(
            at_ns=vanish_ns + _ns(real["at"]),
            done_ns=vanish_ns + _ns(real.get("done", real["at"])),
            what=str(planned[1]),
            arguments=tuple(planned[2:]),
        )
