"""``emu run``: play a scenario, tell the story or print the JSON, write capture and ledger."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emu.cli.printing import print_lines
from emu.errors import InputError
from emu.units import NS_PER_S

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.policy.model import Policy
    from emu.result import RunResult
    from emu.run import Gear
    from emu.scenario.model import Scenario

EXIT_EXPECTATION_FAILED = 1


def main(
    scenario_name: str,
    *,
    policies: Sequence[str],
    seed: int,
    settings: Sequence[str],
    capture: str | None,
    ledger: str | None,
    clock: str,
    as_json: bool,
    verbose: bool = False,
) -> int:
    """Play everything before anything is printed or written; the exit code."""
    from emu.run import check_playable, parse_gear

    gear = parse_gear(clock)
    scenario, prepared = prepare(scenario_name, policies, settings)
    for policy in prepared:
        check_playable(scenario, policy)
    several = len(prepared) > 1
    outputs = [
        (policy, named(capture, policy.name, several), named(ledger, policy.name, several))
        for policy in prepared
    ]
    for _, *paths in outputs:
        for path in paths:
            check_place(path)
    results: list[tuple[Policy, RunResult]] = []
    for policy, capture_path, ledger_path in outputs:
        result = _play_one(
            scenario, policy, seed, gear, capture_path, ledger_path, verbose, settings
        )
        results.append((policy, result))
    if as_json:
        _print_json([result for _, result in results])
    else:
        _print_stories(scenario, results)
    return 0 if all(result.holds for _, result in results) else EXIT_EXPECTATION_FAILED


def prepare(
    scenario_name: str, policies: Sequence[str], settings: Sequence[str]
) -> tuple[Scenario, list[Policy]]:
    """The scenario and its policies with every ``--set`` in force; ``InputError`` if one fails."""
    from emu.policy.loader import load_policy
    from emu.scenario.loader import load_scenario

    scenario = load_scenario(scenario_name)
    pairs = [_setting(text) for text in settings]
    for key, value in pairs:
        if not key.startswith("policy."):
            scenario = scenario.with_setting(key, value)
    prepared: list[Policy] = []
    for name in policies or scenario.default_policies:
        policy = scenario.applied_to(load_policy(name))
        for key, value in pairs:
            if key.startswith("policy."):
                policy = policy.with_setting(key, value)
        prepared.append(policy)
    return scenario, prepared


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InputError(
            "--set",
            expected="KEY=VALUE, such as policy.ncp.polls=5",
            found=f'"{text}"',
        )
    return key.strip(), value.strip()


def named(path: str | None, policy: str, several: bool) -> str | None:
    """``OUT.pcapng`` becomes ``OUT-POLICY.pcapng`` when several policies are played."""
    if path is None or not several:
        return path
    suffix = Path(path).suffix
    return f"{path.removesuffix(suffix)}-{policy}{suffix}"


def check_place(typed: str | None) -> None:
    """Fail before hours of emulation, not after them."""
    if typed is None:
        return
    path = Path(typed)
    if not path.parent.is_dir():
        raise InputError(
            typed,
            expected="a folder that exists",
            found=f'no folder "{path.parent}"',
            hint="make it first",
        )
    if path.is_dir():
        raise InputError(typed, expected="a file name", found="a folder")


def _play_one(
    scenario: Scenario,
    policy: Policy,
    seed: int,
    gear: Gear,
    capture: str | None,
    ledger_path: str | None,
    verbose: bool,
    settings: Sequence[str],
) -> RunResult:
    from emu.run import play, write_capture

    ledger = _ledger(ledger_path, verbose)
    with progress_line(f"{scenario.name} under {policy.name}", scenario.horizon_ns) as progress:
        result = play(
            scenario,
            policy,
            seed=seed,
            gear=gear,
            ledger=ledger,
            progress=progress,
            settings=settings,
        )
    if capture is not None:
        result = write_capture(result, capture)
    if ledger_path is not None and ledger is not None:
        ledger.write(ledger_path)
    return result


def _ledger(path: str | None, verbose: bool) -> Ledger | None:
    if verbose:
        from emu.diary import DiaryLedger

        return DiaryLedger()
    if path is None:
        return None
    from emu.capture.ledger import Ledger

    return Ledger()


def _print_json(results: Sequence[RunResult]) -> None:
    from emu.result import SCHEMA_VERSION, run_json

    runs = [run_json(result) for result in results]
    whole = runs[0] if len(runs) == 1 else {"schema_version": SCHEMA_VERSION, "runs": runs}
    sys.stdout.write(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def _print_stories(scenario: Scenario, results: Sequence[tuple[Policy, RunResult]]) -> None:
    from emu.story import PLAIN, side_by_side, tell

    for policy, result in results:
        print_lines(tell(scenario, policy, result))
        if len(results) > 1:
            print_lines([(PLAIN, ""), (PLAIN, "")])
    if len(results) > 1:
        print_lines(side_by_side(results))


@contextmanager
def progress_line(what: str, horizon_ns: int) -> Generator[Callable[[int], None] | None]:
    """A line on stderr that shows how far virtual time has come; None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(now: int) -> None:
        done = 100 * now // horizon_ns
        sys.stderr.write(f"\r{what}: {now / NS_PER_S:.0f} s of virtual time, {done} % ")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
