"""What a connection carries: lines as ever, and whole messages wherever they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.pdu.terminal import Keystroke, LogOff
from emu.stations.service import MESSAGES, TERMINAL


def test_a_terminals_lines_end_where_they_end_and_not_where_a_message_does() -> None:
    reader = TERMINAL.reader()
    assert reader.feed(b"KEY a", last=True) == []
    assert reader.feed(b"b\r\nNONSENSE\r\n", last=False) == [Keystroke(text="ab")]
    assert reader.dropped == 1


def test_only_a_log_off_leaves() -> None:
    assert TERMINAL.leaves(LogOff()) and not TERMINAL.leaves(Keystroke(text="a"))
    assert not MESSAGES.leaves(b"LOGOFF\r\n")
    assert (TERMINAL.tcp_port, MESSAGES.tcp_port) == (1494, 139)


@given(st.lists(st.lists(st.binary(max_size=20), min_size=1, max_size=5), max_size=5))
def test_messages_are_what_lies_between_two_ends(messages: list[list[bytes]]) -> None:
    reader, heard = MESSAGES.reader(), []
    for parts in messages:
        for part in parts[:-1]:
            assert reader.feed(part, last=False) == []
        heard += reader.feed(parts[-1], last=True)
    assert heard == [b"".join(parts) for parts in messages]
    assert reader.dropped == 0


@pytest.mark.parametrize(("more", "heard", "dropped"), [(0, 1, 0), (1, 0, 1)])
def test_a_message_has_65535_octets_at_most(more: int, heard: int, dropped: int) -> None:
    reader = MESSAGES.reader()
    for _ in range(257):
        assert reader.feed(bytes(255), last=False) == []
    assert len(reader.feed(bytes(more), last=True)) == heard
    assert reader.dropped == dropped
    assert reader.feed(b"next", last=True) == [b"next"]


def test_a_longer_one_is_not_sent() -> None:
    assert MESSAGES.encode(bytes(65535)) == bytes(65535)
    with pytest.raises(LocalProtocolError, match="65535 octets at most, not 65536"):
        MESSAGES.encode(bytes(65536))
