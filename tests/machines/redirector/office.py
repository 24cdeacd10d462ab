"""A client computer and a server in one room: a redirector coupled directly to an SmbServer.

No network: every Exchange becomes Calls at once, of a chain one each in order, the number a part
was given put into the next; the Answers become one Reply when the last is there.  A circuit is up
as soon as it is dialled.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from emu.machines.base import EXPIRED, Asked, Deliver, Effects, Note, Received, Transmit
from emu.machines.redirector import Redirector, RedirectorParams
from emu.machines.redirector.requests import (
    Broken,
    CircuitBroke,
    CircuitUp,
    CloseWanted,
    ConnectShareWanted,
    DataLost,
    Dial,
    DisconnectShareWanted,
    Exchange,
    Finished,
    HangUp,
    LogOffWanted,
    LogOnWanted,
    MapImageWanted,
    OpenWanted,
    ReadWanted,
    Reply,
    TouchWanted,
    UnmapWanted,
    WriteWanted,
)
from emu.machines.redirector.snapshot import ServerView
from emu.machines.smb.calls import (
    Access,
    Answer,
    BreakOplock,
    Call,
    Disposition,
    OplockBreakAcknowledge,
    Refused,
)
from emu.machines.smb_server import NT4_SERVER, ServerParams, ShareSetting, SmbServer
from emu.machines.smb_server.events import Connected, ConnectionBroke, Dropped

BOTH = Access.READ | Access.WRITE
SERVER = "SRV"
#: Three pages of one letter each, and small ones.
FILES = {
    "TOOL.DLL": b"A" * 4096 + b"B" * 4096 + b"C" * 100,
    "OTHER.DLL": b"x" * 4096 + b"y" * 4096,
    "A.TXT": b"alpha",
}


@dataclass
class _Chain:
    exchange: Exchange
    uid: int
    tid: int
    results: list[object] = field(default_factory=list[object])


class Client:
    """One computer.  ``sent``: names of what went out, with UID, TID, for reading."""

    def __init__(self, office: Office, name: str, params: RedirectorParams, phase_ns: int) -> None:
        self.office, self.name = office, name
        self.redirector = Redirector(params, scan_phase_ns=phase_ns, now=office.now)
        self.connection: int | None = None
        self.finished: dict[int, Finished] = {}
        self.lost: list[DataLost] = []
        self.notes: list[Note] = []
        self.sent: list[Exchange] = []
        self.hangs_up = 0

    # Programs.
    def ask(self, request: Any) -> Finished:
        """A request that is answered at once."""
        self.begin(request)
        return self.finished[request.ticket]

    def begin(self, request: Any) -> None:
        self.office.step(self, Asked(request))

    def ticket(self) -> int:
        self.office.tickets += 1
        return self.office.tickets

    def log_on(self, luid: int, user: str = "", *, service: bool = False) -> Finished:
        return self.ask(
            LogOnWanted(
                ticket=self.ticket(), luid=luid, user=user or f"user{luid}", service=service
            )
        )

    def log_off(self, luid: int) -> Finished:
        return self.ask(LogOffWanted(ticket=self.ticket(), luid=luid))

    def connect(self, luid: int, share: str = "DATA", drive: str = "") -> Finished:
        return self.ask(
            ConnectShareWanted(
                ticket=self.ticket(), luid=luid, server=SERVER, share=share, drive=drive
            )
        )

    def disconnect(self, luid: int, share: str = "DATA", drive: str = "") -> Finished:
        return self.ask(
            DisconnectShareWanted(
                ticket=self.ticket(), luid=luid, server=SERVER, share=share, drive=drive
            )
        )

    def opening(
        self,
        luid: int,
        handle: int,
        path: str = "A.TXT",
        *,
        share: str = "DATA",
        access: Access = Access.READ,
        sharing: Access = BOTH,
        disposition: Disposition = Disposition.OPEN,
        drive: str = "",
    ) -> OpenWanted:
        return OpenWanted(
            ticket=self.ticket(),
            luid=luid,
            handle=handle,
            server=SERVER,
            share=share,
            path=path,
            access=access,
            sharing=sharing,
            disposition=disposition,
            drive=drive,
        )

    def open(self, luid: int, handle: int, path: str = "A.TXT", **how: Any) -> Finished:
        return self.ask(self.opening(luid, handle, path, **how))

    def close(self, handle: int) -> Finished:
        return self.ask(CloseWanted(ticket=self.ticket(), handle=handle))

    def read(self, handle: int, offset: int = 0, length: int = 100) -> Finished:
        return self.ask(
            ReadWanted(ticket=self.ticket(), handle=handle, offset=offset, length=length)
        )

    def write(self, handle: int, data: bytes, offset: int = 0) -> Finished:
        return self.ask(WriteWanted(ticket=self.ticket(), handle=handle, offset=offset, data=data))

    def map(self, handle: int, view: int) -> Finished:
        return self.ask(MapImageWanted(ticket=self.ticket(), handle=handle, view=view))

    def touch(self, view: int, page: int = 0) -> Finished:
        return self.ask(TouchWanted(ticket=self.ticket(), view=view, page=page))

    def unmap(self, view: int) -> Finished:
        return self.ask(UnmapWanted(ticket=self.ticket(), view=view))

    # Reading.
    def wire(self) -> list[str]:
        """What was sent since the last look: "READ 800/801" is UID and TID."""
        told = [_words(each) for each in self.sent]
        self.sent.clear()
        return told

    @property
    def server(self) -> ServerView:
        return next(each for each in self.redirector.view().servers if each.server == SERVER)


def _words(exchange: Exchange) -> str:
    names = "+".join(type(each).__name__ for each in exchange.requests)
    fids = [f" {fid:x}" for each in exchange.requests if (fid := getattr(each, "fid", 0))]
    return f"{names} {exchange.uid:x}/{exchange.tid:x}{''.join(fids)}"


class Office:
    """One server and its clients; time is the office's."""

    def __init__(
        self,
        shares: tuple[ShareSetting, ...] = (ShareSetting(name="DATA", files=FILES),),
        server: ServerParams = NT4_SERVER,
    ) -> None:
        self.now = 0
        self.tickets = 0
        self._silent: set[str] = set()
        self._is_mute = False
        self.is_holding = False
        #: Circuits are direct-hosted IPX's from now on.
        self.is_direct_ipx = False
        self.server = SmbServer(server, shares)
        self._serials = 0
        self._tags = 0
        self._by_serial: dict[int, Client] = {}
        self._chains: dict[tuple[int, int], _Chain] = {}
        self._queue: deque[tuple[Any, Any]] = deque()
        self.clients: list[Client] = []

    @classmethod
    def with_files(cls, files: dict[str, bytes]) -> Office:
        """One share with these."""
        return cls((ShareSetting(name="DATA", files=files),))

    def client(self, params: RedirectorParams, name: str = "WS1", phase_ns: int = 0) -> Client:
        client = Client(self, name, params, phase_ns)
        self.clients.append(client)
        return client

    # Steps.
    def step(self, machine: Client | None, stimulus: Any) -> None:
        """None: the server.  What follows from it follows now, unless messages are held."""
        self._tell(machine, stimulus)
        if not self.is_holding:
            self.deliver(None)

    def deliver(self, count: int | None) -> None:
        """So many of the messages under way arrive, in order; None for all."""
        while self._queue and count != 0:
            self._tell(*self._queue.popleft())
            count = None if count is None else count - 1

    @property
    def is_quiet(self) -> bool:
        return not self._queue

    def _tell(self, who: Client | None, what: Any) -> None:
        if who is None:
            self._server_said(self.server.step(what, self.now))
        else:
            self._client_said(who, who.redirector.step(what, self.now))

    def until(self, instant_ns: int) -> None:
        """Time passes; every machine is woken when it wants to be."""
        for _turn in range(100_000):
            dues = [(each.redirector.due(), each) for each in self.clients]
            known = [(due, each) for due, each in dues if due is not None]
            soonest = min((due for due, _each in known), default=None)
            servers = self.server.due()
            if servers is not None and (soonest is None or servers <= soonest):
                soonest, who = servers, None
            elif soonest is not None:
                who = next(each for due, each in known if due == soonest)
            else:
                who = None
            if soonest is None or soonest > instant_ns:
                break
            assert soonest >= self.now, f"{who} wants to be woken in the past"
            self.now = soonest
            self.step(who, EXPIRED)
        else:
            raise AssertionError("time does not go on")
        self.now = instant_ns

    def pass_ns(self, duration_ns: int) -> None:
        self.until(self.now + duration_ns)

    # Faults.
    def power_off(self, client: Client) -> None:
        """It forgets everything and tells nobody; its circuit breaks at the server."""
        self.clients.remove(client)
        serial, client.connection = client.connection, None
        if serial is not None:
            del self._by_serial[serial]
            broke = ConnectionBroke(connection=serial, cause="powered off")
            self.step(None, Asked(broke))

    def silence(self, client: Client) -> None:
        """It loses its power, and its circuit stands for a while: nobody answers."""
        self.clients.remove(client)
        self._silent.add(client.name)

    def silence_server(self) -> None:
        """It hears everything from now on and answers nothing."""
        self._is_mute = True

    def cut(self, client: Client) -> None:
        """The circuit breaks, and both ends hear it."""
        serial, client.connection = client.connection, None
        assert serial is not None
        del self._by_serial[serial]
        self.step(None, Asked(ConnectionBroke(connection=serial, cause="cut")))
        self.step(client, Asked(CircuitBroke(server=SERVER, cause="cut")))

    # What machines say.
    def _client_said(self, client: Client, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Transmit(Exchange() as exchange):
                    client.sent.append(exchange)
                    self._send(client, exchange)
                case Deliver(Dial()):
                    self._dial(client)
                case Deliver(HangUp()):
                    client.hangs_up += 1
                    serial, client.connection = client.connection, None
                    if serial is not None:
                        del self._by_serial[serial]
                        broke = ConnectionBroke(connection=serial, cause="hung up")
                        self._queue.append((None, Asked(broke)))
                case Deliver(Finished() as finished):
                    assert finished.ticket not in client.finished, "told twice"
                    client.finished[finished.ticket] = finished
                case Deliver(DataLost() as lost):
                    client.lost.append(lost)
                case Note() as note:
                    client.notes.append(note)
                case _:
                    raise AssertionError(f"nobody expects {effect}")

    def _dial(self, client: Client) -> None:
        self._serials += 1
        client.connection = self._serials
        self._by_serial[self._serials] = client
        about = Connected(
            connection=self._serials,
            client=client.name,
            address="10.0.0.1",
            transport="room",
            is_direct_ipx=self.is_direct_ipx,
        )
        self._queue.append((None, Asked(about)))
        up = CircuitUp(server=SERVER, is_direct_ipx=self.is_direct_ipx)
        self._queue.append((client, Asked(up)))

    def _send(self, client: Client, exchange: Exchange) -> None:
        assert client.connection is not None, f"{exchange} without a circuit"
        chain = _Chain(exchange=exchange, uid=exchange.uid, tid=exchange.tid)
        if not isinstance(exchange.requests[0], OplockBreakAcknowledge):
            self._chains[client.connection, exchange.tag] = chain
        self._next_call(client.connection, chain)

    def _next_call(self, serial: int, chain: _Chain) -> None:
        request = chain.exchange.requests[len(chain.results)]
        call = Call(
            connection=serial,
            tag=chain.exchange.tag,
            uid=chain.uid,
            tid=chain.tid,
            request=request,
        )
        self._queue.append((None, Received(call)))

    def _server_said(self, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Transmit(Answer() as answer):
                    self._answered(answer)
                case Transmit(BreakOplock() as told):
                    client = self._by_serial.get(told.connection)
                    if client is not None and client.name not in self._silent:
                        broken = Broken(server=SERVER, tid=told.tid, fid=told.fid, level=told.level)
                        self._queue.append((client, Received(broken)))
                case Deliver(Dropped(connection=serial, cause=cause)):
                    client = self._by_serial.pop(serial, None)
                    if client is not None:
                        client.connection = None
                        broke = CircuitBroke(server=SERVER, cause=cause)
                        self._queue.append((client, Asked(broke)))
                case _:
                    pass

    def _answered(self, answer: Answer) -> None:
        chain = self._chains.get((answer.connection, answer.tag))
        client = self._by_serial.get(answer.connection)
        if chain is None or client is None or self._is_mute:
            return
        chain.uid, chain.tid = answer.uid, answer.tid
        chain.results.append(answer.result)
        is_over = isinstance(answer.result, Refused)
        if not is_over and len(chain.results) < len(chain.exchange.requests):
            self._next_call(answer.connection, chain)
            return
        del self._chains[answer.connection, answer.tag]
        reply = Reply(
            server=SERVER,
            tag=answer.tag,
            uid=answer.uid,
            tid=answer.tid,
            results=tuple(chain.results),
        )
        self._queue.append((client, Received(reply)))
