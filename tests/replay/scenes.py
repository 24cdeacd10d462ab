"""Scenarios for the replay: clients with any policies, and any faults at any instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emu.policy.loader import load_policy
from emu.scenario.model import Scenario
from tests.contract.worlds import made

S = 10**9
BOOT_NS = 20 * S

#: Everything that leaves the client its state takes ``for``; power takes ``off_for``.
LASTING = ("os-hang", "app-hang", "cable", "suspend")
KINDS = ("power-loss", "reboot", "kill", *LASTING)


@dataclass(frozen=True)
class Struck:
    """One fault.  ``lasts_ns``: None for good.  ``place``: elsewhere it strikes everybody."""

    kind: str
    at_ns: int
    lasts_ns: int | None = None
    place: str = "client"

    @property
    def back_ns(self) -> int | None:
        """When the client can be struck again."""
        if self.kind == "reboot":
            return self.at_ns + BOOT_NS
        if self.lasts_ns is None or self.kind == "kill":
            return None
        return self.at_ns + self.lasts_ns + (BOOT_NS if self.kind == "power-loss" else 0)

    def table(self, client: str) -> str:
        whom = f'client = "{client}"' if self.place == "client" else f'place = "{self.place}"'
        word = {"power-loss": "off_for", **dict.fromkeys(LASTING, "for")}.get(self.kind)
        lasts = "" if word is None or self.lasts_ns is None else f'{word} = "{self.lasts_ns}ns"'
        return f'[[faults]]\n{whom}\nkind = "{self.kind}"\nat = "{self.at_ns}ns"\n{lasts}\n'


def chain(steps: Iterable[tuple[str, int, int | None]], start_ns: int = 0) -> list[Struck]:
    """Faults of one client, one after the other: (kind, what lies before it, how long)."""
    found: list[Struck] = []
    now: int | None = start_ns
    for kind, gap_ns, lasts_ns in steps:
        if now is None:
            break
        found.append(Struck(kind, now + gap_ns, lasts_ns))
        now = found[-1].back_ns
    return found


@dataclass(frozen=True)
class Sitter:
    """A client at work.  ``policy``: None for the one under test."""

    policy: str | None
    faults: Sequence[Struck]

    def table(self, name: str, work: str) -> str:
        pinned = "" if self.policy is None else f'policy = "{self.policy}"'
        struck = "\n".join(each.table(name) for each in self.faults)
        return f"""
[clients.{name}]
user = "user-{name}"
boot_time = "{BOOT_NS}ns"
log_on_again_every = "11s"
log_on_tries = 5
{pinned}
program = [{{ at = "1s", do = "log-on" }}, {work}]
after_restart = [{{ after = "1s", do = "log-on" }}]
{struck}
"""


WORK = '{ from = "1s", until = "120s", every = "7s", do = "work" }'
LEAVING = '{ at = "150s", do = "log-off" }, { at = "150s", do = "log-on" }'


def scene(
    folder: Path,
    sitters: Sequence[Sitter],
    *,
    everybody: Sequence[Struck] = (),
    work: str = f"{WORK}, {LEAVING}",
    link: str = "",
    more: str = "",
    horizon: str = "20m",
) -> Scenario:
    """The contract's LAN, a client without a fault, and these."""
    struck = "\n".join(each.table("") for each in everybody)
    tables = "\n".join(one.table(f"pc{number}", work) for number, one in enumerate(sitters))
    return made(folder, horizon=horizon, link=link, more=f"{tables}\n{struck}\n{more}")


def pushable(policies: Iterable[str]) -> bool:
    """Whether a server can push to all of these."""
    return not any(load_policy(name).transport == "ncp" for name in policies)


#: What the server pushes.
PUSHES = '[hosts.server]\nprogram = [{ from = "0s", until = "10m", every = "9s", do = "push" }]'


def partners(one: str, other: str) -> str | None:
    """The second client's pin: a server plays one policy a transport."""
    return None if load_policy(one).transport == load_policy(other).transport else other
