"""What a policy says of the routers: optional, judged, explained, and printed as it was read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emu.errors import InputError
from emu.policy.loader import load_policy
from emu.policy.router_parameters import ROUTER_RULES
from emu.units import seconds as s
from tests.cli.commands import emu
from tests.policy.files import write

ROUTED = """
title = "A variant with routers"
what = "For a test."
extends = ["ncp-netware"]

[router]
ncp_watchdog = "spoof-in-windows"
ncp_watchdog_on = "1h"
ncp_watchdog_off = "18m"
idle_timeout = "never"

[sources.router]
ncp_watchdog = { grade = "A", source = "tests" }
ncp_watchdog_on = { grade = "A", source = "tests" }
ncp_watchdog_off = { grade = "A", source = "tests" }
idle_timeout = { grade = "assumption", source = "tests" }
""".replace("18m", "18m")


def test_without_the_table_a_policy_says_nothing_of_routers() -> None:
    policy = load_policy("ncp-netware")
    assert [name for name in policy.values if name.startswith("router.")] == []


def test_what_is_given_is_there_and_the_rest_is_not(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, ROUTED))
    given = {name: value for name, value in policy.values.items() if name.startswith("router.")}
    assert given == {
        "router.ncp_watchdog": "spoof-in-windows",
        "router.ncp_watchdog_on": s(3600),
        "router.ncp_watchdog_off": s(18 * 60),
        "router.idle_timeout": None,
    }
    assert {"router.idle_timeout"} <= {str(each["what"]) for each in policy.assumptions()}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"spoof-in-windows"', '"spoo"', 'router.ncp_watchdog: expected one of "forward", "spoof"'),
        ('"1h"', '"fast"', "router.ncp_watchdog_on: expected a duration"),
        ('"1h"', '"10ms"', "router.ncp_watchdog_on: expected a duration from 1s"),
        ('"1h"', "3600", "router.ncp_watchdog_on: expected a duration"),
        ('"1h"', '"never"', "router.ncp_watchdog_on: expected a duration"),
        ('ncp_watchdog_on = "1h"', 'ncp_watchdog_in = "1h"', "router.ncp_watchdog_in"),
        ('idle_timeout = "never"', "idle_timeout = true", "router.idle_timeout: expected a dur"),
        ("[router]", "[routers]", "routers"),
        ('idle_timeout = { grade = "assumption", source = "tests" }', "", "idle_timeout"),
        ('idle_timeout = "never"', "", "idle_timeout"),
    ],
)
def test_values_that_do_not_fit(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_policy(write(tmp_path, ROUTED.replace(old, new, 1)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_rule_is_optional_and_a_choice_begins_with_what_no_table_means() -> None:
    assert all(rule.optional for rule in ROUTER_RULES)
    names = [rule.name for rule in ROUTER_RULES]
    assert len(names) == len({*names})
    first = {rule.name: rule.choices[0] for rule in ROUTER_RULES if rule.kind == "choice"}
    assert first == {
        "router.ncp_watchdog": "forward",
        "router.spx_keepalive": "forward",
        "router.netbeui": "bridge",
        "router.tcp_keepalive": "forward",
        "router.interesting": "usual",
    }


def test_what_toml_prints_loads_as_the_same_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, ROUTED)
    printed = emu(capsys, "explain", path, "--toml")
    assert (printed.code, printed.err) == (0, "")
    again, before = load_policy(write(tmp_path, printed.out, "again.toml")), load_policy(path)
    assert again.values == before.values
    assert again.sources == before.sources


def test_explained_with_unit_and_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, ROUTED)
    text = emu(capsys, "explain", path)
    assert text.code == 0
    assert "ncp_watchdog_off" in text.out
    told = json.loads(emu(capsys, "explain", path, "--json").out)
    assert "router.ncp_watchdog_off" in json.dumps(told)
    beside = emu(capsys, "explain", path, "ncp-netware")
    assert beside.code == 0, "one of the two has no such values"
    assert "ncp_watchdog_off" in beside.out
