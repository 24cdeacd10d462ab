"""The numbers and switches of a redirector, and NT 4's service packs with their sources.

Durations are nanoseconds.  Read facts/redirector.md 0, 2.3, 3.2, 3.3, 7.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from emu.units import seconds


class ReuseRearms(Enum):
    """What use of a circuit does to the marks of its dead sessions (facts/redirector.md 3.2)."""

    NEVER = "never"
    ALWAYS = "always"
    IMMEDIATE = "immediate"


class LeakUntil(Enum):
    """What ends a session whose log-off was skipped (facts/redirector.md 2.4, the open point)."""

    KEEPCONN = "keepconn"
    VC_END = "vc_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectorParams:
    """Times:
    ``keep_conn_ns``: KeepConn, idle time of a circuit; 0 is a value of the hotfix only, without
    it the default counts (unknown 4: assumption).
    ``scavenger_period_ns``: how often idleness is looked at.
    ``cache_file_timeout_ns``: dormancy at least; ``scan_period_ns``: how often that is looked at.
    ``sess_timeout_ns``: how long a request may be unanswered.
    ``direct_ipx_echo_ns``: after how long a silence an ECHO is said on direct-hosted IPX.
    ``write_behind_delay_ns``: how long written octets stay with the client.

    Sizes, octets >= 1: ``page_octets``, ``read_max``, ``write_max`` of one request.
    Counts: ``dormant_limit`` a server (D6), 0 for none; ``max_commands`` outstanding, >= 1.

    Switches: ``use_oplocks`` asks for batch oplocks; ``buffer_deny_write`` and
    ``buffer_read_only`` let files without one be dormant; ``write_behind``; ``reuse_rearms``
    (never is the fault, always a naive cure, immediate logs off at once), ``leak_until``.

    Rules by their articles, True for cured (facts/redirector.md 0):
    ``q179983``: a log-off waits until nobody pages through the user's file;
    ``q248371``: a log-off closes dormant files, and is not skipped for their sake;
    ``q258837``: the hotfix's files; with ``keep_conn_ns`` 0 a stopped service is logged off
    at once;
    ``q150275``: a service's open file does not make another's log-off be skipped;
    ``q139506``: no LOGOFF to a share-level server while others share the circuit;
    ``q172530``: an explicit disconnect looks for mapped images too;
    ``q179873``: a drive's disconnect leaves the tree to UNC files;
    ``q184998``: pages are not asked for under the numbers of an earlier circuit;
    ``q214563``: what the cache remembers of a file does not make ``net use /d`` fail.
    """

    keep_conn_ns: int
    scavenger_period_ns: int
    cache_file_timeout_ns: int
    scan_period_ns: int
    sess_timeout_ns: int
    direct_ipx_echo_ns: int
    write_behind_delay_ns: int
    page_octets: int
    read_max: int
    write_max: int
    dormant_limit: int
    max_commands: int
    use_oplocks: bool
    buffer_deny_write: bool
    buffer_read_only: bool
    write_behind: bool
    reuse_rearms: ReuseRearms
    leak_until: LeakUntil
    q179983: bool
    q248371: bool
    q258837: bool
    q150275: bool
    q139506: bool
    q172530: bool
    q179873: bool
    q184998: bool
    q214563: bool

    @property
    def logs_off_idle_at_once(self) -> bool:
        """The hotfix needs its value: the files alone change nothing (Q258837)."""
        by_hotfix = self.q258837 and self.keep_conn_ns == 0
        return by_hotfix or self.reuse_rearms is ReuseRearms.IMMEDIATE

    @property
    def idle_limit_ns(self) -> int:
        """How long a circuit may be unused."""
        is_zero = self.keep_conn_ns == 0 and not self.q258837
        return KEEP_CONN_DEFAULT_NS if is_zero else self.keep_conn_ns


#: facts/redirector.md 3.1: KeepConn (Q102981, Q142692).
KEEP_CONN_DEFAULT_NS = seconds(600)

#: Windows NT 4.0 SP3.  Numbers: facts/redirector.md sections in brackets.
NT4_SP3 = RedirectorParams(
    keep_conn_ns=KEEP_CONN_DEFAULT_NS,
    # [7.3] 1: unknown.  Assumption: 30 s, as the server's scavenger.
    scavenger_period_ns=seconds(30),
    cache_file_timeout_ns=seconds(10),  # [2.3] CacheFileTimeout (Q102981, Q102469)
    scan_period_ns=seconds(20),  # [2.3] I: 10 s and a scan make the "about 30 s" of Q248371
    sess_timeout_ns=seconds(45),  # [3.3] SessTimeout
    direct_ipx_echo_ns=seconds(240),  # facts/ipx.md 2.4: MS-CIFS 2.1.2.1, Q135360
    write_behind_delay_ns=seconds(5),  # assumption: the sheet names no such time
    page_octets=4096,  # G: a page of the x86
    read_max=4096,  # [7.1] MaxBuffer 4356: a page and its header
    write_max=4096,  # the same
    dormant_limit=45,  # [2.3] DormantFileLimit (Q102981)
    max_commands=50,  # [3.3] MaxCmds; [7.2] D10
    use_oplocks=True,  # [3.3] UseOpportunisticLocking 1
    buffer_deny_write=True,  # [2.1] BufFilesDenyWrite 1
    buffer_read_only=True,  # [2.1] BufReadOnlyFiles 1
    write_behind=True,  # G: what an exclusive or batch oplock is for
    reuse_rearms=ReuseRearms.NEVER,  # [3.2]
    leak_until=LeakUntil.KEEPCONN,  # [2.4] our default
    q179983=False,
    q248371=False,
    q258837=False,
    q150275=True,  # [0] a fault of NT 3.5x
    q139506=True,  # [0] "fixed in a 4.0 SP": assumed to be one of the first three
    q172530=True,  # [0] a fault of NT 3.51
    q179873=False,
    q184998=False,
    q214563=True,  # [0] SP4 brought it
)
#: [7.1] Q179983, Q184998, Q179873: SP4, which brought Q214563.
NT4_SP4 = replace(NT4_SP3, q179983=True, q184998=True, q179873=True, q214563=False)
#: [7.1] Q214563: SP5; Q248371: (TSE) SP6, taken as both.
NT4_SP6A = replace(NT4_SP4, q214563=True, q248371=True)
#: [0] Terminal Server's packs contain those of NT 4 of the same number.
TSE_SP5 = replace(NT4_SP4, q214563=True)
TSE_SP6 = replace(TSE_SP5, q248371=True)
#: [3.2] 4.0.1381.7052: the files, and the files with the value.
NT4_SP6A_HOTFIX = replace(NT4_SP6A, q258837=True)
NT4_SP6A_HOTFIX_KEEPCONN0 = replace(NT4_SP6A_HOTFIX, keep_conn_ns=0)
