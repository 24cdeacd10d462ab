"""Runs of the file server's scenarios, each played once, and what their wire says."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from tests.contract.worlds import Played, played
from tests.reader_smb import Smb, messages

S = 10**9
#: The four carriers, as policies end.
CARRIERS = ("nbt", "nbf", "nbipx", "ipx")


@cache
def run_of(scenario: str, policy: str, *settings: str) -> Played:
    return played(scenario, policy, *settings)


@cache
def wire_of(scenario: str, policy: str, *settings: str) -> tuple[Smb, ...]:
    """SMB on the wire, read by tests/reader_smb.py."""
    return tuple(messages(run_of(scenario, policy, *settings).trace))


def requests(found: Iterable[Smb], client: str, *commands: int) -> list[Smb]:
    """A client's, with exactly this chain."""
    return [
        each
        for each in found
        if not each.from_server and each.client == client and each.commands == commands
    ]


def between(found: Iterable[Smb], since_s: float, until_s: float) -> list[Smb]:
    return [each for each in found if since_s * S <= each.at_ns < until_s * S]


def task(run: Played, client: str, at_s: float) -> dict[str, Any]:
    """What a client's program asked for at an instant, and what came of it."""
    (found,) = [
        each
        for each in run.json["smb"]["tasks"]
        if (each["client"], each["at_s"]) == (client, at_s)
    ]
    return found


def table(run: Played, at_s: float) -> list[dict[str, Any]]:
    """``net session`` at an instant."""
    (found,) = [
        each
        for each in run.json["smb"]["tables"]
        if (each["at_s"], each["why"]) == (at_s, "net-session")
    ]
    return found["sessions"]


def of_user(run: Played, client: str, user: str) -> list[dict[str, Any]]:
    """Sessions of the JSON, by whom and from where."""
    return [
        each for each in run.json["sessions"] if (each["client"], each["user"]) == (client, user)
    ]
