"""Dialer lists: first fit, and what the shipped ones let raise a line."""

from __future__ import annotations

import pytest

from emu.machines.interesting import EVERYTHING, NO_KEEPALIVES, USUAL, DialerList, Rule, deny
from emu.pdu.ip_tcp import ACK, SYN
from emu.pdu.traffic import IP, IPX, NBF, Kind, Traffic


def ipx(*kinds: Kind, sockets: tuple[int, ...] = (0x0451, 0x4003)) -> Traffic:
    return Traffic(protocol=IPX, kinds=frozenset(kinds), sockets=sockets)


def tcp(kind: Kind, flags: int = ACK, port: int = 139) -> Traffic:
    return Traffic(protocol=IP, kinds=frozenset({kind}), ports=(port, 1044), tcp_flags=flags)


@pytest.mark.parametrize("kind", [Kind.RIP, Kind.SAP, Kind.SERIALIZATION, Kind.TYPE_20])
def test_the_usual_denials(kind: Kind) -> None:
    """facts/ipx.md 4.2."""
    assert not USUAL.interesting(ipx(kind))
    assert EVERYTHING.interesting(ipx(kind))


@pytest.mark.parametrize("kind", [Kind.WATCHDOG, Kind.SPX_KEEPALIVE, Kind.NCP])
def test_watchdogs_are_left_to_spoofing(kind: Kind) -> None:
    assert USUAL.interesting(ipx(kind))


def test_without_keepalives_only_work_raises_the_line() -> None:
    for kind in (Kind.WATCHDOG, Kind.SPX_KEEPALIVE, Kind.NBIPX_KEEPALIVE, Kind.RIP):
        assert not NO_KEEPALIVES.interesting(ipx(kind))
    assert not NO_KEEPALIVES.interesting(tcp(Kind.TCP_KEEPALIVE))
    assert not NO_KEEPALIVES.interesting(
        Traffic(protocol=NBF, kinds=frozenset({Kind.SESSION_ALIVE}))
    )
    assert NO_KEEPALIVES.interesting(ipx(Kind.NCP))
    assert NO_KEEPALIVES.interesting(tcp(Kind.TCP_DATA))


def test_the_first_rule_that_fits_decides() -> None:
    rules = DialerList(
        (Rule(interesting=True, sockets=frozenset({0x0453})), deny(Kind.RIP)), otherwise=False
    )
    assert rules.interesting(ipx(Kind.RIP, sockets=(0x0453, 0x0453)))
    assert not rules.interesting(ipx(Kind.RIP))
    assert not rules.interesting(ipx(Kind.NCP)), "nothing fits"


def test_everything_that_is_given_must_fit() -> None:
    rule = Rule(
        interesting=True, protocol=IP, ports=frozenset({139, 445}), tcp_flags=SYN, broadcast=False
    )
    assert rule.fits(tcp(Kind.TCP_SYN, SYN))
    assert not rule.fits(tcp(Kind.TCP_ACK))
    assert not rule.fits(tcp(Kind.TCP_SYN, SYN, port=80))
    assert not rule.fits(ipx(Kind.NCP))
    assert not Rule(interesting=True, broadcast=True).fits(ipx(Kind.NCP))
