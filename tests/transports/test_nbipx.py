"""NBIPX's closed formulas: against the documents, and against the machine."""

from __future__ import annotations

import pytest
from hypothesis import given

from emu.machines.base import EXPIRED, Asked, Deliver, Lost
from emu.machines.nbipx import NbipxParams
from emu.machines.spx import Send
from emu.transports.nbipx import NBIPX
from emu.units import seconds as s
from emu.units import ticks
from tests.machines import nbipx_parts

from .spx_parts import LAST, LOST, SLIDINGS, fault, shipped

NWLINK = nbipx_parts.NWLINK


def test_the_policies_are_what_the_machines_were_tested_with() -> None:
    assert shipped("nbipx-nwlink") == NWLINK
    novell = shipped("nbipx-novell", "policy.nbipx.framing=ethernet-ii")
    assert novell == nbipx_parts.NOVELL_NB


@pytest.mark.parametrize(
    ("policy", "settings", "expected_s"),
    [
        ("nbipx-nwlink", [], 270),
        ("nbipx-nwlink", ["policy.nbipx.wait_after_last_probe=false"], 240),
        ("nbipx-nwlink-15s", [], 135),
        ("nbipx-nwlink-15s", ["policy.nbipx.wait_after_last_probe=false"], 120),
        ("nbipx-novell", [], 29.66),
    ],
)
def test_silence_is_the_documents(policy: str, settings: list[str], expected_s: float) -> None:
    silence = NBIPX.silence(shipped(policy, *settings), LAST)
    assert silence is not None
    assert abs(silence - s(expected_s)) <= s(0.6)


def test_delays_by_hand() -> None:
    """597 + 270 - 600 = 267 s; the end of a killed program's session is told at once."""
    assert NBIPX.delay(NWLINK, fault(), LAST) == s(267)
    assert NBIPX.delay(NWLINK, fault("reboot", back_at_ns=s(615)), LAST) == s(267)
    assert NBIPX.delay(NWLINK, fault("app-hang"), LAST) is None
    assert NBIPX.delay(NWLINK, fault("kill"), LAST) == 0
    for kind in ("os-hang", "suspend", "cable"):
        assert NBIPX.delay(NWLINK, fault(kind, until_ns=LOST + s(4)), LAST) is None
        assert NBIPX.delay(NWLINK, fault(kind, until_ns=s(867)), LAST) == s(267)


def test_with_data_on_its_way_whoever_is_first() -> None:
    """Pushed at 601 s: 255.5 s of retransmissions end at 856.5 s, before the 867 s."""
    told = fault(unacknowledged_since_ns=s(601))
    assert NBIPX.delay(NWLINK, told, LAST) == s(256.5)
    faster = shipped("nbipx-nwlink-15s")
    assert NBIPX.delay(faster, told, LAST) == s(597 + 135 - 600)
    alone = shipped("nbipx-nwlink-15s", "policy.nbipx.watchdog_with_data=false")
    assert NBIPX.delay(alone, told, LAST) == s(256.5)


def test_idle_probes_and_words() -> None:
    assert NBIPX.idle_probes(NWLINK, 0, s(86_400)) == 1440
    assert NBIPX.idle_probes(shipped("nbipx-novell"), 0, s(86_400)) == 0
    assert NBIPX.formula(NWLINK).startswith(
        "30 s + 8 x 30 s = 270 s of silence: 8 probes, the last one waited out too;"
    )
    assert ticks(540) == NBIPX.silence(shipped("nbipx-novell"), 0)


@given(SLIDINGS)
def test_the_machine_gives_up_exactly_when_the_formula_says(sliding) -> None:
    made = NbipxParams(
        sliding=sliding, names=NWLINK.names, ack_delay_ns=s(0.25), ack_window=2, window_edge=True,
        status_query=False,
        framing="802.2",
    )  # fmt: skip
    for push in (False, True):
        machine = nbipx_parts.opened(made)
        if push:
            machine.step(Asked(Send(b"x")), 0)
        lost = 0
        while (due := machine.due()) is not None:
            for effect in machine.step(EXPIRED, due):
                if isinstance(effect, Deliver) and isinstance(effect.value, Lost):
                    lost = due
        since = 0 if push else None
        struck = fault(unacknowledged_since_ns=since)
        assert lost - LOST == NBIPX.delay(made, struck, 0)
