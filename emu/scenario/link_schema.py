"""``[links.NAME]``: a LAN, a dialled line between LANs, or a box between two.  For pydantic."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import Field
from pydantic import model_validator as validates

from emu.box.schema import Afterwards, Idle, Keepalives
from emu.pdu.traffic import ARP, IP, IPX, NBF, Kind
from emu.policy.judged import Judged, judged
from emu.policy.problems import FileModel
from emu.policy.schema import Line
from emu.policy.values import Unfit, describe, one_of, quoted
from emu.scenario.scalars import (
    Bandwidth,
    Instant,
    Name,
    Port,
    Probability,
    Span,
    choice,
    count,
)
from emu.scenario.vocabulary import DIALER_LISTS, LINK_KINDS, ROUTERS, UPDATES
from emu.transports.base import Parameter
from emu.units import NS_PER_MS, NS_PER_S

_FOR_EVER = Parameter(
    name="", kind="duration", what="", low=NS_PER_MS, high=30 * 86_400 * NS_PER_S, never=True
)
_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg")


def _socket(raw: Any) -> int:
    """An IPX socket as people write it: four hexadecimal digits."""
    # int() alone would take a sign, an underscore and 0x, too.
    if not isinstance(raw, str) or re.fullmatch("[0-9A-Fa-f]{4}", raw) is None:
        raise Unfit(expected='four hexadecimal digits, such as "0453"', found=describe(raw))
    return int(raw, 16)


Socket = Annotated[int, Judged(_socket, {"type": "string", "pattern": "^[0-9A-Fa-f]{4}$"})]


class RuleTable(FileModel):
    """One rule of a dialer list of one's own.  Behind the last one everything is denied."""

    action: Annotated[str, choice(("permit", "deny"))]
    protocol: Annotated[str, choice((IPX, IP, NBF, ARP))] | None = None
    kinds: list[Annotated[str, choice(tuple(kind.value for kind in Kind))]] = Field(
        default_factory=list[str]
    )
    sockets: list[Socket] = Field(default_factory=list[int])
    ports: list[Port] = Field(default_factory=list[int])
    tcp_flags: list[Annotated[str, choice(_FLAGS)]] = Field(default_factory=list[str])
    broadcast: bool | None = None

    @property
    def flag_bits(self) -> int:
        """The flags as bits of the TCP header (RFC 9293 3.1)."""
        return sum(1 << _FLAGS.index(flag) for flag in self.tcp_flags)


def _dialer_list(raw: Any) -> str | list[RuleTable]:
    if isinstance(raw, list):
        return [_rule(table, number) for number, table in enumerate(raw, 1)]  # pyright: ignore
    if raw not in DIALER_LISTS:
        expected = f"{one_of(DIALER_LISTS)}, or a list of rules"
        raise Unfit(expected=expected, found=describe(raw))
    return raw


def _rule(table: Any, number: int) -> RuleTable:
    from pydantic import ValidationError

    from emu.policy.problems import input_error

    try:
        return RuleTable.model_validate(table)
    except ValidationError as error:
        said = input_error("", error)
        key = ".".join(filter(None, (str(number), said.where.removeprefix(": "))))
        raise Unfit(expected=said.expected, found=said.found, hint=said.hint, key=key) from None


_LIST_SCHEMA = {"anyOf": [{"enum": [*DIALER_LISTS]}, {"type": "array"}]}
DialerRules = Annotated[str | list[RuleTable], Judged(_dialer_list, _LIST_SCHEMA)]

#: Which keys a kind of link has besides ``kind`` and ``propagation``, the needed ones first.
_KEYS = {
    "lan": (("bandwidth",), ("jitter", "loss")),
    "dial": (
        ("between", "line"),
        (
            "tariff", "router", "set_up", "opening", "idle_timeout", "fast_idle", "carrier_wait",
            "pause_after_failure", "pause_after_hang_up", "redials", "redial", "while_dialling",
            "counts", "before_unit", "busy", "interesting", "updates", "active", "quiet",
            "raised_at",
        ),
    ),
    "box": (("between", "profile"), ("idle", "afterwards", "keepalives")),
}  # fmt: skip


class LinkTable(FileModel):
    """``[links.NAME]``.  What a dialled line does not say, its ``router`` and ``line`` have; what
    a box does not say, its ``profile`` has."""

    kind: Annotated[str, choice(LINK_KINDS)]
    propagation: Instant = 0
    # A LAN.
    bandwidth: Bandwidth | None = None
    jitter: Instant = 0
    loss: Probability = 0.0
    # A dialled line or a box.
    between: list[Name] | None = None
    line: Line | None = None
    tariff: Line | None = None
    router: Annotated[str, choice(ROUTERS)] = ROUTERS[0]
    set_up: Span | None = None
    opening: Instant | None = None
    idle_timeout: Annotated[int | None, judged(_FOR_EVER)] = -1
    fast_idle: Span | None = None
    carrier_wait: Span | None = None
    pause_after_failure: Instant | None = None
    pause_after_hang_up: Instant | None = None
    redials: Annotated[int, count(0, 1_000)] | None = None
    redial: Span | None = None
    while_dialling: Annotated[str, choice(("queue", "drop"))] = "queue"
    counts: Annotated[str, choice(("either", "outbound"))] | None = None
    before_unit: Span | None = None
    busy: Probability = 0.0
    interesting: DialerRules = DIALER_LISTS[0]
    updates: Annotated[str, choice(UPDATES)] = UPDATES[0]
    active: Span | None = None
    quiet: Span | None = None
    raised_at: Instant | None = None

    # A box.
    profile: Line | None = None
    idle: Idle = None
    afterwards: Afterwards | None = None
    keepalives: Keepalives | None = None

    @validates(mode="after")
    def _keys_of_its_kind(self) -> Self:
        needed, more = _KEYS[self.kind]
        for key in needed:
            if getattr(self, key) is None:
                raise Unfit(expected=f"a value: a {self.kind} link needs it", found="none", key=key)
        for key in self.model_fields_set - {"kind", "propagation", *needed, *more}:
            expected = f"a key of a {self.kind} link"
            raise Unfit(expected=expected, found=quoted(key), hint="leave it out", key=key)
        return self

    @validates(mode="after")
    def _periods_of_a_snapshot(self) -> Self:
        for key in ("active", "quiet"):
            given = getattr(self, key) is not None
            if given is not (self.updates == "snapshot"):
                expected = f'{key} with updates = "snapshot", and with nothing else'
                found = "it" if given else "none"
                raise Unfit(expected=expected, found=found, key=key)
        return self
