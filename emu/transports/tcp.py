"""TCP with and without KeepAlive (facts/tcp.md 2, 3, 5, 7): the stacks, and who knows of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emu.errors import InputError
from emu.machines.tcp.linux.params import LinuxParams
from emu.machines.tcp.params import TcpParams
from emu.stations.base import ClientStation, Station, StationSpec
from emu.stations.nbss import NbssClientStation, NbssServerStation
from emu.stations.service import MESSAGES
from emu.stations.tcp import TcpClientStation, TcpServerStation
from emu.transports import (
    tcp_bsd,
    tcp_formulas,
    tcp_linux,
    tcp_linux_formulas,
    tcp_lwip,
    tcp_solaris,
    tcp_windows,
)
from emu.transports.base import Fault, Transport, Value
from emu.transports.tcp_linux import LINUX
from emu.transports.tcp_lwip import LWIP, SMOLTCP

Params = TcpParams | LinuxParams

_READERS: Mapping[str, Callable[[Mapping[str, Value]], Params]] = {
    "windows-nt4": tcp_windows.nt4_params,
    "windows-modern": tcp_windows.modern_params,
    "linux": tcp_linux.params,
    "freebsd": tcp_bsd.params,
    "macos": tcp_bsd.params,
    "solaris": tcp_solaris.params,
    "lwip": tcp_lwip.params,
}


def _make_params(stack: str, values: Mapping[str, Value]) -> Params:
    """``InputError`` for a stack that is described only."""
    reader = _READERS.get(stack)
    if reader is None:
        played = ", ".join(_READERS)
        raise InputError(
            f"stack {stack}",
            expected=f"a stack that is played ({played})",
            found="one that is only described",
            hint='see "emu explain --stacks"',
        )
    return reader(values)


def _formulas(params: Params) -> Any:
    """The module that has the closed formulas of these parameters."""
    return tcp_linux_formulas if isinstance(params, LinuxParams) else tcp_formulas


def _silence(params: Params, last_octet_ns: int, /, idle_since_ns: int | None = None) -> int | None:
    return _formulas(params).silence(params, last_octet_ns, idle_since_ns)


def _delay(params: Params, fault: Fault, last_octet_ns: int) -> int | None:
    return _formulas(params).delay(params, fault, last_octet_ns)


def _lateness(params: Params, fault: Fault, last_octet_ns: int) -> int:
    if isinstance(params, LinuxParams):
        return tcp_linux_formulas.lateness(params, fault, last_octet_ns)
    return 0


def _doubtful(params: Params, fault: Fault, last_octet_ns: int) -> bool:
    return isinstance(params, LinuxParams) and tcp_linux_formulas.doubtful(
        params, fault, last_octet_ns
    )


def _idle_probes(params: Params, last_octet_ns: int, until_ns: int) -> int:
    return _formulas(params).idle_probes(params, last_octet_ns, until_ns)


def _formula(params: Params) -> str:
    return _formulas(params).formula(params)


def _server(spec: StationSpec) -> Station:
    """Messages need somebody who bounds them: the NetBIOS session service."""
    return NbssServerStation(spec) if spec.service is MESSAGES else TcpServerStation(spec)


def _client(spec: StationSpec) -> ClientStation:
    return NbssClientStation(spec) if spec.service is MESSAGES else TcpClientStation(spec)


TCP = Transport(
    name="tcp",
    title="TCP, with and without KeepAlive",
    provides=frozenset({"tcp", "server-push", "bytes", "smb", "terminal"}),
    stacks=(
        tcp_windows.NT4,
        tcp_windows.MODERN,
        LINUX,
        tcp_bsd.FREEBSD,
        tcp_bsd.MACOS,
        tcp_solaris.SOLARIS,
        LWIP,
        SMOLTCP,
    ),
    make_params=_make_params,
    server=_server,
    client=_client,
    silence=_silence,
    delay=_delay,
    idle_probes=_idle_probes,
    formula=_formula,
    lateness=_lateness,
    doubtful=_doubtful,
)
