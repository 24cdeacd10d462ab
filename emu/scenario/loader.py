"""From a scenario file, or a scenario and one ``--set``, to one consistent ``Scenario``."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emu import resources
from emu.errors import InputError
from emu.policy.toml_files import Library, find, read
from emu.policy.values import Unfit, describe, nearest, one_of, quoted
from emu.scenario.boxed import box_spec
from emu.scenario.checks import check
from emu.scenario.dialled import dial_spec
from emu.scenario.expectations import read_expectation
from emu.scenario.files import FileService
from emu.scenario.model import (
    At,
    ClientSpec,
    Every,
    ExpectSpec,
    FaultSpec,
    HostSpec,
    LinkSpec,
    Scenario,
    ThresholdSpec,
)
from emu.scenario.thresholds import read_threshold
from emu.scenario.vocabulary import OUTAGES

if TYPE_CHECKING:
    from emu.policy.problems import FileModel
    from emu.scenario.link_schema import LinkTable
    from emu.scenario.schema import (
        AnyStep,
        ClientTable,
        FaultTable,
        ScenarioFile,
        ThresholdTable,
    )

#: What ``--set`` reaches besides ``policy.*`` (product.md, "Commands").
_REACHED = ("links", "hosts", "clients", "faults")
#: Attempts in all when a client logs on again and the file does not say how often.
_TRIES_DEFAULT = 5


def scenario_names() -> list[str]:
    """Names of the scenarios that ship with emu, sorted."""
    return resources.scenario_names()


def scenario_titles() -> dict[str, str]:
    """Name and title of every shipped scenario, without judging the files any further."""
    folder = resources.scenarios_folder()
    return {
        name: str(tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))["title"])
        for name in scenario_names()
    }


def load_scenario(name_or_path: str | Path) -> Scenario:
    """The scenario of that name from the library, or from a file.

    Raises ``InputError`` with the file and key for whatever is wrong with it.
    """
    library = Library(
        kind="scenario",
        folder=resources.scenarios_folder(),
        names=scenario_names(),
        listing="scenarios",
    )
    found = find(str(name_or_path), library)
    return _built(read(found, "scenario"), found.name, found.shown)


def scenario_with(scenario: Scenario, key: str, text: str) -> Scenario:
    """The scenario with one value from ``--set KEY=TEXT``, judged as a file would be."""
    where = f"--set {key}"
    document = copy.deepcopy(dict(scenario.document))
    table, last = _reached(document, key, where)
    ranged = key.startswith("faults.") and last == "at"  # one instant instead of a range
    if isinstance(table.get(last), dict | list) and not ranged:
        raise InputError(where, expected="the key of one value", found="that of a table or list")
    table[last] = _typed(text)
    try:
        return _built(document, scenario.name, scenario.shown)
    except InputError as error:
        place = error.where.removeprefix(f"{scenario.shown}: ")
        said = where if place == key else f"{where}: {place}"
        raise InputError(
            said, expected=error.expected, found=error.found, hint=error.hint
        ) from None


def _reached(document: dict[str, Any], key: str, where: str) -> tuple[dict[str, Any], str]:
    """The table that holds the last part of a dotted key, and that part."""
    first, *rest = key.split(".")
    if first not in _REACHED or len(rest) < 2:
        forms = "policy.*, links.NAME.*, hosts.NAME.*, clients.NAME.* or faults.N.*"
        hint = nearest(first, [*_REACHED, "policy"])
        raise InputError(where, expected=forms, found=quoted(key), hint=hint)
    if first == "hosts":
        document.setdefault("hosts", {}).setdefault("server", {})
    here: Any = document.get(first, {})
    for part in rest[:-1]:
        here = _member(here, part, where)
    if not isinstance(here, dict):
        raise InputError(where, expected="the key of one value", found=quoted(key))
    return here, rest[-1]  # pyright: ignore[reportUnknownVariableType]


def _member(here: Any, part: str, where: str) -> Any:
    if isinstance(here, list):
        numbers = [str(number + 1) for number in range(len(here))]  # pyright: ignore
        members: dict[str, Any] = dict(zip(numbers, here, strict=True))  # pyright: ignore
    else:
        members = here if isinstance(here, dict) else {}  # pyright: ignore
    if part == "pinned":
        members.setdefault("pinned", {})
    if part not in members:
        known = one_of(members) if members else "a key that is there"
        raise InputError(where, expected=known, found=quoted(part), hint=nearest(part, members))
    return members[part]


def _typed(text: str) -> Any:
    """Text from the command line as TOML would hold it: ``0.1`` a number, ``5s`` text."""
    try:
        return tomllib.loads(f"value = {text}\n")["value"]
    except (ValueError, RecursionError):
        return text


def _built(document: dict[str, Any], name: str, shown: str) -> Scenario:
    from pydantic import ValidationError

    from emu.policy.problems import input_error
    from emu.policy.schema import values_model
    from emu.scenario.schema import ScenarioFile

    try:
        file = ScenarioFile.model_validate(document)
        values_model().model_validate({"server": file.server, "smb": file.smb})
    except ValidationError as error:
        raise input_error(shown, error) from None
    scenario = _scenario(file, document, name, shown)
    check(scenario)
    return scenario


def _needs(file: ScenarioFile) -> tuple[str, ...]:
    """What the file says, and what its programs need whether the file says so or not."""
    pushes = any(step.do == "push" for step in file.hosts.server.program)
    serves_files = any(client.tasks for client in file.clients.values())
    implied = ["server-push"] if pushes else []
    implied.append("smb" if serves_files else "terminal")
    return tuple(dict.fromkeys([*file.needs, *implied]))


def _scenario(file: ScenarioFile, document: Mapping[str, Any], name: str, shown: str) -> Scenario:
    links = tuple(_link(each, table, shown) for each, table in file.links.items())
    lans = tuple(link for link in links if link.is_lan)
    server = file.hosts.server
    return Scenario(
        name=name,
        title=file.title,
        story=file.story,
        sources=file.sources,
        horizon_ns=file.horizon,
        needs=_needs(file),
        default_policies=tuple(file.default_policies),
        links=links,
        server=HostSpec(
            name="server",
            link=server.link or _only_link(lans, f"{shown}: hosts.server.link"),
            pinned=_pinned(server.pinned),
            program=tuple(_step(step) for step in server.program),
            steps=tuple(each.step() for each in server.tasks),
        ),
        server_rules={
            f"{table}.{key}": raw
            for table, rules in (("server", file.server), ("smb", file.smb))
            for key, raw in rules.items()
        },
        files=FileService(
            shares=tuple(each.spec(share) for share, each in file.shares.items()),
            accounts=tuple(each.spec(account) for account, each in file.accounts.items()),
        ),
        clients=tuple(_client(each, table, lans, shown) for each, table in file.clients.items()),
        faults=tuple(_fault(number, table) for number, table in enumerate(file.faults, 1)),
        expects=_expects(file, shown),
        expert_rows={"default": 0, **file.expert_rows},
        thresholds=tuple(
            _threshold(number, table, shown) for number, table in enumerate(file.threshold, 1)
        ),
        document=document,
        shown=shown,
    )


def _link(name: str, table: LinkTable, shown: str) -> LinkSpec:
    if table.kind == "lan":
        assert table.bandwidth is not None, "the schema asks for it"
        return LinkSpec(
            name=name,
            kind=table.kind,
            bandwidth_bit_s=table.bandwidth,
            propagation_ns=table.propagation,
            loss=table.loss,
            jitter_ns=table.jitter,
        )
    if table.kind == "box":
        return LinkSpec(
            name=name,
            kind=table.kind,
            bandwidth_bit_s=0,
            propagation_ns=table.propagation,
            loss=0.0,
            box=box_spec(table, f"{shown}: links.{name}"),
        )
    dial = dial_spec(table, f"{shown}: links.{name}")
    return LinkSpec(
        name=name,
        kind=table.kind,
        bandwidth_bit_s=dial.line.bits_per_second,
        propagation_ns=table.propagation,
        loss=0.0,
        dial=dial,
    )


def _client(name: str, table: ClientTable, links: tuple[LinkSpec, ...], shown: str) -> ClientSpec:
    tries = table.log_on_tries or (_TRIES_DEFAULT if table.log_on_again_every else 1)
    return ClientSpec(
        name=name,
        user=table.user or "",
        link=table.link or _only_link(links, f"{shown}: clients.{name}.link"),
        boot_time_ns=table.boot_time,
        policy=table.policy,
        program=tuple(_step(step) for step in table.program),
        after_restart=tuple(At(at_ns=each.after, do=each.do) for each in table.after_restart),
        log_on_again_every_ns=table.log_on_again_every,
        log_on_tries=tries,
        pinned=_pinned(table.pinned),
        phase_ns=table.phase,
        steps=tuple(each.step() for each in table.tasks),
        steps_after_restart=tuple(each.step() for each in table.tasks_after_restart),
    )


def _fault(number: int, table: FaultTable) -> FaultSpec:
    at_ns, latest_ns = table.at
    return FaultSpec(
        number=number,
        at_ns=at_ns,
        latest_ns=latest_ns,
        client=table.client,
        kind=table.kind,
        off_for_ns=table.off_for,
        for_ns=table.lasts,
        place=table.place or ("client" if table.line is None else "line"),
        line=table.line,
        how="" if table.line is None else table.how or OUTAGES[0],
    )


def _step(step: AnyStep) -> At | Every:
    if step.at is not None:
        return At(at_ns=step.at, do=step.do)
    if step.start is None or step.until is None or step.every is None:
        raise AssertionError("the schema lets no other step through")
    return Every(from_ns=step.start, until_ns=step.until, every_ns=step.every, do=step.do)


def _expects(file: ScenarioFile, shown: str) -> tuple[ExpectSpec, ...]:
    return tuple(_expect(number, table, shown) for number, table in enumerate(file.expect, 1))


def _expect(number: int, table: Any, shown: str) -> ExpectSpec:
    try:
        return read_expectation(
            number,
            policies=table.policies,
            session=table.session,
            client=table.client,
            name=table.field,
            between=table.between,
            equals=table.equals,
            why=table.why,
        )
    except Unfit as unfit:
        raise _misfit(f"{shown}: expect.{number}", unfit) from None


def _threshold(number: int, table: ThresholdTable, shown: str) -> ThresholdSpec:
    try:
        return read_threshold(
            number,
            policies=table.policies,
            name=table.field,
            at_most=table.at_most,
            why=table.why,
        )
    except Unfit as unfit:
        raise _misfit(f"{shown}: threshold.{number}", unfit) from None


def _misfit(where: str, unfit: Unfit) -> InputError:
    place = f"{where}.{unfit.key}" if unfit.key else where
    return InputError(place, expected=unfit.expected, found=unfit.found, hint=unfit.hint)


def _pinned(table: FileModel) -> dict[str, int]:
    return {name: value for name, value in table.model_dump().items() if value is not None}


def _only_link(links: tuple[LinkSpec, ...], where: str) -> str:
    if len(links) == 1:
        return links[0].name
    names = one_of(link.name for link in links)
    raise InputError(where, expected=names, found=describe(None), hint="say which link it is on")
