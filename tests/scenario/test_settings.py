"""``--set``: one value of a scenario from the command line, judged like a file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.errors import InputError
from emu.scenario.loader import load_scenario
from emu.units import NS_PER_S


def test_every_kind_of_key_is_reached() -> None:
    scenario = load_scenario("client-power-loss")
    changed = (
        scenario.with_setting("links.server-lan.loss", "0.1")
        .with_setting("links.server-lan.bandwidth", "1Mbit/s")
        .with_setting("hosts.server.pinned.sequence", "7")
        .with_setting("clients.ws1.boot_time", "15s")
        .with_setting("clients.ws1.pinned.port", "1044")
        .with_setting("faults.1.at", "700s")
    )
    assert changed.links[0].loss == 0.1
    assert changed.links[0].bandwidth_bit_s == 10**6
    assert changed.server.pinned == {"sequence": 7}
    assert changed.client("ws1").boot_time_ns == 15 * NS_PER_S
    assert changed.client("ws1").pinned == {"port": 1044}
    assert changed.faults[0].at_ns == 700 * NS_PER_S
    assert scenario == load_scenario("client-power-loss"), "the original is untouched"


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("links.server-lan.los", "0.1", 'did you mean "loss"?'),
        ("links.server-lan.loss", "2", "expected a probability from 0 to 1"),
        ("links.lan.loss", "0", 'expected "server-lan", found "lan"'),
        ("faults.2.at", "5s", 'expected "1", found "2"'),
        ("faults.1.at", "5", "found 5 without a unit"),
        ("faults.1.at", "-5s", 'found "-5s"'),
        ("faults.1.at", "4h", "expected an instant before the horizon"),
        ("clients.ws1.program", "x", "expected the key of one value"),
        ("clients.ws1.user.x", "x", "expected the key of one value"),
        ("client.ws1.user", "x", 'did you mean "clients"?'),
        ("clients.ws1", "x", "expected policy.*"),
        ("horizon", "5h", "expected policy.*"),
        ("", "5h", "expected policy.*"),
        ("clients..user", "x", 'expected "ws1", found ""'),
        ("hosts.servr.link", "x", 'did you mean "server"?'),
        ("hosts.server.link", "x", 'expected "server-lan", found "x"'),
    ],
)
def test_a_wrong_setting_gets_one_line(key: str, text: str, line: str) -> None:
    with pytest.raises(InputError, match="--set") as caught:
        load_scenario("client-power-loss").with_setting(key, text)
    assert line in str(caught.value)
    assert str(caught.value).startswith(f"--set {key}")


def test_a_setting_that_breaks_another_table_names_both() -> None:
    """Back later than the horizon is fine; a link the server is not on is not."""
    scenario = load_scenario("client-power-loss-and-restart")
    with pytest.raises(InputError) as caught:
        scenario.with_setting("faults.1.kind", "reboot")
    assert str(caught.value).startswith("--set faults.1.kind: faults.1.off_for: expected no off")


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["links", "server-lan", "loss", "clients", "ws1", "faults", "1", "at", "",
                         "hosts", "server", "pinned", "program", "user"]) | st.text(max_size=5),
        max_size=5,
    ).map(".".join),
    st.sampled_from(["5s", "0.1", "[1]", "{}", "nan", "'''", "= 1\nx = 2"]) | st.text(max_size=9),
)  # fmt: skip
def test_any_setting_fits_or_gets_one_line(key: str, text: str) -> None:
    try:
        load_scenario("client-power-loss").with_setting(key, text)
    except InputError as error:
        assert str(error)
