"""What a policy amounts to: its values, its detection time by the closed formula, its doubts.

Collects; ``explain_text`` prints for people, ``explain_toml`` as a file to start from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emu.policy.model import Policy
from emu.transports.base import Fault, Parameter, Value
from emu.units import NS_PER_S, format_seconds, in_seconds

#: The silence of some stacks depends on when the last octet came, so one instant is chosen:
#: that of the scenario client-power-loss.
LAST_OCTET_NS = 533 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A policy with its formula in words and the silence it gives (ns; None for never).

    ``late_ns``: by how much the stack's own timers may make it longer, after a session as in
    client-power-loss, which began at 0.
    """

    policy: Policy
    formula: str
    silence_ns: int | None
    late_ns: int = 0

    @property
    def silence(self) -> str:
        """The silence in seconds, or ``never``; a span where the stack's timers are late."""
        if self.silence_ns is None:
            return "never"
        least = format_seconds(self.silence_ns)
        if not self.late_ns:
            return least
        return f"{least.removesuffix(' s')} to {format_seconds(self.silence_ns + self.late_ns)}"


def explained(policy: Policy) -> Explained:
    """A policy and what its transport's closed formulas say of it."""
    from emu.policy.carrying import carrier_transport  # brings machines and codecs along

    transport = carrier_transport(policy)
    params = transport.make_params(policy.stack, policy.values)
    silence_ns = transport.silence(params, LAST_OCTET_NS)
    dies = Fault(kind="power-loss", lost_at_ns=LAST_OCTET_NS, idle_since_ns=0)
    return Explained(
        policy=policy,
        formula=transport.formula(params),
        silence_ns=silence_ns,
        late_ns=0 if silence_ns is None else transport.lateness(params, dies, LAST_OCTET_NS),
    )


def unit_of(parameter: Parameter) -> str:
    """What the number counts; empty for flags and choices."""
    return {"duration": "s", "count": "count"}.get(parameter.kind, "")


def number_of(parameter: Parameter, value: Value) -> str:
    """The number behind a value: a duration in seconds whatever it was typed in, a count."""
    if isinstance(value, bool) or not isinstance(value, int):
        return ""
    return format_seconds(value).removesuffix(" s") if parameter.kind == "duration" else str(value)


def as_json(policies: Sequence[Explained]) -> str:
    """The whole explanation as one JSON object."""
    answer = {"schema_version": 1, "policies": [_json_of(each) for each in policies]}
    return json.dumps(answer, indent=1, ensure_ascii=False)


def _json_of(each: Explained) -> dict[str, Any]:
    policy, silence_ns = each.policy, each.silence_ns
    return {
        "name": policy.name,
        "title": policy.title,
        "what": policy.what,
        "transport": policy.transport,
        "stack": policy.stack,
        "client_stack": policy.client_stack,
        "values": [_json_value(policy, name) for name in policy.values],
        "formula": each.formula,
        "silence_s": None if silence_ns is None else in_seconds(silence_ns),
        "lateness_s": in_seconds(each.late_ns),
        "last_octet_at_s": in_seconds(LAST_OCTET_NS),
        "assumptions": policy.assumptions(),
    }


def _json_value(policy: Policy, name: str) -> dict[str, Any]:
    parameter, value, source = policy.parameters[name], policy.values[name], policy.sources[name]
    seconds = None
    if parameter.kind == "duration" and isinstance(value, int):
        seconds = in_seconds(value)
    return {
        "name": name,
        "value": policy.shown(name),
        "unit": unit_of(parameter) or None,
        "seconds": seconds,
        "grade": source.grade,
        "source": source.text,
        "what": parameter.what,
    }
