"""What a server keeps of a circuit, and of a message whose parts are in work."""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.errors import LocalProtocolError
from emu.machines.smb.calls import Echo, SessionReady, Standing
from emu.pdu.smb.header import SmbHeader
from emu.pdu.smb.message import Body, Smb
from emu.pdu.smb.session import SessionSetupRequest
from emu.stations.service import MESSAGE_OCTETS_MAX
from emu.stations.smb import figures
from emu.stations.smb.circuit import Circuit
from emu.stations.smb.replies import reply_header
from emu.stations.smb.requests import Context
from emu.wire.smb.message import encode_smb
from emu.wire.smb.text import HEADER_OCTETS

#: Ours, no source: a longer chain is refused, or its replies could want any amount of memory.
PARTS_MAX = 8
#: An AndX block begins anywhere, its data at a multiple of four.
_ALIGNMENT = 4


@dataclass(slots=True, kw_only=True)
class Chain:
    """One message of a client.  ``at``: which part is in work.

    ``uid``, ``tid``, ``fid``: those of the header, or what an earlier part was given.
    """

    header: SmbHeader
    bodies: tuple[Body, ...]
    uid: int
    tid: int
    fid: int | None = None
    at: int = 0
    request: object = None
    replies: list[Body] = field(default_factory=list[Body])

    @property
    def body(self) -> Body:
        return self.bodies[self.at]

    @property
    def is_last(self) -> bool:
        return self.at == len(self.bodies) - 1

    @property
    def is_echo(self) -> bool:
        """It has a reply for each time it was asked for."""
        return isinstance(self.request, Echo)

    def context(self, room: int) -> Context:
        """``room``: octets that the whole reply may have."""
        return Context(
            fid=self.fid,
            unicode=self.header.is_unicode,
            octets_max=max(0, room - figures.READ_OVERHEAD - self._used()),
        )

    def _used(self) -> int:
        """Octets of the reply so far, behind its header."""
        if not self.replies:
            return 0
        header = reply_header(self.header, uid=self.uid, tid=self.tid)
        try:
            so_far = encode_smb(Smb(header=header, bodies=tuple(self.replies)))
        except LocalProtocolError:
            return MESSAGE_OCTETS_MAX  # it cannot be written, and will be refused at its end
        return len(so_far) - HEADER_OCTETS + _ALIGNMENT


@dataclass(slots=True, kw_only=True)
class Line:
    """One circuit.  ``buffer_max``: how long a reply the client has room for, in octets.

    ``longest``: what the carrier takes.  ``echo_tag``: the latest ECHO's.
    """

    circuit: Circuit
    challenge: bytes
    longest: int
    buffer_max: int = figures.BUFFER_MAX
    chains: dict[int, Chain] = field(default_factory=dict[int, Chain])
    echo_tag: int | None = None

    @property
    def room(self) -> int:
        return min(self.buffer_max, self.longest)

    def set_up(self, asked: Body, result: object) -> None:
        """A log-on that was let in tells what the client has room for."""
        if isinstance(asked, SessionSetupRequest) and isinstance(result, SessionReady):
            self.buffer_max = min(max(asked.buffer_max, figures.BUFFER_MIN), figures.ROOM_MAX)


#: Longest account and longest system's name that is taken; ours, no source.
ACCOUNT_MAX, SYSTEM_MAX = 256, 64


def judged(account: str, standing: Standing) -> tuple[str, Standing]:
    """Nobody has a longer name."""
    return (account, standing) if len(account) <= ACCOUNT_MAX else ("", Standing.REJECTED)
