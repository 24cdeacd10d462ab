"""Every capture of every run and of the gallery, as Wireshark's own programs see it.

product.md, "The capture": nothing malformed, no expert warning or error beyond what the scenario
states, and the labels a person would expect.  What is expected of a frame comes from
``tests.reader``, which knows the documents and none of our code.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from emu.policy.loader import load_policy
from emu.run import write_capture
from emu.scenario.loader import load_scenario
from tests import reader
from tests.contract.worlds import playable, played
from tests.outside import PROJECT, tool

#: One tshark a file: the whole module is slow.
pytestmark = pytest.mark.slow

GALLERY = sorted((PROJECT / "captures").glob("*/*.pcapng"))

#: Severities of Wireshark's expert rows (epan/proto.h, PI_WARN and PI_ERROR); frame comments
#: (PI_COMMENT), chats and notes are none of them.
WARNING, ERROR = 0x600000, 0x800000

FIELDS = (
    "frame.number",
    "frame.time_epoch",
    "frame.interface_name",
    "frame.len",
    "_ws.col.Protocol",
    "_ws.col.Info",
    "_ws.malformed",
    "_ws.expert.severity",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
    "ip.checksum.status",
    "tcp.checksum.status",
    "eth.src",
    "ip.src_host",
    "frame.comment",
)
OPTIONS = (
    "-N", "n",
    "-o", "nameres.use_external_name_resolver:FALSE",
    "-o", "ip.check_checksum:TRUE",
    "-o", "tcp.check_checksum:TRUE",
    "-E", "separator=/t",
    "-E", "aggregator=;",
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """One file: what tshark prints, one mapping a frame, and what our reader reads."""

    scenario: str
    policy: str
    path: Path
    rows: list[dict[str, str]]
    trace: reader.Trace

    def numbers(self, field: str, *values: str) -> list[int]:
        return [
            int(row["frame.number"])
            for row in self.rows
            if (row[field] in values if values else row[field])
        ]


def _runs() -> list[object]:
    runs = [pytest.param(pair, id="run/" + "/".join(pair)) for pair in playable()]
    stored = [pytest.param(path, id=f"gallery/{path.parent.name}/{path.stem}") for path in GALLERY]
    return [*runs, *stored]


@pytest.fixture(scope="module", params=_runs())
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    if isinstance(request.param, Path):
        path = request.param
        scenario, policy = path.parent.name, path.stem
    else:
        scenario, policy = request.param
        path = tmp_path_factory.mktemp("run") / f"{policy}.pcapng"
        write_capture(played(scenario, policy).result, path)
    wanted = [part for field in FIELDS for part in ("-e", field)]
    printed = tool("tshark")("-r", path, *OPTIONS, "-T", "fields", *wanted)
    rows = [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in printed.splitlines()]
    return Seen(scenario, policy, path, rows, reader.read(path.read_bytes()))


def test_every_frame_is_there_at_its_exact_instant(seen: Seen) -> None:
    """896659200 is 1998-06-01T00:00:00Z; nine digits."""
    assert [
        (row["frame.number"], row["frame.time_epoch"], row["frame.interface_name"])
        for row in seen.rows
    ] == [
        (
            str(frame.number),
            f"{896659200 + frame.at_ns // 10**9}.{frame.at_ns % 10**9:09}",
            frame.interface,
        )
        for frame in seen.trace.frames
    ]


def test_nothing_is_malformed(seen: Seen) -> None:
    assert seen.numbers("_ws.malformed") == []
    unread = ["", "Ethernet", "Unknown", "0x", "Data", "IPX", "ETHERNET"]
    clients = load_scenario(seen.scenario).clients
    used = {load_policy(client.policy or seen.policy).transport for client in clients}
    if "nbf" not in used:  # there LLC is a layer that speaks itself
        unread.append("LLC")
    assert seen.numbers("_ws.col.Protocol", *unread) == []


def test_experts_complain_exactly_as_often_as_the_scenario_says(seen: Seen) -> None:
    found = Counter(
        int(severity)
        for row in seen.rows
        for severity in row["_ws.expert.severity"].split(";")
        if severity
    )
    scenario = load_scenario(seen.scenario)
    assert found[WARNING] + found[ERROR] == scenario.expert_rows_for(seen.policy)


def test_keepalive_probes_and_answers_are_labelled(seen: Seen) -> None:
    probes = [p for c in seen.trace.connections if c.kind == "tcp" for p in c.probes]
    here = {frame.number for frame in seen.trace.frames if frame.interface == "server-lan"}
    labelled = [number for number in seen.numbers("tcp.analysis.keep_alive") if number in here]
    assert labelled == sorted(p.frame.number for p in probes)
    if len(load_scenario(seen.scenario).lans()) > 1:
        return  # tshark takes the taps for one: an answer's copies look like answers, too
    answers = [p.answer.number for p in probes if p.answer is not None and not p.by_reset]
    labelled = [number for number in seen.numbers("tcp.analysis.keep_alive_ack") if number in here]
    assert labelled == sorted(answers)


def test_watchdog_polls_and_answers_are_labelled(seen: Seen) -> None:
    frames = [f for c in seen.trace.connections if c.kind == "ncp" for f in c.probe_frames()]
    here = {frame.number for frame in seen.trace.frames if frame.interface == "server-lan"}
    labelled = [n for n in seen.numbers("_ws.col.Protocol", "IPX MSG") if n in here]
    assert labelled == sorted(f.number for f in frames)


def test_state_changes_are_syslog_rows(seen: Seen) -> None:
    events = {event.number: event for event in seen.trace.events}
    assert seen.numbers("_ws.col.Protocol", "Syslog") == sorted(events)
    for row in seen.rows:
        event = events.get(int(row["frame.number"]))
        if event is not None:
            assert row["_ws.col.Info"].endswith(event.text)
            assert row["frame.interface_name"] == "server-events"


def _carries_ip(frame: reader.Frame) -> bool:
    """On Ethernet by its type, on a dialled line by PPP's protocol number (RFC 1332 2)."""
    if frame.interface.startswith("wan-b") or frame.interface == "wan":
        return frame.octets[:4] == b"\xff\x03\x00\x21"
    return frame.octets[12:14] == b"\x08\x00" and frame.interface not in ("wan-d", "server-events")


def test_every_checksum_is_verified_and_good(seen: Seen) -> None:
    """1 is good; 2 would be unverified, 0 bad."""
    tcp = [f.number for f in seen.trace.frames if _carries_ip(f)]
    assert seen.numbers("ip.checksum.status", "1") == tcp
    assert seen.numbers("tcp.checksum.status", "1") == tcp
    assert seen.numbers("ip.checksum.status") == seen.numbers("tcp.checksum.status") == tcp


def test_frames_are_padded_as_the_medium_requires(seen: Seen) -> None:
    short = [row for row in seen.rows if row["eth.src"] and int(row["frame.len"]) < 60]
    assert short == []


def test_hosts_have_their_names(seen: Seen) -> None:
    """tshark 4.0 passes over names of MAC addresses, so the reader looks at those.

    Routers and boxes have names, too, and pass on what others have sent.
    """
    scenario = load_scenario(seen.scenario)
    lans = [link.name for link in scenario.lans()]
    names = {
        bytes((2, 0, 0, lans.index(client.link), 0, 11 + number)): client.name
        for number, client in enumerate(scenario.clients)
    }
    names[bytes((2, 0, 0, 0, 0, 1))] = "server"
    told = {mac: name for mac, name in seen.trace.names.items() if len(mac) == 6}
    assert {mac: told[mac] for mac in names} == names
    assert len(lans) > 1 or told == names
    for row in seen.rows:
        mac = bytes.fromhex(row["eth.src"].replace(":", ""))
        if row["ip.src_host"] and (mac in names or len(lans) == 1):
            assert row["ip.src_host"] == names[mac]


def test_comments_are_seen(seen: Seen) -> None:
    wanted = {f.number: ";".join(f.comments) for f in seen.trace.frames if f.comments}
    found = {int(r["frame.number"]): r["frame.comment"] for r in seen.rows if r["frame.comment"]}
    assert found == wanted


def test_capinfos_opens_it(seen: Seen) -> None:
    told = [line.strip() for line in tool("capinfos")(seen.path).splitlines()]
    assert (
        f"Number of packets:   {len(seen.rows)}"
        in [line.replace("Number of packets:    ", "Number of packets:   ") for line in told]
        or len(seen.rows) >= 1000
    )
    comment = f"emu scenario={seen.scenario} policy={seen.policy} seed=0"
    assert f"Capture comment:     {comment}" in told
    assert "File timestamp precision:  nanoseconds (9)" in told
    assert "Strict time order:   True" in told
    names = seen.trace.interfaces
    assert names[0] == "server-lan" and "server-events" in names
    assert [line for line in told if line.startswith("Name = ")] == [f"Name = {n}" for n in names]
    counts = [str(sum(f.interface == name for f in seen.trace.frames)) for name in names]
    assert [line.split(" = ")[1] for line in told if line.startswith("Number of packets = ")] == (
        counts
    )


def test_the_gallery_is_looked_at() -> None:
    assert GALLERY, "captures/ is part of a checkout"
