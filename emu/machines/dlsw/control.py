"""States, signals and requests of a circuit, with RFC 1795 5's names for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emu.machines.base import Asked, Expired, Received, Stimulus
from emu.pdu.dlsw import SspControl, SspInformation, SspType


class State(Enum):
    """RFC 1795 5.1."""

    DISCONNECTED = "disconnected"
    RESOLVE_PENDING = "resolve pending"
    CIRCUIT_START = "circuit start"
    CIRCUIT_PENDING = "circuit pending"
    CIRCUIT_ESTABLISHED = "circuit established"
    CONNECT_PENDING = "connect pending"
    CONTACT_PENDING = "contact pending"
    CONNECTED = "connected"
    CIRCUIT_RESTART = "circuit restart"
    DISCONNECT_PENDING = "disconnect pending"
    RESTART_PENDING = "restart pending"
    HALT_PENDING = "halt pending"
    HALT_PENDING_NOACK = "halt pending, no ack"


# What the data link to the own station says (RFC 1795 5.2, DLC events).
@dataclass(frozen=True, slots=True)
class DlcContacted:
    """The link is up: the station called, or answered our call."""


@dataclass(frozen=True, slots=True)
class DlcError:
    """The link is no more: DISC, or the station does not answer."""


@dataclass(frozen=True, slots=True)
class DlcHalted:
    """The link is down, as was asked for."""


@dataclass(frozen=True, slots=True)
class DlcReset:
    """SABME on a live link: DM was said."""


@dataclass(frozen=True, slots=True)
class DlcStarted:
    """The station is there, as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class DlcInfo:
    """An I frame of the station's."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """The connection to the other switch is no more (XPORT_FAILURE)."""


# What the circuit wants of it (RFC 1795 5.2, DLC actions).
@dataclass(frozen=True, slots=True)
class StartLink:
    """See whether the station is there."""


@dataclass(frozen=True, slots=True)
class ContactStation:
    """Call it: SABME."""


@dataclass(frozen=True, slots=True)
class EnterBusy:
    """Take nothing from it: RNR."""


@dataclass(frozen=True, slots=True)
class ExitBusy:
    """Take what it has: RR."""


@dataclass(frozen=True, slots=True)
class HaltLink:
    """End it: DISC."""


@dataclass(frozen=True, slots=True)
class SendInfo:
    """An I frame for the station."""

    octets: bytes


class Event(Enum):
    """What a stimulus is to a circuit."""

    CANUREACH = "CANUREACH_cs"
    ICANREACH = "ICANREACH_cs"
    REACH_ACK = "REACH_ACK"
    CONTACT = "CONTACT"
    CONTACTED = "CONTACTED"
    INFOFRAME = "INFOFRAME"
    HALT = "HALT_DL"
    HALT_NOACK = "HALT_DL_NOACK"
    HALTED = "DL_HALTED"
    RESTART = "RESTART_DL"
    RESTARTED = "DL_RESTARTED"
    DLC_CONTACTED = "DLC_CONTACTED"
    DLC_ERROR = "DLC_ERROR"
    DLC_HALTED = "DLC_DL_HALTED"
    DLC_RESET = "DLC_RESET"
    DLC_STARTED = "DLC_DL_STARTED"
    DLC_INFO = "DLC_INFO"
    TRANSPORT_FAILED = "XPORT_FAILURE"
    EXPIRED = "CS_TIMER_EXP"
    OTHER = "a message that is no circuit's, or not taken here"


_MESSAGES = {
    SspType.CANUREACH: Event.CANUREACH,
    SspType.ICANREACH: Event.ICANREACH,
    SspType.REACH_ACK: Event.REACH_ACK,
    SspType.CONTACT: Event.CONTACT,
    SspType.CONTACTED: Event.CONTACTED,
    SspType.INFOFRAME: Event.INFOFRAME,
    SspType.HALT_DL: Event.HALT,
    SspType.HALT_DL_NOACK: Event.HALT_NOACK,
    SspType.DL_HALTED: Event.HALTED,
    SspType.RESTART_DL: Event.RESTART,
    SspType.DL_RESTARTED: Event.RESTARTED,
}
_SIGNALS: dict[type[object], Event] = {
    DlcContacted: Event.DLC_CONTACTED,
    DlcError: Event.DLC_ERROR,
    DlcHalted: Event.DLC_HALTED,
    DlcReset: Event.DLC_RESET,
    DlcStarted: Event.DLC_STARTED,
    DlcInfo: Event.DLC_INFO,
    TransportFailed: Event.TRANSPORT_FAILED,
}


def event_of(stimulus: Stimulus) -> Event | None:
    """None for what is no stimulus of a circuit.

    RFC 1795 3.5: a message that is not supported is dropped quietly; 5.4: explorers concern none.
    """
    match stimulus:
        case Received(SspControl(explorer=True)):
            return Event.OTHER
        case Received(SspControl() | SspInformation() as message):
            return _MESSAGES.get(message.kind, Event.OTHER)
        case Asked(request):
            kind: type[object] = request.__class__
            return _SIGNALS.get(kind)
        case Expired():
            return Event.EXPIRED
        case _:
            return None
