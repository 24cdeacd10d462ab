"""The independent reader sees: one frame of a capture changed, and it says something else.

A reader that overlooks a frame would agree with anything.  So one frame of a good capture is
dropped, moved, swapped with another or changed by one octet, always one that matters, and what
the reader says of the connection must change: probes and their answers, last octet, goodbye,
unacknowledged since.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests import reader
from tests.contract.proofs import WORK_NS, Case
from tests.contract.worlds import US, Played, S, made, played

#: One of each transport, and of each way to probe.
POLICIES = (
    "nbf-nt4",
    "nbf-lan-manager",
    "spx-nwlink",
    "spx-novell",
    "nbipx-nwlink",
    "nbipx-novell",
    "ncp-netware-tight",
    "tcp-keepalive-nt4-5min",
)
#: draft-ietf-opsawg-pcapng 4.3: an enhanced packet block, its stamp and its octets.
PACKET, STAMP_AT, OCTETS_AT = 6, 12, 28
EPOCH_NS = 896_659_200 * 10**9


@dataclass(frozen=True)
class Said:
    """What a reader says of one connection: instants, and who said goodbye how."""

    probes: tuple[tuple[int, int | None], ...]
    last_octet_ns: int
    goodbye: tuple[str, str, int] | None
    unacknowledged_since_ns: int | None


def said(file: bytes) -> Said | None:
    """Of the first connection, None if there is none."""
    for connection in reader.read(file).connections[:1]:
        probes = tuple(
            (probe.frame.at_ns, None if probe.answer is None else probe.answer.at_ns)
            for probe in connection.probes
        )
        last = connection.goodbye
        goodbye = None if last is None else (last[0], last[1], last[2].at_ns)
        return Said(probes, connection.last_octet_ns, goodbye, connection.unacknowledged_since_ns)
    return None


# --- changing a file -------------------------------------------------------------------------


def blocks(file: bytes) -> list[bytes]:
    found, place = [], 0
    while place < len(file):
        (length,) = struct.unpack_from("<I", file, place + 4)
        found.append(file[place : place + length])
        place += length
    return found


def changed(file: bytes, number: int, change: Callable[[bytes], bytes]) -> bytes:
    """One frame's block changed; ``number`` counts from 1, as Wireshark does."""
    made, seen = [], 0
    for block in blocks(file):
        seen += block[0] == PACKET
        made.append(change(block) if block[0] == PACKET and seen == number else block)
    return b"".join(made)


def dropped(file: bytes, frame: reader.Frame) -> bytes:
    return changed(file, frame.number, lambda _: b"")


def shifted(file: bytes, frame: reader.Frame, by_ns: int) -> bytes:
    stamp = struct.pack("<II", *divmod(frame.at_ns + by_ns + EPOCH_NS, 2**32))
    return changed(
        file, frame.number, lambda block: block[:STAMP_AT] + stamp + block[STAMP_AT + 8 :]
    )


def flipped(file: bytes, frame: reader.Frame, at: int, bits: int) -> bytes:
    """One octet changed by the bits given."""
    place = OCTETS_AT + at

    def change(block: bytes) -> bytes:
        return block[:place] + bytes([block[place] ^ bits]) + block[place + 1 :]

    return changed(file, frame.number, change)


def swapped(file: bytes, one: reader.Frame, other: reader.Frame) -> bytes:
    """Two frames in each other's place, each at the other's instant."""
    found = blocks(file)
    at = [n for n, block in enumerate(found) if block[0] == PACKET]
    first, second = at[one.number - 1], at[other.number - 1]
    stamps = [found[n][STAMP_AT : STAMP_AT + 8] for n in (first, second)]
    found[first], found[second] = (
        found[n][:STAMP_AT] + stamp + found[n][STAMP_AT + 8 :]
        for n, stamp in ((second, stamps[0]), (first, stamps[1]))
    )
    return b"".join(found)


# --- captures --------------------------------------------------------------------------------


@cache
def lost(policy: str) -> Played:
    return played("client-power-loss", policy)


def connection(run: Played) -> reader.Connection:
    return run.trace.connections[0]


#: In a probe: where it says that it is one, and the bits that say so.  Ethernet 14 octets; IPX of
#: 802.2 3 more, and 30 of its own (facts/ipx.md 1.1, 1.2); LLC 14, 15 (facts/netbeui.md 1.1).
MARKS = {
    "nbf-nt4": (17, 0x01),  # the P of an RR: netbeui.md 1.2
    "nbf-lan-manager": (22, 0x04),  # SESSION_ALIVE 1F becomes RECEIVE_OUTSTANDING 1B: 1.4
    "spx-nwlink": (47, 0x40),  # the acknowledgement is not wanted: ipx.md 1.3
    "spx-novell": (47, 0x40),
    "nbipx-nwlink": (47, 0x40),  # ipx.md 1.9
    "nbipx-novell": (47, 0x40),
    "ncp-netware-tight": (48, 0x1E),  # "?" becomes "!": ipx.md 1.5
    "tcp-keepalive-nt4-5min": (41, 0x01),  # the sequence number is the next one: RFC 9293 3.8.4
}


@pytest.mark.parametrize("policy", POLICIES)
def test_an_unchanged_file_says_the_same(policy: str) -> None:
    run = lost(policy)
    now = said(run.file)
    assert now == said(b"".join(blocks(run.file))) == said(dropped(run.file, _event(run)))
    assert now is not None and now.probes and now.probes[-1][1] is None


def _event(run: Played) -> reader.Frame:
    """The row that says what is played: no frame of a connection."""
    return next(frame for frame in run.trace.frames if frame.link_type == 252)


def _probes(policy: str) -> list[reader.Frame]:
    """First and last of those that the dead client left unanswered, of the kind that is marked.

    LAN Manager's first is the SESSION_ALIVE, and polls follow it.
    """
    open_ = [p.frame for p in connection(lost(policy)).probes if p.answer is None]
    return open_[:1] if policy == "nbf-lan-manager" else [open_[0], open_[-1]]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_probe_that_is_not_there(policy: str) -> None:
    run = lost(policy)
    before = said(run.file)
    assert before is not None
    for probe in _probes(policy):
        after = said(dropped(run.file, probe))
        assert after is not None
        assert after.probes == tuple(p for p in before.probes if p[0] != probe.at_ns)


@pytest.mark.parametrize("by_ns", [1, -1])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_probe_that_is_a_nanosecond_off(policy: str, by_ns: int) -> None:
    run = lost(policy)
    before = said(run.file)
    assert before is not None
    for probe in _probes(policy):
        after = said(shifted(run.file, probe, by_ns))
        assert after is not None and after.last_octet_ns == before.last_octet_ns
        assert after.probes == tuple(
            (at_ns + by_ns * (at_ns == probe.at_ns), answer) for at_ns, answer in before.probes
        )


@pytest.mark.parametrize("policy", POLICIES)
def test_a_probe_that_is_none_for_one_octet(policy: str) -> None:
    run = lost(policy)
    before = said(run.file)
    for probe in _probes(policy):
        after = said(flipped(run.file, probe, *MARKS[policy]))
        assert before is not None and after is not None
        assert probe.at_ns not in {at_ns for at_ns, _ in after.probes}
        assert len(after.probes) == len(before.probes) - 1


@pytest.mark.parametrize("policy", POLICIES)
def test_a_last_octet_that_is_not_there_or_off_or_later(policy: str) -> None:
    run = lost(policy)
    heard = connection(run).heard
    last, probe = heard[-1], _probes(policy)[-1]

    def heard_last(file: bytes) -> int:
        found = said(file)
        assert found is not None
        return found.last_octet_ns

    assert heard_last(run.file) == last.at_ns
    assert heard_last(dropped(run.file, last)) == heard[-2].at_ns
    assert heard_last(shifted(run.file, last, 1)) == last.at_ns + 1
    assert heard_last(shifted(run.file, last, -1)) == last.at_ns - 1
    assert heard_last(swapped(run.file, last, probe)) == probe.at_ns


#: In the client's frame: one bit of what says that it is its.
SENDERS = {"nbf": 11, "spx": 44, "nbipx": 44, "ncp": 44, "tcp": 29}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_last_octet_of_somebody_else(policy: str) -> None:
    """A source address of one bit more (IPX: the node's last octet; 17 + 22 to 27)."""
    run = lost(policy)
    heard = connection(run).heard
    found = said(flipped(run.file, heard[-1], SENDERS[run.transport.name], 0x40))
    assert found is not None and found.last_octet_ns == heard[-2].at_ns


def _answered(policy: str, folder: Path) -> Played:
    """An idle client that is there all the time; Novell's answers when it cannot verify."""
    return played(made(folder, horizon="700s"), policy)


@pytest.mark.parametrize("policy", [p for p in POLICIES if "novell" not in p])
def test_an_answer_that_is_not_there_or_off_or_too_early(policy: str, tmp_path: Path) -> None:
    run = _answered(policy, tmp_path)
    probe = connection(run).probes[0]
    assert probe.answer is not None

    def first(file: bytes) -> tuple[int, int | None]:
        found = said(file)
        assert found is not None
        return found.probes[0]

    asked, answer = probe.frame, probe.answer
    assert first(run.file) == (asked.at_ns, answer.at_ns)
    assert first(dropped(run.file, answer)) != (asked.at_ns, answer.at_ns)
    assert first(shifted(run.file, answer, 1)) == (asked.at_ns, answer.at_ns + 1)
    assert first(swapped(run.file, asked, answer)) != (asked.at_ns, answer.at_ns)


@pytest.mark.parametrize("policy", [p for p in POLICIES if not p.startswith("ncp")])
def test_a_goodbye_that_is_not_there_or_off_or_none(policy: str, tmp_path: Path) -> None:
    """The kernel's for a killed program."""
    case = Case(kind="kill", at_ns=WORK_NS + 20 * S)
    run = case.play(tmp_path, policy)
    goodbye = connection(run).goodbye
    assert goodbye is not None
    _, who, frame = goodbye
    # SESSION_END 18 becomes 1A, 07 and FE another type, FIN and RST nothing.
    at, bits = {
        "nbf": (22, 0x02), "spx": (48, 0x01), "nbipx": (48, 0x01), "tcp": (47, 0x05),
    }[run.transport.name]  # fmt: skip
    if run.transport.name == "tcp":
        bits &= frame.octets[at]
    before = said(run.file)
    off = said(shifted(run.file, frame, 1))
    assert before is not None and off is not None
    assert before.goodbye == (goodbye[0], who, frame.at_ns)
    assert off.goodbye == (goodbye[0], who, frame.at_ns + 1)
    for file in (dropped(run.file, frame), flipped(run.file, frame, at, bits)):
        after = said(file)
        assert after is not None and after.goodbye != before.goodbye


def test_a_netware_shell_that_is_not_said_goodbye_to(tmp_path: Path) -> None:
    """facts/ipx.md 3.1.7: 5555 is the only one there is."""
    program = '{ at = "0s", do = "log-on" }, { at = "100s", do = "log-off" }'
    run = played(made(tmp_path, program=program, horizon="200s"), "ncp-netware")
    goodbye = connection(run).goodbye
    assert goodbye is not None and goodbye[:2] == ("destroy", "client")
    for file in (dropped(run.file, goodbye[2]), flipped(run.file, goodbye[2], 47, 0x77)):
        found = said(file)
        assert found is not None and found.goodbye is None


#: The server's answer is on its way when its client dies; who has none of its own is left out.
WAITS = [p for p in POLICIES if not p.startswith("ncp")]


@pytest.mark.parametrize("policy", WAITS)
def test_data_that_is_not_waited_for_since_then(policy: str, tmp_path: Path) -> None:
    """80 us after the keystroke it is with the server, and no acknowledgement has come back."""
    case = Case(kind="power-loss", at_ns=WORK_NS + 80 * US)
    run = case.play(tmp_path, policy)
    since_ns = connection(run).unacknowledged_since_ns
    assert since_ns is not None
    sent = [f for f in run.trace.frames if f.at_ns == since_ns and f.octets[:6] == _mac(run)]

    def since(file: bytes) -> int | None:
        found = said(file)
        return None if found is None else found.unacknowledged_since_ns

    assert since(run.file) == since_ns
    assert since(shifted(run.file, sent[-1], 1)) == since_ns + 1
    assert since(dropped(run.file, sent[-1])) != since_ns


def _mac(run: Played) -> bytes:
    return connection(run).mac
