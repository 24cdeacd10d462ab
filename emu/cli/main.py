"""``emu``: the commands with their flags, and the one place where errors become exit codes.

0 ok, 1 an expectation failed, 2 wrong usage or input (one line on stderr), 3 a bug of ours
(with its traceback, loud), 130 interrupted (product.md, "Commands").
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.main import get_command

from emu import __version__
from emu.cli import completion
from emu.cli.output import note, one_line
from emu.errors import InputError

_OK, _USAGE, _INTERNAL, _INTERRUPTED = 0, 2, 3, 130

app = typer.Typer(
    name="emu",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="When does the server notice that its client is gone, what did it cost to find out, and"
    " what broke meanwhile?",
    epilog='Start with "emu list" and "emu run client-power-loss".',
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
Scenario = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="Name of a scenario, or path to one.",
        autocompletion=completion.scenarios,
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="POLICY",
        help="Name of a policy, or path to one; repeat it to play several one after the other."
        "  Default: the scenario's own choice.",
        autocompletion=completion.policies,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one value: policy.*, links.NAME.*, hosts.NAME.*, clients.NAME.*, faults.N.*;"
        " repeatable.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of all chance.")]
GalleryName = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="One scenario of the gallery instead of all.",
        autocompletion=completion.scenarios,
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"emu {__version__}")
        raise typer.Exit


@app.callback()
def _emu(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


@app.command("list")
def list_(
    section: Annotated[
        str | None,
        typer.Argument(
            metavar="[scenarios|policies|transports|faults]",
            help="One section instead of all.",
            autocompletion=lambda: [
                "scenarios",
                "policies",
                "transports",
                "faults",
                "tariffs",
                "lines",
                "boxes",
            ],
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """What there is, one line each."""
    from emu.cli import list_command

    return list_command.main(section, as_json=as_json)


@app.command()
def explain(
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY...",
            help="Names of policies, or paths to them; several are shown side by side.",
            autocompletion=completion.policies,
        ),
    ] = None,
    toml: Annotated[
        bool, typer.Option("--toml", help="A file to start your own policy from.")
    ] = False,
    schema: Annotated[
        str | None,
        typer.Option("--schema", metavar="policy|scenario", help="The JSON Schema of a file kind."),
    ] = None,
    stacks: Annotated[
        bool, typer.Option("--stacks", help="What each TCP stack does with a silent peer.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Every value of a policy with unit, source and grade, and the detection time it leads to."""
    from emu.cli import explain_command

    return explain_command.main(
        policies or [], toml=toml, schema=schema, stacks=stacks, as_json=as_json
    )


@app.command()
def run(
    scenario: Scenario,
    policies: Policies = None,
    seed: Seed = 0,
    settings: Settings = None,
    capture: Annotated[
        str | None, typer.Option("-w", metavar="OUT.pcapng", help="Write the capture.")
    ] = None,
    ledger: Annotated[
        str | None, typer.Option("--ledger", metavar="OUT.jsonl", help="Write the ledger.")
    ] = None,
    clock: Annotated[
        str,
        typer.Option(
            "--clock",
            metavar="virtual|paced:N|wall",
            help="As fast as it goes, N virtual seconds a real second, or real time.",
        ),
    ] = "virtual",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell the diary on stderr while it plays.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Play a scenario and say who noticed, when, and for how much."""
    from emu.cli import run_command

    return run_command.main(
        scenario,
        policies=policies or [],
        seed=seed,
        settings=settings or [],
        capture=capture,
        ledger=ledger,
        clock=clock,
        as_json=as_json,
        verbose=verbose,
    )


@app.command()
def compare(
    scenario: Scenario,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            metavar="POLICY",
            help="Name of a policy, or path to one; repeatable.  Default: all that can play it.",
            autocompletion=completion.policies,
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds", metavar="N", min=1, max=1_000_000, help="Play seeds 0 to N-1, not just 0."
        ),
    ] = 1,
    settings: Settings = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="KEY=V1,V2,...",
            help="Play every policy named (default: the scenario's first choice) once a value of"
            " one setting, KEY as --set takes it.",
        ),
    ] = None,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="OUT.csv", help="Write the rows as CSV.")
    ] = None,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="OUT.html", help="Write tables and pictures as one page."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", min=1, max=1024, help="Processes.  Default: one a core."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """The same faults under many policies, ranked, with the scenario's thresholds checked."""
    from emu.cli import compare_command

    return compare_command.main(
        scenario,
        policies=policies or [],
        seeds=seeds,
        settings=settings or [],
        vary=vary or [],
        csv=csv,
        html=html,
        jobs=jobs,
        as_json=as_json,
    )


@app.command()
def show(
    file: Annotated[str, typer.Argument(metavar="FILE.pcapng", help="A capture of ours.")],
    as_json: Json = False,
) -> int:
    """The story of a capture for people without Wireshark."""
    from emu.cli import show_command

    return show_command.main(file, as_json=as_json)


@app.command()
def check(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Captures, pcap or pcapng, or gzip.")
    ],
    expect: Annotated[
        list[str] | None,
        typer.Option(
            "--expect",
            metavar="'FIELD OP VALUE'",
            help="What every flow must fulfil, such as 'silence < 60s' or 'class == alive';"
            " repeatable; exit code 1 when one does not.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Judge the connections of any capture: who is gone, since when, and who noticed."""
    from emu.cli import check_command

    return check_command.main(files, expect=expect or [], as_json=as_json)


@app.command()
def record(name: GalleryName = None, as_json: Json = False) -> int:
    """Write the gallery in captures/ again."""
    from emu.cli import record_command

    return record_command.main(name, as_json=as_json)


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="One scenario of the gallery instead of all; with --kernel, any of its own.",
            autocompletion=completion.scenarios,
        ),
    ] = None,
    kernel: Annotated[
        bool,
        typer.Option(
            "--kernel",
            help="Against the Linux kernel of this machine, in network namespaces of its own"
            " (needs root; EMU_SLOW=1 adds the long ones).",
        ),
    ] = False,
    traces: Annotated[
        str | None,
        typer.Option(
            "--traces",
            metavar="FOLDER",
            help="With --kernel: against recordings of a kernel instead; needs no root.",
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep", metavar="FOLDER", help="With --kernel: keep what the kernel did there."
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="With --kernel: every packet side by side.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Play the gallery again and compare it byte for byte, or play against a real kernel."""
    from emu.cli import verify_command

    if kernel:
        return verify_command.kernel(
            names or [], traces=traces, keep=keep, verbose=verbose, as_json=as_json
        )
    if traces is not None or keep is not None or verbose:
        raise InputError("emu verify", expected="--kernel", found="--traces, --keep or -v alone")
    return verify_command.main(names or [], as_json=as_json)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code, never an exception."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    out: object = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        # A name in an odd encoding is printed escaped rather than ending the command.
        out.reconfigure(errors="backslashreplace")
    code = _guarded(lambda: _dispatch(arguments or ["--help"]))
    return _guarded(lambda: _flushed(code))


def _dispatch(arguments: list[str]) -> int:
    command = get_command(app)
    code: object = command.main(arguments, prog_name="emu", standalone_mode=False)
    if code == _INTERRUPTED:  # typer has made an exit code of a Ctrl-C already
        raise KeyboardInterrupt
    return code if isinstance(code, int) else _OK


def _guarded(body: Callable[[], int]) -> int:
    """Whatever ends the body, as an exit code."""
    try:
        return body()
    except InputError as error:
        note(f"emu: {one_line(str(error))}")
        return _USAGE
    except typer.TyperException as error:
        note(_usage(error))
        return _USAGE
    except (KeyboardInterrupt, typer.Abort):
        note("emu: interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        return _quiet()
    except SystemExit as error:
        # typer turns a broken pipe into exit code 1, which is ours for failed expectations.
        return _quiet() if isinstance(error.__context__, BrokenPipeError) else _code(error)
    except BaseException as error:
        return _grouped(error)


def _grouped(error: BaseException) -> int:
    """A bug of ours, unless it is a bundle (Trio makes them) around something foreseen."""
    inner = _innermost(error)
    if inner is not error and isinstance(inner, InputError | KeyboardInterrupt | BrokenPipeError):
        return _guarded(lambda: _raised(inner))
    traceback.print_exception(error, file=sys.stderr)
    note("emu: internal error, please report it with the lines above")
    return _INTERNAL


def _innermost(error: BaseException) -> BaseException:
    """What a bundle of one, of one, ... is around."""
    while isinstance(error, BaseExceptionGroup):
        within: tuple[BaseException, ...] = error.exceptions  # pyright: ignore
        if len(within) != 1:
            break
        error = within[0]
    return error  # pyright: ignore[reportUnknownVariableType]


def _raised(error: BaseException) -> int:
    raise error


def _usage(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    command: str = context.command_path if context else "emu"
    return f'{command}: {one_line(message)}; see "{command} --help"'


def _code(error: SystemExit) -> int:
    return error.code if isinstance(error.code, int) else _OK if error.code is None else _INTERNAL


def _flushed(code: int) -> int:
    sys.stdout.flush()
    return code


def _quiet() -> int:
    """The reader of our output has gone (``emu list | head``): it has what it wanted."""
    # No real stdout, or already closed: then nothing is left to silence.
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _OK
