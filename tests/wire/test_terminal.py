"""The terminal session's lines: what is on the wire, and that no cut and no peer matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Screen, Welcome
from emu.wire.terminal import LINE_OCTETS_MAX, Lines, decode_line, encode_message

LINES = [
    (LogOn(user="ann", client="ws1"), b"LOGON user=ann client=ws1\r\n"),
    (Welcome(session=3, how="taken-over"), b"WELCOME session=3 how=taken-over\r\n"),
    (Refused(why="all 2 sessions are in use"), b"REFUSED all 2 sessions are in use\r\n"),
    (Keystroke(text="ann 1"), b"KEY ann 1\r\n"),
    (Screen(text=""), b"SCREEN \r\n"),
    (LogOff(), b"LOGOFF\r\n"),
]


@pytest.mark.parametrize(("message", "octets"), LINES)
def test_a_message_is_one_readable_line(message: Message, octets: bytes) -> None:
    assert encode_message(message) == octets
    assert decode_line(octets.removesuffix(b"\r\n")) == message


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"LOGON",
        b"LOGON user= client=ws1",
        b"LOGON user=a b client=c",
        b"logoff",
        b"LOGOFF ",
        b"WELCOME session=x how=new",
        b"WELCOME session=1234567890 how=new",
        b"KEY",
        b"KEY a\nb",
        b"\xff\xfe",
        b"KEY " + bytes(LINE_OCTETS_MAX),
    ],
)
def test_what_is_no_message_is_the_peers_error(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_line(octets)


@pytest.mark.parametrize(
    "message",
    [
        LogOn(user="ann b", client="ws1"),
        LogOn(user="", client="ws1"),
        LogOn(user="ann", client="ws\r\nLOGOFF"),
        Keystroke(text="a\r\nLOGOFF"),
        Keystroke(text="a\nb"),
        Refused(why="x" * LINE_OCTETS_MAX),
        Welcome(session=1, how="as ever"),
    ],
)
def test_what_a_line_cannot_carry_is_our_error(message: Message) -> None:
    with pytest.raises(LocalProtocolError):
        encode_message(message)


@pytest.mark.slow
@given(st.binary(max_size=60))
def test_any_octets_are_a_message_or_the_peers_error(octets: bytes) -> None:
    try:
        decode_line(octets)
    except PeerProtocolError:
        return


PIECES = st.sampled_from((b"\r", b"\n", b"\r\n", b"LOGOFF", b"KEY a", b"x" * 4095, b"x" * 4097))


@pytest.mark.slow
@given(st.lists(PIECES, max_size=12), st.lists(st.integers(0, 20_000), max_size=12))
def test_the_lines_are_the_same_wherever_the_stream_is_cut(
    pieces: list[bytes], cuts: list[int]
) -> None:
    """As lists of messages and errors: of a line that is too long only that is kept."""
    stream = b"".join(pieces)
    lines, at = Lines(), 0
    cut_up = []
    for cut in [*sorted(cut for cut in cuts if cut < len(stream)), len(stream)]:
        cut_up += lines.feed(stream[at:cut])
        at = cut
    whole = Lines().feed(stream)
    assert [message_of(line) for line in cut_up] == [message_of(line) for line in whole]
    assert [message_of(line) for line in whole] == [
        message_of(line) for line in stream.split(b"\r\n")[:-1]
    ]


def message_of(line: bytes) -> Message | None:
    try:
        return decode_line(line)
    except PeerProtocolError:
        return None


def test_a_line_one_octet_at_a_time() -> None:
    lines = Lines()
    got = [line for octet in b"LOGOFF\r\nKEY x\r\n" for line in lines.feed(bytes((octet,)))]
    assert got == [b"LOGOFF", b"KEY x"]


def test_an_endless_line_does_not_fill_our_memory() -> None:
    lines = Lines()
    for _ in range(50):
        assert lines.feed(b"x" * 1000) == []
    assert len(lines._rest) <= LINE_OCTETS_MAX + 2
    (line,) = lines.feed(b"LOGOFF\r\n")
    with pytest.raises(PeerProtocolError):
        decode_line(line)
