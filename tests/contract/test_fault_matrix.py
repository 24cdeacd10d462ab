"""The fault matrix: every policy, every fault that leaves the client its state, every end.

A column is a policy with a fault, a place and what was in flight; its cells are the ends, taken
from what happens when it does not end.  Invariants first, which no formula is needed for; then
the closed formula.  By default each policy has every fault while idle, and one policy of each
transport has everything; ``EMU_SLOW=1`` plays all of it.
"""

from __future__ import annotations

import os

import pytest

from emu.policy.loader import load_policy
from emu.scenario.vocabulary import FAULT_KINDS
from tests.contract.faults import (
    FAULTS,
    FLIGHTS,
    Cell,
    check_formula,
    check_invariants,
    check_trials,
    columns,
    ends,
    for_good,
    pushes,
)
from tests.contract.worlds import ONE_EACH, POLICIES, S

EVERYTHING = bool(os.environ.get("EMU_SLOW"))

#: Ends that are played by default where not all are: each side of the first and of the last.
SOME = frozenset(
    {
        "soon",
        "before the first probe",
        "first probe +0",
        "between two probes",
        "last probe +0",
        "last probe +1",
        "behind the last probe",
        "give-up -1",
        "give-up +1",
        "span -1",
        "span +1",
    }
)


def _column(cell: Cell) -> str:
    return f"{cell.policy} {cell.kind} {cell.place} {cell.flight}"


def test_every_fault_that_leaves_a_state_is_in_the_matrix() -> None:
    """power-loss and reboot leave none: test_three_proofs.py has them."""
    here = [kind for kind in FAULT_KINDS if not kind.on_line]  # lines: tests/net/test_wan.py
    known = {(kind.name, place) for kind in here for place in kind.places}
    assert known - set(FAULTS) == {("power-loss", "client"), ("reboot", "client")}


@pytest.mark.slow
@pytest.mark.parametrize("cell", columns(POLICIES, ("idle",)), ids=_column)
def test_a_fault_of_an_idle_client(cell: Cell) -> None:
    _play(cell, EVERYTHING or cell.policy in ONE_EACH)


@pytest.mark.slow
@pytest.mark.parametrize("cell", columns(ONE_EACH, tuple(FLIGHTS)[1:]), ids=_column)
def test_a_fault_with_data_in_flight(cell: Cell) -> None:
    _play(cell, EVERYTHING)


def _play(cell: Cell, every_end: bool) -> None:
    found = {name: at for name, at in ends(cell).items() if every_end or name in SOME}
    for each in (cell, *(cell.ending(until_ns) for until_ns in found.values())):
        run = each.play()
        found_here = check_invariants(each, run)
        check_formula(each, run, found_here)
        check_trials(each, run, found_here)


# --- the matrix is about what it says ---------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_a_column_has_the_ends_it_promises(policy: str) -> None:
    """Where the server asks at all, and gives up, there is an end on either side of both."""
    cell = Cell(policy, "suspend", "client", "idle")
    # KB Q187049; facts/tcp.md 3; facts/netbeui.md 2.3
    never = policy in ("tcp-no-keepalive", "tcp-no-keepalive-linux", "nbf-802.2")
    assert (for_good(cell).left_ns is None) is never
    spans = {"span -1", "span +1"}
    late = not never and load_policy(policy).stack == "linux"  # facts/tcp.md 3.4
    wanted = {"soon"} if never else SOME - {"soon"} - (set() if late else spans)
    if policy == "nbf-802.2" or never:
        assert wanted <= set(ends(cell))
    else:
        assert wanted - {"between two probes"} <= set(ends(cell))


@pytest.mark.parametrize("policy", [p for p in ONE_EACH if pushes(p)])
@pytest.mark.parametrize("flight", ["in-the-air", "pushes"])
def test_data_is_in_flight_where_the_matrix_says_so(policy: str, flight: str) -> None:
    """A client that never comes back leaves it unacknowledged."""
    found = for_good(Cell(policy, "suspend", "client", flight))
    assert found.fault.unacknowledged_since_ns is not None
    assert found.left_ns is not None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_hung_program_costs_nobody_a_session_and_a_dead_one_says_so(policy: str) -> None:
    """The stack answers for the one; for the other its kernel does, at once (product.md)."""
    assert for_good(Cell(policy, "app-hang", "client", "idle")).left_ns is None
    killed = Cell(policy, "kill", "client", "idle")
    found = for_good(killed)
    if policy.startswith("ncp"):  # the shell has no goodbye for it (facts/ipx.md 3.1.5)
        assert found.left_ns is None
    else:
        assert found.left_ns is not None and 0 < found.left_ns - killed.at_ns < S


# --- columns that were wrong once, whatever is played by default ------------------------------


@pytest.mark.parametrize(
    ("cell", "end"),
    [
        # A word that does not acknowledge the data is no recovery: the session goes with it.
        (Cell("spx-novell", "suspend", "client", "in-the-air"), "behind the last probe"),
        (Cell("nbipx-novell", "suspend", "client", "pushes"), "behind the last probe"),
        # The client's own DATA_ACK was lost, and its first word behind the cut is DISC.
        (Cell("nbf-ibm", "cable", "client", "held-back"), "before the first probe"),
    ],
    ids=["spx-novell", "nbipx-novell", "nbf-ibm"],
)
def test_a_session_lost_after_the_client_was_heard_is_the_faults(cell: Cell, end: str) -> None:
    each = cell.ending(ends(cell)[end])
    run = each.play()
    found = check_invariants(each, run)
    check_formula(each, run, found)
    (session,) = run.json["sessions"]
    assert (session["noticed_at_s"] is not None, session["false_disconnect"]) == (True, True)
