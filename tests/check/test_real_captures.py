"""Captures that others recorded: flow, class, dead side and times as INDEX.md has them.

Every figure below is copied from real-captures/INDEX.md, none from the code.  ``WORDS`` maps
its verdict words to the classes of product.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from emu.check import Report, Verdict, check_file
from emu.check.rules import FlowClass
from emu.check.timeline import How, Mechanism
from emu.units import NS_PER_S
from tests.outside import real_captures

#: INDEX.md, "Verdict words used below".
WORDS: dict[str, set[FlowClass]] = {
    "PEER_SILENT_GAVE_UP": {FlowClass.GAVE_UP},
    "PEER_SILENT_UNRESOLVED": {FlowClass.SILENT},
    "PEER_REBOOTED": {FlowClass.REBOOTED},
    "PEER_HUNG": {FlowClass.HUNG},
    "HALF_OPEN": {FlowClass.HALF_OPEN},
    "LINK_DOWN": {FlowClass.LINK_DOWN},
    "PATH_DROP": {FlowClass.PATH_DROP},
    # 09 gives both for the same flows.
    "PATH_DROP / PEER_SILENT_UNRESOLVED": {FlowClass.PATH_DROP, FlowClass.SILENT},
    "APP_STALLED": {FlowClass.APP_STALLED},
    "SYN_TIMEOUT": {FlowClass.SYN_TIMEOUT},
    "LOCAL_ABORT": {FlowClass.ABORTED},
    "CLOSED_GRACEFUL": {FlowClass.CLOSED},
    "CLOSED": {FlowClass.CLOSED},
    "ALIVE_AT_END": {FlowClass.ALIVE},
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One verdict of INDEX.md.  ``ends``: texts that the flow's two endpoints contain.

    ``dead``: text of the dead endpoint.  Times in seconds, None where INDEX.md gives none.
    """

    file: str
    ends: tuple[str, str]
    word: str
    dead: str | None = None
    last_heard_s: float | None = None
    silent_since_s: float | None = None
    ended_s: float | None = None
    unanswered: int | None = None
    mechanism: Mechanism | None = None
    idle_s: float | None = None
    interval_s: float | None = None
    how: How | None = None
    host_alive: bool | None = None


KEEPALIVE, RETRANSMISSION = Mechanism.TCP_KEEPALIVE, Mechanism.TCP_RETRANSMISSION
CASES: tuple[Case, ...] = (
    Case(
        file="01", ends=("10.30.3.210:8888", "10.30.1.154:1796"), word="PEER_SILENT_GAVE_UP",
        dead="10.30.1.154", last_heard_s=737.906, silent_since_s=742.906, ended_s=772.908,
        unanswered=10, mechanism=KEEPALIVE, idle_s=5.0, interval_s=3.0, how=How.RST,
    ),
    Case(
        file="02", ends=("00:50:56:33:78:9e", "00:0c:29:d4:79:b2"), word="CLOSED_GRACEFUL",
        ended_s=115.243, how=How.END_FRAME,
    ),
    Case(
        file="03", ends=("65.54.95.206:80", "192.168.72.14:3254"), word="PEER_SILENT_GAVE_UP",
        dead="192.168.72.14", last_heard_s=1.41, ended_s=82.326, mechanism=RETRANSMISSION,
        how=How.RST, host_alive=True,
    ),
    *(
        Case(
            file="05", ends=(f"172.31.112.17:{port}", "172.31.112.16:445"), word="LOCAL_ABORT",
            ended_s=182.458, unanswered=0, mechanism=KEEPALIVE, idle_s=30.0, how=How.RST,
        )
        for port in (57829, 57832, 57833, 57834)
    ),
    *(
        Case(
            file="06", ends=(f"192.168.1.128:{port}", ":80"), word="CLOSED_GRACEFUL",
            ended_s=ended_s, unanswered=0, mechanism=KEEPALIVE, idle_s=10.2, how=How.FIN,
        )
        for port, ended_s in (
            (54154, 1644.38), (43728, 1661.53), (34320, 1907.77), (34340, 1908.49),
            (47904, 5714.75), (49382, 6339.07), (59922, 6339.07), (45514, 8449.45),
            (49034, 8719.96),
        )
    ),
    Case(
        file="07", ends=("192.168.56.31:762", "192.168.56.3:2049"), word="ALIVE_AT_END",
        unanswered=0, mechanism=KEEPALIVE, idle_s=60.04,
    ),
    *(
        Case(
            file="07", ends=(f"192.168.56.31:{port}", f"192.168.56.{host}:988"),
            word="ALIVE_AT_END", unanswered=0, mechanism=KEEPALIVE, idle_s=30.05,
        )
        for host in (12, 13, 22, 23)
        for port in (1021, 1022, 1023)
    ),
    Case(
        file="09", ends=("10.1.0.60:38024", "92.123.101.121:80"),
        word="PATH_DROP / PEER_SILENT_UNRESOLVED", last_heard_s=5.119, silent_since_s=5.122,
        unanswered=6, mechanism=RETRANSMISSION,
    ),
    Case(
        file="09", ends=("10.1.0.60:49674", "142.250.180.163:80"),
        word="PATH_DROP / PEER_SILENT_UNRESOLVED", last_heard_s=5.149, silent_since_s=5.153,
        unanswered=6, mechanism=RETRANSMISSION,
    ),
    Case(
        file="09", ends=("10.1.0.70:54612", "142.250.180.138:80"),
        word="PATH_DROP / PEER_SILENT_UNRESOLVED", last_heard_s=159.784, silent_since_s=159.788,
        unanswered=5, mechanism=RETRANSMISSION,
    ),
    Case(
        file="10", ends=("186.64.207.189:51840", "192.168.178.254:22"),
        word="PEER_SILENT_UNRESOLVED", dead="192.168.178.254", last_heard_s=0.251,
        silent_since_s=0.439, mechanism=RETRANSMISSION, how=How.STILL_OPEN,
    ),
    Case(
        file="11", ends=("192.168.0.253:49584", "151.101.36.133:443"), word="CLOSED",
        ended_s=0.207, unanswered=9, how=How.FIN,
    ),
    Case(
        file="12", ends=("172.16.0.8:3527", "172.16.0.253:9100"), word="PEER_SILENT_UNRESOLVED",
        dead="172.16.0.253", last_heard_s=10.317, silent_since_s=15.117, how=How.STILL_OPEN,
    ),
    Case(
        file="13", ends=("195.81.202.68:80", "172.31.136.85:38760"), word="APP_STALLED",
        mechanism=Mechanism.TCP_ZERO_WINDOW, unanswered=0,
    ),
    Case(
        file="15", ends=("192.168.0.2:1254", "192.168.0.1:23"), word="CLOSED_GRACEFUL",
        ended_s=54.41, mechanism=Mechanism.NONE, how=How.FIN,
    ),
    Case(
        file="16", ends=("10.0.0.55:53994", "60.190.189.214:8124"), word="CLOSED",
        ended_s=19.257, unanswered=5, how=How.FIN,
    ),
    Case(
        file="17", ends=("10.3.30.1:1048", "10.3.71.7:1043"), word="PEER_SILENT_UNRESOLVED",
        last_heard_s=0.0, silent_since_s=0.206, unanswered=5, mechanism=RETRANSMISSION,
        how=How.STILL_OPEN,
    ),
    Case(file="18", ends=("192.168.0.20:2235", "192.168.0.30"), word="ALIVE_AT_END"),
    Case(
        file="20", ends=("192.168.137.125:60464", "65.112.87.186:29900"), word="HALF_OPEN",
        ended_s=34.645, how=How.RST, host_alive=True,
    ),
    *(
        Case(file="20", ends=(f"192.168.137.12:{port}", "24.104.236.98:80"), word="SYN_TIMEOUT")
        for port in range(60442, 60447)
    ),
    Case(
        file="21", ends=("00:0c:29:d4:79:b2 FOOBARMACHINE<7b>", "00:50:56:20:ca:57"),
        word="CLOSED_GRACEFUL", ended_s=675.738, how=How.END_FRAME,
    ),
    Case(
        file="22", ends=("000C29D479B2:0455", "00505620CA57:0455"), word="CLOSED_GRACEFUL",
        ended_s=15.2349, how=How.END_FRAME,
    ),
    Case(
        file="23", ends=("000C29D479B2:0455", "00505620CA57:0455"), word="CLOSED_GRACEFUL",
        ended_s=10.0529, how=How.END_FRAME,
    ),
    # Not asked for by the first half's acceptance, and right all the same.
    *(
        Case(
            file="08", ends=(f"2.2.2.2:{port}", "1.1.1.1:646"), word="SYN_TIMEOUT",
            host_alive=True,
        )
        for port in (38612, 57513, 21959, 48127, 65057, 38329, 15412, 62063, 41689, 19335, 46398)
    ),
    Case(
        file="08", ends=("2.2.2.2:12998", "1.1.1.1:646"), word="CLOSED_GRACEFUL",
        ended_s=159.009, how=How.FIN,
    ),
    Case(file="08", ends=("2.2.2.2:42776", "1.1.1.1:646"), word="CLOSED_GRACEFUL", how=How.FIN),
    Case(file="08", ends=("2.2.2.2:30718", "1.1.1.1:646"), word="ALIVE_AT_END"),
    Case(file="14", ends=("10.0.1.4:49327", "198.41.30.241:1883"), word="ALIVE_AT_END"),
    Case(
        file="14", ends=("10.0.1.4:49330", "198.41.30.241:1883"), word="CLOSED_GRACEFUL",
        ended_s=6.144,
    ),
    Case(
        file="19", ends=("204.178.31.8:564", "192.168.1.33:56109"), word="ALIVE_AT_END",
        unanswered=0, mechanism=KEEPALIVE, idle_s=29.95,
    ),
    Case(
        file="26", ends=("192.168.199.133:49672", "192.168.199.1:139"), word="CLOSED_GRACEFUL",
        ended_s=10.764, how=How.FIN,
    ),
    *(
        Case(
            file="26", ends=(f"192.168.199.132:{port}", "192.168.199.133:445"),
            word="LOCAL_ABORT", how=How.RST,
        )
        for port in range(49670, 49675)
    ),
    Case(
        file="26", ends=("192.168.199.132:49675", "192.168.199.133:445"), word="ALIVE_AT_END",
        mechanism=KEEPALIVE, unanswered=0,
    ),
    Case(file="27", ends=("127.0.0.1", "127.0.0.1"), word="CLOSED_GRACEFUL", ended_s=3.668),
    # The disconnect PDU at 24.489 is not read, the FIN 0.2 s behind it is.
    Case(
        file="28", ends=("172.21.128.16:1312", "10.226.24.52:3389"), word="CLOSED_GRACEFUL",
        ended_s=24.489,
    ),
    Case(file="29", ends=("21.0.0.8:45225", "22.0.0.7:1494"), word="ALIVE_AT_END"),
    Case(
        file="36", ends=("10.200.30.140:49792", "8.8.4.4:80"), word="CLOSED_GRACEFUL",
        ended_s=136.075, how=How.FIN,
    ),
    Case(
        file="37", ends=("1.1.1.1:46612", "2.2.2.2:179"), word="CLOSED_GRACEFUL", ended_s=87.106,
    ),
    Case(file="37", ends=("1.1.1.1:19252", "2.2.2.2:179"), word="ALIVE_AT_END"),
    Case(file="25", ends=("10.46.131.227", "10.43.1.105:524"), word="ALIVE_AT_END"),
)  # fmt: skip

#: How many flows of a file the table covers, and their count where INDEX.md states it.
FLOWS = {"01": 1, "02": 1, "05": 4, "07": 13, "09": 9, "10": 1, "11": 1, "12": 1, "13": 1,
         "15": 1, "16": 1, "17": 1, "18": 1, "21": 1, "22": 1, "23": 1}  # fmt: skip


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    paths = {path.name[:2]: path for path in real_captures()}
    return {number: check_file(paths[number]) for number in {case.file for case in CASES}}


def flow_of(case: Case, report: Report) -> Verdict:
    (found,) = [
        flow
        for flow in report.flows
        if any(
            case.ends[0] in one and case.ends[1] in two
            for one, two in ((flow.a, flow.b), (flow.b, flow.a))
        )
    ]
    return found


def within_a_second(found: int | None, wanted_s: float | None) -> bool:
    """INDEX.md gives no time: nothing is asked."""
    if wanted_s is None:
        return True
    return found is not None and abs(found / NS_PER_S - wanted_s) < 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}-{case.ends[0]}")
def test_index_and_check_agree(case: Case, reports: dict[str, Report]) -> None:
    flow = flow_of(case, reports[case.file])
    assert flow.flow_class in WORDS[case.word], flow.sentence
    if case.word in ("LOCAL_ABORT", "CLOSED_GRACEFUL", "CLOSED", "ALIVE_AT_END", "HALF_OPEN"):
        assert flow.dead is None, "INDEX.md calls nobody dead here"
    if case.dead is not None:
        assert flow.dead is not None
        assert case.dead in (flow.a, flow.b)[flow.dead]
    assert within_a_second(flow.last_heard_ns, case.last_heard_s), flow.sentence
    assert within_a_second(flow.silent_since_ns, case.silent_since_s), flow.sentence
    assert within_a_second(flow.disconnected_at_ns, case.ended_s), flow.sentence
    assert within_a_second(flow.idle_ns, case.idle_s), flow.sentence
    assert within_a_second(flow.interval_ns, case.interval_s), flow.sentence
    assert case.unanswered in (None, flow.probes_unanswered), flow.sentence
    assert case.mechanism in (None, flow.mechanism), flow.sentence
    assert case.how in (None, flow.how), flow.sentence
    assert case.host_alive in (None, flow.host_alive), flow.sentence


@pytest.mark.parametrize("number", FLOWS)
def test_so_many_flows_and_no_more(number: str, reports: dict[str, Report]) -> None:
    assert len(reports[number].flows) == FLOWS[number]


def test_the_other_flows_of_09_close_in_order(reports: dict[str, Report]) -> None:
    """ "Six flows 0.1-2.8 s close with FIN both ways." """
    closed = [flow for flow in reports["09"].flows if flow.flow_class is FlowClass.CLOSED]
    assert len(closed) == 6


def test_rounds_of_03_are_counted_and_not_their_segments(reports: dict[str, Report]) -> None:
    """ "12 rounds at 1.714 ... 66.766 s" for 899890: each repeats two segments."""
    (flow,) = [flow for flow in reports["03"].flows if flow.b.endswith(":3254")]
    assert 12 <= flow.probes_unanswered <= 13


def test_no_file_of_the_folder_ends_in_a_traceback() -> None:
    for path in real_captures():
        report = check_file(path)
        assert report.frames > 0
        assert report.note == ""
