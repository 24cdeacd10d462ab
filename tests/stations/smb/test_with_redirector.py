"""The real redirector and the real server, joined in octets: Q179983, and a day's quiet end."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from emu.machines.redirector import NT4_SP3, NT4_SP4, Redirector, RedirectorParams
from emu.machines.redirector.requests import (
    CloseWanted,
    Finished,
    LogOffWanted,
    LogOnWanted,
    MapImageWanted,
    OpenWanted,
    ReadWanted,
    TouchWanted,
    UnmapWanted,
)
from emu.machines.smb_server.events import Kind
from emu.pdu.smb.files import ReadRequest
from emu.stations.smb.client import SmbClient
from emu.units import seconds as s
from emu.wire.smb.message import decode_smb
from tests.stations.smb.parts import BIG, PASSWORDS, Pipe, Programs, ServerLab


class Computers:
    """A client computer with its redirector, and a server."""

    def __init__(self, params: RedirectorParams) -> None:
        self.server = ServerLab()
        self.programs = Programs()
        self.redirector = Redirector(params)
        self.client = SmbClient(
            self.redirector, self.server.clock, passwords=PASSWORDS, observer=self.programs
        )
        end = self.client.towards("SERVER")
        self.pipe = Pipe(self.server, end)
        end.attach(self.pipe)

    def asks(self, wanted: Wanted) -> Finished:
        """A program's request, and what becomes of it."""
        self.client.ask(wanted, self.server.clock.now)
        self.pipe.settle()
        (told,) = self.programs.told
        self.programs.told.clear()
        assert isinstance(told, Finished)
        assert told.ticket == wanted.ticket
        return told

    def runs(self, until: int) -> None:
        """Time goes on, a second at a time, and what is said meanwhile is carried."""
        while self.server.clock.now < until:
            self.server.clock.run(min(until, self.server.clock.now + s(1)))
            self.pipe.settle()

    def begun(self, kind: Kind) -> list[tuple[int, str]]:
        return [(each.number, each.what) for each in self.server.heard.began_ if each.kind is kind]

    def reads(self) -> list[tuple[int, int]]:
        """UID and FID of every READ that was on the wire."""
        found: list[tuple[int, int]] = []
        for up, octets in self.pipe.talk:
            message = decode_smb(octets)
            for body in message.bodies if up else ():
                if isinstance(body, ReadRequest):
                    found.append((message.header.uid, body.fid))
        return found


Wanted = (
    LogOnWanted | LogOffWanted | OpenWanted | CloseWanted | ReadWanted | MapImageWanted
    | TouchWanted | UnmapWanted
)  # fmt: skip


@dataclass
class Story:
    """A loads an image, B loads the same one."""

    computers: Computers

    def loads(self, luid: int, user: str) -> None:
        asks = self.computers.asks
        assert asks(LogOnWanted(ticket=10 * luid, luid=luid, user=user)).status == 0
        wanted = OpenWanted(
            ticket=10 * luid + 1, luid=luid, handle=luid, server="SERVER", share="D", path="BIG"
        )
        assert asks(wanted).status == 0
        assert asks(MapImageWanted(ticket=10 * luid + 2, handle=luid, view=luid)).status == 0

    def touches(self, view: int, page: int) -> Finished:
        return self.computers.asks(TouchWanted(ticket=1000 + page, view=view, page=page))


@pytest.mark.parametrize(("params", "status"), [(NT4_SP3, 0xC0000006), (NT4_SP4, 0)])
def test_pages_of_one_user_come_through_anothers_file(
    params: RedirectorParams, status: int
) -> None:
    """facts/redirector.md 1.3: B's pages bear A's UID; before SP4 they fail when A is gone."""
    computers = Computers(params)
    story = Story(computers)
    story.loads(1, "ann")
    story.loads(2, "bob")
    assert computers.begun(Kind.SESSION) == [(0x800, "ann"), (0x801, "bob")]
    before = len(computers.reads())
    assert story.touches(2, 0).data == BIG[:4096]
    assert computers.reads()[before:] == [(0x800, 0x800)]
    assert computers.asks(LogOffWanted(ticket=3, luid=1)).status == 0
    computers.runs(s(60))
    assert story.touches(2, 1).status == status
    live = {row.user for row in computers.server.machine.net_session(s(60))}
    assert live == ({"bob"} if status else {"ann", "bob"})


def test_a_file_and_then_the_quiet_until_the_circuit_goes() -> None:
    """KeepConn 600 s: trees, sessions and the circuit go, and nobody is left anywhere."""
    computers = Computers(NT4_SP4)
    asks = computers.asks
    asks(LogOnWanted(ticket=1, luid=1, user="ann"))
    asks(OpenWanted(ticket=2, luid=1, handle=1, server="SERVER", share="D", path="A.TXT"))
    assert asks(ReadWanted(ticket=3, handle=1, offset=0, length=100)).data == b"hello"
    assert asks(CloseWanted(ticket=4, handle=1)).status == 0
    computers.runs(s(700))
    assert computers.pipe.live is not None
    assert computers.pipe.live[0].ending != []
    assert computers.server.machine.statistics.sessions_open == 0
    assert (computers.client.dropped, computers.server.service.dropped) == (0, 0)
