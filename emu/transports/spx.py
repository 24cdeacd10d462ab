"""SPX: Novell's and Microsoft's (facts/ipx.md 1.3, 2.2, 3.2).

Both ends probe, each by its own clock, and a connection that is given up is dropped without a
word on the wire.  Left out: Linux's af_spx, whose poll looks like a connection request by a bug
and whose repeats follow a law of their own (facts/ipx.md 2.2), and SPX II.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.spx import SpxParams
from emu.stations.spx import SpxClientStation, SpxServerStation
from emu.transports import spx_formulas as formulas
from emu.transports.base import Fault, Parameter, Stack, Transport, Value
from emu.units import milliseconds, seconds

_COMMON = formulas.sliding_parameters("spx")

_NOVELL = Stack(
    name="novell",
    title="Novell's client stack for DOS and Windows (NET.CFG)",
    parameters=(*formulas.novell_parameters("spx"), *_COMMON),
)

_NWLINK = Stack(
    name="nwlink",
    title="Microsoft NWLink SPX (Windows NT)",
    parameters=(*formulas.nwlink_parameters("spx"), *_COMMON),
)

_SPXS_NLM = Stack(
    name="spxs-nlm",
    title="Novell NetWare server, SPXS.NLM",
    parameters=(
        Parameter(
            name="spx.watchdog_start",
            kind="duration",
            low=seconds(1),
            high=seconds(3_600),
            what="silence before the first watchdog request",
        ),
        Parameter(
            name="spx.watchdog_interval",
            kind="duration",
            low=milliseconds(10),
            high=seconds(600),
            what="spacing of unanswered watchdog requests",
        ),
        Parameter(
            name="spx.watchdog_requests",
            kind="count",
            low=1,
            high=255,
            what="unanswered watchdog requests before the connection is aborted",
        ),
        formulas.wait_after_last_probe("spx"),
        *_COMMON,
    ),
)


def _make_params(stack: str, values: Mapping[str, Value]) -> SpxParams:
    given = formulas.Given("spx", values)
    if stack == "novell":
        watchdog = given.novell()
    elif stack == "nwlink":
        watchdog = given.nwlink()
    else:
        watchdog = given.counting(
            idle="watchdog_start", interval="watchdog_interval", probes="watchdog_requests"
        )
    return SpxParams(sliding=given.sliding(watchdog), framing=given.text("framing"))


def _silence(params: SpxParams, _last_octet_ns: int, /, idle_since_ns: int | None = None) -> int:
    """Every packet starts the clock anew."""
    del idle_since_ns
    return formulas.silence(params.sliding)


def _delay(params: SpxParams, fault: Fault, last_octet_ns: int) -> int | None:
    return formulas.delay(params.sliding, fault, last_octet_ns, any_answer_will_do=False)


def _idle_probes(params: SpxParams, last_octet_ns: int, until_ns: int) -> int:
    return formulas.idle_probes(params.sliding, last_octet_ns, until_ns)


def _formula(params: SpxParams) -> str:
    return formulas.formula(params.sliding)


SPX = Transport(
    name="spx",
    title="SPX over IPX, watchdog at both ends",
    provides=frozenset({"spx", "server-push", "bytes", "terminal"}),
    stacks=(_NOVELL, _NWLINK, _SPXS_NLM),
    make_params=_make_params,
    server=SpxServerStation,
    client=SpxClientStation,
    silence=_silence,
    delay=_delay,
    idle_probes=_idle_probes,
    formula=_formula,
    same_address=True,
)
