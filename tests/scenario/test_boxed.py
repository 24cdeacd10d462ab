"""Boxes in scenario files: profiles, overrides, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emu.box import load_box
from emu.errors import InputError
from emu.scenario.loader import load_scenario
from emu.scenario.model import Scenario
from emu.units import seconds as s
from tests.scenario.files import write

BOXED = """
title = "A client behind a box"
story = "For a test."
sources = "tests"
horizon = "1h"
needs = ["tcp"]
default_policies = ["tcp-keepalive-nt4"]

[links.far-lan]
kind = "lan"
bandwidth = "10Mbit/s"

[links.server-lan]
kind = "lan"
bandwidth = "10Mbit/s"

[links.nat]
kind = "box"
between = ["server-lan", "far-lan"]
profile = "aws-nat-gateway"

[hosts.server]
link = "server-lan"

[clients.ws1]
user = "ann"
link = "far-lan"
boot_time = "60s"
program = [{ at = "0s", do = "log-on" }]
"""


def loaded(folder: Path, *more: str) -> Scenario:
    return load_scenario(
        write(folder, BOXED.replace('gateway"\n', "\n".join(['gateway"', *more, ""])))
    )


def test_a_box_is_its_profile(tmp_path: Path) -> None:
    scenario = loaded(tmp_path)
    nat = scenario.link("nat")
    assert nat.box is not None and not nat.is_lan
    assert nat.box.params == load_box("aws-nat-gateway").params
    assert [link.name for link in scenario.lans()] == ["server-lan", "far-lan"]
    assert (scenario.box_to("far-lan"), scenario.box_to("server-lan")) == (nat, None)
    assert scenario.line_to("far-lan") is None


def test_a_scenario_may_say_otherwise_and_is_then_no_assumption(tmp_path: Path) -> None:
    box = loaded(tmp_path, 'idle = "2m"', 'afterwards = "drop"', 'keepalives = "answered"')
    nat = box.link("nat").box
    assert nat is not None
    changed = replace(nat.box.params, idle_ns=s(120), afterwards="drop", answers=True)
    assert nat.params == changed
    assert [each["what"] for each in nat.assumptions()] == ["box.mid_stream", "box.ports"]


def test_never_is_a_limit(tmp_path: Path) -> None:
    nat = loaded(tmp_path, 'idle = "never"').link("nat").box
    assert nat is not None and nat.params.idle_ns is None


def test_set_reaches_a_box(tmp_path: Path) -> None:
    scenario = loaded(tmp_path).with_setting("links.nat.idle", "301s")
    nat = scenario.with_setting("links.nat.afterwards", "reset-both").link("nat").box
    assert nat is not None
    assert (nat.params.idle_ns, nat.params.afterwards) == (s(301), "reset-both")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("aws-nat-gateway", "aws-nat-gatway", 'did you mean "aws-nat-gateway"?'),
        ('profile = "aws-nat-gateway"\n', "", "links.nat.profile: expected a value: a box link"),
        ('profile = "a', 'line = "isdn-64k"\nprofile = "a', "expected a key of a box link"),
        ('profile = "a', 'idle = "5"\nprofile = "a', "links.nat.idle: expected"),
        (
            'profile = "a',
            'afterwards = "rst"\nprofile = "a',
            "links.nat.afterwards: expected one of",
        ),
        (
            'profile = "a',
            'keepalives = "no"\nprofile = "a',
            "links.nat.keepalives: expected one of",
        ),
        ('["server-lan", "far-lan"]', '["far-lan", "server-lan"]', "links.nat.between: expected"),
        ('["server-lan", "far-lan"]', '["server-lan"]', "links.nat.between: expected"),
        ('["server-lan", "far-lan"]', '["server-lan", "nat"]', "links.nat.between: expected"),
        ('needs = ["tcp"]\n', "", 'needs: expected "tcp" in it'),
        ('link = "far-lan"', 'link = "nat"', "clients.ws1.link: expected one of"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in BOXED
    with pytest.raises(InputError) as caught:
        load_scenario(write(tmp_path, BOXED.replace(old, new)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_ways_to_one_lan_are_one_too_many(tmp_path: Path) -> None:
    second = BOXED[BOXED.index("[links.nat]") : BOXED.index("[hosts")].replace("nat]", "tan]")
    with pytest.raises(InputError, match="a LAN with one way to the server"):
        load_scenario(write(tmp_path, BOXED + second))
