"""The contract of every policy that ships, now and later."""

from __future__ import annotations

import tomllib

import pytest

from emu import resources
from emu.policy.explain import explained
from emu.policy.explain_text import text
from emu.policy.explain_toml import toml
from emu.policy.loader import load_policy, policy_names, policy_titles
from emu.policy.model import GRADES
from emu.policy.parameters import parameters_of, transport_named
from tests.policy.files import write

#: Names that other issues, the README and the article's command line rely on.
NAMES = (
    "ncp-mars-nwe",
    "ncp-netware",
    "ncp-netware-tight",
    "tcp-keepalive-nt4",
    "tcp-keepalive-nt4-5min",
    "tcp-no-keepalive",
)


def test_the_promised_policies_are_there() -> None:
    assert set(NAMES) <= set(policy_names())


@pytest.mark.parametrize("name", policy_names())
def test_every_value_is_there_and_has_source_and_grade(name: str) -> None:
    policy = load_policy(name)
    transport = transport_named(policy.transport, where=name)
    wanted = parameters_of(transport.stack(policy.stack), transport.stack(policy.client_stack))
    needed = [key for key, parameter in wanted.items() if not parameter.optional]
    given = [key for key in wanted if key in policy.values]
    assert set(needed) <= set(given)
    assert list(policy.values) == list(policy.sources) == list(policy.texts) == given
    for source in policy.sources.values():
        assert source.grade in GRADES
        assert len(source.text) > 10


@pytest.mark.parametrize("name", policy_names())
def test_every_policy_is_explained_within_100_columns(name: str) -> None:
    each = explained(load_policy(name))
    lines = text([each]).splitlines()
    assert max(map(len, lines)) <= 100
    assert each.formula.split()[0] in text([each])
    assert each.silence_ns is None or each.silence_ns > 0


@pytest.mark.parametrize("name", policy_names())
def test_what_toml_prints_loads_as_the_same_policy(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    policy = load_policy(name)
    again = load_policy(write(tmp_path_factory.mktemp("own"), toml(policy), f"{name}.toml"))
    assert again == policy


@pytest.mark.parametrize("name", policy_names())
def test_a_title_fits_the_list(name: str) -> None:
    """A name of up to 27 letters stands in a column; a longer one pushes its title aside."""
    assert len(policy_titles()[name]) + max(27, len(name)) <= 96


def test_files_are_utf8_without_surprises() -> None:
    """Abstract files too: every table of values in them has its sources in the same file."""
    for path in sorted(resources.policies_folder().glob("*.toml")):
        document = tomllib.loads(path.read_text("ascii"))
        assert document["title"]
        assert document["what"]


def test_the_published_silences() -> None:
    """facts/ipx.md 2.1 and facts/tcp.md 5, in nanoseconds; 16,200 ticks at 18.2065 Hz."""
    silences = {name: explained(load_policy(name)).silence_ns for name in NAMES}
    assert silences["tcp-no-keepalive"] is None
    assert silences["tcp-keepalive-nt4"] == 7_205 * 10**9
    assert silences["tcp-keepalive-nt4-5min"] == 305 * 10**9
    assert silences["ncp-mars-nwe"] == 307 * 10**9
    assert abs((silences["ncp-netware"] or 0) - 16_200 / 18.2065 * 1e9) < 100
    assert abs((silences["ncp-netware-tight"] or 0) - 80 * 10**9) < 10**8
