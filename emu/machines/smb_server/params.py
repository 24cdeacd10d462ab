"""The numbers and switches of a server, and NT's with their sources.

Durations are nanoseconds.  Read facts/redirector.md 3 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from emu.units import seconds


class UsersCount(Enum):
    """What counts towards ``users_max`` (facts/redirector.md 7.2, D1)."""

    SESSIONS = "sessions"
    MACHINES = "machines"


class VcZero(Enum):
    """Whose other VCs a set-up with VcNumber 0 ends (facts/redirector.md 3.6, D8)."""

    OFF = "off"
    NETBIOS_NAME = "netbios_name"
    IP_ADDRESS = "ip_address"
    IP_ADDRESS_EXTSEC = "ip_address_extsec"


class BadUid(Enum):
    """How a dead or unknown UID is refused (facts/redirector.md 3.4, the byte note)."""

    NEGOTIATED = "0x005B0002, or ERRSRV/91 if DOS errors were negotiated"
    DOS = "ERRSRV/91 whatever was negotiated, as Samba does"
    SESSION_DELETED = "0xC0000203, as later Windows"


class BreakUnanswered(Enum):
    """What becomes of an oplock whose holder is silent.

    The facts name the wait and not what follows.  REVOKE takes the oplock away and leaves the
    file open; the other two are the values 0 and 1 of EnableOpLockForceClose (G).
    """

    REVOKE = "revoke"
    FAIL_SECOND_OPEN = "fail_second_open"
    CLOSE_FIRST = "close_first"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerParams:
    """What a server allows, and for how long.

    Limits for the server as a whole; None for no limit:
    ``users_max``: value Users.  ``users_count``: what it counts.
    ``licences``: Per-Server licences.  Administrators are let in beyond them and hold one.
    ``licence_refusal_is_1395``: refuse with 1395 and not with 71 (D7).
    ``too_many_sessions_is_ms_cifs``: the DOS code of a full UID table is ERRSRV/90, not
    ERRDOS/69 (D3).

    Tables of one VC, >= 1 each:
    ``sessions_per_vc`` (SessUsers), ``trees_per_vc`` (SessConns), ``opens_per_vc`` (SessOpens),
    ``searches_per_vc`` (OpenSearch).  ``max_mpx``: requests outstanding; what waits for an
    oplock break beyond it is refused.  ``max_vcs``: SessVcs, told and not enforced.

    Times:
    ``autodisconnect_ns``: idle time after which a VC without opens and searches is dropped;
    None for never, 0 for as soon as possible.
    ``scavenger_ns``: how often idleness is looked at, counted from the server's start.
    ``hasty_scavenger_ns``: the same when ``autodisconnect_ns`` is 0.
    ``direct_ipx_autodisconnect_ns``: idle time of a direct-hosted IPX client, open files or not.
    ``oplock_break_wait_ns``: how long a holder may take to answer a break.
    ``min_keep_search_ns``: a full table takes the place of a search unused for that long.
    ``max_keep_search_ns``: the scavenger ends a search unused for that long.

    Switches:
    ``logoff_frees_trees`` (D4), ``vc_zero_match`` (D8), ``bad_uid``, ``break_unanswered``;
    ``echo_is_activity``: an ECHO starts the idle clock anew (unknown 5);
    ``idle_per_connection``: the idle time *shown* for a session is its VC's (unknown 5);
    ``share_level``: a server without users, where a log-off ends everybody on the VC (Q139506).

    Ours, against a client that wants the host's memory; no source:
    ``file_octets_max``, ``files_max`` in a share, ``echoes_max`` for one ECHO.
    """

    users_max: int | None
    users_count: UsersCount
    licences: int | None
    licence_refusal_is_1395: bool
    too_many_sessions_is_ms_cifs: bool
    sessions_per_vc: int
    trees_per_vc: int
    opens_per_vc: int
    searches_per_vc: int
    max_mpx: int
    max_vcs: int
    autodisconnect_ns: int | None
    scavenger_ns: int
    hasty_scavenger_ns: int
    direct_ipx_autodisconnect_ns: int
    oplock_break_wait_ns: int
    min_keep_search_ns: int
    max_keep_search_ns: int
    logoff_frees_trees: bool
    vc_zero_match: VcZero
    bad_uid: BadUid
    break_unanswered: BreakUnanswered
    echo_is_activity: bool
    idle_per_connection: bool
    share_level: bool
    file_octets_max: int
    files_max: int
    echoes_max: int

    @property
    def scan_ns(self) -> int:
        """How often this server's scavenger runs."""
        return self.hasty_scavenger_ns if self.autodisconnect_ns == 0 else self.scavenger_ns


#: Windows NT Server 4.0.  Numbers: facts/redirector.md sections in brackets.
NT4_SERVER = ServerParams(
    users_max=None,  # [3.3] Users is -1 on Server (Q102469)
    users_count=UsersCount.SESSIONS,  # [7.2] D1
    licences=None,  # [3.3] the number bought, if licensed Per Server
    licence_refusal_is_1395=False,  # [7.2] D7: four articles against one
    too_many_sessions_is_ms_cifs=False,  # [7.2] D3: measured
    sessions_per_vc=2048,  # [3.3] SessUsers (Q102469, Q165815)
    trees_per_vc=2048,  # [3.3] SessConns
    opens_per_vc=2048,  # [3.3] SessOpens; 11 bits of a FID (Q190162)
    searches_per_vc=2048,  # [3.3] OpenSearch
    max_mpx=50,  # [3.3] MaxMpxCt (Q141709)
    max_vcs=1,  # [3.6] SessVcs, MaxNumberVcs
    autodisconnect_ns=seconds(15 * 60),  # [3.1] AutoDisconnect (Q138365)
    scavenger_ns=seconds(30),  # [3.1] ScavTimeout (Q102630)
    # [3.1] autodisconnect 0 ends a VC "within a few seconds"; LAN Manager's ScavTimeout is 5 s.
    # That it is the same scan, run more often, is our assumption.
    hasty_scavenger_ns=seconds(5),
    direct_ipx_autodisconnect_ns=seconds(15 * 60),  # [3.1] ConnectionlessAutoDisc, >= 15 min
    oplock_break_wait_ns=seconds(35),  # [3.3] 10 to 180 s (Q102630)
    min_keep_search_ns=seconds(480),  # [3.1] MinKeepSearch (Q165815)
    max_keep_search_ns=seconds(1800),  # [3.1] MaxKeepSearch (Q165815)
    logoff_frees_trees=True,  # [7.2] D4: as MS-CIFS
    vc_zero_match=VcZero.NETBIOS_NAME,  # [3.6] D8
    bad_uid=BadUid.NEGOTIATED,  # [3.4]
    break_unanswered=BreakUnanswered.REVOKE,  # assumption; 3.7 wants the dead client's file open
    echo_is_activity=True,  # [3.1] "a client that echoes" defeats it; [7.3] 5: unknown
    idle_per_connection=False,  # [7.3] 5: unknown
    share_level=False,  # [0] Q139506's servers only
    file_octets_max=1 << 26,
    files_max=65_536,
    echoes_max=50,
)

#: [3.3] Windows NT Workstation 4.0: ten inbound (Q122920, Q129593, Q258837).
NT4_WORKSTATION = replace(NT4_SERVER, users_max=10)
