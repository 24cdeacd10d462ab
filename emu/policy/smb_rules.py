"""From a policy's ``smb.*`` values to the parameters of the two SMB machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emu.machines.redirector.params import NT4_SP3, LeakUntil, RedirectorParams, ReuseRearms
from emu.machines.smb_server.params import (
    NT4_SERVER,
    BadUid,
    BreakUnanswered,
    ServerParams,
    UsersCount,
    VcZero,
)
from emu.policy.model import Policy
from emu.policy.smb_parameters import NAMESPACE, RULE_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class SmbRules:
    """Both ends.  ``session_keepalive_ns``: NetBT's, None for never."""

    server: ServerParams
    redirector: RedirectorParams
    session_keepalive_ns: int | None


_USERS_COUNT = {"sessions": UsersCount.SESSIONS, "machines": UsersCount.MACHINES}
_VC_ZERO = {
    "off": VcZero.OFF,
    "netbios-name": VcZero.NETBIOS_NAME,
    "ip-address": VcZero.IP_ADDRESS,
    "ip-address-extended-security": VcZero.IP_ADDRESS_EXTSEC,
}
_BAD_UID = {
    "negotiated": BadUid.NEGOTIATED,
    "dos": BadUid.DOS,
    "session-deleted": BadUid.SESSION_DELETED,
}
_UNANSWERED = {
    "revoke": BreakUnanswered.REVOKE,
    "fail-second-open": BreakUnanswered.FAIL_SECOND_OPEN,
    "close-first": BreakUnanswered.CLOSE_FIRST,
}
_REARMS = {each.value: each for each in ReuseRearms}
_LEAK_UNTIL = {"keepconn": LeakUntil.KEEPCONN, "vc-end": LeakUntil.VC_END}


def smb_rules(policy: Policy) -> SmbRules | None:
    """None for a policy that carries terminals."""
    if not policy.speaks_smb:
        return None
    start = f"{NAMESPACE}."
    told: dict[str, Any] = {
        name.removeprefix(start): value
        for name, value in policy.values.items()
        if name.startswith(start)
    }
    return SmbRules(
        server=_server(told),
        redirector=_redirector(told),
        session_keepalive_ns=told["session_keepalive"],
    )


def _server(told: dict[str, Any]) -> ServerParams:
    return ServerParams(
        users_max=told["users"],
        users_count=_USERS_COUNT[told["users_count"]],
        licences=told["licences"],
        licence_refusal_is_1395=told["licence_refusal"] == "1395",
        too_many_sessions_is_ms_cifs=told["too_many_sessions"] == "ms-cifs",
        sessions_per_vc=told["sessions_per_vc"],
        trees_per_vc=told["trees_per_vc"],
        opens_per_vc=told["opens_per_vc"],
        searches_per_vc=told["searches_per_vc"],
        max_mpx=told["max_mpx"],
        max_vcs=NT4_SERVER.max_vcs,
        autodisconnect_ns=told["autodisconnect"],
        scavenger_ns=told["scavenger"],
        hasty_scavenger_ns=told["hasty_scavenger"],
        direct_ipx_autodisconnect_ns=told["direct_ipx_autodisconnect"],
        oplock_break_wait_ns=told["oplock_break_wait"],
        min_keep_search_ns=told["min_keep_search"],
        max_keep_search_ns=told["max_keep_search"],
        logoff_frees_trees=told["logoff_frees_trees"],
        vc_zero_match=_VC_ZERO[told["vc_zero"]],
        share_level=told["share_level"],
        bad_uid=_BAD_UID[told["bad_uid"]],
        break_unanswered=_UNANSWERED[told["break_unanswered"]],
        echo_is_activity=told["echo_is_activity"],
        idle_per_connection=told["idle_per_connection"],
        file_octets_max=NT4_SERVER.file_octets_max,
        files_max=NT4_SERVER.files_max,
        echoes_max=NT4_SERVER.echoes_max,
    )


def _redirector(told: dict[str, Any]) -> RedirectorParams:
    rules = {name: told[name] == "after" for name in RULE_NAMES}
    return RedirectorParams(
        keep_conn_ns=told["keep_conn"],
        scavenger_period_ns=told["idle_scan"],
        cache_file_timeout_ns=told["cache_file_timeout"],
        scan_period_ns=told["scan_period"],
        sess_timeout_ns=told["session_timeout"],
        direct_ipx_echo_ns=told["direct_ipx_echo"],
        write_behind_delay_ns=told["write_behind"],
        page_octets=NT4_SP3.page_octets,
        read_max=NT4_SP3.read_max,
        write_max=NT4_SP3.write_max,
        dormant_limit=told["dormant_files"],
        max_commands=NT4_SP3.max_commands,
        use_oplocks=NT4_SP3.use_oplocks,
        buffer_deny_write=NT4_SP3.buffer_deny_write,
        buffer_read_only=NT4_SP3.buffer_read_only,
        write_behind=NT4_SP3.write_behind,
        reuse_rearms=_REARMS[told["reuse_rearms"]],
        leak_until=_LEAK_UNTIL[told["leak_until"]],
        **rules,
    )
