"""NetBT's closed formula against numbers from documents and ones added by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.transports.nbt_formulas import silence
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.machines.tcp_parts import NT4


@pytest.mark.parametrize(
    ("keepalive_ns", "first_rto_ns", "retransmissions", "expected_ns"),
    [
        (s(3600), ms(500), 5, ms(3_631_500)),  # facts/redirector.md 3.7, issue 6
        (s(3600), s(1), 5, s(3663)),
        (s(3600), s(3), 5, s(3789)),
        (s(60), ms(500), 7, s(60) + ms(127_500)),  # NT 3.1: 60 s, 7 (0.5 + 1 + ... + 64)
        (s(60), s(1), 0, s(61)),
    ],
)
def test_the_keepalive_and_the_waits_behind_it(
    keepalive_ns: int, first_rto_ns: int, retransmissions: int, expected_ns: int
) -> None:
    params = replace(NT4, first_rto_ns=first_rto_ns, retransmissions=retransmissions)
    assert silence(params, keepalive_ns) == expected_ns


def test_without_a_keepalive_nobody_ever_notices() -> None:
    assert silence(NT4, None) is None
