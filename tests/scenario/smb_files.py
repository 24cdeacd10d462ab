"""File-server scenarios for tests: text of one, with the tasks, faults and more as wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from emu.scenario.loader import load_scenario
from emu.scenario.model import Scenario
from tests.scenario.files import write

#: One policy of each carrier.
CARRIERS = ("smb-nt4-sp3-nbt", "smb-nt4-sp3-nbf", "smb-nt4-sp3-nbipx", "smb-nt4-sp3-ipx")

HEAD = """
title = "Two clients of a file server"
story = "For a test."
sources = "tests"
horizon = "{horizon}"
default_policies = ["smb-nt4-sp3"]

[links.lan]
kind = "lan"
bandwidth = "10Mbit/s"
propagation = "5us"

[shares.apps]
files = {{ "tool.dll" = 65536, "other.dll" = 65536 }}
[shares.docs]
files = {{ "plan.xls" = 32768 }}

[accounts.ann]
[accounts.bob]
[accounts.root]
administrator = true
"""

#: Ann has a file open, and an image of it; nothing of it fails.
ANN = (
    'at = "1s", by = "ann", do = "log-on"',
    'at = "2s", by = "ann", do = "open", file = "apps/tool.dll", name = "dll"',
    'at = "3s", do = "map", name = "dll", view = "image"',
    'at = "4s", do = "touch", view = "image", page = 1',
)


def clients(tasks: Mapping[str, Sequence[str]], *, more: str = "") -> str:
    """Client tables; ``more`` goes into each."""
    tables = [
        f'[clients.{name}]\nboot_time = "60s"\n{more}\n{listed("tasks", each)}'
        for name, each in tasks.items()
    ]
    return "\n".join(tables)


def listed(key: str, tasks: Sequence[str]) -> str:
    """``key = [ {...}, ... ]``."""
    return "\n".join([f"{key} = [", *(f"    {{ {task} }}," for task in tasks), "]", ""])


def text_of(
    *tasks: str, horizon: str = "1h", rest: str = "", more: str = "", head: str = ""
) -> str:
    """A scenario of client ws1 with these tasks.  ``more``: keys of the client, ``head``: keys
    of the file, ``rest``: further tables."""
    top = HEAD.format(horizon=horizon).replace("\n[links", f"{head}\n[links", 1)
    return top + clients({"ws1": tasks or ANN}, more=more) + "\n" + rest


def scenario_of(folder: Path, text: str) -> Scenario:
    """What the loader makes of it."""
    return load_scenario(write(folder, text))
