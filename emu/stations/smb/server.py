"""The server's end of SMB: circuits of any carrier in, one server machine behind them.

A message is a chain of parts; each becomes a ``Call`` that bears what the part before was given,
and the answers become one chain in reply, which the first refusal ends (facts/redirector.md 4.2).
A part may have to wait for somebody's oplock, and the parts behind it wait with it.

Passwords are checked by a stand-in, see ``proofs``.  Read facts/redirector.md 3.5, 4.2, 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Protocol

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.machines.base import Asked, Deliver, Effect, Note, Received, Transmit
from emu.machines.smb import calls, faults
from emu.machines.smb.calls import Answer, BreakOplock, Call, Refused, SetUp
from emu.machines.smb_server import SmbServer
from emu.machines.smb_server.administration import FileClose, FileEnum, SessionDel, SessionEnum
from emu.machines.smb_server.events import Began, Ceased, Connected, ConnectionBroke, Dropped
from emu.pdu.smb.header import Flags2, SmbHeader
from emu.pdu.smb.message import Body, EmptyResponse, Smb
from emu.pdu.smb.session import (
    NO_DIALECT,
    NegotiateCoreResponse,
    NegotiateRequest,
    SessionSetupRequest,
)
from emu.stations.ncp.alarm import Arms
from emu.stations.service import MESSAGE_OCTETS_MAX
from emu.stations.smb import figures
from emu.stations.smb.carrier_user import CarrierUser
from emu.stations.smb.chain import PARTS_MAX, SYSTEM_MAX, Chain, Line, judged
from emu.stations.smb.circuit import Circuit, message_max
from emu.stations.smb.driver import Driver
from emu.stations.smb.proofs import CHALLENGE_OCTETS, Account, judge
from emu.stations.smb.replies import Teller, oplock_break, reply_header, with_refusal
from emu.stations.smb.requests import UNSUPPORTED, request_of
from emu.wire.smb.message import decode_smb, encode_smb

#: The carrier that has no circuits of its own (facts/redirector.md 3.1).
DIRECT_IPX = "ipx-direct"

Administrative = SessionEnum | SessionDel | FileEnum | FileClose


class SmbObserver(Protocol):
    """Who wants to know what happens on a server."""

    def began(self, began: Began, now: int, /) -> None: ...

    def ceased(self, ceased: Ceased, now: int, /) -> None: ...

    def dropped(self, dropped: Dropped, now: int, /) -> None: ...

    def noted(self, note: Note, now: int, /) -> None: ...

    def answered(self, connection: int, request: object, result: object, now: int, /) -> None:
        """``request`` and ``result``: the machine's values.  A refusal is a ``Refused``."""
        ...


class SmbService:
    """What stands above a server's carriers.  ``users``: by name, whatever its case.

    ``randomness``: makes the challenges.  ``dropped``: messages that nobody could read.
    """

    def __init__(
        self,
        machine: SmbServer,
        surroundings: Arms,
        *,
        users: Mapping[str, Account],
        randomness: Random,
        observer: SmbObserver,
        domain: str = "LAB",
    ) -> None:
        self.machine = machine
        self.dropped = 0
        self._users = {name.upper(): account for name, account in users.items()}
        self._randomness = randomness
        self._observer = observer
        self._teller = Teller(domain=domain)
        self._lines: dict[int, Line] = {}
        self._tags = 0
        self._delivered: list[object] = []
        self._driver = Driver(machine, surroundings, self._carry_out)

    def over(self, transport: str) -> CarrierUser:
        """The ``User`` of one carrier station; ``transport``: its name in the table."""
        return CarrierUser(self, transport)

    def ask(self, request: Administrative, now: int) -> list[object]:
        """An administrator's question, and what the machine has to say to it."""
        if self._driver.is_busy:
            raise LocalProtocolError("smb service: ask when nothing else is being told")
        self._delivered = []
        self._driver.step(Asked(request), now)
        return self._delivered

    # What the carriers tell.
    def opened(self, circuit: Circuit, transport: str, now: int) -> None:
        """A circuit of a carrier is up."""
        self._lines[circuit.serial] = Line(
            circuit=circuit,
            challenge=self._randomness.randbytes(CHALLENGE_OCTETS),
            longest=message_max(circuit, otherwise=MESSAGE_OCTETS_MAX),
        )
        about = Connected(
            connection=circuit.serial,
            client=circuit.caller,
            address=circuit.address,
            transport=transport,
            is_direct_ipx=transport == DIRECT_IPX,
        )
        self._driver.step(Asked(about), now)

    def broke(self, circuit: Circuit, cause: str, now: int) -> None:
        """A circuit is gone, in order or not; one that the server dropped is forgotten already."""
        if self._lines.pop(circuit.serial, None) is not None:
            self._driver.step(Asked(ConnectionBroke(connection=circuit.serial, cause=cause)), now)

    def message(self, circuit: Circuit, octets: bytes, now: int) -> None:
        """Whatever a client sends; what cannot be read is counted and has no answer."""
        line = self._lines.get(circuit.serial)
        if line is None:
            return
        try:
            message = decode_smb(octets)
        except PeerProtocolError:
            self.dropped += 1
            return
        if message.header.is_reply:
            self.dropped += 1
            return
        self._begin(line, message, now)

    # Requests.
    def _begin(self, line: Line, message: Smb, now: int) -> None:
        header = message.header
        chain = Chain(header=header, bodies=message.bodies, uid=header.uid, tid=header.tid)
        first = message.bodies[0]
        if isinstance(first, NegotiateRequest) and figures.DIALECT not in first.dialects:
            chain.replies.append(NegotiateCoreResponse(index=NO_DIALECT))
            self._reply(line, chain, None, now)
        elif len(message.bodies) > PARTS_MAX:
            self._reply(line, chain, Refused(fault=faults.INVALID_SMB), now)
        else:
            self._go_on(line, chain, now)

    def _go_on(self, line: Line, chain: Chain, now: int) -> None:
        """The part in work to the machine."""
        self._tags += 1
        tag = self._tags
        chain.request = self._request(line, chain)
        is_answered = not isinstance(chain.request, calls.OplockBreakAcknowledge)
        if is_answered:
            self._remember(line, tag, chain)
        call = Call(
            connection=line.circuit.serial,
            tag=tag,
            uid=chain.uid,
            tid=chain.tid,
            request=chain.request,
        )
        self._driver.step(Received(call), now)
        if not is_answered and len(chain.bodies) > 1:
            # Alone it has no reply (G: MS-CIFS 2.2.4.32.2); in a chain, who is behind it has.
            self._worked(line, chain, calls.Done(), now)

    def _remember(self, line: Line, tag: int, chain: Chain) -> None:
        """An ECHO has any number of answers, all in one step; the one before has had its own."""
        if chain.is_echo:
            if line.echo_tag is not None and not self._driver.is_busy:
                line.chains.pop(line.echo_tag, None)
            line.echo_tag = tag
        line.chains[tag] = chain

    def _request(self, line: Line, chain: Chain) -> object:
        match chain.body:
            case NegotiateRequest():
                return calls.Negotiate() if chain.at == 0 else UNSUPPORTED
            case SessionSetupRequest() as asked:
                return self._set_up(line, asked)
            case body:
                request = request_of(body, chain.context(line.room))
                is_chained_echo = isinstance(request, calls.Echo) and len(chain.bodies) > 1
                return UNSUPPORTED if is_chained_echo else request

    def _set_up(self, line: Line, asked: SessionSetupRequest) -> SetUp:
        proofs = (asked.lm, asked.nt)
        user, standing = judged(
            asked.account, judge(self._users, asked.account, proofs, line.challenge)
        )
        return SetUp(
            user=user,
            standing=standing,
            vc_number=asked.vc_number,
            level_ii=bool(asked.capabilities & figures.CAP_LEVEL_II),
            client_type=asked.system[:SYSTEM_MAX],
        )

    # What the machine says.
    def _carry_out(self, effect: Effect, now: int) -> None:
        match effect:
            case Transmit(Answer() as answer):
                self._answered(answer, now)
            case Transmit(BreakOplock() as told):
                line = self._lines.get(told.connection)
                if line is not None:
                    line.circuit.send(encode_smb(oplock_break(told)), now)
            case Deliver(Began() as began):
                self._observer.began(began, now)
            case Deliver(Ceased() as ceased):
                self._observer.ceased(ceased, now)
            case Deliver(Dropped() as dropped):
                self._drop(dropped, now)
            case Deliver(value):
                self._delivered.append(value)
            case Note():
                self._observer.noted(effect, now)
            case _:
                raise AssertionError(f"an SMB server said {effect}")

    def _drop(self, dropped: Dropped, now: int) -> None:
        line = self._lines.pop(dropped.connection, None)
        self._observer.dropped(dropped, now)
        if line is not None:
            line.circuit.abort(now)

    def _answered(self, answer: Answer, now: int) -> None:
        line = self._lines.get(answer.connection)
        chain = None if line is None else line.chains.get(answer.tag)
        if line is None or chain is None:
            return
        self._observer.answered(answer.connection, chain.request, answer.result, now)
        chain.uid, chain.tid = answer.uid, answer.tid
        if not isinstance(answer.result, calls.Echoed):
            del line.chains[answer.tag]
        if isinstance(answer.result, Refused):
            self._reply(line, chain, answer.result, now)
        else:
            self._worked(line, chain, answer.result, now)

    def _worked(self, line: Line, chain: Chain, result: object, now: int) -> None:
        """A part is done: the next one, or the reply."""
        line.set_up(chain.body, result)
        if isinstance(result, calls.OpenReady):
            chain.fid = result.fid
        try:
            chain.replies.append(self._told(line, chain, result, now))
        except LocalProtocolError:
            self._reply(line, chain, Refused(fault=faults.INSUFF_SERVER_RESOURCES), now)
            return
        if chain.is_last:
            self._reply(line, chain, None, now)
        else:
            chain.at += 1
            self._go_on(line, chain, now)

    def _told(self, line: Line, chain: Chain, result: object, now: int) -> Body:
        body = chain.body
        if isinstance(body, NegotiateRequest) and isinstance(result, calls.Negotiated):
            return self._teller.negotiated(
                result,
                index=body.dialects.index(figures.DIALECT),
                challenge=line.challenge,
                buffer_max=min(figures.BUFFER_MAX, line.longest),
                now=now,
            )
        unicode = chain.header.is_unicode
        return self._teller.reply(body, chain.request, result, unicode=unicode)

    def _reply(self, line: Line, chain: Chain, refused: Refused | None, now: int) -> None:
        header = reply_header(chain.header, uid=chain.uid, tid=chain.tid)
        if isinstance(chain.body, NegotiateRequest) and refused is None:
            header = _with_unicode(header)
        bodies = list(chain.replies)
        if chain.is_echo:
            chain.replies.clear()
        if refused is not None:
            bodies.append(EmptyResponse(command=chain.body.command))
            header = with_refusal(header, refused)
        line.circuit.send(_octets(header, tuple(bodies), line.longest), now)


def _with_unicode(header: SmbHeader) -> SmbHeader:
    """NEGOTIATE's reply follows the capability; the flag is kept equal (redirector.md 4.4)."""
    return replace(header, flags2=header.flags2 | Flags2.UNICODE)


def _octets(header: SmbHeader, bodies: tuple[Body, ...], longest: int) -> bytes:
    """A reply that cannot be written, or not be carried, becomes a refusal of all of it."""
    try:
        octets = encode_smb(Smb(header=header, bodies=bodies))
    except LocalProtocolError:
        octets = b""
    if octets and len(octets) <= longest:
        return octets
    header = with_refusal(header, Refused(fault=faults.INSUFF_SERVER_RESOURCES))
    return encode_smb(Smb(header=header, bodies=(EmptyResponse(command=bodies[0].command),)))
