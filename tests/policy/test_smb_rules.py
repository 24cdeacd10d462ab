"""Every smb value of a policy reaches one field of one machine, and no other."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from emu.errors import InputError
from emu.machines.redirector.params import (
    NT4_SP3,
    NT4_SP4,
    NT4_SP6A,
    NT4_SP6A_HOTFIX,
    NT4_SP6A_HOTFIX_KEEPCONN0,
    TSE_SP5,
    TSE_SP6,
    RedirectorParams,
)
from emu.machines.smb_server.params import NT4_SERVER
from emu.policy.loader import load_policy
from emu.policy.smb_parameters import RULE_NAMES, SMB_RULES
from emu.policy.smb_rules import SmbRules, smb_rules
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.policy.files import write

#: smb name, text on the command line, machine, field, what is in the field then.
REACHED = [
    ("users", "3", "server", "users_max", 3),
    ("users_count", "machines", "server", "users_count", "MACHINES"),
    ("licences", "4", "server", "licences", 4),
    ("licence_refusal", "1395", "server", "licence_refusal_is_1395", True),
    ("too_many_sessions", "ms-cifs", "server", "too_many_sessions_is_ms_cifs", True),
    ("sessions_per_vc", "5", "server", "sessions_per_vc", 5),
    ("trees_per_vc", "6", "server", "trees_per_vc", 6),
    ("opens_per_vc", "7", "server", "opens_per_vc", 7),
    ("searches_per_vc", "8", "server", "searches_per_vc", 8),
    ("max_mpx", "9", "server", "max_mpx", 9),
    ("autodisconnect", "never", "server", "autodisconnect_ns", None),
    ("scavenger", "11s", "server", "scavenger_ns", s(11)),
    ("hasty_scavenger", "12s", "server", "hasty_scavenger_ns", s(12)),
    ("direct_ipx_autodisconnect", "13s", "server", "direct_ipx_autodisconnect_ns", s(13)),
    ("oplock_break_wait", "14s", "server", "oplock_break_wait_ns", s(14)),
    ("min_keep_search", "15s", "server", "min_keep_search_ns", s(15)),
    ("max_keep_search", "16s", "server", "max_keep_search_ns", s(16)),
    ("logoff_frees_trees", "false", "server", "logoff_frees_trees", False),
    ("vc_zero", "off", "server", "vc_zero_match", "OFF"),
    ("vc_zero", "ip-address", "server", "vc_zero_match", "IP_ADDRESS"),
    ("vc_zero", "ip-address-extended-security", "server", "vc_zero_match", "IP_ADDRESS_EXTSEC"),
    ("share_level", "true", "server", "share_level", True),
    ("bad_uid", "dos", "server", "bad_uid", "DOS"),
    ("bad_uid", "session-deleted", "server", "bad_uid", "SESSION_DELETED"),
    ("break_unanswered", "fail-second-open", "server", "break_unanswered", "FAIL_SECOND_OPEN"),
    ("break_unanswered", "close-first", "server", "break_unanswered", "CLOSE_FIRST"),
    ("echo_is_activity", "false", "server", "echo_is_activity", False),
    ("idle_per_connection", "true", "server", "idle_per_connection", True),
    ("session_keepalive", "17s", "", "session_keepalive_ns", s(17)),
    ("session_keepalive", "never", "", "session_keepalive_ns", None),
    ("keep_conn", "0s", "redirector", "keep_conn_ns", 0),
    ("reuse_rearms", "always", "redirector", "reuse_rearms", "ALWAYS"),
    ("reuse_rearms", "immediate", "redirector", "reuse_rearms", "IMMEDIATE"),
    ("idle_scan", "18s", "redirector", "scavenger_period_ns", s(18)),
    ("cache_file_timeout", "0s", "redirector", "cache_file_timeout_ns", 0),
    ("scan_period", "21s", "redirector", "scan_period_ns", s(21)),
    ("dormant_files", "22", "redirector", "dormant_limit", 22),
    ("session_timeout", "23s", "redirector", "sess_timeout_ns", s(23)),
    ("direct_ipx_echo", "25s", "redirector", "direct_ipx_echo_ns", s(25)),
    ("write_behind", "24ms", "redirector", "write_behind_delay_ns", ms(24)),
    ("leak_until", "vc-end", "redirector", "leak_until", "VC_END"),
    ("q179983", "after", "redirector", "q179983", True),
    ("q248371", "after", "redirector", "q248371", True),
    ("q258837", "after", "redirector", "q258837", True),
    ("q150275", "before", "redirector", "q150275", False),
    ("q139506", "before", "redirector", "q139506", False),
    ("q172530", "before", "redirector", "q172530", False),
    ("q179873", "after", "redirector", "q179873", True),
    ("q184998", "after", "redirector", "q184998", True),
    ("q214563", "before", "redirector", "q214563", False),
]


def _flat(rules: SmbRules | None) -> dict[tuple[str, str], object]:
    assert rules is not None
    ends = {"server": asdict(rules.server), "redirector": asdict(rules.redirector)}
    found = {(end, name): value for end, each in ends.items() for name, value in each.items()}
    return {**found, ("", "session_keepalive_ns"): rules.session_keepalive_ns}


def _plain(value: object) -> object:
    return getattr(value, "name", value)


def test_every_parameter_is_in_the_table_below() -> None:
    assert {f"smb.{name}" for name, *_ in REACHED} == {rule.name for rule in SMB_RULES}
    assert {name for name, *_ in REACHED if name.startswith("q")} == {*RULE_NAMES}


@pytest.mark.parametrize(("name", "text", "end", "field", "value"), REACHED)
def test_a_value_reaches_its_field_and_no_other(
    name: str, text: str, end: str, field: str, value: object
) -> None:
    policy = load_policy("smb-nt4-sp3")
    before = _flat(smb_rules(policy))
    after = _flat(smb_rules(policy.with_setting(f"policy.smb.{name}", text)))
    changed = {key: _plain(now) for key, now in after.items() if now != before[key]}
    assert changed == {(end, field): value}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("smb-nt4-sp3", NT4_SP3),
        ("smb-nt4-sp4", NT4_SP4),
        ("smb-nt4-sp6a", NT4_SP6A),
        ("smb-nt4-sp6a-hotfix", NT4_SP6A_HOTFIX),
        ("smb-nt4-sp6a-hotfix-keepconn0", NT4_SP6A_HOTFIX_KEEPCONN0),
        ("smb-tse-sp5", TSE_SP5),
        ("smb-tse-sp6", TSE_SP6),
    ],
)
def test_the_shipped_packs_are_the_machines_own(name: str, params: RedirectorParams) -> None:
    rules = smb_rules(load_policy(name))
    assert rules is not None
    assert rules.redirector == params
    assert rules.server == NT4_SERVER


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("smb-tse-sp5", "smb-tse-sp6", "smb.q248371"),
        ("smb-nt4-sp6a", "smb-nt4-sp6a-hotfix", "smb.q258837"),
        ("smb-nt4-sp6a-hotfix", "smb-nt4-sp6a-hotfix-keepconn0", "smb.keep_conn"),
        ("smb-nt4-sp6a", "smb-nt4-autodisconnect-off", "smb.autodisconnect"),
    ],
)
def test_before_and_after_differ_in_one_line(before: str, after: str, rule: str) -> None:
    one, other = load_policy(before).values, load_policy(after).values
    assert [name for name in one if one[name] != other[name]] == [rule]


def test_a_policy_of_terminals_has_none() -> None:
    assert smb_rules(load_policy("nbf-nt4")) is None


@pytest.mark.parametrize("name", ["nbf-nt4", "spx-nwlink"])
@pytest.mark.parametrize("rule", ["keep_conn", "users"])
def test_and_gets_none_by_one_setting(name: str, rule: str) -> None:
    with pytest.raises(InputError, match=f"--set policy.smb.{rule}: expected a value of policy"):
        load_policy(name).with_setting(f"policy.smb.{rule}", "5s")


def test_one_value_alone_is_refused_with_the_next_that_is_missing(tmp_path: Path) -> None:
    text = """
title = "A variant"
what = "For a test."
extends = ["tcp-no-keepalive"]
[smb]
keep_conn = "10s"
[sources.smb]
keep_conn = { grade = "C", source = "tests" }
"""
    with pytest.raises(InputError) as caught:
        load_policy(write(tmp_path, text))
    said = str(caught.value)
    assert "expected a value for smb.users" in said and "extend a policy that does" in said
    assert "\n" not in said
