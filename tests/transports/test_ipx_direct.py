"""Direct IPX's formulas: nobody is ever noticed, and when the client gives the server up."""

from __future__ import annotations

import pytest

from emu.machines.base import Asked, Deliver, Lost
from emu.machines.ipx_direct import Send
from emu.transports.ipx_direct import IPX_DIRECT
from emu.transports.table import TABLE
from emu.units import seconds as s
from tests.machines import ipx_direct_parts as parts

from .spx_parts import LAST, LOST, fault, shipped


def test_the_policy_is_what_the_machines_were_tested_with() -> None:
    assert shipped("ipx-direct-nt4") == parts.T3


def test_no_fault_is_noticed() -> None:
    params = parts.T3
    assert IPX_DIRECT.silence(params, LAST) is None
    for kind in ("power-loss", "reboot", "os-hang", "app-hang", "kill", "cable", "suspend"):
        assert IPX_DIRECT.delay(params, fault(kind), LAST) is None
        assert IPX_DIRECT.delay(params, fault(kind, until_ns=LOST + s(4)), LAST) is None
    assert IPX_DIRECT.idle_probes(params, LAST, s(86_400)) == 0
    assert "only the server's own idle rule" in IPX_DIRECT.formula(params)


@pytest.mark.parametrize(
    ("settings", "patience"),
    [
        ([], "30.374 s"),  # 25.8 s of capture T3 and 84 ticks
        (["policy.ipx-direct.wait_after_last=false"], "25.76 s"),
        (["policy.ipx-direct.retries=0"], "0.384 s"),
        (["policy.ipx-direct.retries=0", "policy.ipx-direct.wait_after_last=false"], "0 s"),
        (["policy.ipx-direct.retries=3", "policy.ipx-direct.retry_step=1s"], "7 s"),
    ],
)
def test_how_long_the_client_repeats(settings: list[str], patience: str) -> None:
    """The formula, and a machine whose server is silent."""
    params = shipped("ipx-direct-nt4", *settings)
    assert IPX_DIRECT.formula(params).endswith(f"gives a silent server up after {patience}")
    machine = parts.client_up(params)
    machine.step(Asked(Send(parts.request(2))), 0)
    given_up = lost_at(machine)
    assert abs(given_up - s(float(patience.removesuffix(" s")))) <= s(0.0006)


def lost_at(machine: parts.DirectClient) -> int:
    from emu.machines.base import EXPIRED

    while (due := machine.due()) is not None:
        for effect in machine.step(EXPIRED, due):
            if isinstance(effect, Deliver) and isinstance(effect.value, Lost):
                return due
    raise AssertionError("never given up")


def test_it_carries_smb_alone_and_all_others_a_terminal() -> None:
    assert IPX_DIRECT.provides == {"smb"}
    assert [each.name for each in TABLE if "terminal" not in each.provides] == ["ipx-direct"]
