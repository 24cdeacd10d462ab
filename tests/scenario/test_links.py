"""Dialled lines in scenario files: what they become, and one line for everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.errors import InputError
from emu.machines.dial import CISCO, ISDN4LINUX
from emu.scenario.loader import load_scenario
from emu.scenario.model import Scenario
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.cli.commands import emu
from tests.scenario.files import write

LINED = """
title = "An office behind a line"
story = "For a test."
sources = "tests"
horizon = "1h"
default_policies = ["ncp-netware"]

[links.server-lan]
kind = "lan"
bandwidth = "10Mbit/s"

[links.office]
kind = "lan"
bandwidth = "10Mbit/s"

[links.wan]
kind = "dial"
between = ["server-lan", "office"]
line = "isdn-64k"
tariff = "de-1996-flat90"

[hosts.server]
link = "server-lan"

[clients.ws1]
user = "ann"
link = "office"
boot_time = "60s"
program = [{ at = "5s", do = "log-on" }]
"""
OUTAGE = '\n[[faults]]\nkind = "line-outage"\nat = "10m"\n'
BETWEEN = '["server-lan", "office"]'
FAR = '\n[links.far]\nkind = "lan"\nbandwidth = "10Mbit/s"\n'


def loaded(folder: Path, more: str = "") -> Scenario:
    text = LINED.replace('tariff = "de-1996-flat90"\n', f'tariff = "de-1996-flat90"\n{more}\n')
    return load_scenario(write(folder, text))


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        load_scenario(write(folder, text))
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_line_has_its_routers_and_its_own_numbers(tmp_path: Path) -> None:
    (link,) = [link for link in loaded(tmp_path).links if link.dial is not None]
    dial = link.dial
    assert dial is not None
    assert (dial.between, dial.line.name) == (("server-lan", "office"), "isdn-64k")
    assert (dial.set_up_ns, dial.opening_ns) == (s(1), ms(1500))
    assert dial.params == CISCO
    assert (dial.busy, dial.updates, dial.raised_at_ns) == (0.0, "static", None)


def test_what_the_table_says_takes_their_place(tmp_path: Path) -> None:
    more = (
        'router = "isdn4linux"\nset_up = "3s"\nidle_timeout = "never"\nredial = "20s"\n'
        'while_dialling = "drop"\ncounts = "outbound"\nraised_at = "1s"\nbusy = 0.25'
    )
    (link,) = [link for link in loaded(tmp_path, more).links if link.dial is not None]
    dial = link.dial
    assert dial is not None
    assert (dial.set_up_ns, dial.busy, dial.raised_at_ns) == (s(3), 0.25, s(1))
    params = dial.params
    assert (params.idle_ns, params.redial_ns, params.redial_max_ns) == (None, s(20), s(20))
    assert (params.queue_frames, params.inbound_counts) == (0, False)
    assert params.redials == ISDN4LINUX.redials


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"isdn-64k"', '"isdn-65k"', 'wan.line: expected the name of a line'),
        ('"de-1996-flat90"', '"de-19"', "wan.tariff: expected the name of a tariff"),
        ('"dial"', '"dail"', 'wan.kind: expected one of "lan", "dial", "box", found "dail"'),
        ('kind = "dial"', "", "wan.kind: expected a value"),
        (f"between = {BETWEEN}", "", "wan.between: expected a value: a dial link needs it"),
        ('line = "isdn-64k"', "", "wan.line: expected a value: a dial link needs it"),
        (BETWEEN, '"office"', "wan.between: expected a list"),
        (BETWEEN, "[]", "wan.between: expected \"server-lan\" (the server's LAN) first"),
        (BETWEEN, '["server-lan"]', "wan.between: expected \"server-lan\" (the server's"),
        (BETWEEN, '["office", "server-lan"]', "wan.between: expected \"server-lan\" (the server's"),
        (BETWEEN, '["server-lan", "office", "office"]', "wan.between: expected \"server-lan\""),
        (BETWEEN, '["server-lan", "offic"]', 'wan.between: expected one of "server-lan", "office"'),
        (BETWEEN, '["server-lan", "wan"]', 'wan.between: expected one of "server-lan", "office"'),
        ('link = "office"', 'link = "wan"', 'ws1.link: expected one of "server-lan", "office"'),
        ('link = "server-lan"', 'link = "wan"', "server.link: expected one of"),
    ],
)  # fmt: skip
def test_topology(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, LINED.replace(old, new, 1))


def test_a_lan_that_no_line_leads_to(tmp_path: Path) -> None:
    line = refusal(tmp_path, LINED.replace('link = "office"', 'link = "far"') + FAR)
    assert 'ws1.link: expected the server\'s link "server-lan", or one that a line leads' in line
    assert 'add a link of kind "dial"' in line


def test_two_lines_to_one_lan(tmp_path: Path) -> None:
    second = '\n[links.two]\nkind = "dial"\nline = "isdn-64k"\nbetween = ' + BETWEEN
    line = refusal(tmp_path, LINED + second)
    assert 'between: expected a LAN that no other line leads to ("wan" leads to "office")' in line


def test_more_lans_than_an_octet_counts(tmp_path: Path) -> None:
    many = "".join(FAR.replace("far", f"far-{number}") for number in range(255))
    assert "links: expected at most 256 LANs" in refusal(tmp_path, LINED + many)
    load_scenario(write(tmp_path, LINED + many.replace(FAR.replace("far", "far-254"), "")))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('router = "nope"', 'router: expected one of "cisco", "isdn4linux", "pppd", "diald"'),
        ('interesting = "nope"', "interesting: expected one of"),
        ("interesting = 3", "interesting: expected one of"),
        ('interesting = ["x"]', "interesting.1: expected a table"),
        ("interesting = [{ kinds = ['rip'] }]", "interesting.1.action: expected a value"),
        ("interesting = [{ action = 'permit', kinds = ['x'] }]", "interesting.1.kinds.1: expected"),
        ("interesting = [{ action = 'permit', foo = 1 }]", "interesting.1.foo: expected one of"),
        ("interesting = [{ action = 'permit', ports = [0] }]", "interesting.1.ports.1: expected"),
        ("interesting = [{ action = 'permit', tcp_flags = ['x'] }]", "interesting.1.tcp_flags.1:"),
        ("interesting = [{ action = 'permit', protocol = 'x' }]", "interesting.1.protocol:"),
        ('idle_timeout = "0s"', "idle_timeout: expected a duration from 1ms"),
        ("idle_timeout = 19", "idle_timeout: expected a duration from 1ms"),
        ("busy = 1.5", "busy: expected a probability"),
        ("redials = -1", "redials: expected a whole number"),
        ('counts = "inbound"', 'counts: expected one of "either", "outbound"'),
        ('while_dialling = "wait"', 'while_dialling: expected one of "queue", "drop"'),
        ('updates = "sometimes"', "updates: expected one of"),
        ('updates = "snapshot"', 'active: expected active with updates = "snapshot"'),
        ('active = "5s"', 'active: expected active with updates = "snapshot"'),
        ('raised_at = "1h"', "raised_at: expected an instant before the horizon (1h)"),
        ('bandwidth = "10Mbit/s"', 'bandwidth: expected a key of a dial link, found "bandwidth"'),
        ('propagation = "-1s"', "propagation: expected a duration"),
        ("foo = 1", "foo: expected a key that this table has"),
    ],
)
def test_every_key_is_judged(key: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, key)
    assert f"links.wan.{said}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("socket", ["zz", "453", "0x53", "+453", "4_53", "04530", " 453"])
def test_a_socket_is_four_hexadecimal_digits(socket: str, tmp_path: Path) -> None:
    rule = f"interesting = [{{ action = 'deny', sockets = ['{socket}'] }}]"
    with pytest.raises(InputError, match=r"sockets\.1: expected four hexadecimal digits"):
        loaded(tmp_path, rule)


def test_a_list_of_ones_own_denies_what_it_does_not_name(tmp_path: Path) -> None:
    rules = "interesting = [{ action = 'permit', sockets = ['0451', '4B5a'] }]"
    (link,) = [link for link in loaded(tmp_path, rules).links if link.dial is not None]
    assert link.dial is not None
    listed = link.dial.dialer_list
    assert not listed.otherwise
    assert [rule.sockets for rule in listed.rules] == [frozenset({0x0451, 0x4B5A})]


def test_a_lan_has_no_tariff(tmp_path: Path) -> None:
    text = LINED.replace("[links.office]\n", '[links.office]\ntariff = "de-1996"\n')
    assert 'office.tariff: expected a key of a lan link, found "tariff"' in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "faults.1.line: expected the line it strikes, found nothing"),
        ('line = "wam"', 'faults.1.line: expected "wan", found "wam"; did you mean "wan"?'),
        ('line = "office"', 'faults.1.line: expected "wan", found "office"'),
        ('line = "wan"\nhow = "x"', 'faults.1.how: expected one of "out-of-order", "busy"'),
        ('line = "wan"\nclient = "ws1"', "faults.1.client: expected no client"),
        ('line = "wan"\nplace = "server"', 'faults.1.place: expected "line"'),
        ('line = "wan"\noff_for = "5m"', "faults.1.off_for: expected no off_for"),
    ],
)
def test_line_outages(keys: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, LINED + OUTAGE + keys)


@pytest.mark.parametrize("key", ['line = "wan"', 'how = "busy"'])
def test_other_faults_have_no_line(key: str, tmp_path: Path) -> None:
    fault = f'\n[[faults]]\nkind = "power-loss"\nclient = "ws1"\nat = "10m"\n{key}'
    assert f"expected no {key.split()[0]} with" in refusal(tmp_path, LINED + fault)


def test_an_outage_without_a_line_in_the_scenario(tmp_path: Path) -> None:
    start = LINED.index("[links.wan]")
    alone = LINED[:start] + LINED[LINED.index("[hosts.server]") :]
    alone = alone.replace('link = "office"', 'link = "server-lan"')
    assert "faults.1.line: expected" in refusal(tmp_path, alone + OUTAGE + 'line = "wan"')


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("links.wan.idle_timeout=19s", 0),
        ("links.wan.idle_timeout=never", 0),
        ("links.wan.interesting=no-watchdogs", 0),
        ("policy.router.ncp_watchdog=spoof", 0),
        ("policy.router.idle_timeout=never", 0),
        ("links.wan.idle_timeout=19", 2),
        ("links.wan.tariff=nope", 2),
        ("links.wan.line=nope", 2),
        ("links.wan.between=office", 2),
        ("links.wan.interesting=nope", 2),
        ("links.wan.bandwidth=10Mbit/s", 2),
        ("links.wan.kind=lan", 2),
        ("links.wan.updates=snapshot", 2),
        ("links.wan=1", 2),
        ("links.office.tariff=de-1996", 2),
        ("policy.router.ncp_watchdog=spoo", 2),
        ("policy.router.idle_timeout=0s", 2),
        ("policy.router.set_up=1us", 2),
        ("policy.router.nope=1", 2),
        ("policy.router=spoof", 2),
    ],
)
def test_settings(
    setting: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, LINED.replace('"1h"', '"2m"'))
    answer = emu(capsys, "run", path, "--set", setting, "--json")
    assert answer.code == code, answer.err
    if code:
        assert answer.out == ""
        assert answer.err.count("\n") == 1
        assert setting.partition("=")[0].split(".")[-1] in answer.err
    assert "Traceback" not in answer.err


def test_spoofing_by_setting_keeps_the_line_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A poll every 296.6 s otherwise (facts/ipx.md 1.5): 12 calls an hour."""
    import json

    path = write(tmp_path, LINED)
    calls = [
        json.loads(emu(capsys, "run", path, "--json", *more).out)["links"][-1]["calls"]
        for more in ((), ("--set", "policy.router.ncp_watchdog=spoof"))
    ]
    assert calls == [12, 0]
