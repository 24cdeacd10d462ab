"""The ``smb`` part of a run's JSON: who owned which session, tree and file when."""

from __future__ import annotations

from typing import Any

from emu.capture.recording import Recording
from emu.net.file_records import (
    Done,
    FileRecords,
    Lifetime,
    SessionTable,
    id_text,
    status_text,
)
from emu.units import in_seconds

Json = dict[str, Any]


def smb_json(files: FileRecords, horizon_ns: int, recording: Recording) -> Json:
    """``leaked_session_s``: how long sessions outlived whoever had logged on, summed."""
    return {
        "leaked_session_s": in_seconds(files.leaked_ns(horizon_ns)),
        "leaked_sessions": sum(1 for _ in files.leaks(horizon_ns)),
        "dead_sessions_at_end": files.dead_at_the_end(),
        "data_lost_bytes": files.octets_lost,
        "session_setups": files.setups,
        "failed_tasks": files.failed,
        "failed_pages": sum(done.do == "touch" and bool(done.status) for done in files.done),
        "wrong_file_reads": sum(bool(done.foreign) for done in files.done),
        "refusals": [
            {"at_s": in_seconds(each.at_ns), "client": each.client, "rule": each.rule}
            for each in files.refusals
        ],
        "lifetimes": [_lifetime(each, recording) for each in files.lifetimes],
        "tasks": [_done(each) for each in files.done],
        "data_lost": [
            {
                "at_s": in_seconds(each.at_ns),
                "client": each.client,
                "file": each.file,
                "bytes": each.octets,
            }
            for each in files.lost
        ],
        "tables": [_table(each) for each in files.tables],
    }


def _lifetime(each: Lifetime, recording: Recording) -> Json:
    from emu.result import frame_name

    return {
        "at_s": in_seconds(each.at_ns),
        "kind": each.kind,
        "began": each.began,
        "client": each.client,
        "connection": each.connection,
        "id": id_text(each.number),
        "uid": id_text(each.uid),
        "session": each.session,
        "what": each.what,
        "cause": each.cause or None,
        "frame": frame_name(recording, each.frame),
    }


def _done(each: Done) -> Json:
    sent = each.sent_as
    return {
        "at_s": in_seconds(each.at_ns),
        "done_at_s": None if each.done_ns is None else in_seconds(each.done_ns),
        "client": each.client,
        "by": each.by,
        "do": each.do,
        "task": each.words,
        "status": status_text(each.status),
        "why": each.why or None,
        "resident": each.resident,
        "sent_as": None
        if sent is None
        else dict(zip(("uid", "tid", "fid"), map(id_text, sent), strict=True)),
        "wrong_file": each.foreign or None,
    }


def _table(each: SessionTable) -> Json:
    return {
        "at_s": in_seconds(each.at_ns),
        "why": each.why,
        "sessions": [
            {
                "session": row.session,
                "client": row.client,
                "user": row.user,
                "uid": id_text(row.uid),
                "owner": row.owner,
                "opens": row.opens,
                "files": list(row.files),
                "time_s": row.time_s,
                "idle_s": row.idle_s,
            }
            for row in each.rows
        ],
    }
