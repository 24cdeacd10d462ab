"""The estimator of the round trip and the retransmission time-out (tcp_rtt_estimator).

RFC 6298 with the kernel's twist: the variance has a floor of 200 ms of its own, so that a LAN
ends at SRTT + 200 ms, rounded up to a jiffy: 204 ms at HZ=250 (facts/tcp.md 3.2).
"""

from __future__ import annotations

from emu.machines.tcp.control import ahead

#: RFC 6298 2.1 and TCP_TIMEOUT_INIT: before the first measurement.
INITIAL_US = 1_000_000


class RoundTrip:
    """All in microseconds.  ``srtt_us`` is kept times eight, as in the kernel; 0: no sample yet."""

    __slots__ = ("_floor_us", "_mdev_max_us", "_mdev_us", "_seq", "_var_us", "srtt_us")

    def __init__(self, floor_us: int) -> None:
        self._floor_us = floor_us
        self.srtt_us = 0
        self._mdev_us = 0
        self._mdev_max_us = floor_us
        self._var_us = 0
        self._seq = 0

    @property
    def rto_us(self) -> int:
        """__tcp_set_rto: SRTT + max(4 * RTTVAR, floor); the initial second before any sample."""
        return (self.srtt_us >> 3) + self._var_us if self.srtt_us else INITIAL_US

    def sample(self, rtt_us: int, snd_una: int, snd_nxt: int) -> None:
        """One measurement.  ``snd_una``: after the acknowledgement it came with."""
        if not self.srtt_us:
            self.srtt_us = max(1, rtt_us << 3)
            self._mdev_us = rtt_us << 1
            self._var_us = self._mdev_max_us = max(self._mdev_us, self._floor_us)
            self._seq = snd_nxt
            return
        self._smooth(rtt_us)
        if self._mdev_us > self._mdev_max_us:
            self._mdev_max_us = self._mdev_us
            self._var_us = max(self._var_us, self._mdev_max_us)
        if ahead(snd_una, self._seq) > 0:  # once a round trip
            if self._mdev_max_us < self._var_us:
                self._var_us -= (self._var_us - self._mdev_max_us) >> 2
            self._seq = snd_nxt
            self._mdev_max_us = self._floor_us

    def _smooth(self, rtt_us: int) -> None:
        """7/8 and 1/8 for the mean, 3/4 and 1/4 for the deviation; less of it on the way down."""
        error = rtt_us - (self.srtt_us >> 3)
        self.srtt_us = max(1, self.srtt_us + error)
        deviation = abs(error) - (self._mdev_us >> 2)
        if error < 0 and deviation > 0:
            deviation >>= 3
        self._mdev_us += deviation
