"""``emu verify``: does the gallery still come out the same, byte for byte?

And ``emu verify --kernel``: do our machines do what a real Linux kernel does, packet by packet?
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emu.cli.output import say
from emu.errors import InputError

if TYPE_CHECKING:
    from emu.gallery import Verdict
    from emu.kernel.compare import Verdict as KernelVerdict
    from emu.kernel.live.run import Outcome
    from emu.kernel.live.scenarios import Scenario

EXIT_DIFFERENCE = 1


def main(names: Sequence[str], *, as_json: bool) -> int:
    """Compare; exit code 1 when a capture differs, with the first difference decoded."""
    from emu.gallery import verify

    if len(names) > 1:
        raise InputError(
            "emu verify", expected="one scenario of the gallery", found=f"{names[1]!r}"
        )
    verdicts: list[Verdict] = []
    for verdict in verify(names[0] if names else None):
        verdicts.append(verdict)
        if not as_json:
            _print(verdict)
    same = sum(verdict.same for verdict in verdicts)
    if as_json:
        rows = [{"name": v.name, "same": v.same, "report": list(v.report)} for v in verdicts]
        say(json.dumps({"schema_version": 1, "captures": rows}, indent=1))
    else:
        say(f"{same} of {len(verdicts)} captures are the same byte for byte")
    return 0 if same == len(verdicts) else EXIT_DIFFERENCE


def _print(verdict: Verdict) -> None:
    say(f"{'same  ' if verdict.same else 'DIFFERS'} {verdict.name}")
    for line in verdict.report:
        say(f"  {line}")
    sys.stdout.flush()


# --- against a kernel ------------------------------------------------------------------------


def kernel(
    names: Sequence[str], *, traces: str | None, keep: str | None, verbose: bool, as_json: bool
) -> int:
    """Recordings, or the kernel of this machine; exit code 1 when a scenario fails."""
    if traces is not None and keep is not None:
        raise InputError("--keep", expected="a live run", found="--traces")
    rows: list[dict[str, Any]] = []
    results = _live(names, keep) if traces is None else _recorded(Path(traces), names)
    for name, verdict, remark in results:
        skipped = verdict is None and remark.startswith("skipped")
        rows.append(_row(name, verdict, remark) | {"skipped": skipped})
        if not as_json:
            _tell(name, verdict, remark, verbose=verbose)
    skips = sum(row["skipped"] for row in rows)
    held = sum(row["holds"] for row in rows)
    if as_json:
        say(json.dumps({"schema_version": 1, "scenarios": rows}, indent=1))
    else:
        beside = f", {skips} skipped" if skips else ""
        say(f"{held} of {len(rows) - skips} scenarios hold{beside}")
    return 0 if held == len(rows) - skips else EXIT_DIFFERENCE


def _row(name: str, verdict: KernelVerdict | None, remark: str) -> dict[str, Any]:
    from emu.kernel.report import as_dict

    if verdict is None:
        return {"name": name, "holds": False, "remark": remark}
    return as_dict(verdict) | {"remark": remark}


def _tell(name: str, verdict: KernelVerdict | None, remark: str, *, verbose: bool) -> None:
    from emu.kernel import report

    if verdict is None:
        say(f"{'      ' if remark.startswith('skipped') else 'BROKEN'}{name:<27} {remark}")
    else:
        say(f"{report.line(verdict)}{f' ({remark})' if remark else ''}")
        if verbose or not verdict.holds:
            for line in report.table(verdict):
                say(f"      {line}")
    sys.stdout.flush()


_Result = tuple[str, "KernelVerdict | None", str]


def _recorded(folder: Path, names: Sequence[str]) -> Iterator[_Result]:
    from emu.kernel.compare import judge
    from emu.kernel.trace import load_trace, traces_in

    for path in traces_in(folder, names):
        yield path.stem, judge(load_trace(path)), ""


def _live(names: Sequence[str], keep: str | None) -> Iterator[_Result]:
    from emu.kernel.live import facilities
    from emu.kernel.live.run import run

    picked = _picked(names)
    found = facilities.look()
    for outcome in run(picked, found, keep=None if keep is None else _folder(keep)):
        yield outcome.scenario.name, outcome.verdict, _remark(outcome)


def _remark(outcome: Outcome) -> str:
    if outcome.skipped is not None:
        return f"skipped: {outcome.skipped}"
    if outcome.first:
        again = f"second try, alone; the first: {outcome.first}"
        return f"{again}\n{outcome.broken.strip()}" if outcome.broken else again
    return (outcome.broken or "").strip()


def _picked(names: Sequence[str]) -> list[Scenario]:
    """Those named; else all but the slow ones, which EMU_SLOW=1 adds."""
    from emu.kernel.live.scenarios import BY_NAME, SCENARIOS

    for name in names:
        if name not in BY_NAME:
            raise InputError("--kernel", expected=f"one of {', '.join(BY_NAME)}", found=repr(name))
    slow = os.environ.get("EMU_SLOW") == "1"
    return [BY_NAME[name] for name in names] or [s for s in SCENARIOS if slow or not s.slow]


def _folder(name: str) -> Path:
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(name, expected="a folder", found=str(error.strerror)) from None
    return folder
