"""NetBEUI captures made by hand: the link's polls, SESSION_ALIVE, reboot, goodbye."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

from emu.check.rules import FlowClass
from emu.check.timeline import How, Mechanism
from emu.pdu.llc2 import Information, Supervisory, SupervisoryKind, Unnumbered, UnnumberedKind
from emu.pdu.nbf import NameFrame, NbfCommand, SessionFrame
from emu.pdu.netbios_name import netbios_name
from emu.units import NS_PER_MS, NS_PER_S
from emu.wire.nbf import encode_nbf
from tests.check.frames import Stamped, judged, llc, only

SERVER, CLIENT = netbios_name("SERVER01", 0x20), netbios_name("WS1", 0)

#: facts/netbeui.md 2.4: gaps between the eight polls of NT, and from the eighth to DISC.
NT_GAPS = (0.45, 0.65, 0.95, 1.40, 2.05, 3.05, 4.55, 6.80)


def near(found: int | None, wanted_s: float) -> bool:
    return found is not None and abs(found - wanted_s * NS_PER_S) < 2 * NS_PER_MS


def unnumbered(at_s: float, kind: UnnumberedKind, *, up: bool, info: bytes = b"") -> Stamped:
    response = kind in (UnnumberedKind.UA, UnnumberedKind.DM)
    poll_final = kind is not UnnumberedKind.UI
    pdu = Unnumbered(kind=kind, poll_final=poll_final, response=response, info=info)
    return at_s, llc(pdu, from_client=up)


def ready(at_s: float, *, up: bool, response: bool, final: bool = True, nr: int = 0) -> Stamped:
    pdu = Supervisory(kind=SupervisoryKind.RR, nr=nr, poll_final=final, response=response)
    return at_s, llc(pdu, from_client=up)


def session(at_s: float, kind: NbfCommand, *, up: bool, ns: int, data2: int = 0) -> Stamped:
    ends = (9, 3) if up else (3, 9)
    frame = SessionFrame(kind=kind, destination=ends[0], source=ends[1], data2=data2)
    pdu = Information(ns=ns, nr=0, poll=False, data=encode_nbf(frame))
    return at_s, llc(pdu, from_client=up)


def named(at_s: float, kind: NbfCommand, *, up: bool) -> Stamped:
    ends = (SERVER, CLIENT) if up else (CLIENT, SERVER)
    frame = NameFrame(kind=kind, destination=ends[0], source=ends[1], data2=3)
    return unnumbered(at_s, UnnumberedKind.UI, up=up, info=encode_nbf(frame))


def set_up(at_s: float = 0.0) -> list[Stamped]:
    """The nine frames of facts/netbeui.md 2.1; the client is heard last, at 10 s."""
    return [
        named(at_s, NbfCommand.NAME_QUERY, up=True),
        named(at_s + 0.0001, NbfCommand.NAME_RECOGNIZED, up=False),
        unnumbered(at_s + 0.0002, UnnumberedKind.SABME, up=True),
        unnumbered(at_s + 0.0003, UnnumberedKind.UA, up=False),
        ready(at_s + 0.0004, up=True, response=False),
        ready(at_s + 0.0005, up=False, response=True),
        session(at_s + 0.0006, NbfCommand.SESSION_INITIALIZE, up=True, ns=0),
        session(at_s + 0.0007, NbfCommand.SESSION_CONFIRM, up=False, ns=0),
        ready(at_s + 0.0008, up=True, response=True, final=False, nr=1),
        session(at_s + 10, NbfCommand.DATA_ONLY_LAST, up=True, ns=1),
        ready(at_s + 10.0001, up=False, response=True, final=False, nr=2),
    ]


def polls(first_s: float = 40.0) -> list[Stamped]:
    times = [*accumulate(NT_GAPS[:-1], initial=first_s)]
    return [ready(at_s, up=False, response=False) for at_s in times]


def test_nt_polls_in_vain_and_disconnects(tmp_path: Path) -> None:
    """Idle 30 s, 8 polls over 13.1 s, DISC 6.8 s later: 40 + 19.9 = 59.9."""
    end = unnumbered(59.9, UnnumberedKind.DISC, up=False)
    found = only(tmp_path, [*set_up(), *polls(), end], until_s=100)
    assert (found.transport, found.flow_class, found.dead) == ("nbf", FlowClass.GAVE_UP, 1)
    assert found.a == "02:00:00:00:00:01 SERVER01<20>"
    assert found.b == "02:00:00:00:00:0b WS1<00>"
    assert (found.mechanism, found.prober) == (Mechanism.LLC2_POLL, 0)
    assert (found.probes_unanswered, found.how) == (8, How.END_FRAME)
    assert near(found.idle_ns, 30)
    assert near(found.interval_ns, 0.45)
    assert near(found.last_heard_ns, 10)
    assert near(found.silent_since_ns, 40)
    assert near(found.disconnected_at_ns, 59.9)


def test_an_answered_poll_keeps_the_link(tmp_path: Path) -> None:
    frames = [*set_up(), *polls()[:3], ready(41.2, up=True, response=True)]
    found = only(tmp_path, frames)
    assert (found.flow_class, found.mechanism) == (FlowClass.ALIVE, Mechanism.LLC2_POLL)
    assert found.probes_unanswered == 0


def test_polls_in_vain_when_the_file_ends(tmp_path: Path) -> None:
    found = only(tmp_path, [*set_up(), *polls()])
    assert (found.flow_class, found.how) == (FlowClass.SILENT, How.STILL_OPEN)


def test_a_session_alive_that_the_link_does_not_acknowledge(tmp_path: Path) -> None:
    """LAN Manager: T1 0.5 s doubling (facts/netbeui.md 2.5), five repetitions, DISC."""
    beat = session(40, NbfCommand.SESSION_ALIVE, up=False, ns=1)
    again = [ready(40 + each, up=False, response=False) for each in (0.5, 1.5, 3.5, 7.5, 15.5)]
    end = unnumbered(63.5, UnnumberedKind.DISC, up=False)
    found = only(tmp_path, [*set_up(), beat, *again, end])
    assert (found.flow_class, found.dead) == (FlowClass.GAVE_UP, 1)
    assert found.mechanism is Mechanism.NBF_SESSION_ALIVE
    assert near(found.silent_since_ns, 40)
    assert near(found.disconnected_at_ns, 63.5)


def test_a_dm_to_a_poll_is_a_station_without_memory(tmp_path: Path) -> None:
    answer = unnumbered(40.0001, UnnumberedKind.DM, up=True)
    found = only(tmp_path, [*set_up(), *polls()[:1], answer])
    assert (found.flow_class, found.dead, found.how) == (FlowClass.REBOOTED, 1, How.END_FRAME)
    assert near(found.last_heard_ns, 10)
    assert near(found.disconnected_at_ns, 40.0001)


def test_a_sabme_on_a_live_link_is_a_new_start(tmp_path: Path) -> None:
    old, new = judged(tmp_path, [*set_up(), *set_up(35)]).flows
    assert (old.flow_class, old.dead) == (FlowClass.REBOOTED, 1)
    assert near(old.disconnected_at_ns, 35.0002)
    assert new.flow_class is FlowClass.ALIVE


def test_the_reset_of_802_2_by_the_one_that_asks_is_not_a_new_start(tmp_path: Path) -> None:
    """Polls, then SABMEs, then the end (facts/netbeui.md 2.5)."""
    resets = [unnumbered(60.0 + turn, UnnumberedKind.SABME, up=False) for turn in range(3)]
    end = unnumbered(63, UnnumberedKind.DISC, up=False)
    found = only(tmp_path, [*set_up(), *polls(), *resets, end])
    assert (found.flow_class, found.probes_unanswered) == (FlowClass.GAVE_UP, 11)


def test_session_end_and_disc_are_an_orderly_end(tmp_path: Path) -> None:
    """Abnormal or not: INDEX 21 calls a SESSION_END with data2 = 1 graceful."""
    for data2 in (0, 1):
        frames = [
            *set_up(),
            session(20, NbfCommand.SESSION_END, up=True, ns=2, data2=data2),
            ready(20.0001, up=False, response=True),
            unnumbered(20.0002, UnnumberedKind.DISC, up=True),
            unnumbered(20.0003, UnnumberedKind.UA, up=False),
        ]
        found = only(tmp_path, frames)
        assert (found.flow_class, found.how) == (FlowClass.CLOSED, How.END_FRAME)
        assert near(found.disconnected_at_ns, 20)


def test_the_checkpoint_of_the_set_up_is_no_probe(tmp_path: Path) -> None:
    found = only(tmp_path, set_up())
    assert (found.flow_class, found.mechanism) == (FlowClass.ALIVE, Mechanism.NONE)
