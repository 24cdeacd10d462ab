"""A dialled line of a scenario: from its table to the numbers that machines take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from emu.line import Line, load_line
from emu.machines.dial import CISCO, DIALD, ISDN4LINUX, PPPD, DialParams
from emu.machines.interesting import (
    EVERYTHING,
    NO_KEEPALIVES,
    NO_WATCHDOGS,
    USUAL,
    DialerList,
    Rule,
)
from emu.pdu.traffic import Kind
from emu.tariff import Tariff, load_tariff

if TYPE_CHECKING:
    from emu.scenario.link_schema import LinkTable, RuleTable

PRESETS: Mapping[str, DialParams] = {
    "cisco": CISCO,
    "isdn4linux": ISDN4LINUX,
    "pppd": PPPD,
    "diald": DIALD,
}
NAMED_LISTS: Mapping[str, DialerList] = {
    "usual": USUAL,
    "everything": EVERYTHING,
    "no-watchdogs": NO_WATCHDOGS,
    "no-keepalives": NO_KEEPALIVES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DialSpec:
    """``between``: the server's side first, then one LAN or more.

    ``busy``: probability that a call finds the other side busy, drawn from the seed.
    ``updates``: how RIP and SAP cross, see ``vocabulary.UPDATES``; ``active_ns`` and
    ``quiet_ns`` are those of a snapshot.  ``raised_at_ns``: the operator raises the line by hand
    then, None for never.
    """

    between: tuple[str, ...]
    line: Line
    tariff: Tariff | None
    set_up_ns: int
    opening_ns: int
    params: DialParams
    dialer_list: DialerList
    busy: float
    updates: str
    active_ns: int | None
    quiet_ns: int | None
    raised_at_ns: int | None

    def assumptions(self) -> list[dict[str, str]]:
        """What no source decides of its line, its tariff and its routers."""
        tariff = [] if self.tariff is None else self.tariff.assumptions()
        routers = [
            {"what": f"router.{what}", "value": value, "why": why}
            for what, value, why in self._habits()
        ]
        return [*self.line.assumptions(), *tariff, *routers]

    def _habits(self) -> Iterator[tuple[str, str, str]]:
        """facts/ipx.md 4.2 has the timers of the products, not these."""
        either = self.params.inbound_counts
        queue = self.params.queue_frames
        why = "no source says whether packets that arrive keep the line up, too"
        yield "counts", "either" if either else "outbound", why
        why = "no source says how many packets a router keeps while it dials"
        yield "queue", f"{queue} packets" if queue else "none", why


def dial_spec(table: LinkTable, where: str) -> DialSpec:
    """``InputError`` for a line or tariff that is not there or not right."""
    assert table.between is not None and table.line is not None, "the schema asks for them"
    line = load_line(table.line, where=f"{where}.line")
    tariff = None if table.tariff is None else load_tariff(table.tariff, where=f"{where}.tariff")
    return DialSpec(
        between=tuple(table.between),
        line=line,
        tariff=tariff,
        set_up_ns=line.set_up_ns if table.set_up is None else table.set_up,
        opening_ns=line.opening_ns if table.opening is None else table.opening,
        params=_params(table),
        dialer_list=_dialer_list(table.interesting),
        busy=table.busy,
        updates=table.updates,
        active_ns=table.active,
        quiet_ns=table.quiet,
        raised_at_ns=table.raised_at,
    )


def _params(table: LinkTable) -> DialParams:
    """The router's numbers, with those that the table gives in their place."""
    given: dict[str, int | None] = {
        "fast_idle_ns": table.fast_idle,
        "carrier_wait_ns": table.carrier_wait,
        "pause_after_failure_ns": table.pause_after_failure,
        "pause_after_hang_up_ns": table.pause_after_hang_up,
        "redials": table.redials,
        "redial_ns": table.redial,
        "before_unit_ns": table.before_unit,
    }
    changes: dict[str, int | bool | None] = {
        name: value for name, value in given.items() if value is not None
    }
    if table.redial is not None:
        changes["redial_max_ns"] = max(table.redial, PRESETS[table.router].redial_max_ns)
    if table.idle_timeout != -1:
        changes["idle_ns"] = table.idle_timeout
    if table.counts is not None:
        changes["inbound_counts"] = table.counts == "either"
    if table.while_dialling == "drop":
        changes["queue_frames"] = 0
    return replace(PRESETS[table.router], **changes)


def _dialer_list(rules: str | list[RuleTable]) -> DialerList:
    if isinstance(rules, str):
        return NAMED_LISTS[rules]
    return DialerList([_rule(rule) for rule in rules], otherwise=False)


def _rule(table: RuleTable) -> Rule:
    return Rule(
        interesting=table.action == "permit",
        protocol=table.protocol,
        kinds=frozenset(map(Kind, table.kinds)),
        sockets=frozenset(table.sockets),
        ports=frozenset(table.ports),
        tcp_flags=table.flag_bits,
        broadcast=table.broadcast,
    )
