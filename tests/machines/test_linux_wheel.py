"""The timer wheel: its formula against a wheel that is turned, and what it does to a timer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emu.machines.tcp.linux.wheel import Wheel, granule
from emu.units import NS_PER_S

#: facts/tcp.md 3.4, HZ=250 and HZ=1000: delay in s, granule in ms.
TABLE = {
    250: [(0.2, 4), (0.4, 32), (2, 32), (2.016, 256), (16, 256), (16.2, 2048), (129, 2048),
          (130, 16_384), (7200, 131_072)],
    1000: [(0.2, 8), (0.4, 8), (1, 64), (4, 64), (4.1, 512), (32, 512), (33, 4096), (258, 4096),
           (259, 32_768), (7200, 262_144)],
}  # fmt: skip


def test_granules_are_the_table_of_the_facts() -> None:
    for hz, rows in TABLE.items():
        for seconds, granule_ms in rows:
            assert granule(round(seconds * hz)) * 1000 == granule_ms * hz, (hz, seconds)


hz = st.sampled_from([100, 250, 300, 1000])


@given(hz=hz, first=st.integers(-(10**9), 10**9), delay=st.integers(1, 10**7), data=st.data())
def test_never_early_and_late_by_at_most_a_granule(
    hz: int, first: int, delay: int, data: st.DataObject
) -> None:
    """Lateness is in (0, g] (facts/tcp.md 3.4)."""
    edge_ns = data.draw(st.integers(0, NS_PER_S // hz - 1))
    now = data.draw(st.integers(0, 10**13))
    wheel = Wheel(hz, first, edge_ns)
    fired = wheel.jiffies(wheel.fires(now, delay))
    late = fired - wheel.jiffies(now) - delay
    assert 0 < late <= granule(delay)
    assert fired % granule(delay) == 0
    assert wheel.fires(now, delay) > now + (delay - 1) * NS_PER_S // hz


@given(hz=hz, first=st.integers(-(10**9), 10**9), jiffy=st.integers(0, 10**9))
def test_an_instant_lies_in_its_own_jiffy(hz: int, first: int, jiffy: int) -> None:
    wheel = Wheel(hz, first, 1234)
    assert wheel.jiffies(wheel.instant(jiffy)) in (jiffy, jiffy - 1 if hz == 300 else jiffy)


@given(delay=st.integers(1, 10**6), start=st.integers(0, 10**6))
def test_a_timer_armed_in_a_handler_of_its_own_level_has_fixed_gaps(delay: int, start: int) -> None:
    """facts/tcp.md 3.4: gap = (floor(d/g)+1)*g."""
    wheel = Wheel(250)
    g = granule(delay)
    at = start * g * 4_000_000
    assert wheel.fires(at, delay) - at == (delay // g + 1) * g * 4_000_000


def test_a_timer_that_is_over_fires_at_the_next_tick() -> None:
    assert Wheel(250).fires(9_000_000, 0) == 12_000_000
