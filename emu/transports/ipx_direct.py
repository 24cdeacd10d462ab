"""SMB directly on IPX: the carrier never notices a dead client (facts/ipx.md 1.11, 2.4, 3.4).

The server never probes and never repeats, so nothing it sends can go unanswered.  Only the
Server service's own idle rule ends such a client (ConnectionlessAutoDisc), which is no parameter
of the carrier's; and the client's echoes, which keep it from doing so, are the redirector's.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.ipx_direct import IpxDirectParams
from emu.stations.ipx_direct import IpxDirectClientStation, IpxDirectServerStation
from emu.transports.base import Fault, Parameter, Stack, Transport, Value
from emu.transports.spx_formulas import Given
from emu.units import format_seconds, milliseconds, seconds

_NAME = "ipx-direct"

_NT4 = Stack(
    name="nt4",
    title="Microsoft's redirector and Server service on IPX (Windows NT 4)",
    parameters=(
        Parameter(
            name=f"{_NAME}.retry_step",
            kind="duration",
            low=milliseconds(10),
            high=seconds(60),
            what="an unanswered request is repeated after 1 of these, then 1, then 2, 3, 4 ...",
        ),
        Parameter(
            name=f"{_NAME}.retries",
            kind="count",
            low=0,
            high=255,
            what="repetitions before the client gives the server up",
        ),
        Parameter(
            name=f"{_NAME}.wait_after_last",
            kind="flag",
            what="whether one more gap is waited behind the last repetition",
        ),
        Parameter(
            name=f"{_NAME}.name_queries",
            kind="count",
            low=1,
            high=255,
            what="how often the server's name is asked for before the attempt fails",
        ),
        Parameter(
            name=f"{_NAME}.name_interval",
            kind="duration",
            low=milliseconds(10),
            high=seconds(60),
            what="what is waited behind each of these queries",
        ),
        Parameter(
            name=f"{_NAME}.framing",
            kind="choice",
            choices=("ethernet-ii", "raw-802.3", "802.2", "snap"),
            what="how IPX is framed on Ethernet",
        ),
    ),
)


def _make_params(_stack: str, values: Mapping[str, Value]) -> IpxDirectParams:
    given = Given(_NAME, values)
    return IpxDirectParams(
        retry_step_ns=given.number("retry_step"),
        retries=given.number("retries"),
        wait_after_last=given.flag("wait_after_last"),
        name_queries=given.number("name_queries"),
        name_interval_ns=given.number("name_interval"),
        framing=given.text("framing"),
    )


def _silence(
    _params: IpxDirectParams, _last_octet_ns: int, /, idle_since_ns: int | None = None
) -> None:
    """Nobody asks whether the client is there."""
    del idle_since_ns


def _delay(_params: IpxDirectParams, _fault: Fault, _last_octet_ns: int) -> None:
    """No fault of a client is noticed."""


def _idle_probes(_params: IpxDirectParams, _last_octet_ns: int, _until_ns: int) -> int:
    """There is no probe."""
    return 0


def _formula(params: IpxDirectParams) -> str:
    """The server's side, and then when the client gives the server up."""
    gaps = [1, *range(1, params.retries + 1)][: params.retries + params.wait_after_last]
    patience = format_seconds(sum(gaps) * params.retry_step_ns)
    return (
        "never: the carrier does not ask whether a client is there, only the server's own idle"
        f" rule ends it; the client gives a silent server up after {patience}"
    )


IPX_DIRECT = Transport(
    name=_NAME,
    title="SMB directly on IPX, no keep-alive and no session below SMB",
    provides=frozenset({"smb"}),
    stacks=(_NT4,),
    make_params=_make_params,
    server=IpxDirectServerStation,
    client=IpxDirectClientStation,
    silence=_silence,
    delay=_delay,
    idle_probes=_idle_probes,
    formula=_formula,
    same_address=True,
)
