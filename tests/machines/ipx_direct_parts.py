"""What the tests of SMB directly on IPX are made of: numbers of capture T3, and messages."""

from __future__ import annotations

from dataclasses import replace

from emu.machines.base import Asked, Received
from emu.machines.ipx_direct import DirectClient, DirectServer, Find, IpxDirectParams, Send
from emu.pdu.netbios_name import netbios_name
from emu.pdu.nmpi import NAME_MACHINE, Nmpi, NmpiOperation
from emu.pdu.smb.direct import DirectSmb
from emu.pdu.smb.header import Command, SmbHeader
from emu.units import ticks

#: facts/ipx.md 1.10, 2.4: 7 ticks, 13 copies; 5 queries ten ticks apart.
T3 = IpxDirectParams(
    retry_step_ns=ticks(7),
    retries=12,
    wait_after_last=True,
    name_queries=5,
    name_interval_ns=ticks(10),
    framing="802.2",
)
SERVER, WS1 = netbios_name("SERVER1", 0x20), netbios_name("WS1", 0)
CID = 0x0102
QUERY = Nmpi(
    operation=NmpiOperation.QUERY,
    name_type=NAME_MACHINE,
    message_id=0x8001,
    requested=SERVER,
    source=WS1,
)
FOUND = replace(QUERY, operation=NmpiOperation.FOUND, source=SERVER)
REPLY = 0x80


def request(mid: int, *, command: int = Command.ECHO, is_answered: bool = True) -> DirectSmb:
    """As the layer above makes it: without a CID or a number."""
    header = SmbHeader(pid=0xCAFE, mid=mid)
    return DirectSmb(header=header, command=command, octets=b"%d" % mid, is_answered=is_answered)


def answer(mid: int, *, command: int = Command.ECHO, status: int = 0) -> DirectSmb:
    header = SmbHeader(pid=0xCAFE, mid=mid, flags=REPLY, status=status)
    octets = b"re %d" % mid
    return DirectSmb(header=header, command=command, octets=octets, is_answered=False)


def numbered(message: DirectSmb, sequence: int, cid: int = CID) -> DirectSmb:
    """As it is on the wire."""
    return replace(message, header=replace(message.header, cid=cid, sequence=sequence))


NEGOTIATE = request(1, command=Command.NEGOTIATE)
NEGOTIATED = answer(1, command=Command.NEGOTIATE)
#: From the server: the level of an oplock; and what the client says to that.
BREAK = DirectSmb(
    header=SmbHeader(pid=0xFFFF, mid=0xFFFF),
    command=Command.LOCKING_ANDX,
    octets=b"break",
    is_answered=False,
)
RELEASE = request(9, command=Command.LOCKING_ANDX, is_answered=False)


def finding(params: IpxDirectParams = T3) -> DirectClient:
    machine = DirectClient(params, called=SERVER, own_name=WS1, query_id=0x8001)
    machine.step(Asked(Find()), 0)
    return machine


def found(params: IpxDirectParams = T3) -> DirectClient:
    machine = finding(params)
    machine.step(Received(FOUND), 0)
    return machine


def client_up(params: IpxDirectParams = T3) -> DirectClient:
    machine = found(params)
    machine.step(Asked(Send(NEGOTIATE)), 0)
    machine.step(Received(numbered(NEGOTIATED, 0)), 0)
    return machine


def server_up() -> DirectServer:
    machine = DirectServer(cid=CID)
    machine.step(Received(NEGOTIATE), 0)
    machine.step(Asked(Send(NEGOTIATED)), 0)
    return machine
