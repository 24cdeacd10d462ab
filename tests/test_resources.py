"""Policies and scenarios are found from a checkout; the wheel test does the rest."""

from __future__ import annotations

from emu import resources


def test_folders_hold_what_is_listed() -> None:
    assert (resources.policies_folder() / "ncp-netware.toml").is_file()
    assert (resources.scenarios_folder() / "client-power-loss.toml").is_file()


def test_abstract_files_are_not_listed() -> None:
    names = resources.policy_names()
    assert names == sorted(names)
    assert "ncp-netware" in names
    assert not any(name.startswith("_") for name in names)
    assert "client-power-loss" in resources.scenario_names()
