"""What this machine's kernel can do, by the names that scenarios need."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass

from emu.errors import InputError
from emu.kernel.live import namespaces, sockets
from emu.kernel.live.scenarios import Scenario
from emu.kernel.live.silence import Silence

#: CLOCK_MONOTONIC_COARSE, whose resolution is a tick of the kernel.
_COARSE = 6
_TICKS = (100, 250, 300, 1000)
#: Ways of vanishing, and doings, that need nf_tables.
_SILENT = {"drop_l3", "drop_all", "power_off", "restore"}


@dataclass(frozen=True, slots=True)
class Facilities:
    """``hz``: CONFIG_HZ; ``lacking``: by name, why."""

    hz: int
    lacking: dict[str, str]

    def why_not(self, scenario: Scenario) -> str | None:
        """What a scenario needs and is not there."""
        silent = {scenario.vanish, *(each[1] for each in scenario.timeline)} & _SILENT
        needed = ("congestion control", *scenario.needs, *(("nf_tables",) if silent else ()))
        return next((self.lacking[name] for name in needed if name in self.lacking), None)


def look() -> Facilities:
    """``InputError`` where nothing can be played at all."""
    if os.geteuid():
        raise InputError("--kernel", expected="root (network namespaces)", found="no root")
    if shutil.which("ip") is None:
        raise InputError("--kernel", expected="ip(8) of iproute2", found="no such program")
    try:
        trial = namespaces.make()
    except OSError as error:
        raise InputError("--kernel", expected="network namespaces", found=str(error)) from None
    try:
        return Facilities(_hz(), _lacking(trial))
    finally:
        trial.close()


def _hz() -> int:
    found = round(1 / time.clock_getres(_COARSE))
    if found not in _TICKS:
        raise InputError("--kernel", expected=f"CONFIG_HZ of {_TICKS}", found=str(found))
    return found


def _lacking(trial: namespaces.Namespace) -> dict[str, str]:
    lacking = {
        name: f"no net.ipv4.{name} in this kernel"
        for name in ("tcp_rto_max_ms", "tcp_rto_min_us")
        if not trial.has_sysctl(f"net.ipv4.{name}")
    }
    with trial.entered():
        if not sockets.congestion_allowed():
            lacking["congestion control"] = (
                f"congestion control {sockets.CONGESTION} is not to be had"
            )
    silence = Silence(trial)
    try:
        silence.drop_all()
        silence.end()
    except OSError as error:
        lacking["nf_tables"] = f"no nf_tables: {error.strerror}"
    return lacking
