"""The table of ``circuit.Circuit``: RFC 1795 5.2, state by state.

"Not listed" marks rows that RFC 1795 does not have and without which two switches would wait
for each other for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emu.machines.base import Effects, Row
from emu.machines.dlsw.control import Event, State

if TYPE_CHECKING:
    from emu.machines.dlsw.circuit import Circuit

    Rows = Mapping[Event, Row[Circuit, State]]


def rows(circuit: type[Circuit]) -> Mapping[State, Rows]:
    """By state and event; what is not in it does nothing."""

    def row(
        action: Callable[[Circuit, Any, int], Effects], cites: str, *leads_to: State
    ) -> Row[Circuit, State]:
        return Row(action, frozenset(leads_to), cites)

    halt = row(circuit.halt, "RFC 1795 5.2, HALT_DL", State.HALT_PENDING)
    silently = row(
        circuit.halt_silently,
        "RFC 1795 5.2, HALT_DL_NOACK and XPORT_FAILURE",
        State.HALT_PENDING_NOACK,
    )
    ending: Rows = {
        Event.HALT: halt,
        Event.HALT_NOACK: silently,
        Event.TRANSPORT_FAILED: silently,
    }
    error = row(circuit.error, "RFC 1795 5.2, DLC_ERROR", State.DISCONNECT_PENDING)
    contact = row(circuit.contact, "RFC 1795 5.2.4, 5.2.6, CONTACT", State.CONTACT_PENDING)
    restart = row(circuit.restart, "RFC 1795 5.2.5, 5.2.8, DLC_RESET", State.CIRCUIT_RESTART)
    restarting = row(
        circuit.be_restarted, "RFC 1795 5.2.7, 5.2.8, RESTART_DL", State.RESTART_PENDING
    )
    halting = row(circuit.halting_silently, "RFC 1795 5.2.11, 5.2.12", State.HALT_PENDING_NOACK)
    halted = row(circuit.halted, "RFC 1795 5.2.12: DL_HALTED", State.DISCONNECTED)
    not_listed = row(circuit.gone, "not listed: nothing is left of it", State.DISCONNECTED)

    def gone(section: str) -> Row[Circuit, State]:
        return row(circuit.gone, f"RFC 1795 {section}", State.DISCONNECTED)

    def not_reached(event: str) -> Row[Circuit, State]:
        return row(circuit.not_reached, f"RFC 1795 5.2.3, {event}", State.DISCONNECTED)

    return {
        State.DISCONNECTED: {
            Event.CANUREACH: row(circuit.start_link, "RFC 1795 5.2.1", State.RESOLVE_PENDING),
            Event.DLC_CONTACTED: row(circuit.call, "RFC 1795 5.2.1", State.CIRCUIT_START),
        },
        State.RESOLVE_PENDING: {
            Event.DLC_STARTED: row(circuit.started, "RFC 1795 5.2.2", State.CIRCUIT_PENDING),
            Event.DLC_ERROR: gone("5.2.2"),
            Event.TRANSPORT_FAILED: not_listed,
        },
        State.CIRCUIT_START: {
            Event.ICANREACH: row(circuit.reached, "RFC 1795 5.2.3", State.CONNECT_PENDING),
            Event.DLC_ERROR: gone("5.2.3"),
            Event.DLC_RESET: not_listed,
            Event.EXPIRED: not_reached("CS_TIMER_EXP"),
            Event.TRANSPORT_FAILED: not_reached("XPORT_FAILURE"),
        },
        State.CIRCUIT_PENDING: {
            **ending,
            Event.CONTACT: contact,
            Event.REACH_ACK: row(
                circuit.acknowledged,
                "RFC 1795 5.2.4",
                State.CONNECT_PENDING,
                State.CIRCUIT_ESTABLISHED,
            ),
            Event.DLC_CONTACTED: row(circuit.called, "RFC 1795 5.2.4"),
            Event.DLC_ERROR: gone("5.2.4"),
        },
        State.CONNECT_PENDING: {
            **ending,
            Event.CONTACTED: row(circuit.contacted_there, "RFC 1795 5.2.5", State.CONNECTED),
            Event.DLC_RESET: restart,
            Event.DLC_ERROR: error,
        },
        State.CIRCUIT_ESTABLISHED: {
            **ending,
            Event.CONTACT: contact,
            Event.DLC_CONTACTED: row(
                circuit.called_and_ready, "RFC 1795 5.2.6", State.CONNECT_PENDING
            ),
            Event.DLC_ERROR: error,
        },
        State.CONTACT_PENDING: {
            **ending,
            Event.RESTART: restarting,
            Event.DLC_CONTACTED: row(circuit.answered, "RFC 1795 5.2.7", State.CONNECTED),
            Event.DLC_ERROR: error,
        },
        State.CONNECTED: {
            **ending,
            Event.RESTART: restarting,
            Event.INFOFRAME: row(circuit.arrive, "RFC 1795 5.2.8"),
            Event.DLC_INFO: row(circuit.carry, "RFC 1795 5.2.8"),
            Event.DLC_RESET: restart,
            Event.DLC_ERROR: error,
        },
        State.CIRCUIT_RESTART: {
            **ending,  # HALT_DL is not listed, and the peer may have to say it in 5.2.11
            Event.RESTARTED: row(
                circuit.restarted_there,
                "RFC 1795 5.2.9",
                State.CONNECT_PENDING,
                State.CIRCUIT_ESTABLISHED,
            ),
            Event.RESTART: row(circuit.say_restarted, "not listed: both stations began anew"),
            Event.DLC_CONTACTED: row(circuit.called, "RFC 1795 5.2.9, case 2"),
            Event.DLC_RESET: row(circuit.reset_again, "not listed: SABME once more"),
            Event.DLC_ERROR: error,
        },
        State.DISCONNECT_PENDING: {
            Event.HALTED: gone("5.2.10"),
            Event.HALT: row(circuit.say_halted, "RFC 1795 5.2.10"),
            Event.HALT_NOACK: gone("5.2.10"),
            Event.TRANSPORT_FAILED: gone("5.2.10"),
        },
        State.RESTART_PENDING: {
            Event.HALT: row(circuit.halting, "not listed: the peer gives up", State.HALT_PENDING),
            Event.HALT_NOACK: halting,
            Event.TRANSPORT_FAILED: silently,
            Event.DLC_HALTED: row(
                circuit.restarted_here, "RFC 1795 5.2.11", State.CIRCUIT_ESTABLISHED
            ),
            Event.DLC_ERROR: error,
        },
        State.HALT_PENDING: {
            Event.HALT_NOACK: halting,
            Event.TRANSPORT_FAILED: halting,
            Event.DLC_HALTED: halted,
            Event.DLC_ERROR: halted,
        },
        State.HALT_PENDING_NOACK: {
            Event.DLC_HALTED: gone("5.2.13"),
            Event.DLC_ERROR: gone("5.2.13"),
        },
    }
