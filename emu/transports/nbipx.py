"""NetBIOS over IPX: Microsoft's NWLink NB and Novell's NETBIOS.EXE (facts/ipx.md 1.9, 2.3, 3.3).

Both ends probe, each by its own clock, and a session that is given up is dropped without a word
on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.nbipx import NameParams, NbipxParams
from emu.stations.nbipx import NbipxClientStation, NbipxServerStation
from emu.transports import spx_formulas as formulas
from emu.transports.base import Fault, Parameter, Stack, Transport, Value
from emu.units import milliseconds, seconds

_COMMON = (
    *formulas.sliding_parameters("nbipx"),
    Parameter(
        name="nbipx.ack_delay",
        kind="duration",
        low=0,
        high=milliseconds(10_000),
        what="how long an acknowledgement waits for data to ride on; 0 sends it at once",
    ),
    Parameter(
        name="nbipx.ack_window",
        kind="count",
        low=1,
        high=255,
        what="so many packets make a waiting acknowledgement leave at once",
    ),
    Parameter(
        name="nbipx.window_edge",
        kind="flag",
        what="whether the last field of a session packet says how far the peer may send"
        " (Microsoft's extensions) or is 0",
    ),
    Parameter(
        name="nbipx.probe_type",
        kind="choice",
        choices=("session-data", "status-query"),
        what="the packet that asks an idle peer for an answer, control C0: session data (06) of no"
        " length, answered 06, or a status query (09), answered 0A; the answer's control is 80",
    ),
    Parameter(
        name="nbipx.name_broadcasts",
        kind="count",
        low=1,
        high=255,
        what="how often a name is checked before it is claimed, and looked for before the"
        " attempt fails",
    ),
    Parameter(
        name="nbipx.name_interval",
        kind="duration",
        low=milliseconds(10),
        high=seconds(60),
        what="what is waited behind each of these broadcasts",
    ),
    Parameter(
        name="nbipx.kind_twice",
        kind="flag",
        what="whether a name packet has its type in the list of networks passed as well",
    ),
)

_NWLINK = Stack(
    name="nwlink",
    title="Microsoft NWLink NB (Windows NT)",
    parameters=(*formulas.nwlink_parameters("nbipx"), *_COMMON),
)

_NOVELL = Stack(
    name="novell",
    title="Novell's NETBIOS.EXE (NET.CFG)",
    parameters=(*formulas.novell_parameters("nbipx", verify_low=4), *_COMMON),
)


def _make_params(stack: str, values: Mapping[str, Value]) -> NbipxParams:
    given = formulas.Given("nbipx", values)
    watchdog = given.nwlink() if stack == "nwlink" else given.novell()
    return NbipxParams(
        sliding=given.sliding(watchdog),
        names=NameParams(
            broadcasts=given.number("name_broadcasts"),
            interval_ns=given.number("name_interval"),
            kind_twice=given.flag("kind_twice"),
        ),
        ack_delay_ns=given.number("ack_delay"),
        ack_window=given.number("ack_window"),
        window_edge=given.flag("window_edge"),
        status_query=given.text("probe_type") == "status-query",
        framing=given.text("framing"),
    )


def _silence(params: NbipxParams, _last_octet_ns: int, /, idle_since_ns: int | None = None) -> int:
    """Every packet starts the clock anew."""
    del idle_since_ns
    return formulas.silence(params.sliding)


def _delay(params: NbipxParams, fault: Fault, last_octet_ns: int) -> int | None:
    # An 80 that expects what it expected before: "I am here" (capture 22, frame 16).
    return formulas.delay(params.sliding, fault, last_octet_ns, any_answer_will_do=True)


def _idle_probes(params: NbipxParams, last_octet_ns: int, until_ns: int) -> int:
    return formulas.idle_probes(params.sliding, last_octet_ns, until_ns)


def _formula(params: NbipxParams) -> str:
    return formulas.formula(params.sliding)


NBIPX = Transport(
    name="nbipx",
    title="NetBIOS over IPX, keep-alive at both ends",
    provides=frozenset({"nbipx", "server-push", "bytes", "smb", "terminal"}),
    stacks=(_NWLINK, _NOVELL),
    make_params=_make_params,
    server=NbipxServerStation,
    client=NbipxClientStation,
    silence=_silence,
    delay=_delay,
    idle_probes=_idle_probes,
    formula=_formula,
    same_address=True,
)
