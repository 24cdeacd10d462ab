"""Every switch and number of every stack: the three proofs hold for values other than its own.

A parameter that has no part in when a death is noticed is listed with the reason, and shown to
have none.  The stack that no policy is shipped for is played with a policy made here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.policy.loader import load_policy
from emu.policy.model import Policy
from emu.transports.table import TABLE, transport_named
from tests.contract.proofs import WORK_NS, Case, hold_through, hold_together
from tests.contract.worlds import POLICIES, TRIP_NS, S
from tests.library import carries_a_terminal

#: facts/ipx.md 2.2 gives its 60 s and no count: the rest is the test's, as in no shipped policy.
_SPXS_NLM = "spxs-nlm.toml"
_SPXS_NLM_TEXT = """
title = "SPXS.NLM with a count and a spacing of the test's"
what = "For a test: no source gives them."
extends = ["_server-defaults", "_spx-common"]
stack = "spxs-nlm"

[spx]
watchdog_start = "60s"
watchdog_interval = "3s"
watchdog_requests = 10
wait_after_last_probe = true
first_retransmission = "500ms"
retransmission_law = "doubling"
retransmissions = 8
connection_requests = 10
connection_timeout = "1s"
window = 4
"""

_NBF = (
    "n2=1", "n2=2", "n2=30",
    "data_wait_counts=true", "data_wait_counts=false",
    "ack_delay=0s", "ack_delay=50ms",
    "ack_frames=1", "ack_frames=2",
    "window=1", "window=127",
    "claim_tries=1", "claim_timeout=2s",
    "data_ack_delay=0s", "data_ack_delay=1s",
    "sabme_on_live_link=ua-reset",
    "sabme_on_live_link=dm-then-accept",
    "sabme_on_live_link=silence",
)  # fmt: skip
_TI = ("ti=1s", "ti=31s", "ti=2h", "ti=never", "first_poll_counts=false")
#: Windows 9x's ack_delay is 350 ms, and T2 < T1 (facts/netbeui.md 2.2).
_ALIVE = (
    "t1=600ms", "t1=360ms", "t1=20s",
    "t1_max=500ms", "t1_max=400ms", "t1_max=600s",
    "alive_interval=1s", "alive_interval=7s", "alive_interval=2h", "alive_interval=never",
)  # fmt: skip
_SLIDING = (
    "watchdog_with_data=false",
    "first_retransmission=10ms", "first_retransmission=3s", "first_retransmission=60s",
    "retransmission_law=constant", "retransmission_law=doubling",
    "retransmissions=0", "retransmissions=1", "retransmissions=30",
    "wait_after_last_retransmission=false",
    "window=1", "window=7",
    "framing=raw-802.3", "framing=snap", "framing=ethernet-ii",
)  # fmt: skip
_NWLINK = (
    "keepalive_timeout=500ms", "keepalive_timeout=13s", "keepalive_timeout=2h",
    "keepalive_count=1", "keepalive_count=30",
    "wait_after_last_probe=false",
)  # fmt: skip
#: Around where one clock overtakes another: 54, 108, 540 ticks (facts/ipx.md 2.2).
_NOVELL = (
    "verify=20ticks", "verify=107ticks", "verify=108ticks", "verify=109ticks", "verify=600ticks",
    "listen=30ticks", "listen=54ticks", "listen=55ticks", "listen=540ticks", "listen=600ticks",
    "request_interval=1ticks", "request_interval=18ticks", "request_interval=600ticks",
    "abort=109ticks", "abort=541ticks", "abort=6000ticks",
)  # fmt: skip
_NBIPX = (
    "ack_delay=0s", "ack_delay=250ms", "ack_delay=10s",
    "ack_window=1", "ack_window=9",
)  # fmt: skip

_TCP = (
    "reset_on_probe_give_up=false", "reset_on_data_give_up=true", "reset_on_data_give_up=false",
    "ack_delay=0s",
    "arp_lifetime=60s",
)  # fmt: skip
_PROBES = (
    "keepalive=false",
    "keepalive_idle=30s", "keepalive_idle=8h",
    "keepalive_interval=1s", "keepalive_interval=40s",
    "keepalive_count=1", "keepalive_count=11",
)  # fmt: skip
_REPEATS = ("retransmissions=1", "retransmissions=5", "first_rto=10ms", "first_rto=3s")
_BSD = (
    *_PROBES, *_REPEATS, *_TCP,
    "keepalive_interval=1ms",
    "probes_beside_data=false",
    "backoff_max=1", "backoff_max=4",
    "rto_max=2s",
)  # fmt: skip
#: Budgets of 3.0 and 102.2 s, and the knife's edge of one that the ceiling cuts (facts/tcp.md 3.2);
#: Linux's other tick rates, whose granules are others (3.4).
_LINUX = (
    "user_timeout=1s", "user_timeout=60s", "user_timeout=never",
    "retries2=3", "retries2=8",
    "rto_min=1ms", "rto_min=1s",
    "rto_max=1s", "rto_max=2s",
    "early_retrans=false",
    "timestamps=false",
    "hz=100", "hz=1000",
    "wheel_start=1", "wheel_start=4294967295",
    "arp_lifetime=60s",
)  # fmt: skip

#: By policy, without the transport's prefix.
SWITCHES: dict[str, tuple[str, ...]] = {
    "nbf-nt4": (
        "t1=160ms", "t1=600ms", "t1=60s",
        "t1_max=200ms", "t1_max=400ms", "t1_max=1s", "t1_max=600s",
        "t1_tick=1ms", "t1_tick=70ms", "t1_tick=1s",
        *_TI, *_NBF,
    ),
    "nbf-lan-manager": (*_ALIVE, *_NBF),
    "nbf-win9x": (*_ALIVE, *_NBF),
    "nbf-ibm": ("t1=160ms", "t1=600ms", "t1=20s", *_TI, *_NBF),
    "nbf-802.2": (
        "t1=160ms", "t1=600ms", "t1=20s",
        "poll_wait=10ms", "poll_wait=1s", "poll_wait=60s",
        *_NBF,
    ),
    "spx-nwlink": (*_NWLINK, *_SLIDING),
    "spx-novell": (*_NOVELL, *_SLIDING),
    _SPXS_NLM: (
        "watchdog_start=1s", "watchdog_start=61s",
        "watchdog_interval=10ms", "watchdog_interval=31s",
        "watchdog_requests=1", "watchdog_requests=30",
        "wait_after_last_probe=false",
        *_SLIDING,
    ),
    "nbipx-nwlink": (*_NWLINK, *_SLIDING, *_NBIPX),
    "nbipx-novell": (*_NOVELL, *_SLIDING, *_NBIPX),
    "ncp-netware": (
        "wait_after_last_poll=false",
        "polls=5",
        "delay_before_first_poll=286ticks",
        "delay_between_polls=180ticks",
        "framing=raw-802.3", "framing=ethernet-ii", "framing=snap",
        "client_socket=new-each-boot",
        "slot_rule=new-slot",
    ),
    "ncp-mars-nwe": (
        "check_interval=7s",
        "polls=1",
        "idle_before_first_poll=30s",
        "delay_between_polls=30s",
        "activity_spacing=200s",
        "framing=raw-802.3", "framing=ethernet-ii", "framing=snap",
        "client_socket=new-each-boot",
        "slot_rule=new-slot",
    ),
    "tcp-keepalive-nt4": (
        "keepalive=false",
        "first_probe_counts=false",
        "keepalive_idle=30s",
        "keepalive_interval=1ms",
        "retransmissions=1", "retransmissions=12",
        "reset_on_probe_give_up=false", "reset_on_data_give_up=false",
        "ack_delay=0s",
        "first_rto=10ms",
        "arp_lifetime=60s",
        "server.broken_connection=end",
    ),
    "tcp-keepalive-windows": (
        *_PROBES, *_REPEATS, *_TCP,
        "keepalive_interval=1ms",
        "probe_octet=false",
    ),
    "tcp-keepalive-freebsd": _BSD,
    "tcp-keepalive-macos": _BSD,
    "tcp-keepalive-solaris": (
        "keepalive=false",
        "keepalive_idle=30s", "keepalive_idle=8h",
        "keepalive_abort=1s", "keepalive_abort=100s", "keepalive_abort=never",
        "probe_octet=false",
        "data_abort=1s", "data_abort=100s",
        "first_rto=10ms", "first_rto=3s",
        "rto_max=1s", "rto_max=600s",
        *_TCP,
    ),
    "tcp-keepalive-lwip": (
        *_PROBES, *_REPEATS, *_TCP,
        "tick=10ms", "tick=1s",
        "tick_start=1ms", "tick_start=499ms",
        "backoff_max=1",
    ),
    "tcp-keepalive-linux-60-10-6": (*_PROBES, *_LINUX),
    "tcp-user-timeout-linux": (*_PROBES, *_LINUX, "user_timeout=1ms", "user_timeout=70s"),
}  # fmt: skip

#: What has no part in when a death is noticed: why, and two values that change nothing.
_CALLS = "it is waited for only where a call meets nobody, and here the server is always there"
NO_PART: dict[str, tuple[str, str, str]] = {
    "nbf.query_tries": (_CALLS, "1", "20"),
    "nbf.query_timeout": (_CALLS, "10ms", "60s"),
    "ncp.watchdog_ticks": ("it is about stations far away, and here all are near", "1", "100"),
    "spx.connection_requests": (_CALLS, "1", "255"),
    "spx.connection_timeout": (_CALLS, "100ms", "60s"),
    "nbipx.connection_requests": (_CALLS, "1", "255"),
    "nbipx.connection_timeout": (_CALLS, "100ms", "60s"),
    "nbipx.name_broadcasts": ("it delays the log-on alone, and a new id ends no old one", "1", "9"),
    "nbipx.name_interval": ("it delays the log-on alone", "10ms", "5s"),
    "nbipx.kind_twice": ("octets of a name packet", "true", "false"),
    "nbipx.probe_type": (
        "the type of an idle packet, octet for octet as long",
        "session-data",
        "status-query",
    ),
    "nbipx.window_edge": ("octets that no machine here reads", "true", "false"),
    "ncp.request_timeout": (
        "a client repeats what nobody answered; the server did",
        "100ms",
        "60s",
    ),
    "ncp.advertise_every": ("broadcasts that no client waits for", "60s", "never"),
    "ncp.request_retries": ("as ncp.request_timeout", "0", "255"),
    "ncp.spoof_tolerance": ("no router stands on this LAN, so nobody spoofs", "0", "1"),
    "tcp.nodelay": (
        "Nagle's rule holds small segments back, and one line is alone",
        "true",
        "false",
    ),
    "tcp.retries1": ("it doubts a route, and no route here ever is", "1", "255"),
    "tcp.orphan_retries": ("of a closed socket, whose session is over", "1", "255"),
    "tcp.syn_retries": (_CALLS, "1", "12"),
    "tcp.synack_retries": ("a client that calls is there to answer", "1", "12"),
    "tcp.invalid_ratelimit": (
        "a living peer answers one probe in so long, and a dead one none",
        "0s",
        "60s",
    ),
    "tcp.fin_timeout": ("of a closed socket, whose session is over", "0s", "600s"),
    "tcp.initial_window": ("one line of text is on its way, never ten segments", "1", "100"),
    "tcp.syn_rto": (_CALLS, "10ms", "120s"),
    "tcp.syn_retransmissions": (_CALLS, "0", "12"),
    "tcp.window": ("one line of text is on its way, never a window of it", "256", "65535"),
    "tcp.mss": ("one line of text is on its way, never a segment of it", "88", "1460"),
    "tcp.time_wait": ("a name is kept by who closes first, and a dead client does not", "0s", "9m"),
}

IDLE_NS = WORK_NS + 20 * S
#: The work has arrived, a trip after it was sent, and its answer is half a trip under way.
IN_FLIGHT_NS = WORK_NS + TRIP_NS + TRIP_NS // 2
CASES = (
    Case(kind="power-loss", at_ns=IDLE_NS),
    Case(kind="power-loss", at_ns=WORK_NS + S // 10),
    Case(kind="power-loss", at_ns=IDLE_NS, off_ns=30 * S, after_ns=10 * S),
    Case(kind="reboot", at_ns=IDLE_NS, boot_ns=15 * S, after_ns=5 * S),
    Case(kind="reboot", at_ns=IDLE_NS, boot_ns=15 * S),
    Case(kind="power-loss", at_ns=IN_FLIGHT_NS),
    Case(kind="reboot", at_ns=IN_FLIGHT_NS, boot_ns=5 * S),
    *(Case(kind=kind, at_ns=IDLE_NS) for kind in ("cable", "suspend")),
)
OUTAGES = tuple(
    Case(kind=kind, at_ns=IDLE_NS, for_ns=45 * S) for kind in ("os-hang", "cable", "suspend")
)


def made_policy(name: str, folder: Path) -> Policy:
    """A shipped policy, or the one made here."""
    if name != _SPXS_NLM:
        return load_policy(name)
    values = [line for line in _SPXS_NLM_TEXT.splitlines() if " = " in line]
    names = [line.partition(" = ")[0] for line in values[values.index('stack = "spxs-nlm"') + 1 :]]
    sources = [f'{name} = {{ grade = "assumption", source = "a test" }}' for name in names]
    path = folder / name
    path.write_text("\n".join([_SPXS_NLM_TEXT, "[sources.spx]", *sources]))
    return load_policy(path)


def dotted(policy: Policy, setting: str) -> str:
    """``--set``'s way to say it."""
    own = "" if setting.partition("=")[0].count(".") else f"{policy.transport}."
    return f"policy.{own}{setting}"


ALL_SWITCHES = [(name, setting) for name, settings in SWITCHES.items() for setting in settings]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "setting"), ALL_SWITCHES)
def test_the_proofs_hold_for_every_switch(name: str, setting: str, tmp_path: Path) -> None:
    policy = made_policy(name, tmp_path)
    for case in CASES:
        hold_together(case.play(tmp_path, policy, dotted(policy, setting)), case)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "setting"), ALL_SWITCHES)
def test_the_proofs_hold_for_every_switch_through_an_outage(
    name: str, setting: str, tmp_path: Path
) -> None:
    policy = made_policy(name, tmp_path)
    for case in OUTAGES:
        hold_through(case.play(tmp_path, policy, dotted(policy, setting)), case)


STACKS = [
    (transport.name, stack.name)
    for transport in TABLE
    if carries_a_terminal(transport)
    for stack in transport.stacks
]


@pytest.mark.parametrize(("transport", "stack"), STACKS)
def test_every_parameter_of_a_stack_is_switched_or_has_no_part(
    transport: str, stack: str, tmp_path: Path
) -> None:
    """A parameter that is new comes with its values above, or with a reason."""
    policies = {name: made_policy(name, tmp_path) for name in SWITCHES}
    switched = {
        dotted(policies[name], setting).removeprefix("policy.").partition("=")[0]
        for name, setting in ALL_SWITCHES
        if (policies[name].transport, policies[name].stack) == (transport, stack)
    }
    named = {each.name for each in transport_named(transport).stack(stack).parameters}
    assert named - switched - set(NO_PART) == set()
    assert switched & set(NO_PART) == set()


def test_what_has_no_part_is_a_parameter_of_somebodys() -> None:
    named = {
        parameter.name
        for transport in TABLE
        for stack in transport.stacks
        for parameter in stack.parameters
    }
    assert set(NO_PART) <= named


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SWITCHES if name in POLICIES])
def test_what_has_no_part_moves_no_notice(name: str, tmp_path: Path) -> None:
    """Of clients that do not connect anew: what delays a log-on delays what that log-on ends."""
    policy = load_policy(name)
    for parameter in [each for each in NO_PART if each in policy.parameters]:
        _, *values = NO_PART[parameter]
        for case in (case for case in CASES if case.after_ns is None):
            noticed = [
                hold_together(case.play(tmp_path, policy, f"policy.{parameter}={value}"), case)
                for value in values
            ]
            silences = {None if at is None else at - case.at_ns for at in noticed}
            assert len(silences) == 1, (parameter, case)
