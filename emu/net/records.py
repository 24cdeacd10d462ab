"""What a run keeps about its sessions while it plays: plain records, filled in by the world.

They hold what nobody on the wire knows, too: when a client really was lost.  The sessions'
own view is in ``terminal_server``; ``emu.result`` turns both into the JSON of product.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.net.file_records import FileRecords

#: The fault of a session whose path a box has forgotten: its client is alive.
FORGOTTEN = "forgotten"


@dataclass(slots=True, kw_only=True)
class StateRecord:
    """A session state from ``at_ns`` on.  ``frame``: the capture's frame number, 0 for none."""

    at_ns: int
    state: str
    cause: str
    frame: int


@dataclass(slots=True, kw_only=True)
class Loss:
    """A fault that struck a session.

    ``gone``: its client is gone by product.md's words, so the session is a ghost while active.
    ``ended_at_ns``: when the session stopped being a ghost, noticed or not (taken over).
    ``returned``: the client came back before that; ``recovered``: with all its state, and was
    heard; ``struck_again``: and was lost again.  ``client_waits``: when its cable was mended, it
    waited itself for an acknowledgement, or had given up.
    ``until_ns``, ``back_at_ns``, ``attaches_at_ns``, ``same_address``,
    ``unacknowledged_since_ns``, ``idle_since_ns``, ``owes_acknowledgement``,
    ``client_heard_ns``: as ``transports.base.Fault`` has them.
    ``client_gave_up``: its own end had given the connection up when it came back.
    ``last_octet_ns``: the last octet heard, as it stood when the session stopped being a ghost,
    or at the end of the run.  ``last_words_ns``: the same, but before the client came back: one
    that is back may keep its ghost alive by answering for it.
    ``meddled``: a box on the way has forgotten the flow and may speak in its place.
    """

    client: str
    fault: str
    at_ns: int
    gone: bool
    back_at_ns: int | None
    until_ns: int | None = None
    attaches_at_ns: int | None = None
    same_address: bool = False
    noticed_at_ns: int | None = None
    ended_at_ns: int | None = None
    returned: bool = False
    recovered: bool = False
    struck_again: bool = False
    client_waits: bool = False
    last_octet_ns: int | None = None
    last_words_ns: int | None = None
    unacknowledged_since_ns: int | None = None
    idle_since_ns: int | None = None
    owes_acknowledgement: bool = False
    client_heard_ns: int | None = None
    client_gave_up: bool = False
    meddled: bool = False


@dataclass(slots=True, kw_only=True)
class ProbeCount:
    """One end's probes and the other's answers, at the server's tap.

    ``unasked``: signs of life of the same end's that nobody asked for (Novell's "verify").
    """

    probes: int = 0
    answers: int = 0
    unasked: int = 0
    bytes_on_wire: int = 0

    @property
    def frames(self) -> int:
        """All of them."""
        return self.probes + self.answers + self.unasked


@dataclass(slots=True, kw_only=True)
class SessionRecord:
    """One session over the whole run.

    ``client``: where it was opened; ``holder``: where it was last active.
    ``last_octet_ns``: last octet from the client on the connection the session has, or had
    last.  ``losses``: the faults that struck while it was active, in order.
    ``probes``: the server's; ``client_probes``: those with which a client watches the server.
    """

    id: int
    client: str
    holder: str
    user: str
    transport: str
    policy: str
    states: list[StateRecord] = field(default_factory=list[StateRecord])
    last_octet_ns: int = 0
    losses: list[Loss] = field(default_factory=list[Loss])
    false_disconnect: bool = False
    probes: ProbeCount = field(default_factory=ProbeCount)
    client_probes: ProbeCount = field(default_factory=ProbeCount)

    @property
    def state(self) -> str:
        """The state it is in."""
        return self.states[-1].state

    def strike(self, loss: Loss) -> None:
        """A fault of the client's own takes the place of a path that was only forgotten."""
        open_loss = self.open_loss
        if open_loss is not None and open_loss.fault == FORGOTTEN:
            loss.meddled = True
            self.losses[-1] = loss
        elif open_loss is None:
            self.losses.append(loss)
        else:
            open_loss.struck_again = True

    @property
    def open_loss(self) -> Loss | None:
        """The fault this session has not got over yet."""
        last = self.losses[-1] if self.losses else None
        return last if last is not None and last.ended_at_ns is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody tried to log on or to get a session back."""

    at_ns: int
    client: str
    kind: str
    outcome: str
    why: str


@dataclass(slots=True, kw_only=True)
class ProbeFrame:
    """One probe in the capture: for the comment it gets when the run is over."""

    frame: int
    session: int | None
    number: int
    of: int
    answered_by: str | None = None

    @property
    def name(self) -> str:
        """Which of how many; no number where nothing bounds them (``of`` 0)."""
        return f"probe {self.number} of {self.of}" if self.of else f"probe {self.number}"


@dataclass(slots=True)
class Records:
    """All of it.  ``power``: what happened to whom, for the timeline that people read.

    ``logged_on``: by client, when its first log-on was welcomed.  ``files``: None where the
    sessions are a terminal server's.
    """

    sessions: dict[int, SessionRecord] = field(default_factory=dict[int, SessionRecord])
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    power: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    probes: list[ProbeFrame] = field(default_factory=list[ProbeFrame])
    logged_on: dict[str, int] = field(default_factory=dict[str, int])
    files: FileRecords | None = None
    peak_sessions: int = 0
    refused_by_limit: int = 0
