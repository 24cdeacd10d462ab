"""What the shell is offered when a user presses the tab key: names, and paths to files."""

from __future__ import annotations

from pathlib import Path

from emu import resources


def scenarios(incomplete: str) -> list[str]:
    """Names of shipped scenarios, and TOML files where a path was begun."""
    return [*resources.scenario_names(), *_paths(incomplete)]


def policies(incomplete: str) -> list[str]:
    """Names of shipped policies, and TOML files where a path was begun."""
    return [*resources.policy_names(), *_paths(incomplete)]


def _paths(incomplete: str) -> list[str]:
    if not incomplete.startswith(("/", ".", "~")) and "/" not in incomplete:
        return []
    folder = incomplete.rpartition("/")[0] + "/" if "/" in incomplete else ""
    try:
        found = sorted(Path(folder or ".").expanduser().iterdir())
    except OSError:
        return []
    files = [f"{folder}{path.name}" for path in found if path.suffix == ".toml"]
    return [*files, *(f"{folder}{path.name}/" for path in found if path.is_dir())]
