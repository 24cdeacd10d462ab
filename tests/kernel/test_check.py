"""``emu check`` says the same of a real kernel's capture and of ours, flow by flow."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.check import Report, check_file
from emu.kernel.compare import judge
from emu.kernel.play import START_NS
from emu.units import NS_PER_S
from tests.check.frames import pcap
from tests.kernel.recordings import FOLDER, NAMES, recording

#: Verdicts of ``emu check`` on the recordings themselves, by facts/tcp.md 1 and 4.
CLASSES = {
    "client_process_killed": "closed",
    "data_inflight_noka": "silent",
    "flap_idle_back_before_count": "alive",
    "fw_forgets_idle_flow": "gave-up",
    "hung_app_ka": "alive",
    "hung_app_zero_window": "app-stalled",
    "ka_idle_cnt1": "gave-up",
    "ka_idle_drop_l3": "gave-up",
    "reboot_rst_on_probe": "rebooted",
    "reboot_rst_on_data": "rebooted",
    "uto_idle_ka_10000": "gave-up",
    "wan_client_off_idle_icmp": "gave-up",
    "wan_down_idle_icmp": "gave-up",
}


def said(report: Report) -> list[tuple[object, ...]]:
    """What of the verdicts does not name ports or instants."""
    return sorted(
        (
            flow.flow_class.value,
            flow.confidence.value,
            flow.mechanism.value,
            flow.probes_unanswered,
            flow.how.value,
            (flow.a, flow.b)[flow.dead].startswith("10.77.0.1:") if flow.dead is not None else None,
        )
        for flow in report.flows
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_same_verdict_on_both_captures(name: str, tmp_path: Path) -> None:
    trace = recording(name)
    played = judge(trace).played
    # The recorder stopped its capture some time after the end: half a second past its last frame.
    last_ns = max((*trace.before, *trace.packets), key=lambda packet: packet.at_ns).at_ns
    end_ns = START_NS + last_ns + NS_PER_S // 2
    frames = [(at_ns / 1e9, octets) for at_ns, octets in played.frames if at_ns <= end_ns]
    ours = tmp_path / "ours.pcap"
    ours.write_bytes(pcap(frames))
    assert said(check_file(ours)) == said(check_file(FOLDER / f"{name}.pcap"))


@pytest.mark.parametrize("name", CLASSES)
def test_the_verdicts_are_those_of_the_facts(name: str) -> None:
    report = check_file(FOLDER / f"{name}.pcap")
    assert [flow.flow_class.value for flow in report.flows] == [CLASSES[name]]
