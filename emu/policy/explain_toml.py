"""A policy as a complete file of its own: nothing extended, every value with its source.

Loading what this prints gives the same values again; a test holds that.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from emu.policy.model import GRADES, Policy
from emu.policy.values import expectation, text_of


def toml(policy: Policy) -> str:
    """The file, with what each value means and may be as comments."""
    return "\n".join(_lines(policy)) + "\n"


def _lines(policy: Policy) -> Iterator[str]:
    yield "# Change what you like, and say in [sources] where each number comes from."
    yield f"title = {_quoted(policy.title)}"
    yield f'what = """\n{_block(policy.what)}"""'
    yield f"transport = {_quoted(policy.transport)}"
    yield f"stack = {_quoted(policy.stack)}"
    if policy.client_stack != policy.stack:
        yield f"\n[client]\nstack = {_quoted(policy.client_stack)}"
    table = ""
    for name in policy.values:
        here, _, key = name.partition(".")
        if here != table:
            table = here
            yield f"\n[{table}]"
        yield from _value(policy, name, key)
    yield "\n[sources]"
    for name, source in policy.sources.items():
        grade = source.grade if source.grade in GRADES else "assumption"
        entry = f"grade = {_quoted(grade)}, source = {_quoted(source.text)}"
        yield f"{_quoted(name)} = {{ {entry} }}"


def _value(policy: Policy, name: str, key: str) -> Iterator[str]:
    parameter = policy.parameters[name]
    words = f"{parameter.what} ({expectation(parameter)})"
    yield from textwrap.wrap(words, 98, initial_indent="# ", subsequent_indent="# ")
    shown = policy.shown(name)
    plain = isinstance(shown, int)
    yield f"{key} = {text_of(shown) if plain else _quoted(str(shown))}"


def _block(text: str) -> str:
    """The inside of a multi-line basic string; quotes are escaped only where they must be."""
    lines = (_escaped(line).replace('\\"', '"') for line in text.split("\n"))
    body = "\n".join(lines).replace('"""', '""\\"')
    return f'{body[:-1]}\\"' if body.endswith('"') else body


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
