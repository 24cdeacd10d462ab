"""What one table of a scenario cannot know of another: topology, times, names, faults.

Each check raises ``InputError`` with the key that is wrong and the next step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from emu import resources
from emu.errors import InputError
from emu.policy.parameters import transports
from emu.policy.values import describe, friendly, nearest, one_of, quoted
from emu.scenario.files_checks import check_files, check_no_files
from emu.scenario.model import ClientSpec, FaultSpec, Scenario
from emu.stations.addresses import SEGMENTS_MAX

#: The only host that is not a client.
_SERVER = "server"


def check(scenario: Scenario) -> None:
    """Every check, in the order a reader of the file meets them."""
    _needs(scenario)
    _policies(scenario)
    _topology(scenario)
    if scenario.serves_files:
        check_files(scenario)
    else:
        check_no_files(scenario)
        for client in scenario.clients:
            _program(scenario, client)
    _faults(scenario)
    _subjects(scenario)


def _needs(scenario: Scenario) -> None:
    provided = {what for transport in transports() for what in transport.provides}
    for need in scenario.needs:
        _known(f"{scenario.shown}: needs", need, sorted(provided))


def _policies(scenario: Scenario) -> None:
    """Names that are played must be in the library or be paths; those judged, one of them."""
    shipped = resources.policy_names()
    played = [("default_policies", name) for name in scenario.default_policies]
    for client in scenario.clients:
        if client.policy is not None:
            played.append((f"clients.{client.name}.policy", client.policy))
    for key, name in played:
        if not name.endswith(".toml"):
            _known(f"{scenario.shown}: {key}", name, shipped)
    own = [Path(name).stem for _, name in played if name.endswith(".toml")]
    judged = [("expert_rows", name) for name in scenario.expert_rows if name != "default"]
    for expect in scenario.expects:
        judged.extend((f"expect.{expect.number}.policies", name) for name in expect.policies)
    for threshold in scenario.thresholds:
        judged.extend((f"threshold.{threshold.number}.policies", n) for n in threshold.policies)
    for key, name in judged:
        _known(f"{scenario.shown}: {key}", name, [*shipped, *own])


def _topology(scenario: Scenario) -> None:
    lans = [link.name for link in scenario.lans()]
    if len(lans) > SEGMENTS_MAX + 1:
        expected = f"at most {SEGMENTS_MAX + 1} LANs: their numbers are an octet of IP addresses"
        raise InputError(f"{scenario.shown}: links", expected=expected, found=f"{len(lans)}")
    _known(f"{scenario.shown}: hosts.server.link", scenario.server.link, lans)
    for link in scenario.links:
        if link.dial is not None:
            _line(scenario, link.name, link.dial.between, lans)
            _raised(scenario, link.name, link.dial.raised_at_ns)
        if link.box is not None:
            _box(scenario, link.name, link.box.between, lans)
    for client in scenario.clients:
        where = f"{scenario.shown}: clients.{client.name}"
        if client.name == _SERVER:
            expected = "a name no other host has"
            raise InputError(where, expected=expected, found=quoted(_SERVER), hint="rename it")
        _known(f"{where}.link", client.link, lans)
        way = scenario.line_to(client.link) or scenario.box_to(client.link)
        if client.link != scenario.server.link and way is None:
            expected = f'the server\'s link "{scenario.server.link}", or one that a line leads to'
            hint = 'add a link of kind "dial" or "box" between the two'
            raise InputError(
                f"{where}.link", expected=expected, found=quoted(client.link), hint=hint
            )


def _line(scenario: Scenario, name: str, between: Sequence[str], lans: list[str]) -> None:
    """A line leads from the server's LAN to others, each of which has no other way."""
    where = f"{scenario.shown}: links.{name}.between"
    for lan in between:
        _known(where, lan, lans)
    starts = [*between[:1]] == [scenario.server.link]
    if not starts or len(between) < 2 or len(set(between)) < len(between):
        expected = f'"{scenario.server.link}" (the server\'s LAN) first, then other LANs'
        found = ", ".join(map(quoted, between)) or "none"
        raise InputError(where, expected=expected, found=found)
    for lan in between[1:]:
        other = scenario.line_to(lan)
        if other is not None and other.name != name:
            expected = f'a LAN that no other line leads to ("{other.name}" leads to "{lan}")'
            raise InputError(where, expected=expected, found=quoted(lan))


def _box(scenario: Scenario, name: str, between: Sequence[str], lans: list[str]) -> None:
    """A box stands between the server's LAN and one that has no other way, and speaks TCP."""
    where = f"{scenario.shown}: links.{name}.between"
    for lan in between:
        _known(where, lan, lans)
    if len(between) != 2 or between[0] != scenario.server.link or between[1] == between[0]:
        expected = f'"{scenario.server.link}" (the server\'s LAN) and one other LAN'
        raise InputError(where, expected=expected, found=", ".join(map(quoted, between)))
    for other in (scenario.line_to(between[1]), scenario.box_to(between[1])):
        if other is not None and other.name != name:
            expected = f'a LAN with one way to the server ("{other.name}" is another)'
            raise InputError(where, expected=expected, found=quoted(between[1]))
    if "tcp" not in scenario.needs:
        hint = f'"{name}" is a box, and boxes pass TCP only'
        raise InputError(
            f"{scenario.shown}: needs", expected='"tcp" in it', found="none", hint=hint
        )


def _raised(scenario: Scenario, name: str, at_ns: int | None) -> None:
    if at_ns is not None and at_ns >= scenario.horizon_ns:
        where = f"{scenario.shown}: links.{name}.raised_at"
        expected = f"an instant before the horizon ({friendly(scenario.horizon_ns)})"
        raise InputError(where, expected=expected, found=friendly(at_ns), hint="raise the horizon")


def _program(scenario: Scenario, client: ClientSpec) -> None:
    where = f"{scenario.shown}: clients.{client.name}.program"
    deeds = client.deeds()
    if deeds[0][1] != "log-on":
        expected, found = "a log-on before anything else", f"{deeds[0][1]} first"
        raise InputError(where, expected=expected, found=found)
    last_ns = deeds[-1][0] + client.phase_ns
    if last_ns >= scenario.horizon_ns:
        expected = f"instants before the horizon ({friendly(scenario.horizon_ns)})"
        found = f"{deeds[-1][1]} at {friendly(last_ns)}"
        raise InputError(where, expected=expected, found=found, hint="raise the horizon")


def _faults(scenario: Scenario) -> None:
    names = [client.name for client in scenario.clients]
    for fault in scenario.faults:
        where = f"{scenario.shown}: faults.{fault.number}"
        if fault.line is not None:
            lines = [link.name for link in scenario.links if link.dial is not None]
            _known(f"{where}.line", fault.line, lines or ["a link of kind dial"])
        if fault.client is not None:
            _struck(f"{where}.client", fault.client, names)
        latest_ns = fault.latest_ns or fault.at_ns
        if latest_ns >= scenario.horizon_ns:
            expected = f"an instant before the horizon ({friendly(scenario.horizon_ns)})"
            key = "at" if fault.latest_ns is None else "at.until"
            found, hint = friendly(latest_ns), "raise the horizon"
            raise InputError(f"{where}.{key}", expected=expected, found=found, hint=hint)
    for client in scenario.clients:
        mine = [fault for fault in scenario.faults if client.name in scenario.struck_by(fault)]
        _apart(scenario.shown, client, sorted(mine, key=lambda fault: fault.at_ns))


def _struck(where: str, client: str, names: list[str]) -> None:
    """Clients alone are struck; the server's part in it is the cable at its end."""
    if client == _SERVER:
        hint = 'for a cut at the server say kind = "cable" and place = "server", and no client'
        raise InputError(where, expected=one_of(names), found=quoted(client), hint=hint)
    _known(where, client, names)


def _apart(shown: str, client: ClientSpec, faults: list[FaultSpec]) -> None:
    """A client is struck again only when it is back."""
    for first, later in pairwise(faults):
        # Whatever the seed draws: from the last instant of one to the first of the next.
        earlier = first if first.latest_ns is None else replace(first, at_ns=first.latest_ns)
        back_ns = earlier.until_ns or earlier.back_at_ns(client.boot_time_ns)
        if back_ns is None or later.at_ns <= back_ns:
            when = "never is" if back_ns is None else f"is only at {friendly(back_ns)}"
            raise InputError(
                f"{shown}: faults.{later.number}.at",
                expected=f'an instant when "{client.name}" is back from fault {earlier.number}',
                found=friendly(later.at_ns),
                hint=f"it {when}",
            )


def _subjects(scenario: Scenario) -> None:
    names = [client.name for client in scenario.clients]
    for expect in scenario.expects:
        if expect.client is not None:
            _known(f"{scenario.shown}: expect.{expect.number}.client", expect.client, names)


def _known(where: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        hint = nearest(name, names)
        raise InputError(where, expected=one_of(names), found=describe(name), hint=hint)
