"""What carries SMB: which transports do, and NetBT's keepalive over every stack of TCP."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.errors import InputError
from emu.policy.carrying import carrier_transport, has_formula, provided_by
from emu.policy.explain import explained
from emu.policy.loader import load_policy
from emu.policy.model import Policy
from emu.run import play
from emu.scenario.loader import load_scenario
from tests.policy.files_smb import over, policy_over

#: NetBT's keepalive of an hour, and what the stack's table of facts/tcp.md gives to data in flight.
AN_HOUR = 3600
GIVES_UP_AFTER = [
    # facts/redirector.md 3.7: 0.5 * (1 + 2 + 4 + 8 + 16 + 32)
    ("tcp-no-keepalive", 31.5, 0.0),
    # 1 + 2 + 4 + 8 + 16 + 32, then 64 s seven times: twelve repeats, the last one waited out
    ("tcp-keepalive-freebsd", 511.0, 0.0),
    # tcp_ip_abort_interval 8 min
    ("tcp-keepalive-solaris", 480.0, 0.0),
    # facts/tcp.md 3.2: 924.6 s from a time-out of 0.2 s; on a LAN up to three times that
    ("tcp-no-keepalive-linux", 924.6, 5.0),
]
TCP_IS_SILENT = '[tcp]\nkeepalive = false\n[sources.tcp]\nkeepalive = { grade = "C", source = "x" }'


def _quiet(folder: Path, base: str) -> Policy:
    """SMB on a stack whose TCP asks nobody by itself."""
    silent = "" if "no-keepalive" in base else TCP_IS_SILENT
    return policy_over(folder, base, "smb-nt4-autodisconnect-off", more=silent)


@pytest.mark.parametrize(("base", "more_s", "spread_s"), GIVES_UP_AFTER)
def test_netbt_asks_and_tcp_gives_it_up(
    base: str, more_s: float, spread_s: float, tmp_path: Path
) -> None:
    found = explained(_quiet(tmp_path, base)).silence_ns
    assert found is not None
    assert AN_HOUR + more_s <= found / 1e9 <= AN_HOUR + more_s + spread_s


@pytest.mark.parametrize(("base", "more_s", "spread_s"), GIVES_UP_AFTER)
def test_what_is_foretold_is_what_happens(
    base: str, more_s: float, spread_s: float, tmp_path: Path
) -> None:
    policy = _quiet(tmp_path, base)
    scenario = load_scenario("file-server-power-loss").with_setting("faults.1.at", "62s")
    result = play(scenario, scenario.applied_to(policy))
    assert result.untold == ()
    for number, record in result.records.sessions.items():
        loss = record.losses[0]
        assert loss.noticed_at_ns is not None and loss.last_octet_ns is not None
        silent_s = (loss.noticed_at_ns - loss.last_octet_ns) / 1e9
        assert AN_HOUR + more_s - 0.001 <= silent_s
        assert spread_s or silent_s <= AN_HOUR + more_s + 0.3
        foretold = result.predicted_ns[number]
        assert foretold is not None
        late_ns = loss.noticed_at_ns - loss.at_ns - foretold
        assert -1_000_000 <= late_ns <= result.lateness_ns[number] + 1_000_000


def test_where_tcp_asks_sooner_netbt_has_nothing_to_ask(tmp_path: Path) -> None:
    """305 s of tcp-keepalive-nt4-5min; the two clocks together are told by no formula."""
    policy = policy_over(tmp_path, "tcp-keepalive-nt4-5min", "smb-nt4-autodisconnect-off")
    told = explained(policy)
    assert told.silence_ns == 305 * 10**9
    assert "before NetBT asks" in told.formula
    scenario = load_scenario("file-server-power-loss")
    result = play(scenario, scenario.applied_to(policy))
    noticed = [record.losses[0].noticed_at_ns for record in result.records.sessions.values()]
    assert all(at is not None and 300e9 < at < 370e9 for at in noticed)
    assert result.untold == (1, 2)


def test_without_either_nobody_asks(tmp_path: Path) -> None:
    policy = policy_over(tmp_path, "tcp-no-keepalive", "smb-nt4-autodisconnect-off").with_setting(
        "policy.smb.session_keepalive", "never"
    )
    told = explained(policy)
    assert told.silence_ns is None
    assert told.formula.startswith("NetBT asks nobody; autodisconnect never; ")


@pytest.mark.parametrize("base", ["nbf-nt4", "nbipx-nwlink", "ipx-direct-nt4"])
def test_other_carriers_keep_their_formula(base: str, tmp_path: Path) -> None:
    below, above = load_policy(base), policy_over(tmp_path, base, "smb-nt4-sp3")
    assert explained(above).silence_ns == explained(below).silence_ns
    assert explained(above).formula.startswith(explained(below).formula + "; ")
    assert has_formula(carrier_transport(above).make_params(above.stack, above.values))


def test_a_policy_of_terminals_is_its_transports_alone() -> None:
    policy = load_policy("tcp-keepalive-nt4-5min")
    assert carrier_transport(policy).name == "tcp"
    assert "smb" not in provided_by(policy)
    assert "terminal" in provided_by(policy)


def test_smb_is_all_that_its_sessions_carry() -> None:
    provided = provided_by(load_policy("smb-nt4-sp3"))
    assert "smb" in provided
    assert provided.isdisjoint({"terminal", "server-push"})


@pytest.mark.parametrize("base", ["spx-nwlink", "ncp-netware"])
@pytest.mark.parametrize("last", [True, False])
def test_what_never_carried_smb_is_refused_when_read(base: str, last: bool, tmp_path: Path) -> None:
    bases = (base, "smb-nt4-sp3") if last else ("smb-nt4-sp3", base)
    path = over(tmp_path, *bases)
    with pytest.raises(InputError) as caught:
        load_policy(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: transport: expected one that carries SMB: ")
    assert '"ipx-direct"' in said and f'found "{base[:3]}"' in said
    assert "\n" not in said


@pytest.mark.parametrize("turned", [True, False])
def test_the_order_of_rules_and_carrier_does_not_matter(turned: bool, tmp_path: Path) -> None:
    bases = ("smb-nt4-sp3", "nbf-nt4") if turned else ("nbf-nt4", "smb-nt4-sp3")
    policy, shipped = policy_over(tmp_path, *bases), load_policy("smb-nt4-sp3-nbf")
    assert (policy.transport, policy.stack) == (shipped.transport, shipped.stack)
    assert policy.values == shipped.values
