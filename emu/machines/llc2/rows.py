"""The table of ``link.Link``: what each state allows, and who says so.

"facts" is facts/netbeui.md.  "802.2" names a state of the standard's tables; the standard itself
was not at hand, so what those rows do is the fact sheet's reading of Linux's copy of the tables
(S3: ADM and SETUP were read) and, for the other states, an assumption in their spirit.

Sending on a link that nobody asked for has no row: there is nothing to queue
it on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from emu.machines.base import Asked, Effects, Expired, Received, Row, Stimulus
from emu.machines.llc2.control import Busy, Connect, Disconnect, Send, State
from emu.pdu.llc2 import Information, Supervisory, Unnumbered, UnnumberedKind

if TYPE_CHECKING:
    from emu.machines.llc2.link import Link

    Rows = Mapping["Event", Row[Link, State]]


class Event(Enum):
    """What a stimulus is to a link."""

    SABME = "SABME"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    NUMBERED = "an I or S frame"
    OTHER = "a U frame that is no link's"
    CONNECT = "set-up asked for"
    SEND = "octets to send"
    BUSY = "own receiver busy or not"
    DISCONNECT = "end asked for"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


_COMMANDS = {UnnumberedKind.SABME: Event.SABME, UnnumberedKind.DISC: Event.DISC}
_RESPONSES = {
    UnnumberedKind.UA: Event.UA,
    UnnumberedKind.DM: Event.DM,
    UnnumberedKind.FRMR: Event.FRMR,
}
_REQUESTS: dict[type[Any], Event] = {
    Connect: Event.CONNECT,
    Send: Event.SEND,
    Busy: Event.BUSY,
    Disconnect: Event.DISCONNECT,
}


def event_of(stimulus: Stimulus) -> Event:
    """A command that can only be a response, or the other way round, is nothing at all."""
    match stimulus:
        case Received(Unnumbered() as pdu):
            return (_RESPONSES if pdu.response else _COMMANDS).get(pdu.kind, Event.OTHER)
        case Received(Information() | Supervisory()):
            return Event.NUMBERED
        case Expired():
            return Event.EXPIRED
        case Asked(request):
            kind: type[Any] = request.__class__
            return _REQUESTS.get(kind, Event.FOREIGN)
        case _:
            return Event.FOREIGN


_NOWHERE: frozenset[State] = frozenset()
_DOWN = frozenset({State.DOWN})
_UP = frozenset({State.UP})
_LEAVING = frozenset({State.DISCONNECTING})
_SETTING_UP = frozenset({State.SETTING_UP})
_GIVEN_UP = frozenset({State.DISCONNECTING, State.RESETTING})


def rows(link: type[Link]) -> Mapping[State, Rows]:
    """By state and event."""

    def row(
        action: Callable[[Link, Any, int], Effects], leads_to: frozenset[State], cites: str
    ) -> Row[Link, State]:
        return Row(action, leads_to, cites)

    accept = row(link.accept, _UP, "802.2 ADM and ERROR, SABME; facts 2.1")
    ended = row(link.ended, _DOWN, "802.2: DISC is answered by UA")
    refused = row(link.refused, _DOWN, "802.2 DM: no link")
    no_link = row(link.not_connected, _NOWHERE, "802.2 ADM: P = 1 draws DM; facts 3.1")
    send = row(link.send, _NOWHERE, "802.2 NORMAL, DATA_REQUEST; queued before that")
    ignore = row(link.ignore, _NOWHERE, "802.2: no action")
    set_up_again = row(link.set_up_unanswered, _DOWN, "facts 2.2: T1, N2 for SABME")
    down: Rows = {
        Event.SABME: accept,
        Event.DISC: no_link,
        Event.NUMBERED: no_link,
        Event.CONNECT: row(link.connect, _SETTING_UP, "802.2 ADM, CONNECT_REQUEST; facts 2.1"),
        Event.DISCONNECT: ignore,
        Event.BUSY: ignore,
        Event.EXPIRED: ignore,
        **dict.fromkeys((Event.UA, Event.DM, Event.FRMR, Event.OTHER), ignore),
    }
    setting_up: Rows = {
        Event.SABME: row(link.collide, _NOWHERE, "802.2 SETUP: both at once"),
        Event.DISC: row(link.taken_back, _DOWN, "802.2 SETUP, DISC"),
        Event.UA: row(link.accepted, _UP, "802.2 SETUP, UA; facts 2.1, the poll behind it"),
        Event.DM: row(link.not_now, _DOWN, "802.2 SETUP, DM"),
        Event.FRMR: ignore,
        Event.NUMBERED: ignore,
        Event.OTHER: ignore,
        Event.SEND: send,
        Event.BUSY: ignore,
        Event.DISCONNECT: row(link.give_up_opening, _LEAVING, "802.2 SETUP, DISCONNECT_REQUEST"),
        Event.EXPIRED: set_up_again,
    }
    resetting: Rows = {
        **setting_up,
        Event.DISC: ended,
        Event.DM: refused,
        Event.UA: row(link.accepted, _UP, "802.2 RESET, UA: reset confirmed"),
    }
    up: Rows = {
        Event.SABME: row(link.live_sabme, _DOWN, "facts 3.2: a switch"),
        Event.DISC: ended,
        Event.UA: ignore,
        Event.DM: refused,
        Event.FRMR: row(link.rejected, _GIVEN_UP, "facts 1.2: KB Q103154; 802.2 NORMAL, FRMR"),
        Event.NUMBERED: row(
            link.arrive,
            frozenset({State.REJECTING, State.DISCONNECTING}),
            "802.2 NORMAL, BUSY, REJECT, AWAIT; facts 1.2, FRMR",
        ),
        Event.OTHER: ignore,
        Event.SEND: send,
        Event.BUSY: row(link.busy, _NOWHERE, "802.2 NORMAL, LOCAL_BUSY"),
        Event.DISCONNECT: row(link.disconnect, _LEAVING, "802.2 NORMAL, DISCONNECT_REQUEST"),
        Event.EXPIRED: row(link.expired, _GIVEN_UP, "facts 2.2: T1, T2, Ti, N2"),
    }
    rejecting: Rows = {
        Event.SABME: accept,
        Event.DISC: ended,
        Event.DM: refused,
        Event.EXPIRED: row(link.reject_unheeded, _DOWN, "802.2 ERROR, T1"),
        Event.DISCONNECT: row(link.give_up_opening, _LEAVING, "802.2 ERROR, DISCONNECT_REQUEST"),
        **dict.fromkeys(
            (Event.UA, Event.FRMR, Event.NUMBERED, Event.OTHER, Event.BUSY, Event.SEND), ignore
        ),
    }
    disconnecting: Rows = {
        Event.SABME: row(link.refuse_while_leaving, _DOWN, "802.2 D_CONN, SABME: DM"),
        Event.DISC: ended,
        Event.UA: row(link.gone, _DOWN, "802.2 D_CONN, UA"),
        Event.DM: row(link.gone, _DOWN, "802.2 D_CONN, DM"),
        Event.EXPIRED: row(link.disc_unanswered, _DOWN, "facts 3.3: DISC is a T1/N2 command"),
        **dict.fromkeys(
            (
                Event.FRMR,
                Event.NUMBERED,
                Event.OTHER,
                Event.BUSY,
                Event.SEND,
                Event.DISCONNECT,
            ),
            ignore,
        ),
    }
    return {
        State.DOWN: down,
        State.SETTING_UP: setting_up,
        State.UP: up,
        State.RESETTING: resetting,
        State.REJECTING: rejecting,
        State.DISCONNECTING: disconnecting,
    }
