"""Bodies of the SMB1 messages that make and end sessions and trees (facts/redirector.md 4.3).

Times are 100 ns since 1601; texts are without their final zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emu.pdu.smb.header import Command

#: The eight dialects of an NT 4 client (facts/redirector.md 4.3); the server takes the last.
NT4_DIALECTS = (
    "PC NETWORK PROGRAM 1.0",
    "XENIX CORE",
    "MICROSOFT NETWORKS 1.03",
    "LANMAN1.0",
    "Windows for Workgroups 3.1a",
    "LM1.2X002",
    "LANMAN2.1",
    "NT LM 0.12",
)
#: Index of the server that speaks none of them (MS-CIFS 2.2.4.52.2).
NO_DIALECT = 0xFFFF

CAP_UNICODE = 0x0004
CAP_EXTENDED_SECURITY = 0x80000000
#: facts/redirector.md 4.3: Unicode, NT SMBs, NT status, level II; and the server's.
NT4_CLIENT_CAPABILITIES = 0xD4
NT4_SERVER_CAPABILITIES = 0x43FD

#: Security mode: each user logs on for himself, by challenge and response.
SECURITY_USER_CHALLENGE = 0x03
#: Action of a session's set-up: the user was let in as a guest.
ACTION_GUEST = 0x0001


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiateRequest:
    """``dialects``: ASCII, in the client's order."""

    command: ClassVar[Command] = Command.NEGOTIATE
    reply: ClassVar[bool] = False
    dialects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiateCoreResponse:
    """One word only: the core dialect, or ``NO_DIALECT``."""

    command: ClassVar[Command] = Command.NEGOTIATE
    reply: ClassVar[bool] = True
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiateResponse:
    """Dialect "NT LM 0.12" without extended security, 17 words.

    ``zone_min``: minutes west of Greenwich, signed.  ``server``: None where the sender stops
    after the domain, as NT 4 does.  Both texts are Unicode if the *capability* says so, whatever
    Flags2 says (facts/redirector.md 4.4).
    """

    command: ClassVar[Command] = Command.NEGOTIATE
    reply: ClassVar[bool] = True
    index: int
    security: int
    mpx_max: int
    vcs_max: int
    buffer_max: int
    raw_max: int
    session_key: int
    capabilities: int
    time: int
    zone_min: int
    challenge: bytes
    domain: str
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetupRequest:
    """13 words.  ``lm`` and ``nt``: the two proofs, 24 octets each from NT 4."""

    command: ClassVar[Command] = Command.SESSION_SETUP_ANDX
    reply: ClassVar[bool] = False
    buffer_max: int
    mpx_max: int
    vc_number: int
    session_key: int
    capabilities: int
    lm: bytes
    nt: bytes
    account: str
    domain: str
    system: str
    lan_manager: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetupResponse:
    """Three words; the UID is in the header."""

    command: ClassVar[Command] = Command.SESSION_SETUP_ANDX
    reply: ClassVar[bool] = True
    action: int
    system: str
    lan_manager: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoffRequest:
    """Ends the session of the header's UID."""

    command: ClassVar[Command] = Command.LOGOFF_ANDX
    reply: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoffResponse:
    """The session is ended."""

    command: ClassVar[Command] = Command.LOGOFF_ANDX
    reply: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeConnectRequest:
    r"""``path``: ``\\SERVER\SHARE``.  ``service``: ASCII always, ``?????`` for any."""

    command: ClassVar[Command] = Command.TREE_CONNECT_ANDX
    reply: ClassVar[bool] = False
    flags: int
    password: bytes
    path: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeConnectResponse:
    """Three words, or seven with both rights; the TID is in the header."""

    command: ClassVar[Command] = Command.TREE_CONNECT_ANDX
    reply: ClassVar[bool] = True
    optional: int
    service: str
    file_system: str
    access: int | None = None
    guest_access: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeDisconnectRequest:
    """Ends the header's TID."""

    command: ClassVar[Command] = Command.TREE_DISCONNECT
    reply: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoRequest:
    """``count``: how many answers are wanted."""

    command: ClassVar[Command] = Command.ECHO
    reply: ClassVar[bool] = False
    count: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoResponse:
    """``number``: 1 to the count that was asked for."""

    command: ClassVar[Command] = Command.ECHO
    reply: ClassVar[bool] = True
    number: int
    data: bytes
