"""What one end of an ISDN call remembers, and the small steps its rows are made of."""

from __future__ import annotations

from enum import Enum

from emu.machines.base import NEVER, Deliver, Effects, Transmit
from emu.machines.isdn.calls import Answered, Over
from emu.machines.isdn.params import IsdnParams
from emu.pdu.q931 import (
    CAUSE_NORMAL,
    Cause,
    Channel,
    InformationElement,
    MessageKind,
    Q931Message,
)


class State(Enum):
    """Q.931 2.1, by the names and numbers of the user's side."""

    NULL = "0 null"
    INITIATED = "1 call initiated"
    PROCEEDING = "3 outgoing call proceeding"
    DELIVERED = "4 call delivered"
    PRESENT = "6 call present"
    INCOMING = "9 incoming call proceeding"
    CONNECT_REQUEST = "8 connect request"
    ACTIVE = "10 active"
    DISCONNECT_REQUEST = "11 disconnect request"
    RELEASE_REQUEST = "19 release request"


class CallBlock:
    """``network``: an exchange does not wait for the acknowledgement of its CONNECT, since a
    calling user need not send one (Q.931 5.1.8).  ``location``: who we say we are in causes of
    our own.  ``channel``: the B channel, 0 while none is taken.  ``connected``: answered.
    """

    __slots__ = (
        "called",
        "cause",
        "channel",
        "connected",
        "due_ns",
        "last",
        "location",
        "network",
        "params",
        "reference",
        "repeats",
        "state",
        "timer",
    )

    def __init__(
        self, params: IsdnParams, *, reference: int, location: int, network: bool = False
    ) -> None:
        self.state = State.NULL
        self.reference, self.location, self.channel = reference, location, 0
        self.connected = False
        self.params, self.network = params, network
        self.called = False
        self.due_ns, self.timer, self.repeats = NEVER, "", 0
        self.cause = Cause(value=CAUSE_NORMAL, location=location)
        self.last: Q931Message | None = None

    @property
    def is_null(self) -> bool:
        """Whether there is no call."""
        return self.state is State.NULL

    @property
    def is_clearing(self) -> bool:
        """Whether it is being ended already."""
        return self.state in (State.DISCONNECT_REQUEST, State.RELEASE_REQUEST)

    def active(self) -> Effects:
        self.state, self.connected, self.due_ns = State.ACTIVE, True, NEVER
        return [Deliver(Answered())]

    def gone(self, cause: Cause) -> Effects:
        connected = self.connected
        self.state, self.due_ns, self.connected = State.NULL, NEVER, False
        return [Deliver(Over(cause=cause, connected=connected))]

    def say(self, kind: MessageKind, *elements: InformationElement) -> Transmit:
        self.last = Q931Message(
            kind=kind,
            reference=self.reference,
            from_destination=self.called,
            elements=elements,
        )
        return Transmit(self.last)

    def own(self, value: int) -> Cause:
        return Cause(value=value, location=self.location)

    def take_channel(self, message: Q931Message) -> None:
        for each in message.elements:
            if isinstance(each, Channel) and each.number in (1, 2):
                self.channel = each.number

    def arm(self, timer: str, delay_ns: int, now: int) -> None:
        self.timer, self.due_ns = timer, now + delay_ns
