"""Endpoints behind dialled lines, replayed: what they heard, wherever the tap was, makes them say
what they said.

The server's frames are in the file, a far client's are where the router's tap saw them, and in
the ledger where it did not.  Routers are no endpoints: the LANs are not told a second time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emu.policy.loader import load_policy
from tests.net.wan_parts import client, office
from tests.replay.machinery import differences
from tests.replay.story import lives, tell

POLICIES = ("ncp-netware", "spx-nwlink", "nbipx-nwlink", "nbf-nt4", "tcp-keepalive-nt4-5min")
#: The line is up when people log on: what their protocols' broadcasts raise is another matter.
KEYS = 'counts = "either"\nraised_at = "500ms"'
WORK = '{ at = "5s", do = "log-on" }, { from = "10s", until = "900s", every = "90s", do = "work" }'
TWO = client("ws1", "office-a", WORK) + client("ws2", "office-b", WORK)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "fault",
    [
        'kind = "power-loss"\nclient = "ws1"\nat = "600s"\noff_for = "60s"',
        'kind = "os-hang"\nclient = "ws1"\nat = "600s"\nfor = "100s"',
        'kind = "line-outage"\nline = "wan"\nat = "600s"\nfor = "10m"',
    ],
    ids=["power-loss", "os-hang", "line-outage"],
)
def test_clients_behind_a_line_can_be_replayed(policy: str, fault: str, tmp_path: Path) -> None:
    scenario = office(
        tmp_path, fault, lans=("office-a", "office-b"), clients=TWO, more=KEYS, horizon="40m"
    )
    story = tell(scenario, load_policy(policy))
    assert differences(story) == []
    assert {"server", "ws1", "ws2"} == {life.host for life in lives(story)}
    assert all(len(life.sent) > 5 for life in lives(story))
    # Replay would agree with a server that hears nobody.
    assert {move.session for move in story.trace.moves() if move.after == "ACTIVE"} >= {1, 2}


def test_a_bit_that_was_not_sent_makes_it_fail(tmp_path: Path) -> None:
    story = tell(office(tmp_path, more=KEYS, horizon="10m"), load_policy("ncp-netware"))
    assert differences(story) == []
    entries = list(story.entries)
    at = next(n for n, (_, event, fields) in enumerate(entries)
              if event == "sent" and fields["host"] == "ws1")  # fmt: skip
    without = replace(story, entries=[*entries[:at], *entries[at + 1 :]])
    assert differences(without)
