"""Values of the tests of SMB: the messages behind the golden vectors, and strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from emu.pdu.smb.files import (
    LOCKING_LARGE_FILES,
    LOCKING_OPLOCK_RELEASE,
    CloseRequest,
    LockingRequest,
    LockingResponse,
    LockRange,
    NtCreateRequest,
    NtCreateResponse,
    OpenRequest,
    OpenResponse,
    Oplock,
    ReadRequest,
    ReadResponse,
    WriteRequest,
    WriteResponse,
)
from emu.pdu.smb.header import (
    MID_OPLOCK_BREAK,
    PID_OPLOCK_BREAK,
    TID_NONE,
    Command,
    SmbHeader,
    dos_status,
)
from emu.pdu.smb.message import Body, EmptyResponse, Smb
from emu.pdu.smb.session import (
    NO_DIALECT,
    NT4_CLIENT_CAPABILITIES,
    NT4_SERVER_CAPABILITIES,
    SECURITY_USER_CHALLENGE,
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
from emu.pdu.smb.transaction import (
    SETUP_TRANSACT_PIPE,
    DirectoryEntry,
    FindCloseRequest,
    Trans2,
    TransactionRequest,
    TransactionResponse,
)
from emu.wire.smb.trans2 import encode_entries
from tests.wire import strategies as of
from tests.wire.vectors import load

SMB = load("smb")

UP = SmbHeader(tid=0x800, pid=0xCAFE, uid=0x800, mid=0x40)
DOWN = SmbHeader(flags=0x98, flags2=0xC003, tid=0x800, pid=0xCAFE, uid=0x800, mid=0x40)
EARLY_UP = SmbHeader(tid=TID_NONE, pid=0xCAFE, mid=0x40)
EARLY_DOWN = SmbHeader(flags=0x98, flags2=0xC003, tid=TID_NONE, pid=0xCAFE, mid=0x40)
BREAK = SmbHeader(tid=0x800, pid=PID_OPLOCK_BREAK, mid=MID_OPLOCK_BREAK)
DOS_DOWN = SmbHeader(
    status=dos_status(2, 91), flags=0x98, flags2=0x8003, tid=0x800, pid=0xCAFE, uid=0x800, mid=0x40
)
NT_DOWN = SmbHeader(
    status=0xC0000008, flags=0x98, flags2=0xC003, tid=0x800, pid=0xCAFE, uid=0x800, mid=0x40
)
TREE_FAILS = SmbHeader(
    status=0xC00000CC, flags=0x98, flags2=0xC003, pid=0xCAFE, uid=0x800, mid=0x40
)
ASCII_UP = SmbHeader(flags=0, flags2=0, tid=0x800, pid=0xCAFE, uid=0x800, mid=0x40)
IPX_UP = SmbHeader(
    flags=0, flags2=0, key=0x12345678, cid=3, sequence=5, tid=TID_NONE, pid=0xCAFE, mid=0x40
)

OPEN = OpenRequest(
    flags=2, access=0x42, search=6, attributes=0, created=0, mode=0x11, allocation=0, timeout_ms=0,
    name="\\a",
)  # fmt: skip
ENTRY = DirectoryEntry(
    name="a", created=1, accessed=2, written=3, changed=4, size=13, allocation=4096,
    attributes=0x80,
)  # fmt: skip
SET_UP = SessionSetupResponse(action=0, system="NT", lan_manager="LM", domain="LAB")
HELLO = WriteRequest(fid=0x800, offset=0, data=b"hello", remaining=5, large=True)

BODIES: dict[str, tuple[SmbHeader, tuple[Body, ...]]] = {
    "negotiate": (EARLY_UP, (NegotiateRequest(dialects=("PC NETWORK PROGRAM 1.0", "NT LM 0.12")),)),
    "negotiate-ok": (EARLY_DOWN, (NegotiateResponse(
        index=7, security=SECURITY_USER_CHALLENGE, mpx_max=50, vcs_max=1, buffer_max=4356,
        raw_max=65536, session_key=0, capabilities=NT4_SERVER_CAPABILITIES,
        time=116_444_736_000_000_000, zone_min=-60, challenge=bytes(range(1, 9)), domain="LAB",
    ),)),
    "negotiate-none": (EARLY_DOWN, (NegotiateCoreResponse(index=NO_DIALECT),)),
    "setup-and-tree": (EARLY_UP, (
        SessionSetupRequest(
            buffer_max=4356, mpx_max=50, vc_number=0, session_key=0,
            capabilities=NT4_CLIENT_CAPABILITIES, lm=b"\x11" * 24, nt=b"\x22" * 24, account="ann",
            domain="LAB", system="NT", lan_manager="NT",
        ),
        TreeConnectRequest(flags=0, password=b"\0", path="\\\\S\\D", service="?????"),
    )),
    "setup-and-tree-ok": (DOWN, (
        SET_UP, TreeConnectResponse(optional=1, service="A:", file_system="NTFS"),
    )),
    "setup-ok-tree-fails": (TREE_FAILS, (SET_UP, EmptyResponse(command=0x75))),
    "tree-ok-rights": (DOWN, (TreeConnectResponse(
        optional=1, service="A:", file_system="NTFS", access=0x1F01FF, guest_access=0x1200A9,
    ),)),
    "nt-create": (UP, (NtCreateRequest(
        flags=0x16, root=0, access=0x120089, allocation=0, attributes=0x80, share=1, disposition=1,
        options=0x40, impersonation=2, security_flags=3, name="\\a.txt",
    ),)),
    "nt-create-ok": (DOWN, (NtCreateResponse(
        oplock=Oplock.BATCH, fid=0x800, action=1, created=1, accessed=2, written=3, changed=4,
        attributes=0x80, allocation=4096, size=13, file_type=0, state=7, directory=0,
    ),)),
    "open": (UP, (OPEN,)),
    "open-ok": (DOWN, (OpenResponse(
        fid=0x801, attributes=0x20, written=0x12345678, size=13, access=2, file_type=0, state=0,
        action=1,
    ),)),
    "read": (UP, (ReadRequest(
        fid=0x800, offset=0x100001000, octets_max=4096, timeout_ms=0xFFFFFFFF, large=True
    ),)),
    "read-10-words": (UP, (ReadRequest(fid=0x800, offset=4096, octets_max=4096),)),
    "read-ok": (DOWN, (ReadResponse(data=b"hello"),)),
    "write": (UP, (HELLO,)),
    "write-12-words": (UP, (WriteRequest(fid=0x800, offset=0, data=b"hello", remaining=5),)),
    "write-ok": (DOWN, (WriteResponse(octets=5),)),
    "close": (UP, (CloseRequest(fid=0x800),)),
    "close-ok": (DOWN, (EmptyResponse(command=Command.CLOSE),)),
    "tree-disconnect": (UP, (TreeDisconnectRequest(),)),
    "logoff": (UP, (LogoffRequest(),)),
    "logoff-ok": (DOWN, (LogoffResponse(),)),
    "echo": (EARLY_UP, (EchoRequest(count=1, data=b"ping"),)),
    "echo-ok": (EARLY_DOWN, (EchoResponse(number=1, data=b"ping"),)),
    "oplock-break": (BREAK, (LockingRequest(fid=0x800, kind=LOCKING_OPLOCK_RELEASE, level=1),)),
    "lock": (UP, (LockingRequest(
        fid=0x800, kind=0, timeout_ms=0xFFFFFFFF,
        unlocks=(LockRange(pid=0xCAFE, offset=0, length=10),),
        locks=(LockRange(pid=0xCAFE, offset=16, length=1),),
    ),)),
    "lock-large": (UP, (LockingRequest(
        fid=0x800, kind=LOCKING_LARGE_FILES,
        locks=(LockRange(pid=0xCAFE, offset=0x100000010, length=10),),
    ),)),
    "lock-ok": (DOWN, (LockingResponse(),)),
    "transact-pipe": (UP, (TransactionRequest(
        command=Command.TRANSACTION, setup=(SETUP_TRANSACT_PIPE, 0x800), name="\\PIPE\\",
        parameters=b"", data=bytes((1, 2, 3, 4)), data_max=1024,
    ),)),
    "find-first": (UP, (TransactionRequest(
        command=Command.TRANSACTION2, setup=(Trans2.FIND_FIRST2,),
        parameters=bytes.fromhex("1600 0002 0600 0401 00000000 5c002a000000"),
        parameters_max=10, data_max=4096,
    ),)),
    "find-first-ok": (DOWN, (TransactionResponse(
        command=Command.TRANSACTION2, parameters=bytes.fromhex("0008 0100 0100 0000 0000"),
        data=encode_entries((ENTRY,), unicode=True),
    ),)),
    "find-close": (UP, (FindCloseRequest(sid=0x800),)),
    "bad-uid-dos": (DOS_DOWN, (EmptyResponse(command=Command.READ_ANDX),)),
    "bad-fid-nt": (NT_DOWN, (EmptyResponse(command=Command.READ_ANDX),)),
    "open-ascii": (ASCII_UP, (OPEN,)),
    "echo-ipx": (IPX_UP, (EchoRequest(count=1, data=b"\x04Hello\0"),)),
}  # fmt: skip
EXPECTED = {name: Smb(header=header, bodies=bodies) for name, (header, bodies) in BODIES.items()}


# --- strategies ----------------------------------------------------------------------------

ascii_texts = st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=12)
#: What both forms can carry; Unicode alone is ``wide_texts``, lone surrogates included.
wide_texts = (
    st.text(st.characters(min_codepoint=1, exclude_categories=()), max_size=12) | ascii_texts
)
quads = st.integers(0, 2**64 - 1)
commands2 = st.sampled_from((Command.TRANSACTION, Command.TRANSACTION2))


def headers(*, reply: bool, unicode: bool) -> st.SearchStrategy[SmbHeader]:
    flags = of.octet.map(lambda value: value | 0x80 if reply else value & 0x7F)
    flags2 = of.word.map(lambda value: value | 0x8000 if unicode else value & 0x7FFF)
    names = ("pid_high", "cid", "sequence", "reserved", "tid", "pid", "uid", "mid")
    words = dict.fromkeys(names, of.word)
    return st.builds(
        SmbHeader, status=of.long_word, key=of.long_word, flags=flags, flags2=flags2, **words
    )


def requests(*, unicode: bool) -> st.SearchStrategy[Body]:
    """Every request but those that are an AndX chain's beginning only by chance."""
    texts = wide_texts if unicode else ascii_texts
    return st.one_of(
        st.builds(NegotiateRequest, dialects=st.lists(ascii_texts, max_size=4).map(tuple)),
        _setups(texts),
        st.just(LogoffRequest()),
        _trees(texts),
        st.just(TreeDisconnectRequest()),
        st.builds(EchoRequest, count=of.word, data=of.payload),
        _creates(texts),
        _opens(texts),
        _reads(),
        _writes(),
        st.builds(CloseRequest, fid=of.word, written=of.long_word),
        _lockings(),
        _transactions(texts),
        st.builds(FindCloseRequest, sid=of.word),
    )


def _setups(texts: st.SearchStrategy[str]) -> st.SearchStrategy[SessionSetupRequest]:
    names = dict.fromkeys(("account", "domain", "system", "lan_manager"), texts)
    numbers = {"buffer_max": of.word, "mpx_max": of.word, "vc_number": of.word}
    keys = {"session_key": of.long_word, "capabilities": of.long_word}
    proofs = {"lm": st.binary(max_size=25), "nt": st.binary(max_size=25)}
    return st.builds(SessionSetupRequest, **numbers, **keys, **proofs, **names)


def _trees(texts: st.SearchStrategy[str]) -> st.SearchStrategy[TreeConnectRequest]:
    password = st.binary(max_size=25)
    return st.builds(
        TreeConnectRequest, flags=of.word, password=password, path=texts, service=ascii_texts
    )


def _creates(texts: st.SearchStrategy[str]) -> st.SearchStrategy[NtCreateRequest]:
    longs = ("flags", "root", "access", "attributes", "share", "disposition", "options")
    return st.builds(
        NtCreateRequest,
        **dict.fromkeys((*longs, "impersonation"), of.long_word),
        allocation=quads,
        security_flags=of.octet,
        name=texts,
    )


def _opens(texts: st.SearchStrategy[str]) -> st.SearchStrategy[OpenRequest]:
    words = dict.fromkeys(("flags", "access", "search", "attributes", "mode"), of.word)
    longs = dict.fromkeys(("created", "allocation", "timeout_ms"), of.long_word)
    return st.builds(OpenRequest, **words, **longs, name=texts)


def _reads() -> st.SearchStrategy[ReadRequest]:
    words = dict.fromkeys(("fid", "octets_max", "octets_min", "remaining"), of.word)
    return st.one_of(
        st.builds(ReadRequest, **words, timeout_ms=of.long_word, offset=of.long_word),
        st.builds(ReadRequest, **words, timeout_ms=of.long_word, offset=quads, large=st.just(True)),
    )


def _writes() -> st.SearchStrategy[WriteRequest]:
    words = dict.fromkeys(("fid", "mode", "remaining"), of.word)
    rest = {"timeout_ms": of.long_word, "data": of.payload}
    return st.one_of(
        st.builds(WriteRequest, **words, **rest, offset=of.long_word),
        st.builds(WriteRequest, **words, **rest, offset=quads, large=st.just(True)),
    )


def _lockings() -> st.SearchStrategy[LockingRequest]:
    def of_size(kind: int) -> st.SearchStrategy[LockingRequest]:
        size = quads if kind & LOCKING_LARGE_FILES else of.long_word
        ranges = st.lists(
            st.builds(LockRange, pid=of.word, offset=size, length=size), max_size=3
        ).map(tuple)
        return st.builds(
            LockingRequest, fid=of.word, kind=st.just(kind), level=of.octet,
            timeout_ms=of.long_word, unlocks=ranges, locks=ranges,
        )  # fmt: skip

    return of.octet.flatmap(of_size)


def _transactions(texts: st.SearchStrategy[str]) -> st.SearchStrategy[TransactionRequest]:
    common = {
        "setup": st.lists(of.word, max_size=3).map(tuple), "parameters": of.payload,
        "data": of.payload, "parameters_max": of.word, "data_max": of.word,
        "setup_max": of.octet, "flags": of.word, "timeout_ms": of.long_word,
        "parameters_total": st.none() | st.integers(1000, 0xFFFF),
        "data_total": st.none() | st.integers(1000, 0xFFFF),
    }  # fmt: skip
    one, two = st.just(Command.TRANSACTION), st.just(Command.TRANSACTION2)
    return st.builds(TransactionRequest, command=one, name=texts, **common) | st.builds(
        TransactionRequest, command=two, **common
    )


def responses(*, unicode: bool) -> st.SearchStrategy[Body]:
    texts = wide_texts if unicode else ascii_texts
    return st.one_of(
        st.builds(NegotiateCoreResponse, index=of.word),
        _negotiated(),
        st.builds(
            SessionSetupResponse, action=of.word, system=texts, lan_manager=texts, domain=texts
        ),
        st.sampled_from((LogoffResponse(), LockingResponse())),
        _tree_answers(texts),
        st.builds(EchoResponse, number=of.word, data=of.payload),
        _created(),
        _opened(),
        st.builds(ReadResponse, data=of.payload, remaining=of.word),
        st.builds(WriteResponse, octets=of.long_word, available=of.word),
        _transacted(),
        st.builds(EmptyResponse, command=of.octet),
    )


def _negotiated() -> st.SearchStrategy[NegotiateResponse]:
    """Text as the capability says; the lower bit of it at 0004, no extended security."""
    words = dict.fromkeys(("index", "mpx_max", "vcs_max"), of.word)
    longs = dict.fromkeys(("buffer_max", "raw_max", "session_key"), of.long_word)
    return st.builds(
        NegotiateResponse, **words, **longs, security=of.octet,
        capabilities=of.long_word.map(lambda value: value & 0x7FFFFFFF), time=quads,
        zone_min=st.integers(-0x8000, 0x7FFF), challenge=st.binary(max_size=9),
        domain=ascii_texts, server=st.none() | ascii_texts,
    )  # fmt: skip


def _tree_answers(texts: st.SearchStrategy[str]) -> st.SearchStrategy[TreeConnectResponse]:
    common = {"optional": of.word, "service": ascii_texts, "file_system": texts}
    return st.builds(TreeConnectResponse, **common) | st.builds(
        TreeConnectResponse, **common, access=of.long_word, guest_access=of.long_word
    )


def _created() -> st.SearchStrategy[NtCreateResponse]:
    words = dict.fromkeys(("fid", "file_type", "state"), of.word)
    times = dict.fromkeys(("created", "accessed", "written", "changed"), quads)
    return st.builds(
        NtCreateResponse, **words, **times, oplock=of.octet, action=of.long_word,
        attributes=of.long_word, allocation=quads, size=quads, directory=of.octet,
    )  # fmt: skip


def _opened() -> st.SearchStrategy[OpenResponse]:
    words = ("fid", "attributes", "access", "file_type", "state", "action")
    longs = ("written", "size", "server_fid")
    return st.builds(
        OpenResponse, **dict.fromkeys(words, of.word), **dict.fromkeys(longs, of.long_word)
    )


def _transacted() -> st.SearchStrategy[TransactionResponse]:
    totals = st.none() | st.integers(1000, 0xFFFF)
    return st.builds(
        TransactionResponse, command=commands2, parameters=of.payload, data=of.payload,
        setup=st.lists(of.word, max_size=3).map(tuple), parameters_at=of.word, data_at=of.word,
        parameters_total=totals, data_total=totals,
    )  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> Smb:
    """Chains of up to three: what is no AndX command ends one."""
    reply, unicode = draw(st.booleans()), draw(st.booleans())
    bodies = responses(unicode=unicode) if reply else requests(unicode=unicode)
    chain = [draw(bodies)]
    while len(chain) < 3 and may_be_followed(chain[-1]) and draw(st.booleans()):
        chain.append(draw(bodies))
    return Smb(header=draw(headers(reply=reply, unicode=unicode)), bodies=tuple(chain))


def may_be_followed(body: Body) -> bool:
    """MS-CIFS 2.2.3.4: only an AndX command that has its words."""
    andx = {0x24, 0x2D, 0x2E, 0x2F, 0x73, 0x74, 0x75, 0xA2}
    return body.command in andx and not isinstance(body, EmptyResponse)
