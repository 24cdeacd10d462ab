"""Every class and every form of its sentence, word by word, beside the nearest thing it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from emu.check.rules import FlowClass
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN
from tests.check.frames import CLIENT, CLIENT_IP, CLIENT_MAC, SERVER, Stamped, Tcp, judged
from tests.check.test_ipx import busy, polled, watchdog
from tests.check.test_tcp import given_up, pushed_in_vain

Frames = list[Stamped]


class Form(NamedTuple):
    """``sentence``: of the first flow.  ``other``: frames that differ in one thing, and their
    class.  ``until_s``: when the capture of both ends."""

    flow_class: FlowClass
    frames: Callable[[], Frames]
    sentence: str
    other: Callable[[], Frames]
    other_class: FlowClass
    until_s: float | None = None


def talk() -> Tcp:
    return Tcp().opened().exchange(10)


def probed(*times: float) -> Tcp:
    tcp = talk()
    for at_s in times:
        tcp.probe(at_s)
    return tcp


def gratuitous(at_s: float) -> Stamped:
    """The client claims its address as a starting host does (RFC 5227 2.3)."""
    body = bytes.fromhex("0001080006040001") + CLIENT_MAC + CLIENT_IP + bytes(6) + CLIENT_IP
    return at_s, (b"\xff" * 6 + CLIENT_MAC + b"\x08\x06" + body).ljust(60, b"\0")


def elsewhere(*times: float) -> Frames:
    """Another connection of the client."""
    tcp = Tcp(client_port=1026).opened(5)
    for at_s in times:
        tcp.exchange(at_s)
    return tcp.frames


def syns(*, answered: bool = False) -> Frames:
    tcp = Tcp()
    for at_s in (0, 3, 9):
        tcp.from_client(at_s, SYN, sequence=1000, acknowledgement=0)
    if answered:
        tcp.from_server(9.1, SYN | ACK, sequence=5000).from_client(9.2)
    return tcp.frames


def shut(*, again: bool = False) -> Frames:
    tcp = talk().from_client(11, window=0)
    for at_s in (14.4, 21.2, 34.7):
        tcp.probe(at_s).from_client(at_s + 0.001, window=8760 if again else 0)
    return tcp.frames


def memoryless(at_s: float, *, flags: int = RST) -> Frames:
    return probed(100).from_client(at_s, flags, acknowledgement=0).frames


def anew(sequence: int) -> Frames:
    tcp = talk().from_client(50, SYN, sequence=sequence, acknowledgement=0)
    return tcp.from_server(50.001).from_client(50.002, RST, acknowledgement=0).frames


def last_ack(*, first: bool) -> Frames:
    """The client says goodbye first and is not heard again, or goes without a word."""
    tcp = talk()
    if first:
        tcp.from_client(12, FIN | ACK)
        tcp.client += 1
    for at_s in (12.1, 12.5, 13.3):
        tcp.from_server(at_s, FIN | ACK)
    return tcp.frames


def half(*, again: bool) -> Frames:
    tcp = talk().server_reset(22.2)
    return tcp.from_client(60 if again else 22.4, PSH | ACK, payload=b"?").frames


PROBES = (17.2, 18.2, 19.2)
FORMS: tuple[Form, ...] = (
    Form(
        FlowClass.GAVE_UP, lambda: given_up(5).frames,
        f"{CLIENT} was last heard at 10.2 s; {SERVER} gave up at 22.2 s (rst), 12 s later,"
        " 5 keepalive probes unanswered (first gap 1 s)",
        lambda: talk().server_reset(22.2).frames, FlowClass.ABORTED,
    ),
    Form(
        FlowClass.GAVE_UP, lambda: sorted([*given_up(5).frames, *elsewhere(6, 30)]),
        f"{CLIENT} was last heard at 10.2 s; {SERVER} gave up at 22.2 s (rst), 12 s later,"
        " 5 keepalive probes unanswered (first gap 1 s); its host is seen alive afterwards",
        lambda: probed(*PROBES).from_client(19.3).server_reset(22.2).frames, FlowClass.ABORTED,
    ),
    Form(
        FlowClass.REBOOTED, lambda: anew(90_000),
        f"{CLIENT} was last heard by {SERVER} at 10.2 s and starts anew at 50 s,"
        " which ends it at 50.002 s (rst)",
        lambda: talk().from_client(50, SYN, sequence=1000, acknowledgement=0).frames,
        FlowClass.ALIVE,
    ),
    Form(
        FlowClass.REBOOTED, lambda: memoryless(100.001),
        f"{CLIENT} was last heard by {SERVER} at 10.2 s and has no memory of the connection at"
        " 100.001 s, which ends it at 100.001 s (rst)",
        lambda: memoryless(100.001, flags=RST | ACK), FlowClass.ABORTED,
    ),
    Form(
        FlowClass.REBOOTED,
        lambda: probed(100, 101).from_client(101.001, RST, acknowledgement=0).frames,
        f"{CLIENT} was last heard by {SERVER} at 10.2 s and has no memory of the connection at"
        " 101.001 s, which ends it at 101.001 s (rst); 1 keepalive probe unanswered before",
        lambda: probed(100, 101).from_client(101.001).frames, FlowClass.ALIVE,
    ),
    Form(
        FlowClass.REBOOTED, lambda: [*probed(*PROBES).frames, gratuitous(19.5)],
        f"{CLIENT} was last heard by {SERVER} at 10.2 s and starts anew at 19.5 s;"
        " 3 keepalive probes unanswered (first gap 1 s)",
        lambda: [*probed(*PROBES).frames, gratuitous(60)], FlowClass.SILENT,
    ),
    Form(
        FlowClass.SILENT, lambda: probed(*PROBES).frames,
        f"{CLIENT} was last heard at 10.2 s; 3 keepalive probes unanswered (first gap 1 s),"
        f" the file ends while {SERVER} still asks",
        lambda: probed(17.2).frames, FlowClass.ALIVE,
    ),
    Form(
        FlowClass.SILENT, lambda: [*busy(), *polled(10)],
        "0000000A:02000000000B:4003 was last heard at 100 s; 10 watchdog polls unanswered"
        " (first gap 60 s), 0000000A:020000000001:0451 asked last at 940 s: when it gave up is not"
        " on the wire",
        lambda: [*busy(), *polled(10), (940.001, watchdog("Y"))], FlowClass.ALIVE, 1100,
    ),
    Form(
        FlowClass.HALF_OPEN, lambda: half(again=True),
        f"{SERVER} ended it at 22.2 s (rst), {CLIENT} does not know and is still talking at 60 s",
        lambda: half(again=False), FlowClass.ABORTED,
    ),
    Form(
        FlowClass.PATH_DROP, lambda: sorted([*pushed_in_vain().frames, *elsewhere(6, 22, 30)]),
        f"{CLIENT} was last heard by {SERVER} at 10.2 s; 5 retransmissions unanswered"
        " (first gap 1 s), but its host is heard on other connections meanwhile: the path drops"
        " packets",
        lambda: sorted([*pushed_in_vain().frames, *elsewhere(6, 8)]), FlowClass.SILENT,
    ),
    Form(
        FlowClass.APP_STALLED, shut,
        f"{CLIENT} answers {SERVER} but has not taken data since 11 s (window 0): its program"
        " does not read",
        lambda: shut(again=True), FlowClass.ALIVE,
    ),
    Form(
        FlowClass.SYN_TIMEOUT, syns,
        f"{SERVER} never accepted {CLIENT}; 2 retransmissions unanswered (first gap 6 s) after"
        " 0 s",
        lambda: syns(answered=True), FlowClass.ALIVE,
    ),
    Form(
        FlowClass.ABORTED, lambda: talk().from_client(11, RST | ACK).frames,
        f"{CLIENT} ended it at 11 s (rst) although {SERVER} was alive",
        lambda: talk().close(11).frames, FlowClass.CLOSED,
    ),
    Form(
        FlowClass.ABORTED,
        lambda: (
            Tcp().from_client(0, SYN, sequence=1000, acknowledgement=0)
            .from_server(0.001, RST | ACK, sequence=0).frames
        ),
        f"{SERVER} refused {CLIENT} at 0.001 s (rst)",
        lambda: Tcp().opened().server_reset(0.1).from_client(2, PSH | ACK, payload=b"?").frames,
        FlowClass.HALF_OPEN,
    ),
    Form(
        FlowClass.CLOSED, lambda: talk().close(12).frames,
        f"{CLIENT} said goodbye to {SERVER} at 12 s (fin)",
        lambda: talk().frames, FlowClass.ALIVE,
    ),
    Form(
        FlowClass.CLOSED, lambda: last_ack(first=True),
        f"{CLIENT} said goodbye to {SERVER} at 12 s (fin); 2 retransmissions unanswered"
        " (first gap 0.8 s), which is no death",
        lambda: last_ack(first=False), FlowClass.SILENT,
    ),
    Form(
        FlowClass.ALIVE, lambda: talk().frames,
        f"{SERVER} and {CLIENT} are alive when the file ends, last frame at 10.2 s",
        lambda: Tcp().opened().frames, FlowClass.UNKNOWN, 65,
    ),
    Form(
        FlowClass.ALIVE, lambda: probed(17.2).from_client(17.3).frames,
        f"{SERVER} and {CLIENT} are alive when the file ends, last frame at 17.3 s, keepalive"
        f" probes of {SERVER} answered",
        lambda: probed(17.2).frames, FlowClass.UNKNOWN, 30,
    ),
    Form(
        FlowClass.UNKNOWN, lambda: talk().frames,
        f"{SERVER} and {CLIENT}: nothing on the wire for 7189.8 s after 10.2 s",
        lambda: talk().exchange(7190).frames, FlowClass.ALIVE, 7200,
    ),
    Form(
        FlowClass.UNKNOWN, lambda: probed(17.2).frames,
        f"{SERVER} and {CLIENT}: 1 keepalive probe unanswered and nothing on the wire for"
        " 482.8 s after 17.2 s",
        lambda: probed(17.2, 18.2).frames, FlowClass.SILENT, 500,
    ),
    Form(
        FlowClass.UNKNOWN, lambda: Tcp().from_client(0, PSH | ACK, payload=b"x").frames,
        f"only {CLIENT} is heard, last at 0 s: nobody can tell of {SERVER}",
        lambda: Tcp().from_client(0, PSH | ACK, payload=b"x").from_server(0.1).frames,
        FlowClass.ALIVE,
    ),
)  # fmt: skip


def ids(form: Form) -> str:
    return f"{form.flow_class}-not-{form.other_class}"


@pytest.mark.parametrize("form", FORMS, ids=ids)
def test_what_it_says(form: Form, tmp_path: Path) -> None:
    found = judged(tmp_path, form.frames(), until_s=form.until_s).flows[0]
    assert (found.flow_class, found.sentence) == (form.flow_class, form.sentence)


@pytest.mark.parametrize("form", FORMS, ids=ids)
def test_what_it_does_not_say_of_the_nearest_other_thing(form: Form, tmp_path: Path) -> None:
    found = judged(tmp_path, form.other(), until_s=form.until_s).flows[0]
    assert found.flow_class is form.other_class, found.sentence


@pytest.mark.parametrize("form", FORMS, ids=ids)
def test_its_evidence_are_frames_of_the_file_in_order(form: Form, tmp_path: Path) -> None:
    report = judged(tmp_path, form.frames(), until_s=form.until_s)
    for flow in report.flows:
        assert list(flow.evidence) == sorted(set(flow.evidence))
        assert flow.evidence
        assert 1 <= flow.evidence[0] <= flow.evidence[-1] <= report.frames


#: Which frames of ``given_up(3)`` are taken out, and what is left: six frames of talk, the
#: probes 7 to 9, the reset.
@pytest.mark.parametrize(
    ("without", "wanted"),
    [
        ((), (FlowClass.GAVE_UP, 3)),
        ((7,), (FlowClass.GAVE_UP, 2)),
        ((7, 8), (FlowClass.GAVE_UP, 1)),
        ((7, 8, 9), (FlowClass.ABORTED, 0)),
        ((10,), (FlowClass.SILENT, 3)),
        ((9, 10), (FlowClass.SILENT, 2)),
        ((8, 9, 10), (FlowClass.ALIVE, 1)),
    ],
)
def test_every_probe_and_the_end_count(
    without: tuple[int, ...], wanted: tuple[FlowClass, int], tmp_path: Path
) -> None:
    frames = [each for at, each in enumerate(given_up(3).frames, 1) if at not in without]
    (found,) = judged(tmp_path, frames).flows
    assert (found.flow_class, found.probes_unanswered) == wanted, found.sentence


def answered() -> Frames:
    """Six frames of talk, three probes (7, 9, 11) each answered by the frame behind it."""
    tcp = talk()
    for at_s in PROBES:
        tcp.probe(at_s).from_client(at_s + 0.001)
    return tcp.frames


@pytest.mark.parametrize(
    ("without", "wanted"),
    [
        ((), (FlowClass.ALIVE, 0)),
        ((8,), (FlowClass.ALIVE, 0)),
        ((12,), (FlowClass.ALIVE, 1)),
        ((10, 12), (FlowClass.SILENT, 2)),
        ((8, 10, 12), (FlowClass.SILENT, 3)),
    ],
)
def test_every_answer_counts(
    without: tuple[int, ...], wanted: tuple[FlowClass, int], tmp_path: Path
) -> None:
    frames = [each for at, each in enumerate(answered(), 1) if at not in without]
    (found,) = judged(tmp_path, frames).flows
    assert (found.flow_class, found.probes_unanswered) == wanted, found.sentence


@pytest.mark.parametrize(
    ("without", "wanted"),
    [((), FlowClass.CLOSED), ((7,), FlowClass.CLOSED), ((7, 8, 9), FlowClass.ALIVE)],
    ids=["both goodbyes", "the first missing", "none"],
)
def test_the_goodbye_counts(without: tuple[int, ...], wanted: FlowClass, tmp_path: Path) -> None:
    frames = [each for at, each in enumerate(talk().close(12).frames, 1) if at not in without]
    assert judged(tmp_path, frames).flows[0].flow_class is wanted
