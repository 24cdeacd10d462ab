"""FPNW behind a spoofing router: who is thrown out, when, and with what cause.

Its station's requests come over two routers; a router that answers for it writes hop count 0.
D1 is 5400 ticks = 296.5974 s (facts/ipx.md 2.1); log-on is over within the first 2 ms.
"""

from __future__ import annotations

import pytest

from emu.policy.loader import load_policy
from emu.transports.ncp import NCP
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.machines.ncp_parts import D1, NETWARE, params

from .ncp_lan import CLIENT_MAC, SERVER_MAC, Frame, World

CAUSE = "event 2025: 11 watchdog answers were not the station's own"
#: Transport control: behind 14 octets of addresses and type, the fifth of IPX (1.1).
HOPS_AT = 14 + 4


class Routed:
    """A server whose client is two routers away.  ``spoofs``: the near one answers polls."""

    def __init__(self, *, tolerance: int, spoofs: bool = True) -> None:
        self.spoofs = spoofs
        self.world = World(params(NETWARE, spoof_tolerance=tolerance), lose=self._is_lost)
        self.world.log_on()

    def told(self) -> list[tuple[str, int, object]]:
        return self.world.table.what()[2:]

    def lost_at(self) -> int:
        return next(at for at, what, *_rest in self.world.table.said if what == "lost")

    def _is_lost(self, frame: Frame) -> bool:
        """The octets on the server's LAN: hop counts, and answers of the router's own."""
        octets = bytearray(frame.octets)
        is_poll = octets[14 + 30 + 1] == 0x3F and octets[17] == 32
        if octets[6:12] == CLIENT_MAC and octets[12:14] == b"\x81\x37":
            octets[HOPS_AT] = 2
            frame.octets = bytes(octets)
        elif octets[6:12] == SERVER_MAC and is_poll and self.spoofs:
            to, by = octets[14 + 6 : 14 + 18], octets[14 + 18 : 14 + 30]
            octets[14 + 6 : 14 + 18], octets[14 + 18 : 14 + 30] = by, to
            octets[14 + 30 + 1] = 0x59
            octets[0:12] = SERVER_MAC + CLIENT_MAC
            due, lan = self.world.lan.now + ms(1), self.world.lan
            answer = Frame(0, due, bytes(octets), lost=False)
            lan.schedule(due, 0, lambda: self.world.server_box.receive(answer))
            return True
        return False


def test_a_live_idle_client_is_thrown_out_at_the_eleventh_spoofed_answer() -> None:
    """11 x (D1 + 1 ms) behind the log-on's last packet; the client hears nothing of it."""
    routed = Routed(tolerance=10)
    last_ns = routed.world.table.connections[1].last_octet_ns
    routed.world.lan.run(last_ns + 11 * (D1 + ms(1)) - 1)
    assert routed.told() == []
    routed.world.lan.run(s(100_000))
    assert routed.told() == [("lost", 1, CAUSE)]
    assert routed.lost_at() == last_ns + 11 * (D1 + ms(1))
    assert len(routed.world.server.slots) == 0
    assert [what for what, *_rest in routed.world.program.what()] == ["opened", "message"]


def test_so_is_a_dead_one() -> None:
    routed = Routed(tolerance=10)
    routed.world.power_off()
    routed.world.lan.run(s(100_000))
    assert routed.told() == [("lost", 1, CAUSE)]


def test_without_spoofing_hop_counts_alone_throw_nobody_out() -> None:
    """Requests and answers of a station two routers away both carry 2."""
    routed = Routed(tolerance=1, spoofs=False)
    routed.world.lan.run(s(86_400))
    assert routed.told() == []


def test_with_the_check_off_a_spoofed_client_stays_for_ever() -> None:
    routed = Routed(tolerance=0)
    routed.world.power_off()
    routed.world.lan.run(7 * s(86_400))
    assert routed.told() == []


def test_a_station_that_attaches_again_starts_at_naught() -> None:
    """Ten strange answers, then a restart from the same address: the new state has its own ten."""
    routed = Routed(tolerance=10)
    routed.world.lan.run(10 * (D1 + ms(2)))
    routed.world.power_off()
    routed.world.boot()
    routed.world.log_on()
    routed.world.lan.run(routed.world.lan.now + 10 * (D1 + ms(2)))
    causes = [detail for _at, what, _n, detail in routed.world.table.said if what == "lost"]
    assert causes == ["connection slot 1 re-used: the station attached again from the same address"]
    routed.world.lan.run(routed.world.lan.now + 2 * D1)
    causes = [detail for _at, what, _n, detail in routed.world.table.said if what == "lost"]
    assert causes[1:] == [CAUSE]


@pytest.mark.parametrize(
    ("policy", "tolerance"),
    [("ncp-fpnw", 10), ("ncp-netware", 0), ("ncp-netware-tight", 0), ("ncp-mars-nwe", 0)],
)
def test_only_fpnws_policy_looks(policy: str, tolerance: int) -> None:
    loaded = load_policy(policy)
    assert NCP.make_params(loaded.stack, loaded.values).spoof_tolerance == tolerance
