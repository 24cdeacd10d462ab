"""``emu explain``: for people, as JSON, as TOML, as JSON Schema."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.policy.explain import as_json, explained
from emu.policy.explain_text import text
from emu.policy.explain_toml import toml
from emu.policy.loader import load_policy
from emu.policy.schema import json_schema
from tests.policy.files import write
from tests.policy.test_library import NAMES


def test_one_policy_shows_number_unit_grade_and_source() -> None:
    shown = text([explained(load_policy("ncp-netware"))])
    row = next(line for line in shown.splitlines() if "ncp.delay_before_first_poll" in line)
    assert row.split() == ["ncp.delay_before_first_poll", "5400ticks", "296.597", "s", "B"]
    assert "source: BANalyzer help" in shown
    assert "889.792 s" in shown
    assert "ncp.wait_after_last_poll" in shown.partition("assumptions: ")[2]


def test_several_stand_side_by_side_within_100_columns() -> None:
    shown = text([explained(load_policy(name)) for name in NAMES])
    assert max(map(len, shown.splitlines())) <= 100
    row = next(line for line in shown.splitlines() if line.strip().startswith("polls "))
    assert row.split() == ["polls", "4", "C", "10", "B", "5", "B", "-", "-", "-"]
    noticed = next(line for line in shown.splitlines() if line.startswith("noticed after"))
    assert noticed.endswith("never")


def test_more_policies_than_columns_make_a_second_table() -> None:
    each = explained(load_policy("tcp-no-keepalive"))
    shown = text([each] * 7)
    assert shown.count("noticed after") == 2
    assert max(map(len, shown.splitlines())) <= 100


def test_json_holds_every_value_and_the_formula() -> None:
    answer = json.loads(as_json([explained(load_policy("tcp-no-keepalive"))]))
    assert answer["schema_version"] == 1
    (policy,) = answer["policies"]
    values = {value["name"]: value for value in policy["values"]}
    assert values["tcp.keepalive"]["value"] is False
    assert values["tcp.keepalive_idle"]["value"] == "2h"
    assert values["tcp.keepalive_idle"]["seconds"] == 7200.0
    assert values["tcp.window"] == {
        "name": "tcp.window",
        "value": 8760,
        "unit": "count",
        "seconds": None,
        "grade": "assumption",
        "source": values["tcp.window"]["source"],
        "what": "receive window, octets",
    }
    assert policy["silence_s"] is None
    assert policy["formula"]


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1), st.text(min_size=1))
def test_any_words_survive_the_toml(tmp_path: Path, what: str, source: str) -> None:
    """Quotes, backslashes, control characters: what is printed reads back as it was."""
    policy = load_policy("ncp-netware")
    what, source = what.strip() or "x", source.strip() or "x"
    sources = {name: replace(each, text=source) for name, each in policy.sources.items()}
    changed = replace(policy, what=what, sources=sources)
    try:
        again = load_policy(write(tmp_path, toml(changed), "ncp-netware.toml"))
    except UnicodeEncodeError:
        return  # lone surrogates cannot be written to a file
    assert again == changed


def test_the_toml_says_what_each_value_may_be() -> None:
    printed = toml(load_policy("ncp-netware"))
    assert "(a whole number from 5 to 100)" in printed
    assert "extends" not in tomllib.loads(printed)


def test_the_schema_follows_the_parameter_tables() -> None:
    definitions = json_schema()["$defs"]
    polls = definitions["ncp-netware-ncp"]["properties"]["polls"]
    assert (polls["minimum"], polls["maximum"]) == (5, 100)
    assert definitions["ncp-mars-nwe-ncp"]["properties"]["polls"]["minimum"] == 1
    limit = definitions["tcp-windows-nt4-server"]["properties"]["session_limit"]
    assert {"const": "none"} in limit["anyOf"]
    assert json.loads(json.dumps(json_schema())) == json_schema()
