"""A link that loses frames by seed: nobody crashes, nothing is said that is not so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.worlds import ENOUGH, POLICIES, Played, made, ns, played

BUSY = """{ at = "0s", do = "log-on" },
    { from = "0s", until = "600s", every = "11s", do = "work" }, { at = "700s", do = "log-off" },
    { at = "800s", do = "log-on" }"""


def lossy(folder: Path, policy: str, loss: str, seed: int) -> Played:
    scenario = made(
        folder,
        'kind = "power-loss"\nat = "2000s"\noff_for = "60s"',
        program=BUSY,
        after_restart='{ after = "5s", do = "log-on" }, { after = "50s", do = "work" }',
        client='log_on_again_every = "30s"\nlog_on_tries = 4',
        link=f"loss = {loss}",
        horizon="3h",
    )
    return played(scenario, policy, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["0.01", "0.2", "0.5", "0.9", "1.0"])
@pytest.mark.parametrize("policy", ENOUGH)
def test_any_loss_can_be_played_and_told(policy: str, loss: str, tmp_path: Path) -> None:
    """What the JSON says is still what the file's rows say."""
    for seed in range(4):
        run = lossy(tmp_path, policy, loss, seed)
        assert not [j for j in run.json["expectations"] if "closed formula" in j["that"]]
        assert run.failures() == []
        for session in run.json["sessions"]:
            moves = run.trace.moves(session["id"])
            assert [(m.at_ns, m.after.lower()) for m in moves] == [
                (ns(state["at_s"]), state["state"]) for state in session["states"]
            ]
        if loss == "1.0":
            assert run.json["sessions"] == []
            said = [f for f in run.trace.frames if f.link_type == 1 and f.octets[11] == 1]
            # NBIPX's server checks its own name as it starts (facts/ipx.md 1.9): that is all.
            names = [f for f in said if run.transport.name == "nbipx" and f.octets[0] == 0xFF]
            assert said == names
            assert all(f.octets[80] == 3 for f in names)


@pytest.mark.parametrize("policy", POLICIES)
def test_same_seed_same_bytes_other_seed_other_losses(policy: str, tmp_path: Path) -> None:
    first, again, other = (lossy(tmp_path, policy, "0.2", seed) for seed in (3, 3, 4))
    assert first.file == again.file
    assert first.json == again.json
    lost = [[frame.octets[:60] for frame in run.trace.frames] for run in (first, other)]
    assert lost[0] != lost[1]


def test_a_live_client_may_be_dropped_and_that_is_a_false_disconnect(tmp_path: Path) -> None:
    """RFC 9293 MUST-29 in numbers: with half of the frames lost, five probes are not enough.

    An answered probe needs two frames, so each fails with 3/4; five in a row with 0.237.
    A day of 5-minute probes has 288 rounds: some of twenty seeds must meet it.
    """
    idle = '{ at = "0s", do = "log-on" }'
    dropped = 0
    for seed in range(6):
        scenario = made(tmp_path, program=idle, link="loss = 0.5", horizon="24h")
        run = played(scenario, "tcp-keepalive-nt4-5min", seed=seed)
        for session in run.json["sessions"]:
            left = any(state["state"] == "disconnected" for state in session["states"])
            assert session["false_disconnect"] is left
            assert session["noticed_at_s"] is None and session["fault"] is None
            dropped += left
    assert dropped > 0
    assert run.json["server"]["ghost_session_s"] == 0
