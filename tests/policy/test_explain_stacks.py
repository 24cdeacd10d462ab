"""The stacks side by side."""

from __future__ import annotations

import json

from emu.policy.explain_stacks import as_json, portrayed, text
from emu.transports.tcp import TCP


def test_every_tcp_stack_is_in_the_table_within_100_columns() -> None:
    lines = text().splitlines()
    assert max(map(len, lines)) <= 100
    assert not any(line != line.rstrip() for line in lines)
    heads = [line.split() for line in lines if "windows-nt4" in line or "smoltcp " in line + " "]
    named = {name for words in heads for name in words}
    assert {stack.name for stack in TCP.stacks} <= named


def test_the_published_figures_are_there() -> None:
    """facts/tcp.md 5."""
    printed = text()
    for figure in ("7205 s", "7210 s", "7800 s", "7680 s", "7875 s", "512 x RTO", "RST,ACK"):
        assert figure in printed


def test_as_json() -> None:
    answer = json.loads(as_json())
    assert answer["schema_version"] == 1
    stacks = {each["name"]: each for each in answer["stacks"]}
    assert list(stacks) == [stack.name for stack, _ in portrayed()]
    assert not stacks["smoltcp"]["played"] and stacks["linux"]["played"]
    assert all(each["source"] and each["grade"] and each["unverified"] for each in stacks.values())
