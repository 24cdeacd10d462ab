"""What one task of a scenario cannot know of the others: names, and the order of things."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from emu.errors import InputError
from emu.policy.values import friendly, nearest, one_of, quoted
from emu.scenario.files import Task

if TYPE_CHECKING:
    from emu.scenario.model import ClientSpec, Scenario

#: The share every server has without being told.
IPC = "IPC$"


def check_files(scenario: Scenario) -> None:
    """``InputError`` with the key that is wrong and the next step."""
    _no_terminals(scenario)
    accounts = [account.name for account in scenario.files.accounts]
    for client in scenario.clients:
        where = f"{scenario.shown}: clients.{client.name}.tasks"
        if not client.steps:
            expected = "tasks for every client, or for none"
            raise InputError(where, expected=expected, found="none")
        _in_time(scenario, client, where)
        _tasks(scenario, client.tasks(), where)
        _tasks(scenario, client.tasks_after_restart(), f"{where}_after_restart")
    for at_ns, task in scenario.server.tasks():
        where = f"{scenario.shown}: hosts.server.tasks"
        _before(at_ns, scenario, where)
        if task.client:
            _known(where, task.client, [client.name for client in scenario.clients])
        if task.user:
            _known(where, task.user, accounts)
        _file(scenario, task, where)


def check_no_files(scenario: Scenario) -> None:
    """Where terminals are served nothing is said of files: it would be without effect."""
    files, rules = scenario.files, scenario.server_rules
    said = {
        "shares": files.shares,
        "accounts": files.accounts,
        "smb": [name for name in rules if name.startswith("smb.")],
        "hosts.server.tasks": scenario.server.steps,
    }
    for client in scenario.clients:
        said[f"clients.{client.name}.tasks_after_restart"] = client.steps_after_restart
    for key, found in said.items():
        if found:
            hint = "give the clients tasks, or leave it out"
            raise InputError(
                f"{scenario.shown}: {key}",
                expected="a client with tasks beside it",
                found="none",
                hint=hint,
            )


def _no_terminals(scenario: Scenario) -> None:
    """And the other way round."""
    rules = [name for name in scenario.server_rules if name.startswith("server.")]
    if rules:
        expected, hint = "rules of a file server in [smb]", "leave it out: nobody has a terminal"
        found = f"a terminal server's {', '.join(rules)}"
        raise InputError(f"{scenario.shown}: server", expected=expected, found=found, hint=hint)


def _in_time(scenario: Scenario, client: ClientSpec, where: str) -> None:
    last_ns = max(at_ns for at_ns, _ in client.tasks())
    _before(last_ns + client.phase_ns, scenario, where)


def _before(at_ns: int, scenario: Scenario, where: str) -> None:
    if at_ns >= scenario.horizon_ns:
        expected = f"instants before the horizon ({friendly(scenario.horizon_ns)})"
        raise InputError(
            where, expected=expected, found=f"one at {friendly(at_ns)}", hint="raise the horizon"
        )


def _tasks(scenario: Scenario, tasks: Iterable[tuple[int, Task]], where: str) -> None:
    """A name is made before it is used; who does something has logged on."""
    here: set[str] = set()
    names: set[str] = set()
    views: set[str] = set()
    accounts = [account.name for account in scenario.files.accounts]
    for at_ns, task in tasks:
        place = f"{where} ({task.words} at {friendly(at_ns)})"
        if task.by:
            _known(place, task.by, accounts)
        if task.do in ("log-on", "start"):
            here.add(task.by)
        elif task.by and task.by not in here:
            expected = f'"{task.by}" to have logged on before'
            raise InputError(place, expected=expected, found="no log-on", hint="log on first")
        _file(scenario, task, place)
        if task.do == "open":
            names.add(task.name)
        elif task.name:
            _known(place, task.name, sorted(names))
        if task.do == "map":
            views.add(task.view)
        elif task.view:
            _known(place, task.view, sorted(views))


def _file(scenario: Scenario, task: Task, place: str) -> None:
    """Shares must be there; a file that is not may be what the scenario is about."""
    share = task.share or task.file.partition("/")[0]
    if share:
        _known(place, share, [IPC, *(each.name for each in scenario.files.shares)])


def _known(where: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        hint = nearest(name, names)
        expected = one_of(names) if names else "a name that was made before"
        raise InputError(where, expected=expected, found=quoted(name), hint=hint)
