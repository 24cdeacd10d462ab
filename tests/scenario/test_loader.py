"""Scenario files: what they hold, and one helpful line for everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.errors import InputError
from emu.scenario.loader import load_scenario
from emu.scenario.model import At, Every, FaultSpec, LinkSpec
from emu.units import NS_PER_S
from tests.scenario.files import SMALL, write


def refusal(named: str) -> str:
    """The line a user sees for a scenario that cannot be loaded."""
    with pytest.raises(InputError) as caught:
        load_scenario(named)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_file_becomes_plain_values(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, SMALL))
    assert scenario.name == "mine"
    assert scenario.horizon_ns == 3600 * NS_PER_S
    assert scenario.links == (
        LinkSpec(name="lan", kind="lan", bandwidth_bit_s=10**7, propagation_ns=5_000, loss=0.0),
    )
    assert scenario.server.link == "lan"
    client = scenario.client("ws1")
    assert (client.link, client.policy, client.log_on_tries) == ("lan", None, 1)
    assert client.program == (
        At(at_ns=0, do="log-on"),
        Every(from_ns=10 * NS_PER_S, until_ns=30 * NS_PER_S, every_ns=10 * NS_PER_S, do="work"),
    )
    assert scenario.faults == (
        FaultSpec(
            number=1,
            at_ns=600 * NS_PER_S,
            client="ws1",
            kind="power-loss",
            off_for_ns=300 * NS_PER_S,
        ),
    )
    assert scenario.expects[0].that == "silence_s of session 1 is between 10s and 20s"
    assert scenario.expert_rows_for("ncp-netware") == 0


def test_repeated_steps_begin_one_every_after_from_and_include_until(tmp_path: Path) -> None:
    """from 10 s every 10 s until 30 s: 20 s and 30 s."""
    deeds = load_scenario(write(tmp_path, SMALL)).client("ws1").deeds()
    assert deeds == [(0, "log-on"), (20 * NS_PER_S, "work"), (30 * NS_PER_S, "work")]


def test_a_client_is_back_after_the_power_and_its_boot(tmp_path: Path) -> None:
    """600 + 300 + 60 = 960 s; a reboot takes the boot time alone: 660 s."""
    scenario = load_scenario(write(tmp_path, SMALL))
    boot_ns = scenario.client("ws1").boot_time_ns
    assert scenario.faults[0].back_at_ns(boot_ns) == 960 * NS_PER_S
    reboot = SMALL.replace("power-loss", "reboot").replace('off_for = "5m"\n', "")
    faults = load_scenario(write(tmp_path, reboot)).faults
    assert faults[0].back_at_ns(boot_ns) == 660 * NS_PER_S
    gone = load_scenario(write(tmp_path, SMALL.replace('off_for = "5m"\n', ""))).faults
    assert gone[0].back_at_ns(boot_ns) is None


@pytest.mark.parametrize(
    ("text", "bits"),
    [("10Mbit/s", 10**7), ("9.6kbit/s", 9_600), ("64 kbit/s", 64_000), ("1Gbit/s", 10**9)],
)
def test_a_bandwidth_is_bits_a_second(tmp_path: Path, text: str, bits: int) -> None:
    scenario = load_scenario(write(tmp_path, SMALL.replace("10Mbit/s", text)))
    assert scenario.links[0].bandwidth_bit_s == bits


_SECOND_FAULT = '[[faults]]\nat = "960s"\nclient = "ws1"\nkind = "reboot"\n\n[[expect]]'
_SECOND_LINK = '[links.far]\nkind = "lan"\nbandwidth = "1Mbit/s"\n[clients.ws1]\nlink = "{}"\n'
_TWO_LINKS = _SECOND_LINK + '[hosts.server]\nlink = "{}"\n'
_PORT = "[clients.ws1.pinned]\nport = {}\n[[faults]]"


@pytest.mark.parametrize(
    ("change", "by", "line"),
    [
        ('title = "A small scenario"', "", "title: expected a value, found nothing"),
        ("horizon", "horizonn", 'found "horizonn"; did you mean "horizon"?'),
        ('"1h"', "3600", "horizon: expected a duration from 1ms to 8784h"),
        ('"1h"', "3600", "found 3600 without a unit"),
        ('"1h"', '"-1h"', 'found "-1h"'),
        ('"1h"', '"0s"', 'horizon: expected a duration from 1ms to 8784h, such as "400ms"'),
        ('["ncp-netware"]', '["ncp-netwar"]', 'did you mean "ncp-netware"?'),
        ('["ncp-netware"]', "[]", "default_policies: expected"),
        (
            '"lan"\nband', '"wan"\nband',
            'links.lan.kind: expected one of "lan", "dial", "box", found "wan"',
        ),
        ('"10Mbit/s"', "10", "links.lan.bandwidth: expected a bandwidth from 300bit/s"),
        ('"10Mbit/s"', '"10 megabit"', 'found "10 megabit"'),
        ('"10Mbit/s"', '"0bit/s"', "expected a bandwidth"),
        ('"5us"', '"5us"\nloss = 1.5', "links.lan.loss: expected a probability from 0 to 1"),
        ('"5us"', '"5us"\nloss = -0.1', "found -0.1"),
        ('"5us"', '"5us"\nloss = nan', "found nan"),
        ('"5us"', '"5us"\nloss = true', "found true"),
        ("[links.lan]", '[links."two words"]', "expected a name of small letters"),
        ("[clients.ws1]", "[clients.server]", 'clients.server: expected a name no other host has'),
        ("[clients.ws1]", _SECOND_LINK.format("lan"), "hosts.server.link: expected one of"),
        ("[clients.ws1]", _SECOND_LINK.format("faar"), "hosts.server.link: expected one of"),
        ('user = "ann"', 'user = "ann"\nlink = "lam"', 'clients.ws1.link: expected "lan"'),
        ('user = "ann"', "", "clients.ws1.user: expected a user, found nothing"),
        ('user = "ann"', 'user = ""', "clients.ws1.user: expected"),
        ('user = "ann"', 'user = "ann"\npolicy = "tcp"', "clients.ws1.policy: expected one of"),
        ('user = "ann"', 'user = "ann"\nlog_on_tries = 3', "log_on_tries: expected log_on_again"),
        ('boot_time = "60s"', 'boot_time = "0s"', "clients.ws1.boot_time: expected a duration"),
        ('{ at = "0s", do = "log-on" },', "", "program: expected a log-on before anything else"),
        ('do = "work"', 'do = "wrk"', 'program.2.do: expected one of "log-on", "work"'),
        ('do = "work"', 'do = "wrk"', 'did you mean "work"?'),
        ('from = "10s"', 'at = "10s"', "program.2: expected either at, or all of from"),
        ('until = "30s"', 'until = "15s"', "program.2.until: expected an instant at least one"),
        ('every = "10s"', 'every = "0s"', "program.2.every: expected a duration from 1ms"),
        ('until = "30s"', 'until = "2h"', "program: expected instants before the horizon (1h)"),
        ('client = "ws1"', 'client = "ws2"', 'faults.1.client: expected "ws1", found "ws2"'),
        ('at = "600s"', 'at = "2h"', "faults.1.at: expected an instant before the horizon (1h)"),
        ('at = "600s"', 'at = "-5s"', 'faults.1.at: expected a duration from 1ms to 8784h'),
        ('at = "600s"', 'at = "0s"', 'faults.1.at: expected a duration from 1ms'),
        ('"power-loss"', '"power-los"', 'did you mean "power-loss"?'),
        ('"power-loss"', '"reboot"', 'faults.1.off_for: expected no off_for with "reboot"'),
        ("[[expect]]", _SECOND_FAULT, 'faults.2.at: expected an instant when "ws1" is back'),
        ("[[faults]]", _PORT.format(0), "pinned.port: expected a whole number from 1 to 65535"),
        ("[[faults]]", _PORT.format('"x"'), 'found "x"'),
        ("[[faults]]", "[server]\nsession_limt = 3\n[[faults]]", 'did you mean "session_limit"?'),
        ("[[faults]]", "[server]\nsession_limit = 0\n[[faults]]", "server.session_limit: expected"),
        ("session = 1", "", 'expect.1: expected session = 1 (or client) beside "silence_s"'),
        ("session = 1", 'client = "ws2"', 'expect.1.client: expected "ws1", found "ws2"'),
        ('"silence_s"', '"silense_s"', 'did you mean "silence_s"?'),
        ('["10s", "20s"]', '["20s", "10s"]', "expect.1.between: expected the lower bound first"),
        ('["10s", "20s"]', '["10s"]', "expect.1.between: expected two bounds"),
        ('["10s", "20s"]', "[10, 20]", 'expect.1.between: expected a duration such as "889.5s"'),
        ("between", "equals", 'expect.1.equals: expected "never" (or between'),
        ('between = ["10s", "20s"]', "", "expect.1: expected either between or equals"),
        ("session = 1", 'session = 1\npolicies = ["x"]', "expect.1.policies: expected one of"),
        ("why =", "wy =", 'did you mean "why"?'),
        ("[links.lan]", 'needs = ["server-psh"]\n[links.lan]', 'did you mean "server-push"?'),
        ("[links.lan]", "[expert_rows]\nncp = 1\n[links.lan]", "expert_rows: expected one of"),
        ("[links.lan]", "[expert_rows]\ndefault = -1\n[links.lan]", "expert_rows.default"),
    ],
)  # fmt: skip
def test_a_wrong_file_gets_one_line(tmp_path: Path, change: str, by: str, line: str) -> None:
    assert change in SMALL
    assert line in refusal(write(tmp_path, SMALL.replace(change, by)))


def test_a_server_that_pushes_needs_a_transport_that_can(tmp_path: Path) -> None:
    """Whether the file says so or not: NCP has nothing to push with."""
    pushes = '[hosts.server]\nprogram = [{ at = "5s", do = "push" }]\n'
    scenario = load_scenario(write(tmp_path, SMALL + pushes))
    assert scenario.unmet_needs(frozenset({"ncp", "terminal"})) == ("server-push",)
    said = load_scenario(write(tmp_path, f'needs = ["server-push"]\n{SMALL}{pushes}'))
    assert said.needs == scenario.needs


def test_a_step_has_a_bounded_number_of_instants(tmp_path: Path) -> None:
    text = SMALL.replace('until = "30s", every = "10s"', 'until = "59m", every = "1ms"')
    assert "program.2.every: expected at most 100000 instants" in refusal(write(tmp_path, text))


def test_a_client_beyond_the_server_is_an_impossible_topology(tmp_path: Path) -> None:
    text = SMALL.replace("[clients.ws1]\n", "")
    links = '[links.far]\nkind = "lan"\nbandwidth = "1Mbit/s"\n[hosts.server]\nlink = "lan"\n'
    client = '[clients.ws1]\nlink = "far"\n'
    text = text.replace('user = "ann"', links + client + 'user = "ann"')
    line = refusal(write(tmp_path, text))
    assert 'clients.ws1.link: expected the server\'s link "lan", or one that a line leads' in line
    assert 'add a link of kind "dial" or "box" between the two' in line


def test_a_client_is_struck_again_only_when_it_is_back(tmp_path: Path) -> None:
    """Back at 600 + 300 + 60 = 960 s: a fault at 960 s is too early, one at 961 s is not."""
    early = SMALL.replace("[[expect]]", _SECOND_FAULT)
    assert "it is only at 16m" in refusal(write(tmp_path, early))
    assert len(load_scenario(write(tmp_path, early.replace("960s", "961s"))).faults) == 2
    for_good = early.replace("960s", "961s").replace('off_for = "5m"\n', "")
    assert "it never is" in refusal(write(tmp_path, for_good))


@pytest.mark.parametrize("octets", [b"", b"\xff\xfe\x00", b"title", b"\x00"])
def test_a_file_that_is_no_toml_gets_one_line(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "mine.toml").write_bytes(octets)
    assert "expected a scenario file in TOML" in refusal(str(tmp_path / "mine.toml"))


def test_folders_and_unknown_names_get_one_line(tmp_path: Path) -> None:
    assert "found a folder" in refusal(str(tmp_path))
    assert 'did you mean "client-power-loss"?' in refusal("client-power-los")
    assert '"emu list scenarios"' in refusal("zebra")


# fmt: off
_KEYS = ["title", "horizon", "links", "lan", "clients", "ws1", "program", "faults", "at", "expect",
         "server", "hosts", "needs", "policies", "field", "equals", "every", "loss", "pinned"]
# fmt: on
_SCALARS = st.one_of(
    st.sampled_from(
        ['"x"', '"5s"', "true", "5", "-1", "1e400", "nan", "[]", '["x"]', "{}", "[{}]", '"lan"']
    ),
    st.text(max_size=8).map(lambda text: f"'{text}'"),
)
_LINES = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(_KEYS), _SCALARS),
    st.builds("[{}.{}]".format, st.sampled_from(_KEYS), st.sampled_from(_KEYS)),
    st.builds("[[{}]]".format, st.sampled_from(_KEYS)),
    st.text(max_size=20),
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.lists(_LINES, max_size=12).map("\n".join), st.text()), st.booleans())
def test_any_text_is_a_scenario_or_one_line(tmp_path: Path, text: str, more: bool) -> None:
    """Never a traceback, whatever the file holds."""
    try:
        load_scenario(write(tmp_path, SMALL + text if more else text))
    except InputError as error:
        assert "\n" not in str(error)
    except UnicodeEncodeError:
        pass  # lone surrogates cannot be written to a file in the first place
