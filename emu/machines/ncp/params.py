"""The numbers of an NCP policy.  Durations are nanoseconds; nothing here has a default, since
every number comes from a policy file with its source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Idle for longer than this nobody is: a thousand years.
_NOT_IN_A_LIFE = 1_000 * 366 * 86_400 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class NetWareParams:
    """Novell's watchdog, the SET parameters of facts/ipx.md 2.1.

    ``delay_before_first_poll_ns``: idle time before the first poll, > 0.
    ``delay_between_polls_ns``: spacing of the polls, > 0.
    ``polls``: how many stay unanswered before the station is cleared, >= 1.
    ``wait_after_last_poll``: the last poll is waited out too (N intervals); False clears with
    the N-th poll (N-1 intervals).  No source decides between the two.
    """

    delay_before_first_poll_ns: int
    delay_between_polls_ns: int
    polls: int
    wait_after_last_poll: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarsNweParams:
    """mars_nwe's watchdog (facts/ipx.md 2.1, "Other NCP servers").

    ``check_interval_ns``: the server looks only at multiples of this since instant 0, > 0.
    ``idle_before_first_poll_ns``: a check polls who has been idle for *longer*.
    ``delay_between_polls_ns``: a check polls again, or clears, when the last poll is *longer* ago.
    ``polls``: how many stay unanswered before the station is cleared, >= 1.
    ``activity_spacing_ns``: a request resets the watchdog only when the one before it is
    *longer* ago; a watchdog answer always does.
    ``ticks_max``: stations on networks that many ticks away or more are never polled, they are
    taken to be alive (option 310); 0 polls all of them.
    """

    check_interval_ns: int
    idle_before_first_poll_ns: int
    delay_between_polls_ns: int
    polls: int
    activity_spacing_ns: int
    ticks_max: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class NcpParams:
    """Both ends of one NCP policy.

    ``same_address_reuses``: a create-connection from an address that has a slot releases the
    old state and gets the same slot; False opens a second slot (facts/ipx.md 3.1.4).
    ``same_client_socket``: a restarted client attaches from the socket it had before.
    ``framing``: ethernet-ii, raw-802.3, 802.2 or snap (facts/ipx.md 1.2).
    ``request_timeout_ns``, ``request_retries``: how long a client waits for a reply, and how
    often it repeats a request before it gives up.
    ``spoof_tolerance``: watchdog answers that are not the station's own before the connection
    is closed with the next one; 0 does not look (``guard``).
    ``advertise_every_ns``: how often the server broadcasts RIP and SAP, > 0; None for never.
    """

    watchdog: NetWareParams | MarsNweParams
    same_address_reuses: bool
    same_client_socket: bool
    framing: str
    request_timeout_ns: int
    request_retries: int
    spoof_tolerance: int
    advertise_every_ns: int | None

    def at_distance(self, ticks: int) -> NcpParams:
        """The same for a station on a network so many ticks away."""
        watchdog = self.watchdog
        if not isinstance(watchdog, MarsNweParams) or not 0 < watchdog.ticks_max <= ticks:
            return self
        return replace(self, watchdog=replace(watchdog, idle_before_first_poll_ns=_NOT_IN_A_LIFE))
