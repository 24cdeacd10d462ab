"""The redirector's objects as the plain values of ``snapshot``."""

from __future__ import annotations

from emu.machines.redirector.objects import Computer, Section, SrvCall, SrvOpen, VNetRoot
from emu.machines.redirector.objects import Session as Held
from emu.machines.redirector.snapshot import (
    OpenView,
    RedirectorView,
    SectionView,
    ServerView,
    SessionView,
    TreeView,
)


def view_of(computer: Computer) -> RedirectorView:
    """Everything, server by server, in the order in which it came to be."""
    sections = {id(each.section): each.section for each in computer.views.values()}
    servers = tuple(
        _server(each, [section for section in sections.values() if section.server is each])
        for each in computer.servers.values()
    )
    return RedirectorView(servers=servers, luids=tuple(computer.logons))


def _server(server: SrvCall, sections: list[Section]) -> ServerView:
    sessions = server.sessions.values()
    return ServerView(
        server=server.name,
        circuit=server.state,
        circuits=server.circuits,
        outstanding=server.outstanding,
        sessions=tuple(_session(each) for each in sessions),
        trees=tuple(_tree(tree) for each in sessions for tree in each.trees.values()),
        opens=tuple(_open(each) for each in server.opens()),
        sections=tuple(_section(each) for each in sections),
    )


def _session(session: Held) -> SessionView:
    return SessionView(
        luid=session.logon.luid,
        user=session.logon.user,
        uid=session.uid,
        idle_since_ns=session.mark_ns,
        is_alive=session.logon.is_alive,
        is_withheld=session.is_withheld,
    )


def _tree(tree: VNetRoot) -> TreeView:
    return TreeView(
        luid=tree.session.logon.luid,
        share=tree.net_root.share,
        tid=tree.tid,
        drives=tuple(sorted(tree.drives)),
    )


def _open(opened: SrvOpen) -> OpenView:
    return OpenView(
        fid=opened.sent_as.fid,
        uid=opened.sent_as.uid,
        tid=opened.sent_as.tid,
        luid=opened.tree.session.logon.luid,
        share=opened.tree.net_root.share,
        path=opened.fcb.path,
        is_dormant=opened.dormant_since_ns is not None,
        references=opened.references,
        dirty_octets=opened.dirty_octets,
    )


def _section(section: Section) -> SectionView:
    via = section.via
    return SectionView(
        share=section.fcb.net_root.share,
        path=section.fcb.path,
        luid=via.tree.session.logon.luid,
        uid=via.sent_as.uid,
        tid=via.sent_as.tid,
        fid=via.sent_as.fid,
        viewers=tuple(each.logon.luid for each in section.views),
        resident=tuple(sorted(section.pages)),
        is_stale=not via.is_alive,
    )
