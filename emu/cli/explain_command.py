"""``emu explain``: what a policy's numbers are, where they come from, what they lead to."""

from __future__ import annotations

import json
from collections.abc import Sequence

from emu.cli.output import say
from emu.errors import InputError
from emu.policy.values import one_of, quoted

_SCHEMAS = ("policy", "scenario")


def main(
    policies: Sequence[str], *, toml: bool, schema: str | None, stacks: bool, as_json: bool
) -> int:
    """Print policies explained, one as TOML, a JSON Schema, or the stacks side by side."""
    if schema is not None:
        say(_schema(schema, policies))
        return 0
    if stacks:
        say(_stacks(policies, as_json=as_json))
        return 0
    from emu.policy.explain import as_json as to_json
    from emu.policy.explain import explained
    from emu.policy.explain_text import text
    from emu.policy.explain_toml import toml as to_toml
    from emu.policy.loader import load_policy

    if not policies:
        hint = 'see "emu list policies"'
        raise InputError("explain", expected="a POLICY or more", found="none", hint=hint)
    if toml and (len(policies) > 1 or as_json):
        found = "--json" if as_json else f"{len(policies)} policies"
        raise InputError("explain --toml", expected="one policy", found=found)
    loaded = [load_policy(name) for name in policies]
    if toml:
        say(to_toml(loaded[0]).rstrip("\n"))
        return 0
    every = [explained(policy) for policy in loaded]
    say(to_json(every) if as_json else text(every))
    return 0


def _stacks(policies: Sequence[str], *, as_json: bool) -> str:
    from emu.policy import explain_stacks

    if policies:
        found = quoted(policies[0])
        raise InputError("explain --stacks", expected="no policy beside it", found=found)
    return explain_stacks.as_json() if as_json else explain_stacks.text()


def _schema(kind: str, policies: Sequence[str]) -> str:
    where = "explain --schema"
    if kind not in _SCHEMAS:
        raise InputError(where, expected=one_of(_SCHEMAS), found=quoted(kind))
    if policies:
        raise InputError(where, expected="no policy beside it", found=quoted(policies[0]))
    if kind == "policy":
        from emu.policy.schema import json_schema
    else:
        from emu.scenario.schema import json_schema
    return json.dumps(json_schema(), indent=1, ensure_ascii=False)
