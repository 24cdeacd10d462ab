"""Which of the shipped policies make a difference where."""

from __future__ import annotations

from emu.policy.loader import load_policy, policy_names


def on_a_lan() -> list[str]:
    """Policies that say nothing of routers.

    One that does is its base on a LAN (tests/contract/test_router_policies.py proves it), so
    what is played on a LAN with every policy need not be played with it.
    """
    return [name for name in policy_names() if not _speaks_of_routers(name)]


def _speaks_of_routers(name: str) -> bool:
    return any(value.startswith("router.") for value in load_policy(name).values)
