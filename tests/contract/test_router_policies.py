"""A policy that differs in what routers do is its base where there are no routers."""

from __future__ import annotations

import tomllib

import pytest

from emu import resources
from emu.policy.loader import load_policy
from emu.run import play
from emu.scenario.loader import load_scenario
from tests.library import of_terminals, on_a_lan

ROUTERS = sorted(set(of_terminals()) - set(on_a_lan()))


def test_there_are_some() -> None:
    assert {"ncp-netware-spoofed", "nbf-nt4-dlsw", "tcp-keepalive-nt4-behind-proxy"} <= {*ROUTERS}


@pytest.mark.parametrize("name", ROUTERS)
def test_on_a_lan_it_is_its_base(name: str) -> None:
    path = resources.policies_folder() / f"{name}.toml"
    (base,) = tomllib.loads(path.read_text("utf-8"))["extends"]
    assert base in on_a_lan()
    scenario = load_scenario("client-power-loss")
    one, other = (play(scenario, load_policy(each)) for each in (name, base))
    # All but the first row, which names the policy.
    assert one.recording.frames[1:] == other.recording.frames[1:]
