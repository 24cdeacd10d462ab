"""A whole SMB1 message: a header and a chain of bodies (facts/redirector.md 4.2, 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emu.pdu.smb.files import (
    CloseRequest,
    LockingRequest,
    LockingResponse,
    NtCreateRequest,
    NtCreateResponse,
    OpenRequest,
    OpenResponse,
    ReadRequest,
    ReadResponse,
    WriteRequest,
    WriteResponse,
)
from emu.pdu.smb.header import SmbHeader
from emu.pdu.smb.session import (
    EchoRequest,
    EchoResponse,
    LogoffRequest,
    LogoffResponse,
    NegotiateCoreResponse,
    NegotiateRequest,
    NegotiateResponse,
    SessionSetupRequest,
    SessionSetupResponse,
    TreeConnectRequest,
    TreeConnectResponse,
    TreeDisconnectRequest,
)
from emu.pdu.smb.transaction import FindCloseRequest, TransactionRequest, TransactionResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyResponse:
    """No words, no octets: every error, CLOSE, TREE_DISCONNECT, FIND_CLOSE2, an interim answer."""

    reply: ClassVar[bool] = True
    command: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmbBlock:
    """What is known by its command only, or was written as we would not write it.

    ``words``: an even number of octets, of an AndX command with its link, which is sent as it
    stands.  ``after``: octets between this block and the next one, or the message's end.
    """

    command: int
    words: bytes
    data: bytes
    after: bytes = b""


Body = (
    NegotiateRequest
    | NegotiateCoreResponse
    | NegotiateResponse
    | SessionSetupRequest
    | SessionSetupResponse
    | LogoffRequest
    | LogoffResponse
    | TreeConnectRequest
    | TreeConnectResponse
    | TreeDisconnectRequest
    | EchoRequest
    | EchoResponse
    | NtCreateRequest
    | NtCreateResponse
    | OpenRequest
    | OpenResponse
    | ReadRequest
    | ReadResponse
    | WriteRequest
    | WriteResponse
    | CloseRequest
    | LockingRequest
    | LockingResponse
    | TransactionRequest
    | TransactionResponse
    | FindCloseRequest
    | EmptyResponse
    | SmbBlock
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Smb:
    """``bodies``: one, or an AndX chain; the first one's command is the header's."""

    header: SmbHeader
    bodies: tuple[Body, ...]
