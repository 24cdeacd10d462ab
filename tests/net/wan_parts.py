"""Scenarios of a server's LAN and offices behind dialled lines, and how they are played."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emu.scenario.loader import load_scenario
from emu.scenario.model import Scenario

LAN = '[links.{name}]\nkind = "lan"\nbandwidth = "10Mbit/s"\npropagation = "5us"\n'


def office(
    folder: Path,
    *faults: str,
    line: str = "isdn-64k",
    tariff: str | None = "de-1996-flat90",
    lans: Sequence[str] = ("office",),
    clients: str | None = None,
    program: str = '{ at = "5s", do = "log-on" }',
    horizon: str = "1h",
    more: str = 'counts = "either"',
) -> Scenario:
    """One client in the first office.  ``more``: keys of the line.  ``faults``: their tables."""
    if clients is None:
        clients = client("ws1", lans[0], program)
    between = ", ".join(f'"{name}"' for name in ("server-lan", *lans))
    text = f"""
title = "made for a test"
story = "a test"
sources = "a test"
horizon = "{horizon}"
default_policies = ["ncp-netware"]

{"".join(LAN.format(name=name) for name in ("server-lan", *lans))}
[links.wan]
kind = "dial"
between = [{between}]
line = "{line}"
{"" if tariff is None else f'tariff = "{tariff}"'}
{more}

[hosts.server]
link = "server-lan"

{clients}
""" + "".join(f"\n[[faults]]\n{fault}\n" for fault in faults)
    path = folder / "office.toml"
    path.write_text(text)
    return load_scenario(path)


def client(name: str, link: str, program: str = '{ at = "5s", do = "log-on" }') -> str:
    """A client's tables."""
    return f"""
[clients.{name}]
user = "user-{name}"
link = "{link}"
boot_time = "60s"
program = [{program}]
after_restart = [{{ after = "1s", do = "log-on" }}]
"""
