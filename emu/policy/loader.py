"""From policy files to one ``Policy``: extends, values, sources, and nothing missing.

``extends`` is flattened from left to right, each file after those it extends, and right
wins.  A file that comes in twice counts where it comes in first, so a shared base does not
undo what a variant of it has changed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from emu import resources
from emu.errors import InputError
from emu.policy.model import Policy, Source
from emu.policy.parameters import parameters_of, stack_named, transport_named, transports
from emu.policy.smb_parameters import NAMESPACE as SMB
from emu.policy.toml_files import Found, Library, find, read
from emu.policy.values import Unfit, expectation, nearest, one_of, quoted, text_of
from emu.transports.base import Parameter, Stack, Transport, Value

if TYPE_CHECKING:
    from emu.policy.schema import PolicyFile

_FIXED_KEYS = (
    "title", "what", "extends", "transport", "stack", "client", "sources",
)  # fmt: skip


#: What SMB rides on when its policy does not say.
SMB_CARRIER = "tcp-no-keepalive"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One file of a policy: its fixed keys, its raw values and sources by dotted name."""

    found: Found
    file: PolicyFile
    tables: Mapping[str, Mapping[str, Any]]
    raw: Mapping[str, Any]
    sources: Mapping[str, Source]


def policy_names() -> list[str]:
    """Names of the policies that ship with emu, sorted."""
    return resources.policy_names()


def policy_titles() -> dict[str, str]:
    """Name and title of every shipped policy, without judging the files any further."""
    folder = resources.policies_folder()
    return {
        name: str(tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))["title"])
        for name in policy_names()
    }


def load_policy(name_or_path: str | Path) -> Policy:
    """The policy of that name from the library, or from a file.

    Raises ``InputError`` with the file and key for whatever is wrong with it.
    """
    found = find(str(name_or_path), _library())
    layers = _carried(_flattened(found, ()))
    where = found.shown
    if found.name.startswith("_"):
        expected, hint = "a policy", "names that start with _ are for others to extend"
        raise InputError(where, expected=expected, found="an abstract file", hint=hint)
    transport, stack, client_stack = _stacks(layers, where)
    _carries(transport, layers, where)
    parameters = parameters_of(stack, client_stack)
    values: dict[str, Value] = {}
    for layer in layers:
        values.update(_judged(layer, stack, client_stack))
    _nothing_missing(parameters, values, where)
    given = [name for name in parameters if name in values]
    return Policy(
        name=found.name,
        title=layers[-1].file.title,
        what=layers[-1].file.what,
        transport=transport.name,
        stack=stack.name,
        client_stack=client_stack.name,
        values={name: values[name] for name in given},
        texts={name: text_of(_last(layers, "raw", name)) for name in given},
        sources={name: _last(layers, "sources", name) for name in given},
        parameters=_applying(parameters, values),
    )


def _applying(
    parameters: Mapping[str, Parameter], values: Mapping[str, Value]
) -> dict[str, Parameter]:
    """What ``--set`` may change: a policy of terminals gets no SMB by one value alone."""
    speaks_smb = any(name.startswith(f"{SMB}.") for name in values)
    return {
        name: parameter
        for name, parameter in parameters.items()
        if speaks_smb or not name.startswith(f"{SMB}.")
    }


def _library() -> Library:
    return Library(
        kind="policy",
        folder=resources.policies_folder(),
        names=policy_names(),
        listing="policies",
    )


def _flattened(found: Found, chain: tuple[Found, ...]) -> list[_Layer]:
    """The files of a policy, what it extends first, each once."""
    layer = _layer(found)
    path = found.path.resolve()
    if path in [earlier.path.resolve() for earlier in chain]:
        circle = " -> ".join(each.name for each in (*chain, found))
        raise InputError(f"{chain[-1].shown}: extends", expected="no circle", found=circle)
    layers: dict[Path, _Layer] = {}
    for named in layer.file.extends:
        where = f"{found.shown}: extends"
        base = find(named, _library(), near=found.path.parent, where=where)
        for each in _flattened(base, (*chain, found)):
            layers.setdefault(each.found.path.resolve(), each)
    return [*layers.values(), layer]


def _carried(layers: list[_Layer]) -> list[_Layer]:
    """SMB rules that name no transport ride on NetBT: NT 4 listens on TCP 139 (facts/redirector.md
    4), and the other carriers are named."""
    says_transport = any(layer.file.transport for layer in layers)
    if says_transport or not any(SMB in layer.tables for layer in layers):
        return layers
    below = _flattened(find(SMB_CARRIER, _library()), ())
    own = {layer.found.path.resolve() for layer in layers}
    return [*(layer for layer in below if layer.found.path.resolve() not in own), *layers]


def _layer(found: Found) -> _Layer:
    """One file, its shape judged, its sources matched with its values."""
    from pydantic import ValidationError

    from emu.policy.problems import input_error
    from emu.policy.schema import file_model

    document = read(found, "policy")
    try:
        file = file_model().model_validate(document)
    except ValidationError as error:
        raise input_error(found.shown, error) from None
    tables = {name: table for name, table in document.items() if name not in _FIXED_KEYS}
    raw = {f"{name}.{key}": value for name, table in tables.items() for key, value in table.items()}
    sources = _sources(file.sources, found.shown)
    _matched(raw, sources, found.shown)
    return _Layer(found=found, file=file, tables=tables, raw=raw, sources=sources)


def _sources(table: Mapping[str, Any], shown: str) -> dict[str, Source]:
    """The entries of ``[sources]``, written as dotted keys or as nested tables."""
    from pydantic import ValidationError

    from emu.policy.problems import input_error
    from emu.policy.schema import SourceEntry

    entries: dict[str, Source] = {}
    for name, entry in _entries(table):
        try:
            read_entry = SourceEntry.model_validate(entry)
        except ValidationError as error:
            raise input_error(shown, error, under=f"sources.{name}") from None
        entries[name] = Source(grade=read_entry.grade, text=read_entry.source)
    return entries


def _entries(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names have two parts, so tables are opened once and no deeper."""
    for key, entry in table.items():
        inner = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        if inner and all(isinstance(each, dict) for each in inner.values()):
            yield from ((f"{key}.{name}", each) for name, each in inner.items())
        else:
            yield key, entry


def _matched(raw: Mapping[str, Any], sources: Mapping[str, Source], shown: str) -> None:
    for name in raw:
        if name not in sources:
            expected = f"the source and grade of {_printable(name)}"
            hint = f'add "{_printable(name)}" = {{ grade = "assumption", source = "why" }}'
            raise InputError(f"{shown}: sources", expected=expected, found="none", hint=hint)
    for name in sources:
        if name not in raw:
            expected = "a source for a value that this file gives"
            hint = nearest(name, raw) or "remove it, or give the value here"
            raise InputError(f"{shown}: sources", expected=expected, found=quoted(name), hint=hint)


def _stacks(layers: list[_Layer], where: str) -> tuple[Transport, Stack, Stack]:
    """Transport and both ends' stacks; who says so last is who is quoted in errors."""
    named, transport_where = _said_last(layers, "transport", where)
    transport = transport_named(named, where=transport_where)
    stack_name, stack_where = _said_last(layers, "stack", where)
    stack = stack_named(transport, stack_name, where=stack_where)
    clients = [(each.file.client.stack, each) for each in layers if each.file.client]
    if not clients:
        return transport, stack, stack
    client_name, layer = clients[-1]
    client_where = f"{layer.found.shown}: client.stack"
    return transport, stack, stack_named(transport, client_name, where=client_where)


def _carries(transport: Transport, layers: list[_Layer], where: str) -> None:
    """SMB rides on some transports only (facts/redirector.md 4)."""
    if "smb" in transport.provides or not any(SMB in layer.tables for layer in layers):
        return
    able = [each.name for each in transports() if "smb" in each.provides]
    raise InputError(
        f"{where}: transport",
        expected=f"one that carries SMB: {one_of(able)}",
        found=quoted(transport.name),
        hint="extend another transport's policy beside the SMB rules",
    )


def _said_last(layers: list[_Layer], key: str, where: str) -> tuple[str, str]:
    for layer in reversed(layers):
        said = getattr(layer.file, key)
        if said is not None:
            return said, f"{layer.found.shown}: {key}"
    expected, hint = f"the {key} of the policy", f'see "emu list {key}s"'
    if key == "stack":
        hint = 'see "emu list transports"'
    raise InputError(f"{where}: {key}", expected=expected, found="nothing", hint=hint)


def _judged(layer: _Layer, stack: Stack, client_stack: Stack) -> dict[str, Value]:
    """The values of one file, as the stacks of the whole policy want them."""
    from pydantic import ValidationError

    from emu.policy.problems import input_error
    from emu.policy.schema import values_model

    _known_tables(layer, stack, client_stack)
    try:
        tables = values_model(stack, client_stack).model_validate(layer.tables)
    except ValidationError as error:
        raise input_error(layer.found.shown, error) from None
    return {
        name: getattr(getattr(tables, table), key)
        for name in layer.raw
        for table, _, key in [name.partition(".")]
    }


def _known_tables(layer: _Layer, stack: Stack, client_stack: Stack) -> None:
    known = {name.partition(".")[0] for name in parameters_of(stack, client_stack)}
    for table in layer.tables:
        if table not in known:
            found = f"a table [{table}]"
            expected = f"values that stack {stack.name} has"
            hint = "it belongs to another transport"
            raise InputError(layer.found.shown, expected=expected, found=found, hint=hint)


def _nothing_missing(
    parameters: Mapping[str, Parameter], values: Mapping[str, Value], where: str
) -> None:
    speaks_smb = any(name.startswith(f"{SMB}.") for name in values)
    for name, parameter in parameters.items():
        optional = parameter.optional and not (speaks_smb and name.startswith(f"{SMB}."))
        if name not in values and not optional:
            expected = f"a value for {name}: {expectation(parameter)}"
            hint = "give it here with its source, or extend a policy that does"
            raise InputError(where, expected=expected, found="none", hint=hint)


def _last(layers: list[_Layer], kind: str, name: str) -> Any:
    for layer in reversed(layers):
        held: Mapping[str, Any] = getattr(layer, kind)
        if name in held:
            return held[name]
    raise Unfit(expected=name, found="nothing")  # _nothing_missing has made this impossible


def _printable(text: str) -> str:
    """Text that fits into one line of a message."""
    return quoted(text)[1:-1]
