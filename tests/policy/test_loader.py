"""Policy files: what they inherit, and one helpful line for everything that is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.errors import InputError
from emu.policy.loader import load_policy
from emu.policy.model import Source
from emu.units import NS_PER_S, ticks
from tests.policy.files import VARIANT, write


def refusal(named: str) -> str:
    """The line a user sees for a policy that cannot be loaded."""
    with pytest.raises(InputError) as caught:
        load_policy(named)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_shipped_policy_is_complete() -> None:
    policy = load_policy("ncp-netware")
    assert (policy.name, policy.transport, policy.stack) == ("ncp-netware", "ncp", "netware")
    assert policy.client_stack == "netware"
    assert policy.values["ncp.delay_before_first_poll"] == ticks(5400)
    assert policy.texts["ncp.delay_before_first_poll"] == "5400ticks"
    assert policy.values["server.session_limit"] is None
    assert policy.sources["ncp.polls"].grade == "B"


def test_a_variant_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    base, variant = load_policy("ncp-netware"), load_policy(write(tmp_path, VARIANT))
    assert variant.name == "mine"
    assert dict(variant.values) == {**base.values, "ncp.polls": 7}
    assert variant.sources["ncp.polls"] == Source(grade="C", text="tests")
    assert variant.sources["ncp.framing"] == base.sources["ncp.framing"]


def test_the_right_one_wins(tmp_path: Path) -> None:
    for name, polls in (("a", 20), ("b", 30)):
        write(tmp_path, VARIANT.replace("polls = 7", f"polls = {polls}"), f"{name}.toml")
    both = 'title = "x"\nwhat = "y"\nextends = ["{}", "{}"]\n'
    assert load_policy(write(tmp_path, both.format("a", "b"))).values["ncp.polls"] == 30
    assert load_policy(write(tmp_path, both.format("b", "a"))).values["ncp.polls"] == 20


def test_a_shared_base_does_not_undo_a_variant_of_it(tmp_path: Path) -> None:
    """mine extends (a variant of ncp-netware, ncp-netware-tight): the first keeps its framing."""
    changed = VARIANT.replace("polls = 7", 'framing = "snap"').replace("polls = {", "framing = {")
    write(tmp_path, changed, "a.toml")
    both = 'title = "x"\nwhat = "y"\nextends = ["a", "ncp-netware-tight"]\n'
    policy = load_policy(write(tmp_path, both))
    assert policy.values["ncp.framing"] == "snap"
    assert policy.values["ncp.polls"] == 5


def test_a_client_may_have_its_own_stack(tmp_path: Path) -> None:
    """Both stacks' values must then be there, so the combination names both."""
    text = (
        'title = "x"\nwhat = "y"\nextends = ["ncp-mars-nwe", "ncp-netware"]\nstack = "mars-nwe"\n'
        '[client]\nstack = "netware"\n'
        '[ncp]\ndelay_between_polls = "50s"\n'
        '[sources]\n"ncp.delay_between_polls" = { grade = "C", source = "tests" }\n'
    )
    policy = load_policy(write(tmp_path, text))
    assert (policy.stack, policy.client_stack) == ("mars-nwe", "netware")
    assert "ncp.check_interval" in policy.values
    assert "ncp.wait_after_last_poll" in policy.values


def test_sources_may_be_dotted_keys_or_tables(tmp_path: Path) -> None:
    dotted = VARIANT.replace("[sources.ncp]\npolls =", '[sources]\n"ncp.polls" =')
    assert "sources.ncp" not in dotted
    assert load_policy(write(tmp_path, dotted)) == load_policy(write(tmp_path, VARIANT))


@pytest.mark.parametrize(
    ("change", "by", "line"),
    [
        ("polls = 7", "pols = 7", "sources: expected the source and grade of ncp.pols"),
        ("polls = 7", 'polls = "7"', 'ncp.polls: expected a whole number from 5 to 100, found "7"'),
        ("polls = 7", "polls = 4", "ncp.polls: expected a whole number from 5 to 100, found 4"),
        ("polls = 7", "polls = true", "found true"),
        ('title = "A variant"', "", "title: expected a value, found nothing"),
        ('title = "A variant"', "title = 5", "title: expected text, found 5"),
        ('title = "A variant"', 'title = " "', "title: expected some words"),
        ('title = "A variant"', 'titel = "x"', 'found "titel"; did you mean "title"?'),
        ('"ncp-netware"]', '"ncp-netwar"]', "extends: expected the name of a policy"),
        ('"ncp-netware"]', '"ncp-netwar"]', 'did you mean "ncp-netware"?'),
        ('["ncp-netware"]', '"ncp-netware"', "extends: expected a list"),
        ("[sources.ncp]", "[sources.ncpp]", "sources: expected the source and grade of ncp.polls"),
        ('grade = "C", ', "", "sources.ncp.polls.grade: expected a value, found nothing"),
        ('grade = "C"', 'grade = "D"', 'expected one of "A", "B", "C", "assumption", found "D"'),
        (', source = "tests"', "", "sources.ncp.polls.source: expected a value, found nothing"),
        ('source = "tests"', 'source = ""', "sources.ncp.polls.source: expected some words"),
        ('source = "tests"', 'source = "x", why = "y"', 'found "why"'),
        ("[ncp]", "transport = 'tpc'\n[ncp]", 'did you mean "tcp"?'),
        ("[ncp]", "stack = 'netwear'\n[ncp]", 'stack: expected one of "netware", "mars-nwe"'),
        ("[ncp]", "[client]\nstack = 'x'\n[ncp]", "client.stack: expected one of"),
        ("[ncp]", "[client]\nstak = 'x'\n[ncp]", 'did you mean "stack"?'),
        ("[ncp]", "[router]\nkind = 'isdn'\n[ncp]", "the source and grade of router.kind"),
        ("[ncp]\npolls = 7", "ncp = 7", "ncp: expected a table, found 7"),
    ],
)
def test_a_wrong_file_gets_one_line(tmp_path: Path, change: str, by: str, line: str) -> None:
    assert change in VARIANT
    assert line in refusal(write(tmp_path, VARIANT.replace(change, by)))


def test_a_misspelt_value_is_suggested_with_its_file(tmp_path: Path) -> None:
    line = refusal(write(tmp_path, VARIANT.replace("polls = ", "pols = ")))
    assert "mine.toml: ncp.pols: " in line
    assert line.endswith('did you mean "polls"?')


def test_a_bare_number_is_no_duration(tmp_path: Path) -> None:
    text = VARIANT.replace("polls = 7", "request_timeout = 2").replace("polls", "request_timeout")
    line = refusal(write(tmp_path, text))
    assert 'such as "400ms", found 2 without a unit; add the unit' in line


def test_a_negative_time_is_refused(tmp_path: Path) -> None:
    text = VARIANT.replace("polls = 7", 'request_timeout = "-2s"').replace(
        "polls", "request_timeout"
    )
    assert "ncp.request_timeout: expected a duration from 100ms to 1m" in refusal(
        write(tmp_path, text)
    )


def test_a_source_without_a_value_is_refused(tmp_path: Path) -> None:
    text = VARIANT + 'framing = { grade = "C", source = "tests" }\n'
    assert 'expected a source for a value that this file gives, found "ncp.framing"' in refusal(
        write(tmp_path, text)
    )


def test_every_value_of_the_stack_must_be_there(tmp_path: Path) -> None:
    text = VARIANT.replace('"ncp-netware"', '"_ncp-client"').replace(
        "[ncp]", 'stack = "netware"\n[ncp]'
    )
    line = refusal(write(tmp_path, text))
    assert "expected a value for ncp.delay_before_first_poll: a duration from 286ticks" in line


def test_a_value_of_another_transport_is_refused(tmp_path: Path) -> None:
    text = 'title = "x"\nwhat = "y"\nextends = ["ncp-netware", "tcp-no-keepalive"]\n'
    assert "found a table [ncp]" in refusal(write(tmp_path, text))


def test_a_transport_must_be_named(tmp_path: Path) -> None:
    assert "expected the transport of the policy" in refusal(
        write(tmp_path, 'title = "x"\nwhat = "y"\n')
    )


def test_an_abstract_file_is_no_policy() -> None:
    assert "abstract" in refusal("_ncp-client")


def test_a_circle_is_shown(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        write(tmp_path, f'title = "x"\nwhat = "y"\nextends = ["{other}"]\n', f"{name}.toml")
    assert "found a -> b -> a" in refusal(str(tmp_path / "a.toml"))


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"", "an empty file"),
        (b" \n\t\n", "an empty file"),
        (b"\x0a\x0d\x0d\x0a\xff\xfe\x00\x81", "octets that are no UTF-8 text"),
        (b"title = ", "something else"),
        (b"\x00\x00\x00", "something else"),
        (b"a = " + b"[" * 20_000, "endless nesting"),
        (b"a = " + b"9" * 5_000, "something else"),
        (
            b'title = "x"\nwhat = "y"\n[sources.' + b".".join([b"a"] * 5_000) + b"]",
            "sources.a.a.a: expected",
        ),
        (b"x" * 1_000_001, "a file of over a megabyte"),
    ],
)
def test_a_file_that_is_no_toml_gets_one_line(tmp_path: Path, octets: bytes, found: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(octets)
    assert found in refusal(str(path))


def test_a_folder_a_missing_file_and_a_pipe_get_one_line(tmp_path: Path) -> None:
    assert "found a folder" in refusal(str(tmp_path))
    assert "found no such file" in refusal(str(tmp_path / "none.toml"))
    os.mkfifo(tmp_path / "pipe.toml")
    assert "found a device or pipe" in refusal(str(tmp_path / "pipe.toml"))
    assert "expected a readable policy file" in refusal("x" * 5000 + ".toml")
    assert "expected the name of a policy" in refusal("x" * 5000)


def test_a_link_to_itself_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").symlink_to(tmp_path / "mine.toml")
    assert "too many levels of symbolic links" in refusal(str(tmp_path / "mine.toml"))


def test_an_unreadable_file_gets_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read anything, so the refusal is played."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    named = write(tmp_path, VARIANT)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "found permission denied" in refusal(named)


def test_an_unknown_name_is_suggested() -> None:
    assert 'did you mean "ncp-netware"?' in refusal("ncp-netwar")
    assert '"emu list policies" names them all' in refusal("zebra")
    assert "expected the name of a policy" in refusal("")
    assert "expected the name of a policy" in refusal("a\0b")


def test_a_setting_is_judged_like_a_file() -> None:
    policy = load_policy("ncp-netware").with_setting("ncp.polls", "5")
    assert policy.values["ncp.polls"] == 5
    assert policy.texts["ncp.polls"] == "5"
    assert policy.sources["ncp.polls"] == Source(grade="command line", text="command line")
    assert (
        policy.with_setting("policy.server.session_limit", "3").values["server.session_limit"] == 3
    )


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("ncp.pols", "5", 'did you mean "ncp.polls"?'),
        ("ncp.polls", "4", "--set policy.ncp.polls: expected a whole number from 5 to 100"),
        ("ncp.delay_between_polls", "30", "found 30 without a unit"),
        ("ncp.wait_after_last_poll", "yes", "expected true or false"),
        ("stack", "mars-nwe", 'expected a value of policy "ncp-netware"'),
    ],
)
def test_a_wrong_setting_gets_one_line(name: str, text: str, line: str) -> None:
    with pytest.raises(InputError, match="--set policy") as caught:
        load_policy("ncp-netware").with_setting(name, text)
    assert line in str(caught.value)


def test_assumptions_come_with_their_reasons() -> None:
    doubts = {each["what"]: each for each in load_policy("ncp-netware").assumptions()}
    assert doubts["ncp.wait_after_last_poll"]["value"] is True
    assert "N and N-1" in str(doubts["ncp.wait_after_last_poll"]["why"])
    assert doubts["ncp.request_timeout"]["value"] == "1s"
    assert doubts["server.session_limit"]["value"] == "none"
    assert "ncp.polls" not in doubts


# fmt: off
_WORDS = ["ncp", "tcp", "server", "sources", "extends", "title", "what", "transport", "stack",
          "polls", "grade", "source", "client", "router", "keepalive_idle", "ncp.polls"]
# fmt: on
_SCALARS = st.one_of(
    st.sampled_from(
        [
            '"x"',
            '"ncp"',
            '"netware"',
            '"5s"',
            '"A"',
            "true",
            "5",
            "-1",
            "1.5",
            "inf",
            "1979-05-27",
            "[]",
            '["ncp-netware"]',
            '["_ncp-client"]',
            "{}",
        ]
    ),
    st.text(max_size=8).map(lambda text: f"'{text}'"),
)
_LINES = st.one_of(
    st.builds("{} = {}".format, st.sampled_from([f'"{word}"' for word in _WORDS]), _SCALARS),
    st.builds("[{}]".format, st.sampled_from(_WORDS)),
    st.builds(
        '"{0}" = {{ grade = {1}, source = {2} }}'.format,
        st.sampled_from(_WORDS),
        _SCALARS,
        _SCALARS,
    ),
    st.text(max_size=20),
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.lists(_LINES, max_size=12).map("\n".join), st.text()), st.booleans())
def test_any_text_is_a_policy_or_one_line(tmp_path: Path, text: str, variant: bool) -> None:
    """Never a traceback, whatever the file holds."""
    try:
        load_policy(write(tmp_path, VARIANT + text if variant else text))
    except InputError as error:
        assert "\n" not in str(error)
    except UnicodeEncodeError:
        pass  # lone surrogates cannot be written to a file in the first place


def test_durations_are_nanoseconds_inside() -> None:
    assert load_policy("tcp-keepalive-nt4-5min").values["tcp.keepalive_idle"] == 300 * NS_PER_S
