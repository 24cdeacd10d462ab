"""All scenarios of a live run.

Short timers throughout: what is checked is the rules, not the patience of a default.
"""

from __future__ import annotations

from emu.kernel.live.catalogue.clients import CLIENT
from emu.kernel.live.catalogue.data import DATA
from emu.kernel.live.catalogue.idle import IDLE, USER_TIMEOUT
from emu.kernel.live.catalogue.ways import SLOW, WAY
from emu.kernel.live.scenario import Scenario

__all__ = ("BY_NAME", "SCENARIOS", "Scenario")

SCENARIOS = (*IDLE, *USER_TIMEOUT, *DATA, *CLIENT, *WAY, *SLOW)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
