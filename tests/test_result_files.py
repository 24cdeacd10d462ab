"""The ``smb`` part of the JSON: numbers as people and Wireshark write them."""

from __future__ import annotations

from emu.capture.recording import Recording
from emu.net.file_records import (
    Done,
    FileRecords,
    Lifetime,
    Lost,
    Refusal,
    SessionTable,
    TableRow,
)
from emu.result_files import id_text, smb_json, status_text
from emu.units import seconds as s


def test_a_status_is_hexadecimal_and_a_win32_number_is_not() -> None:
    assert status_text(None) is None
    assert status_text(0) == "0x00000000"
    assert status_text(0xC0000006) == "0xC0000006"
    assert status_text(2404) == "2404"
    assert status_text(0xFFFF) == "65535"


def test_an_id_has_four_digits() -> None:
    assert (id_text(0), id_text(0x800), id_text(0xFFFF)) == ("0x0000", "0x0800", "0xffff")


def test_all_of_it() -> None:
    files = FileRecords(
        lifetimes=[
            Lifetime(at_ns=s(1), kind="open", began=True, client="ws1", connection=7,
                     number=0x801, uid=0x800, session=1, what="A", cause="", frame=0)
        ],
        tables=[
            SessionTable(
                at_ns=s(2),
                why="net-session",
                rows=(
                    TableRow(session=1, client="ws1", user="ann", uid=0x800, owner=False, opens=1,
                             files=("A",), time_s=3, idle_s=2),
                ),
            )
        ],
        done=[
            Done(at_ns=s(1), client="ws1", by="ann", words="touch v page 1", do="touch",
                 status=0xC0000006, done_ns=s(2), why="gone", sent_as=(0x800, 0x801, 0x802)),
            Done(at_ns=s(1), client="ws1", by="ann", words="read a", do="read", status=0,
                 done_ns=s(1), foreign="apps/other.dll"),
            Done(at_ns=s(9), client="ws1", by="ann", words="read a", do="read"),
        ],
        lost=[Lost(at_ns=s(4), client="ws1", file="docs/A", octets=512)],
        refusals=[Refusal(at_ns=s(5), client="ws2", rule="users")],
        left_ns={1: s(3), 2: s(4)},
        ended_ns={2: s(6)},
        setups=2,
    )  # fmt: skip
    told = smb_json(files, s(10), Recording())
    assert {key: value for key, value in told.items() if not isinstance(value, list)} == {
        "leaked_session_s": 9.0,
        "leaked_sessions": 2,
        "dead_sessions_at_end": 1,
        "data_lost_bytes": 512,
        "session_setups": 2,
        "failed_tasks": 1,
        "failed_pages": 1,
        "wrong_file_reads": 1,
    }
    assert told["refusals"] == [{"at_s": 5.0, "client": "ws2", "rule": "users"}]
    assert told["lifetimes"][0] == {
        "at_s": 1.0, "kind": "open", "began": True, "client": "ws1", "connection": 7,
        "id": "0x0801", "uid": "0x0800", "session": 1, "what": "A", "cause": None, "frame": None,
    }  # fmt: skip
    failed, wrong, pending = told["tasks"]
    assert failed["status"] == "0xC0000006"
    assert failed["sent_as"] == {"uid": "0x0800", "tid": "0x0801", "fid": "0x0802"}
    assert (wrong["wrong_file"], wrong["sent_as"], wrong["why"]) == ("apps/other.dll", None, None)
    assert (pending["status"], pending["done_at_s"]) == (None, None)
    assert told["data_lost"] == [{"at_s": 4.0, "client": "ws1", "file": "docs/A", "bytes": 512}]
    assert told["tables"][0]["sessions"] == [
        {"session": 1, "client": "ws1", "user": "ann", "uid": "0x0800", "owner": False, "opens": 1,
         "files": ["A"], "time_s": 3, "idle_s": 2}
    ]  # fmt: skip
