"""Which of the shipped policies make a difference where."""

from __future__ import annotations

from emu.policy.carrying import provided_by
from emu.policy.loader import load_policy, policy_names
from emu.transports.base import Transport


def carries_a_terminal(transport: Transport) -> bool:
    """Direct-hosted IPX carries SMB alone: it plays no log-on, and its station takes none."""
    return "terminal" in transport.provides


def of_terminals() -> list[str]:
    """Policies that can play a terminal session."""
    return [name for name in policy_names() if "terminal" in provided_by(load_policy(name))]


def on_a_lan() -> list[str]:
    """Policies of terminal sessions that say nothing of routers.

    One that does is its base on a LAN (tests/contract/test_router_policies.py proves it), so
    what is played on a LAN with every policy need not be played with it.
    """
    return [name for name in of_terminals() if not _speaks_of_routers(name)]


def _speaks_of_routers(name: str) -> bool:
    return any(value.startswith("router.") for value in load_policy(name).values)
