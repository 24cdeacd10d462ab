"""The client's end of SMB: one redirector, a circuit to each server, octets on any carrier.

Each ``Exchange`` becomes one message, whose reply is found by MID and PID; only a read or a write
that is longer than the server's or our own MaxBuffer becomes several, one after the other.  How
many may be outstanding is the machine's care.  Read facts/redirector.md 1.2, 4.2, 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from emu.errors import PeerProtocolError
from emu.machines.base import Asked, Deliver, Effect, Machine, Note, Received, Transmit
from emu.machines.redirector.requests import (
    Broken,
    CircuitBroke,
    CircuitUp,
    Dial,
    Exchange,
    HangUp,
    Reply,
)
from emu.machines.smb import calls
from emu.machines.smb.calls import Oplock
from emu.pdu.smb.files import LOCKING_OPLOCK_RELEASE, LockingRequest
from emu.pdu.smb.header import MID_OPLOCK_BREAK, NT_REQUEST_FLAGS2, Flags2, SmbHeader
from emu.pdu.smb.message import Smb
from emu.pdu.smb.session import NegotiateResponse
from emu.stations.ncp.alarm import Arms
from emu.stations.service import MESSAGE_OCTETS_MAX
from emu.stations.smb import figures
from emu.stations.smb.circuit import Bounded, Carrier, Circuit, message_max
from emu.stations.smb.driver import Driver
from emu.stations.smb.exchanges import Speaker, results_of
from emu.stations.smb.pieces import Pending
from emu.wire.smb.message import decode_smb, encode_smb

#: The redirector's own process, as it appears in traces of NT (G), and the steps of its MIDs (G).
PID, MID_STEP, MIDS = 0xCAFE, 0x40, 0x10000
#: Before Unicode and NT status are agreed, and after (facts/redirector.md 4.2).
EARLY_FLAGS2 = Flags2.LONG_NAMES | Flags2.EXTENDED_ATTRIBUTES


class ClientObserver(Protocol):
    """Who wants to know what programs are told."""

    def delivered(self, value: object, now: int, /) -> None:
        """``Finished``, ``DataLost``, whatever the machine says to programs."""
        ...

    def noted(self, note: Note, now: int, /) -> None: ...


class SmbClient:
    """A computer's redirector.  ``passwords``: by account; who is not there has an empty one."""

    def __init__(
        self,
        machine: Machine,
        surroundings: Arms,
        *,
        passwords: Mapping[str, str],
        observer: ClientObserver,
        domain: str = "LAB",
    ) -> None:
        self.machine = machine
        self._observer = observer
        capitals = {name.upper(): password for name, password in passwords.items()}
        self.speaker = Speaker(domain=domain, passwords=capitals)
        self._ends: dict[str, ServerEnd] = {}
        self._driver = Driver(machine, surroundings, self._carry_out)

    @property
    def dropped(self) -> int:
        """Messages of servers that could not be read, or that nobody had asked for."""
        return sum(end.dropped for end in self._ends.values())

    def towards(self, server: str) -> ServerEnd:
        """The ``User`` of the carrier station to a server; then say ``attach(station)``."""
        return self._ends.setdefault(server, ServerEnd(self, server))

    def ask(self, wanted: object, now: int) -> None:
        """A program's request; what becomes of it is ``delivered``."""
        self._driver.step(Asked(wanted), now)

    def hear(self, stimulus: Received | Asked, now: int) -> None:
        """From a server's end."""
        self._driver.step(stimulus, now)

    def _carry_out(self, effect: Effect, now: int) -> None:
        match effect:
            case Transmit(Exchange() as exchange):
                self.towards(exchange.server).begin(exchange, now)
            case Deliver(Dial(server=server)):
                self.towards(server).dial(now)
            case Deliver(HangUp(server=server)):
                self.towards(server).hang_up(now)
            case Deliver(value):
                self._observer.delivered(value, now)
            case Note():
                self._observer.noted(effect, now)
            case _:
                raise AssertionError(f"a redirector said {effect}")


class ServerEnd:
    """What a client has towards one server: a circuit or none, and what is outstanding on it.

    ``dropped``: messages that could not be read, or that nobody had asked for.
    """

    def __init__(self, client: SmbClient, server: str) -> None:
        self.dropped = 0
        self._client = client
        self._server = server
        self._carrier: Carrier | None = None
        self._circuit: Circuit | None = None
        self._is_dialling = False
        self._forget()

    @property
    def circuit(self) -> Circuit | None:
        """The circuit, None while there is none."""
        return self._circuit

    def attach(self, carrier: Carrier) -> None:
        """``carrier``: the station whose ``User`` this is."""
        self._carrier = carrier

    # What the machine asks.
    def dial(self, now: int) -> None:
        if self._carrier is None:
            broke = CircuitBroke(server=self._server, cause=f"no way to {self._server}")
            self._client.hear(Asked(broke), now)
            return
        self._forget()
        self._is_dialling = True
        circuit = self._carrier.connect(None, now)
        if self._is_dialling:  # else it has been told already what became of it
            self._circuit = circuit

    def hang_up(self, now: int) -> None:
        circuit, self._circuit = self._circuit, None
        self._is_dialling = False
        self._forget()
        if circuit is not None:
            circuit.close(now)

    def begin(self, exchange: Exchange, now: int) -> None:
        """What is asked of a circuit that broke just now is answered by that it broke."""
        if self._circuit is not None:
            self._send(Pending(exchange, room=self._room), now)

    def _send(self, pending: Pending, now: int) -> None:
        assert self._circuit is not None, "the caller looked"
        exchange, requests = pending.exchange, pending.requests()
        mid = self._free_mid()
        is_early = isinstance(requests[0], calls.Negotiate)
        flags2 = EARLY_FLAGS2 if is_early else NT_REQUEST_FLAGS2
        header = SmbHeader(uid=exchange.uid, tid=exchange.tid, pid=PID, mid=mid, flags2=int(flags2))
        bodies = tuple(
            self._client.speaker.body(each, server=self._server, challenge=self._challenge)
            for each in requests
        )
        octets = encode_smb(Smb(header=header, bodies=bodies))
        if not isinstance(requests[0], calls.OplockBreakAcknowledge) or len(requests) > 1:
            self._pending[mid] = pending
        self._circuit.send(octets, now)

    def _free_mid(self) -> int:
        """The next one that is not outstanding and not the server's own."""
        while True:
            self._mid = (self._mid + MID_STEP) % MIDS or MID_STEP
            if self._mid not in self._pending:
                return self._mid

    # What the carrier tells.
    def opened(self, connection: Circuit, now: int, /) -> None:
        if self._is_mine(connection):
            self._circuit, self._is_dialling = connection, False
            self._room = message_max(connection, otherwise=MESSAGE_OCTETS_MAX)
            up = CircuitUp(server=self._server, is_direct_ipx=isinstance(connection, Bounded))
            self._client.hear(Asked(up), now)

    def lost(self, connection: Circuit, cause: str, now: int, /) -> None:
        if self._is_mine(connection):
            self._circuit, self._is_dialling = None, False
            self._forget()
            self._client.hear(Asked(CircuitBroke(server=self._server, cause=cause)), now)

    def ended(self, connection: Circuit, cause: str, now: int, /) -> None:
        """To a client, a server that ends a circuit in order is as gone as any."""
        self.lost(connection, cause, now)

    def message(self, connection: Circuit, message: bytes, now: int, /) -> None:
        if self._circuit is not connection:
            return  # it was under way when the circuit was hung up
        try:
            smb = decode_smb(message)
            if smb.header.is_reply:
                self._replied(smb, now)
            else:
                self._broken(smb, now)
        except PeerProtocolError:
            self.dropped += 1

    def _is_mine(self, connection: Circuit) -> bool:
        """Of a circuit that was hung up, nothing is told."""
        return connection is self._circuit or (self._circuit is None and self._is_dialling)

    def _replied(self, smb: Smb, now: int) -> None:
        header = smb.header
        pending = self._pending.get(header.mid)
        if pending is None or header.pid != PID:
            raise PeerProtocolError(f"SMB reply: nothing outstanding as MID {header.mid:04X}")
        results = results_of(pending.requests(), header, smb.bodies)
        self._learn(smb)
        if not pending.expects_more(results):
            del self._pending[header.mid]
        if pending.goes_on(results):
            self._send(pending, now)
            return
        reply = Reply(
            server=self._server,
            tag=pending.exchange.tag,
            uid=header.uid,
            tid=header.tid,
            results=pending.whole(results),
        )
        self._client.hear(Received(reply), now)

    def _learn(self, smb: Smb) -> None:
        """What a server tells of itself, once."""
        match smb.bodies[0]:
            case NegotiateResponse() as told:
                self._challenge = told.challenge
                # Less than a client may have is no honest server's.
                told_max = max(told.buffer_max, figures.BUFFER_MIN)
                self._room = min(self._room, told_max, figures.BUFFER_MAX)
            case _:
                pass

    def _broken(self, smb: Smb, now: int) -> None:
        """An oplock break; a server asks for nothing else (facts/redirector.md 4.3)."""
        match smb.bodies:
            case (LockingRequest(fid=fid, kind=kind, level=level),) if (
                kind & LOCKING_OPLOCK_RELEASE and smb.header.mid == MID_OPLOCK_BREAK
            ):
                keeps = Oplock.LEVEL_II if level == 1 else Oplock.NONE
                broken = Broken(server=self._server, tid=smb.header.tid, fid=fid, level=keeps)
                self._client.hear(Received(broken), now)
            case _:
                raise PeerProtocolError("SMB: a server's request that is no oplock break")

    def _forget(self) -> None:
        """A new circuit begins with nothing."""
        self._pending: dict[int, Pending] = {}
        self._mid = 0
        self._challenge = b""
        self._room = MESSAGE_OCTETS_MAX
