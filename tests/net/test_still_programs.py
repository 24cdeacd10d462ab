"""A program that stands still does nothing, and goes on from where it stood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.capture.ledger import Ledger
from tests.contract.worlds import S, made, played

#: A second client finds the only session taken, and tries again every 10 s: at 2, 12, 22 s.
WAITING = """
[clients.ws2]
user = "bob"
boot_time = "60s"
log_on_again_every = "10s"
log_on_tries = 20
program = [{ at = "2s", do = "log-on" }]

[[faults]]
client = "ws2"
kind = "%s"
at = "%s"
for = "60s"
"""
PUSH = '[hosts.server]\nprogram = [{ at = "105s", do = "push" }]'

Entry = tuple[int, str, dict[str, Any]]


def told(folder: Path, policy: str, *faults: str, more: str) -> list[Entry]:
    ledger = Ledger()
    scenario = made(folder, *faults, horizon="10m", more=more)
    played(scenario, policy, "policy.server.session_limit=1", ledger=ledger)
    return ledger.entries


def asked(entries: list[Entry], host: str, request: str) -> list[int]:
    """When a client's program did that."""
    return [
        at_ns
        for at_ns, event, fields in entries
        if event == "asked" and (fields["host"], fields["request"]) == (host, request)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["os-hang", "app-hang", "suspend"])
@pytest.mark.parametrize("policy", ["tcp-no-keepalive", "nbf-nt4", "ncp-netware"])
def test_who_stands_still_does_not_try_to_log_on(tmp_path: Path, policy: str, kind: str) -> None:
    """From 25 to 85 s nothing; then at once, and every 10 s from there."""
    entries = told(tmp_path, policy, more=WAITING % (kind, "25s"))
    tries = asked(entries, "ws2", "log-on")
    assert tries[:5] == [2 * S, 12 * S, 22 * S, 85 * S, 95 * S]
    sent = [at for at, event, f in entries if event == "sent" and f["host"] == "ws2"]
    assert kind == "app-hang" or not [at for at in sent if 25 * S < at < 85 * S]


def test_an_answer_that_came_meanwhile_is_read_afterwards(tmp_path: Path) -> None:
    """Refused 0.36 ms after 22 s, stopped 0.2 ms after it: the program hangs up when it goes on."""
    entries = told(tmp_path, "tcp-no-keepalive", more=WAITING % ("app-hang", "22000200us"))
    assert asked(entries, "ws2", "hang-up")[2] == 82 * S + 200_000


@pytest.mark.parametrize("kind", ["app-hang", "os-hang"])
def test_what_was_read_since_is_no_reason_for_a_reset(tmp_path: Path, kind: str) -> None:
    """RFC 1122 4.2.2.13: RST only if octets wait; pushed at 105 s, read at 110 s."""
    still = f'kind = "{kind}"\nat = "100s"\nfor = "10s"'
    entries = told(tmp_path, "tcp-no-keepalive", still, 'kind = "kill"\nat = "120s"', more=PUSH)
    (killed,) = [fields for _, _, fields in entries if fields.get("request") == "killed"]
    assert killed["unread"] is False
    flags = [f["data"][47] for at, event, f in entries if event == "sent" and at == 120 * S
             and "data" in f]  # fmt: skip
    assert flags == [0x11], "FIN and ACK, no RST"


def test_the_ledger_tells_what_the_operator_did(tmp_path: Path) -> None:
    """Before what comes of it, each at its instant."""
    faults = ('kind = "os-hang"\nat = "100s"\nfor = "10s"',
              'kind = "suspend"\nat = "120s"\nfor = "10s"',
              'kind = "app-hang"\nat = "140s"\nfor = "10s"',
              'kind = "cable"\nat = "160s"\nfor = "10s"',
              'kind = "kill"\nat = "180s"')  # fmt: skip
    trunk = '[[faults]]\nkind = "cable"\nplace = "%s"\nat = "%s"\nfor = "1s"\n'
    more = trunk % ("server", "50s") + trunk % ("between-switches", "60s")
    entries = told(tmp_path, "tcp-no-keepalive", *faults, more=more)
    words = ("hang", "suspend", "resume", "hold", "release", "cut", "mend", "kill")
    assert [(at // S, event, f.get("host", f.get("port"))) for at, event, f in entries
            if event in words] == [
        (50, "cut", "server"), (51, "mend", "server"), (60, "cut", None), (61, "mend", None),
        (100, "hang", "ws1"), (110, "resume", "ws1"), (120, "suspend", "ws1"),
        (130, "resume", "ws1"), (140, "hold", "ws1"), (150, "release", "ws1"),
        (160, "cut", "ws1"), (170, "mend", "ws1"), (180, "kill", "ws1"),
    ]  # fmt: skip
    kill, killed = [f for at, event, f in entries if at == 180 * S][:2]
    assert (kill["boot"], killed["request"]) == (0, "killed")
