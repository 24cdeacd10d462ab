"""The cells of the fault matrix: who is struck by what, when it ends, what was in flight.

A cell without an end is played first; when the server asked in vain there, and when it gave up,
says which ends are worth playing.  Part of test_fault_matrix.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from emu.policy.loader import load_policy
from emu.transports.base import Fault, heard_again
from emu.transports.table import transport_named
from emu.verdicts import tolerance_ns
from tests import reader
from tests.contract.worlds import TRIP_NS, Played, S, made, ns, played

#: The client logs on at 0, works once at 100 s and is idle then.
IDLE_NS = 120 * S
#: When the server pushes what the client does not acknowledge in time.
PUSH_NS = 110 * S

#: One way for the longest frame that is sent here: under 100 octets more than the shortest.
LONGEST_TRIP_NS = TRIP_NS + 100 * 8 * 100

#: What is in flight when the fault strikes, and when it strikes.  "in-the-air": the server's
#: data has left and not arrived; "held-back": it has arrived, and its acknowledgement waits for
#: a frame to ride on, if this stack lets it; "pushes": the server sends while the client is away.
FLIGHTS = {
    "idle": IDLE_NS,
    "in-the-air": PUSH_NS + TRIP_NS // 2,
    "held-back": PUSH_NS + 50_000_000,
    "pushes": IDLE_NS,
}

#: Faults that leave the client its state, with the places of a cable; and one that takes it.
FAULTS = (
    ("os-hang", "client"),
    ("suspend", "client"),
    ("cable", "client"),
    ("cable", "server"),
    ("cable", "between-switches"),
    ("app-hang", "client"),
    ("kill", "client"),
)


@dataclass(frozen=True)
class Cell:
    """``for_ns``: how long the fault lasts, None for good."""

    policy: str
    kind: str
    place: str
    flight: str
    for_ns: int | None = None

    @property
    def at_ns(self) -> int:
        return FLIGHTS[self.flight]

    @property
    def until_ns(self) -> int | None:
        return None if self.for_ns is None else self.at_ns + self.for_ns

    @property
    def gone(self) -> bool:
        """product.md, "gone / alive"."""
        return self.kind == "kill" or (self.kind == "os-hang" and self.for_ns is None)

    @property
    def silent(self) -> bool:
        """Whether nothing of the client is heard while it holds."""
        return self.kind in ("os-hang", "suspend", "cable")

    def ending(self, until_ns: int) -> Cell:
        return replace(self, for_ns=until_ns - self.at_ns)

    def _horizon_ns(self) -> int:
        """As long as this policy's patience lasts, data in flight included, and a while longer."""
        policy = load_policy(self.policy)
        transport = transport_named(policy.transport)
        params = transport.make_params(policy.stack, policy.values)
        patience_ns = transport.silence(params, self.at_ns) or 0
        if policy.stack == "linux" and self.flight != "idle":  # 924.6 s and more: facts/tcp.md 3.2
            waits = Fault(kind="cable", lost_at_ns=self.at_ns, unacknowledged_since_ns=self.at_ns)
            patience_ns += transport.delay(params, waits, self.at_ns) or 0
            patience_ns += transport.lateness(params, waits, self.at_ns)
        return (self.until_ns or self.at_ns) + patience_ns + 150 * S

    def _pushes(self) -> str:
        if self.flight == "idle":
            return ""
        instants = [IDLE_NS + 2 * S, IDLE_NS + 5 * S] if self.flight == "pushes" else [PUSH_NS]
        steps = ", ".join(f'{{ at = "{at_ns}ns", do = "push" }}' for at_ns in instants)
        return f"[hosts.server]\nprogram = [{steps}]\n"

    def play(self) -> Played:
        client = 'client = "ws1"\n' if self.place == "client" else f'place = "{self.place}"\n'
        lasts = "" if self.for_ns is None else f'for = "{self.for_ns}ns"\n'
        fault = f'[[faults]]\nkind = "{self.kind}"\nat = "{self.at_ns}ns"\n{client}{lasts}'
        with TemporaryDirectory() as folder:
            horizon = f"{self._horizon_ns()}ns"
            scenario = made(Path(folder), more=self._pushes() + fault, horizon=horizon)
        return played(scenario, self.policy)


def pushes(policy: str) -> bool:
    """Whether its server can send unasked."""
    return "server-push" in transport_named(load_policy(policy).transport).provides


def columns(policies: tuple[str, ...], flights: tuple[str, ...]) -> list[Cell]:
    """Every fault without an end; nothing can be in flight where no server sends unasked."""
    return [
        Cell(policy, kind, place, flight)
        for policy in policies
        for kind, place in FAULTS
        for flight in flights
        if flight == "idle" or pushes(policy)
    ]


@cache
def for_good(cell: Cell) -> Outcome:
    """What happens when it does not end."""
    return outcome(cell, cell.play())


@dataclass(frozen=True)
class Outcome:
    """What a trace says of session 1.

    ``trials_ns``: when the server asked, or repeated itself, behind the fault.  ``client_ns``:
    when frames of the client's stood at the tap.  ``goodbye_ns``: when the client ended the
    connection before the server did.  ``words_ns``: its last octet from before it was back, and
    ``fault``: how things stood then, as a formula wants it.
    """

    left_ns: int | None
    trials_ns: tuple[int, ...]
    client_ns: tuple[int, ...]
    stamps_ns: tuple[int, ...]
    goodbye_ns: int | None
    words_ns: int
    fault: Fault


def outcome(cell: Cell, run: Played) -> Outcome:
    """Read it from the octets alone.

    A tap behind a cut cable sees nothing of what the server sends: that is the same as with a
    cut between switches, where it does, and so it is read from that story's trace.
    """
    seen = run
    if cell.place == "server":
        seen = replace(cell, place="between-switches").play()
    connection = seen.trace.carriers(1)[0]
    before_ns = run.scenario.horizon_ns if cell.until_ns is None else cell.until_ns
    then = seen.trace.as_of(before_ns).carriers(1)[0]
    asked = sorted([*(p.frame.at_ns for p in connection.probes), *_stamps(connection.repeated)])
    moves = [move.at_ns for move in run.trace.moves(1) if move.before == "ACTIVE"]
    frames = [frame for frame in run.trace.frames if frame.link_type == 1]
    return Outcome(
        left_ns=moves[0] if moves else None,
        trials_ns=tuple(at_ns for at_ns in asked if at_ns >= cell.at_ns),
        client_ns=tuple(f.at_ns for f in frames if f.octets[6:12] == connection.mac),
        stamps_ns=tuple(_stamps(run.trace.frames)),
        goodbye_ns=_goodbye(connection, moves),
        words_ns=then.last_octet_ns,
        fault=Fault(
            kind=cell.kind,
            lost_at_ns=cell.at_ns,
            until_ns=cell.until_ns,
            same_address=seen.transport.same_address,
            unacknowledged_since_ns=then.unacknowledged_since_ns,
            idle_since_ns=_idle_since(seen, then, before_ns),
            owes_acknowledgement=_owes(cell, seen),
            client_heard_ns=max(_arrivals(cell, seen, connection.mac)),
        ),
    )


def _goodbye(connection: reader.Connection, left_ns: list[int]) -> int | None:
    """An answer to a reset (IEEE 802.2) is none, nor is what is said when all is over."""
    if connection.goodbye is None:
        return None
    word, who, frame = connection.goodbye
    too_late = bool(left_ns) and frame.at_ns > left_ns[0]
    return None if who != "client" or word == "sabme" or too_late else frame.at_ns


def _stamps(frames: list[reader.Frame]) -> list[int]:
    return [frame.at_ns for frame in frames]


def _idle_since(run: Played, connection: reader.Connection, before_ns: int) -> int | None:
    """As worlds.story has it: mars_nwe's clock, or where SESSION_ALIVE or Linux counts from."""
    spacing = run.policy.values.get("ncp.activity_spacing")
    if spacing is not None:
        return connection.idle_since_ns(int(spacing), before_ns)
    if run.policy.stack == "linux":  # its timer, from the handshake's end (facts/tcp.md 3.1)
        return connection.heard[1].at_ns
    return connection.opened_ns if run.policy.values.get("nbf.alive_interval") else None


def _owes(cell: Cell, run: Played) -> bool:
    """Data had arrived when the fault struck, and was not acknowledged.

    On NetBEUI by the session, which is in no hurry once the link did (real-captures 02: DATA_ACK
    58 to 131 ms behind the data).
    """
    if cell.flight == "held-back" and run.transport.name == "nbf":
        return True
    since_ns = run.trace.as_of(cell.at_ns).carriers(1)[0].unacknowledged_since_ns
    return since_ns is not None and since_ns + LONGEST_TRIP_NS <= cell.at_ns


def _arrivals(cell: Cell, run: Played, mac: bytes) -> list[int]:
    """When the server's frames reached the client, until the fault stopped them.

    A cable lets arrive what was in it; who hangs or sleeps does not hear it.
    """
    arrivals = [
        (frame.at_ns, frame.at_ns + TRIP_NS + (len(frame.octets) - 60) * 800)
        for frame in run.trace.frames
        if frame.link_type == 1 and frame.octets[:6] == mac
    ]
    cut = cell.kind == "cable"
    return [at for sent, at in arrivals if (sent if cut else at) <= cell.at_ns]


def ends(cell: Cell) -> dict[str, int]:
    """When it might end, by name; ``cell`` has no end.

    A frame that is sent at a trial's instant meets the client one way later, so both instants
    have their nanosecond on either side.  A row of trials has the first, the last and the gap
    behind each; the give-up its own sides, and those of its span where a stack's timers are late.
    """
    whole = for_good(cell)
    if not cell.silent:
        return {} if cell.kind == "kill" else {"soon": cell.at_ns + S, "late": cell.at_ns + 300 * S}
    found: dict[str, int] = {}
    trials, left_ns = whole.trials_ns, whole.left_ns
    if trials:
        first_ns, last_ns = trials[0], trials[-1]
        found["before the first probe"] = (cell.at_ns + first_ns) // 2
        for name, trial_ns in (("first", first_ns), ("last", last_ns)):
            for d in (-1, 0, 1, TRIP_NS - 1, TRIP_NS, TRIP_NS + 1):
                found[f"{name} probe {d:+d}"] = trial_ns + d
        if len(trials) > 1:
            found["between two probes"] = (first_ns + trials[1]) // 2
    if left_ns is not None:
        last_ns = trials[-1] if trials else cell.at_ns
        found["behind the last probe"] = (last_ns + left_ns) // 2
        for d in (-S // 100, -1, 0, 1, S):
            found[f"give-up {d:+d}"] = left_ns + d
        found |= _around_the_span(cell, whole)
    elif not trials:
        found = {"soon": cell.at_ns + S, "late": cell.at_ns + 300 * S}
    shortest_ns = cell.at_ns + 1_000_000  # emu.scenario.schema: a span is at least 1 ms
    return {name: at_ns for name, at_ns in found.items() if at_ns >= shortest_ns}


def _around_the_span(cell: Cell, whole: Outcome) -> dict[str, int]:
    """Before the earliest instant of the give-up, and after its latest."""
    policy = load_policy(cell.policy)
    transport = transport_named(policy.transport)
    params = transport.make_params(policy.stack, policy.values)
    earliest = transport.delay(params, whole.fault, whole.words_ns)
    late_ns = transport.lateness(params, whole.fault, whole.words_ns)
    if earliest is None or not late_ns:
        return {}
    earliest_ns = cell.at_ns + earliest
    return {"span -1": earliest_ns - 1, "span +1": earliest_ns + late_ns + 1}


# --- the invariants, which need no formula ----------------------------------------------------


def check_invariants(cell: Cell, run: Played) -> Outcome:
    """What must hold whatever the policy says; the outcome."""
    found = outcome(cell, run)
    (session,) = run.json["sessions"]
    assert found.stamps_ns == tuple(sorted(found.stamps_ns)), "time goes on, never back"
    assert ns(session["noticed_at_s"]) == found.left_ns
    assert session["client_lost_at_s"] == cell.at_ns / S
    assert session["false_disconnect"] is (found.left_ns is not None and not cell.gone)
    assert found.left_ns is None or found.left_ns >= cell.at_ns
    if cell.silent:
        _nobody_speaks_while_away(cell, found)
    if cell.place == "server":
        twin = replace(cell, place="between-switches")
        assert found.left_ns == outcome(twin, twin.play()).left_ns, "the server cannot tell"
    if cell.silent and cell.until_ns is not None and found.goodbye_ns is None:
        trials = for_good(replace(cell, for_ns=None)).trials_ns
        if not trials or cell.until_ns <= trials[0]:
            assert found.left_ns is None, "over before anybody asked"
    return found


def _nobody_speaks_while_away(cell: Cell, found: Outcome) -> None:
    """What was on its way at the fault still arrives; what is said on the return is a way later."""
    gone_by_ns = cell.at_ns + LONGEST_TRIP_NS
    again_ns = None if cell.until_ns is None else cell.until_ns + TRIP_NS
    said = [at for at in found.client_ns if at > gone_by_ns and (again_ns is None or at < again_ns)]
    assert said == []


# --- the formula ------------------------------------------------------------------------------


def check_formula(cell: Cell, run: Played, found: Outcome) -> None:
    """The closed formula's answer, with the tolerance that the other tests use.

    It knows no round trips, so that of a client back by them sooner or later will do as well; nor
    how late a stack's timers are, so that within a span of theirs it answers twice.
    """
    if cell.silent and found.goodbye_ns is not None:
        assert found.goodbye_ns == found.left_ns, "it had lost its patience as well"
        return
    tolerance = 0 if cell.silent and cell.until_ns is None else tolerance_ns(run.scenario)
    near = [_moved(found.fault, by) for by in _either_side(cell, tolerance)]
    left = None if found.left_ns is None else found.left_ns - cell.at_ns
    seen = run.scenario.horizon_ns - cell.at_ns
    answers = [answer for fault in near for answer in _answers(run, fault, found.words_ns)]
    assert any(_agrees(left, each, tolerance, seen) for each in answers), (
        f"{cell}: formula {answers}, emulation {left}"
    )
    assert run.failures() == []


def _either_side(cell: Cell, tolerance: int) -> tuple[int, ...]:
    return (0,) if cell.until_ns is None else (0, -tolerance, tolerance)


def _answers(run: Played, fault: Fault, words_ns: int) -> list[tuple[int | None, int]]:
    """Earliest and width of the span; and never, where that is as good."""
    asked = (run.params, fault, words_ns)
    span = (run.transport.delay(*asked), run.transport.lateness(*asked))
    return [span, (None, 0)] if run.transport.doubtful(*asked) else [span]


def _agrees(left: int | None, answer: tuple[int | None, int], tolerance: int, seen: int) -> bool:
    earliest, late_ns = answer
    if earliest is None or earliest > seen:
        return left is None
    if left is None:
        return earliest + late_ns > seen
    return 0 <= left - earliest <= late_ns + tolerance


def check_trials(cell: Cell, run: Played, found: Outcome) -> None:
    """It is heard at the next trial of those that stand in the trace without an end, or at none.

    Exact where a formula gives a span: what is lost comes back at its next retransmission and
    not before (facts/tcp.md 1, "link back"; 3.2).
    """
    if not cell.silent or cell.until_ns is None or found.goodbye_ns is not None:
        return
    whole = for_good(replace(cell, for_ns=None))
    if whole.left_ns is None or not run.transport.lateness(run.params, whole.fault, whole.words_ns):
        return
    tolerance = tolerance_ns(run.scenario)
    trials = [*whole.trials_ns, whole.left_ns]
    expected = [
        None if heard_again(_moved(found.fault, by), trials) else whole.left_ns
        for by in _either_side(cell, tolerance)
    ]
    assert found.left_ns in expected
    pushed_ns = whole.fault.unacknowledged_since_ns
    said = trials[:-1] if pushed_ns is None else [pushed_ns, *trials[:-1]]
    _comes_back_when_asked(cell, found, said, tolerance)


def _comes_back_when_asked(cell: Cell, found: Outcome, said: list[int], tolerance: int) -> None:
    """A client without anything to say speaks only when the server's first word reaches it."""
    if found.left_ns is not None or cell.kind == "os-hang" or found.fault.owes_acknowledgement:
        return
    until_ns = cell.until_ns or 0
    first_word = next(at for at in found.client_ns if at >= until_ns)
    just_then = [at for at in said if abs(at - until_ns) <= tolerance]
    next_one = [at for at in said if at > until_ns + tolerance][:1]
    assert any(0 <= first_word - at <= tolerance for at in (*just_then, *next_one))


def _moved(fault: Fault, by_ns: int) -> Fault:
    if fault.until_ns is None:
        return fault
    return replace(fault, until_ns=max(fault.lost_at_ns, fault.until_ns + by_ns))
