"""What a policy may say of SMB: bounds, names, and that it is all or nothing."""

from __future__ import annotations

import pytest

from emu.errors import InputError
from emu.policy.loader import load_policy
from emu.policy.smb_parameters import NAMESPACE, RULE_NAMES, SMB_RULES


def test_all_are_optional_once_and_in_one_table() -> None:
    names = [rule.name for rule in SMB_RULES]
    assert len(names) == len({*names})
    assert all(name.startswith(f"{NAMESPACE}.") for name in names)
    assert all(rule.optional for rule in SMB_RULES)


def test_the_named_rules_are_switches_between_before_and_after() -> None:
    assert len(RULE_NAMES) == 9
    by_name = {rule.name: rule for rule in SMB_RULES}
    assert {by_name[f"smb.{name}"].choices for name in RULE_NAMES} == {("before", "after")}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("users", "0", 'a whole number from 1 to 65535, or "none"'),
        ("licences", "65536", 'a whole number from 1 to 65535, or "none"'),
        ("sessions_per_vc", "none", "a whole number from 1 to 16384"),
        ("max_mpx", "101", "a whole number from 1 to 100"),
        ("autodisconnect", "900", "a duration"),
        ("scavenger", "0s", "a duration from 1s"),
        ("keep_conn", "never", "a duration from 0s"),
        ("write_behind", "0s", "a duration from 1ms"),
        ("q179983", "afer", 'did you mean "after"?'),
        ("vc_zero", "ip", 'expected one of "off", "netbios-name"'),
        ("share_level", "yes", "share_level"),
        ("keepconn", "3s", 'did you mean "smb.keep_conn"?'),
    ],
)
def test_what_does_not_fit_gets_one_line(name: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_policy("smb-nt4-sp3").with_setting(f"policy.smb.{name}", text)
    assert str(caught.value).startswith(f"--set policy.smb.{name}: expected ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
