"""Boxes that ship with emu, against facts/tcp.md 6, and what is said of a bad file."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.box import box_names, load_box
from emu.box.loader import box_titles
from emu.errors import InputError
from emu.machines.forget import BoxParams, MidStream
from emu.resources import boxes_folder
from emu.units import seconds as s

GOOD = (boxes_folder() / "linux-conntrack.toml").read_text("utf-8")

#: facts/tcp.md 6, row by row: idle limit and what follows.
TABLE = {
    "rfc5382-nat": (2 * 3600 + 4 * 60, "drop"),
    "linux-conntrack": (432_000, "reset"),
    "linux-firewall": (432_000, "drop"),
    "aws-network-lb": (350, "reset"),
    "aws-gateway-lb": (350, "drop"),
    "aws-nat-gateway": (350, "reset"),
    "aws-security-group": (432_000, "drop"),
    "azure-lb": (240, "drop"),
    "azure-lb-reset": (240, "reset-both"),
    "azure-aks-outbound": (1800, "drop"),
    "google-vpc-firewall": (600, "drop"),
    "google-cloud-nat": (1200, "drop"),
    "meraki-nat": (300, "drop"),
}
#: Ranges of the facts, of which one value is chosen and confessed.
CHOSEN = ("home-gateway", "home-gateway-impatient", "mobile-carrier", "tcp-proxy")


@pytest.mark.parametrize("name", TABLE)
def test_limits_are_those_of_the_facts(name: str) -> None:
    params = load_box(name).params
    assert (params.idle_ns, params.afterwards) == (s(TABLE[name][0]), TABLE[name][1])


def test_every_box_is_looked_at() -> None:
    assert set(box_names()) == {*TABLE, *CHOSEN} == set(box_titles())


@pytest.mark.parametrize("name", CHOSEN)
def test_what_was_chosen_is_said(name: str) -> None:
    assert "box.idle" in [each["what"] for each in load_box(name).assumptions()]


def test_linux() -> None:
    """5 days, 300 s unacknowledged, tcp_loose, RST by the box itself (facts/tcp.md 4, 6)."""
    box = load_box("linux-conntrack")
    assert box.kind == "nat"
    assert box.params == BoxParams(
        idle_ns=s(432_000),
        unacknowledged_ns=s(300),
        afterwards="reset",
        mid_stream=MidStream.INSIDE,
        translates=True,
        keeps_ports=True,
    )
    assert [each["what"] for each in box.assumptions()] == ["box.ports"]


def test_the_proxy_answers_and_never_forgets() -> None:
    params = load_box("tcp-proxy").params
    assert (params.idle_ns, params.answers, params.translates) == (None, True, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('idle = "432000s"', 'idle = "432000"', "idle: expected"),
        ('idle = "432000s"', 'idle = "1ms"', "idle: expected"),
        ('afterwards = "reset"', 'afterwards = "rest"', "afterwards: expected one of"),
        ('kind = "nat"', 'kind = "hub"', "kind: expected one of"),
        ('mid_stream = "inside"', 'mid_stream = "anybody"', "mid_stream: expected"),
        ('ports = "kept"\n', "", "ports: expected what a NAT does with ports"),
        ("unacknowledged = {", "unacknowleged = {", "a line for unacknowledged"),
        (
            "[sources]",
            '[sources]\nkeepalives = { grade = "A", source = "x" }',
            'found "keepalives"',
        ),
        ("title", "titel", 'did you mean "title"?'),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_box(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_has_a_hint() -> None:
    with pytest.raises(InputError, match='did you mean "azure-lb"') as caught:
        load_box("azur-lb", where="links.nat.profile")
    assert "links.nat.profile" in str(caught.value)
