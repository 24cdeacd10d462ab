"""Who is let in: the limits of a server, pure.  Each refusal carries the rule that fired.

Which request NT 4 refuses when it is full is unknown (facts/redirector.md 7.3, 6); as assumed
there, SESSION_SETUP.  Read 3.3, 3.4 and D1, D3, D7 of 7.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emu.machines.smb import faults
from emu.machines.smb.calls import Standing
from emu.machines.smb.faults import Fault
from emu.machines.smb_server.params import ServerParams, UsersCount

#: The event of a full table, and its detail codes (Q165815).
EVENT_TABLE_FULL = 2009
DETAIL_FILES, DETAIL_SEARCHES, DETAIL_SESSIONS, DETAIL_TREES = 0x3E9, 0x3EA, 0x3EB, 0x3EC
#: LicenseService: out of licences (Q242134).
EVENT_OUT_OF_LICENCES = 202


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """``facts``: for the event's Note; empty when no event is known."""

    fault: Fault
    rule: str
    facts: Mapping[str, int | str | bool] = field(default_factory=dict[str, int | str | bool])


def refuse_session(
    params: ServerParams,
    *,
    standing: Standing,
    client: str,
    on_this_vc: int,
    living: int,
    by_client: Mapping[str, int],
) -> Refusal | None:
    """None: let in.  ``living``: sessions on the server; ``by_client``: those of each machine."""
    if on_this_vc >= params.sessions_per_vc:
        by_text = params.too_many_sessions_is_ms_cifs
        fault = faults.TOO_MANY_SESSIONS_MS_CIFS if by_text else faults.TOO_MANY_SESSIONS
        return _table_full(fault, "SessUsers", DETAIL_SESSIONS)
    if _exceeds_users(params, client, living=living, by_client=by_client):
        return Refusal(fault=faults.REQUEST_NOT_ACCEPTED, rule="Users")
    if params.licences is None or living < params.licences:
        return None
    if standing is Standing.ADMINISTRATOR:
        return None  # Q130933: always admitted
    return _out_of_licences(params)


def _exceeds_users(
    params: ServerParams, client: str, *, living: int, by_client: Mapping[str, int]
) -> bool:
    """Whether one more would be too many, by D1's two ways to count."""
    if params.users_max is None:
        return False
    if params.users_count is UsersCount.SESSIONS:
        return living >= params.users_max
    return client not in by_client and len(by_client) >= params.users_max


def _out_of_licences(params: ServerParams) -> Refusal:
    is_1395 = params.licence_refusal_is_1395
    return Refusal(
        fault=faults.LICENSE_QUOTA_EXCEEDED if is_1395 else faults.REQUEST_NOT_ACCEPTED,
        rule="Per Server licences",
        facts={"event": EVENT_OUT_OF_LICENCES},
    )


def refuse_tree(
    params: ServerParams, *, on_this_vc: int, uses: int, users_max: int | None
) -> Refusal | None:
    """The status of a full share is assumed to be the same (facts/redirector.md 2.4, G)."""
    if on_this_vc >= params.trees_per_vc:
        return _table_full(faults.INSUFF_SERVER_RESOURCES, "SessConns", DETAIL_TREES)
    if users_max is not None and uses >= users_max:
        return Refusal(fault=faults.REQUEST_NOT_ACCEPTED, rule="share user limit")
    return None


def refuse_open(params: ServerParams, *, on_this_vc: int) -> Refusal | None:
    """The status is our choice among those of facts/redirector.md 3.4; 1.1 has the event only."""
    if on_this_vc >= params.opens_per_vc:
        return _table_full(faults.INSUFF_SERVER_RESOURCES, "SessOpens", DETAIL_FILES)
    return None


def refuse_search(params: ServerParams, *, on_this_vc: int) -> Refusal | None:
    """The status is assumed as for an open."""
    if on_this_vc >= params.searches_per_vc:
        return _table_full(faults.INSUFF_SERVER_RESOURCES, "OpenSearch", DETAIL_SEARCHES)
    return None


def _table_full(fault: Fault, rule: str, detail: int) -> Refusal:
    return Refusal(fault=fault, rule=rule, facts={"event": EVENT_TABLE_FULL, "detail": detail})
