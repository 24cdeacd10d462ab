"""The keys of a fault: one line for everything that is wrong, with the next step; exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.scenario.loader import load_scenario
from emu.scenario.vocabulary import FAULT_KINDS
from emu.units import NS_PER_S
from tests.cli.commands import emu
from tests.scenario.files import SMALL, write
from tests.scenario.test_loader import refusal

DURATION = 'expected a duration from 1ms to 8784h, such as "400ms", found '

#: A keyword for each table below: kind, and what else stands in it.  ``at`` is 600 s of 1 h.
WS1 = 'client = "ws1"\n'


def scenario(*faults: str, at: str = "600s") -> str:
    """The small scenario with other faults; a table that says no ``at`` gets the usual one."""
    head, rest = SMALL.split("[[faults]]")
    _, expectations = rest.split("[[expect]]")
    tables = [each if "at =" in each else f'at = "{at}"\n{each}' for each in faults]
    return head + "".join(f"[[faults]]\n{each}\n" for each in tables) + "[[expect]]" + expectations


def kind(name: str, more: str = "", who: str = WS1) -> str:
    return f'kind = "{name}"\n{who}{more}'


CABLE_AT_SERVER = kind("cable", 'place = "server"', who="")

#: What strikes a line is in test_links.
AT_CLIENTS = [fault for fault in FAULT_KINDS if not fault.on_line]

#: Durations: of the wrong kind, without a unit, none at all.
DURATIONS = [
    ("for = 30", f"faults.1.for: {DURATION}30 without a unit; add the unit"),
    ('for = "-3s"', f'faults.1.for: {DURATION}"-3s"'),
    ('for = "0s"', f'faults.1.for: {DURATION}"0s"'),
    ("for = true", f"faults.1.for: {DURATION}true"),
    ('for = ["3s"]', f"faults.1.for: {DURATION}a list"),
    ('for = "a while"', f'faults.1.for: {DURATION}"a while"'),
    (
        'for = "never"',
        ('faults.1.for: expected a duration, found "never";'
        " leave it out: it then lasts to the end of the run"),
    ),
    ('fr = "3s"', 'fr: expected a key that this table has, found "fr"; did you mean "for"?'),
]  # fmt: skip


@pytest.mark.parametrize(("key", "line"), DURATIONS)
def test_how_long_it_lasts_is_a_duration(tmp_path: Path, key: str, line: str) -> None:
    assert refusal(write(tmp_path, scenario(kind("os-hang", key)))).endswith(line)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("off_for = 300", f"faults.1.off_for: {DURATION}300 without a unit; add the unit"),
        ('off_for = "-5m"', f'faults.1.off_for: {DURATION}"-5m"'),
        ('off_for = "never"', "leave it out: it then lasts to the end of the run"),
    ],
)
def test_how_long_the_power_is_away_is_a_duration(tmp_path: Path, key: str, line: str) -> None:
    assert refusal(write(tmp_path, scenario(kind("power-loss", key)))).endswith(line)


@pytest.mark.parametrize("fault", AT_CLIENTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("key", ["for", "off_for"])
def test_a_duration_that_the_kind_has_not_is_refused(tmp_path: Path, key: str, fault) -> None:
    """And whoever meant the other one is told so."""
    text = scenario(kind(fault.name, f'{key} = "5m"'))
    has = {"for": fault.lasts, "off_for": fault.off_for}
    if has.pop(key):
        assert load_scenario(write(tmp_path, text)).faults[0].kind == fault.name
        return
    ((other, has_other),) = has.items()
    hint = f"leave it out, or say {other}" if has_other else "leave it out"
    line = f'faults.1.{key}: expected no {key} with "{fault.name}", found "5m"; {hint}'
    assert refusal(write(tmp_path, text)).endswith(f": {line}")


PLACES = 'expected one of "client", "server", "between-switches", found '


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (kind("cable", 'place = "sever"'), f'place: {PLACES}"sever"; did you mean "server"?'),
        (kind("cable", 'place = ""'), "place: expected some words"),
        (kind("cable", "place = 3"), "place: expected text, found 3"),
        (
            kind("suspend", 'place = "server"', who=""),
            'place: expected "client", found "server"; only "cable" strikes elsewhere',
        ),
        (
            kind("cable", 'place = "server"'),
            (
                'client: expected no client: place "server" strikes all of them, found "ws1";'
                " leave it out"
            ),
        ),
        (
            kind("cable", 'place = "between-switches"'),
            'client: expected no client: place "between-switches" strikes all of them',
        ),
        (
            kind("cable", 'place = "client"', who=""),
            (
                "client: expected the client it strikes, found nothing; name one of [clients], or a"
                " place that strikes all of them"
            ),
        ),
        (
            kind("os-hang", who=""),
            "client: expected the client it strikes, found nothing; name one of [clients]",
        ),
        (
            kind("os-hang", who='client = "ws2"\n'),
            'client: expected "ws1", found "ws2"; did you mean "ws1"?',
        ),
        (
            kind("os-hang", who='client = "server"\n'),
            (
                'client: expected "ws1", found "server"; for a cut at the server say kind = "cable"'
                ' and place = "server", and no client'
            ),
        ),
        (kind("os-hang", who="client = 1\n"), "client: expected text, found 1"),
    ],
)
def test_where_and_whom(tmp_path: Path, fault: str, line: str) -> None:
    assert f": faults.1.{line}" in refusal(write(tmp_path, scenario(fault)))


def test_elsewhere_no_client_is_named(tmp_path: Path) -> None:
    (fault,) = load_scenario(write(tmp_path, scenario(CABLE_AT_SERVER))).faults
    assert (fault.client, fault.place, fault.until_ns) == (None, "server", None)


# --- several faults ---------------------------------------------------------------------------

HANG = kind("os-hang", 'for = "60s"')
BACK = 'an instant when "ws1" is back from fault'


@pytest.mark.parametrize(
    ("second", "line"),
    [
        (kind("suspend", 'at = "630s"'), f"faults.2.at: expected {BACK} 1, found 10m30s; it is"),
        (kind("suspend", 'at = "660s"'), "found 11m; it is only at 11m"),
        (kind("kill", 'at = "600s"'), "found 10m; it is only at 11m"),
        (CABLE_AT_SERVER + '\nat = "630s"', f"faults.2.at: expected {BACK} 1"),
        (kind("cable", 'at = "590s"'), f"faults.1.at: expected {BACK} 2, found 10m; it never is"),
    ],
    ids=["inside", "at its very end", "at its very start", "for all", "before, and for good"],
)
def test_a_client_is_not_struck_while_it_is_struck(tmp_path: Path, second: str, line: str) -> None:
    assert line in refusal(write(tmp_path, scenario(HANG, second)))


@pytest.mark.parametrize("name", [fault.name for fault in AT_CLIENTS if fault.lasts] + ["kill"])
def test_for_good_is_for_good(tmp_path: Path, name: str) -> None:
    later = kind("suspend", 'at = "30m"')
    assert refusal(write(tmp_path, scenario(kind(name), later))).endswith("it never is")


def test_one_after_the_other_is_two_faults(tmp_path: Path) -> None:
    """The first is over at 660 s."""
    later = kind("suspend", 'at = "660001ms"')
    assert len(load_scenario(write(tmp_path, scenario(HANG, later))).faults) == 2


@pytest.mark.parametrize(
    ("at", "found"), [("1h", "1h"), ("3600001ms", "1h0.001s"), ("61m", "1h1m")]
)
def test_at_the_horizon_nothing_strikes_any_more(tmp_path: Path, at: str, found: str) -> None:
    line = refusal(write(tmp_path, scenario(kind("os-hang"), at=at)))
    wanted = "faults.1.at: expected an instant before the horizon (1h), found"
    assert f": {wanted} {found}" in line
    assert line.endswith("; raise the horizon")


def test_one_that_ends_behind_the_horizon_lasts_to_the_end(tmp_path: Path) -> None:
    (fault,) = load_scenario(
        write(tmp_path, scenario(kind("os-hang", 'for = "2h"'), at="59m"))
    ).faults
    assert fault.until_ns == (59 * 60 + 7200) * NS_PER_S


# --- what the user sees -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [kind("os-hang", "for = 30"), kind("suspend", who=""), kind("cable", 'place = "server"')],
)
def test_exit_code_2_one_line_and_nothing_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, fault: str
) -> None:
    path = write(tmp_path, scenario(fault))
    into = ["-w", str(tmp_path / "out.pcapng"), "--ledger", str(tmp_path / "out.jsonl")]
    answer = emu(capsys, "run", path, *into)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.toml"]
    assert answer.err.startswith(f"emu: {path}: faults.1.")


def test_a_setting_is_judged_as_the_file_would_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = write(tmp_path, scenario(HANG))
    answer = emu(capsys, "run", path, "--set", "faults.1.for=30")
    assert (answer.code, answer.out) == (2, "")
    assert "--set faults.1.for: expected a duration" in answer.err
