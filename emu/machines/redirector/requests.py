"""What programs and circuits ask of the redirector, and what it tells them.

Read facts/redirector.md 1.2, 1.3, 3.4.  Numbers named ``luid`` (a logon session), ``handle``,
``view`` and ``ticket`` are the asker's choice, unique on the machine; those named ``uid``, ``tid``
and ``fid`` are the server's.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.machines.smb.calls import Access, Disposition, Oplock


# Asked by programs.
@dataclass(frozen=True, slots=True, kw_only=True)
class LogOnWanted:
    """A logon session begins.  Nothing is said to any server before its first use.

    ``luid``: never used before on this machine, as Windows never uses one twice.
    ``service``: of a service with an account of its own (Q150275, Q258837).
    """

    ticket: int
    luid: int
    user: str
    service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOffWanted:
    """A logon session ends.  Its views and handles are closed first, as by a process's rundown.

    ``service``: it was a service's account, not somebody at a keyboard, if the log-on did not
    say so already: what "goes idle" means in Q258837 (facts/redirector.md 3.2).
    """

    ticket: int
    luid: int
    service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectShareWanted:
    """``net use``.  ``drive``: such as "X:", empty for a deviceless connect."""

    ticket: int
    luid: int
    server: str
    share: str
    drive: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectShareWanted:
    """``net use /d``."""

    ticket: int
    luid: int
    server: str
    share: str
    drive: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWanted:
    """``drive``: the mapped drive the name began with, empty for a UNC name (Q179873)."""

    ticket: int
    luid: int
    handle: int
    server: str
    share: str
    path: str
    access: Access = Access.READ
    sharing: Access = Access.READ
    disposition: Disposition = Disposition.OPEN
    drive: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWanted:
    ticket: int
    handle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWanted:
    """``offset``, ``length``: octets, >= 0."""

    ticket: int
    handle: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteWanted:
    ticket: int
    handle: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MapImageWanted:
    """The process of the handle maps the file as an image.  The handle may be closed after."""

    ticket: int
    handle: int
    view: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchWanted:
    """``page``: its number in the image, >= 0."""

    ticket: int
    view: int
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmapWanted:
    ticket: int
    view: int


# From below: what circuits do.
@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitUp:
    """The circuit that was dialled is there.

    ``is_direct_ipx``: nobody below asks an idle peer, so the redirector says something itself
    (facts/ipx.md 2.4).
    """

    server: str
    is_direct_ipx: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBroke:
    """It is gone, or could not be made.  ``cause``: for people.

    A station says this about the circuit it has now; about one that was hung up, never.
    """

    server: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """``results``: one for each request of the chain; fewer if one was refused."""

    server: str
    tag: int
    uid: int
    tid: int
    results: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The server breaks an oplock.  ``level``: what may be kept."""

    server: str
    tid: int
    fid: int
    level: Oplock


# To below.
@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Whatever was outstanding on the circuit is forgotten."""

    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An AndX chain of requests, such as (SetUp, TreeConnect); ``uid``, ``tid``: its header's."""

    server: str
    tag: int
    uid: int
    tid: int
    requests: tuple[object, ...]


# To programs.
@dataclass(frozen=True, slots=True, kw_only=True)
class SentAs:
    """Under which numbers a page was asked for: not always the reader's own (Q179983)."""

    uid: int
    tid: int
    fid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """``status``: 0, an NT status, or a Win32 number below 65,536 as ``net use`` prints it.

    ``why``: the cause in words, empty for success.  ``resident``: the page was there already.
    """

    ticket: int
    status: int = 0
    data: bytes = b""
    why: str = ""
    sent_as: SentAs | None = None
    resident: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLost:
    """Octets a program has written, that were never told to the server and never will be."""

    server: str
    path: str
    luid: int
    octets: int
