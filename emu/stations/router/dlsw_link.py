"""One local station towards one far one: the data link to it, and the circuit behind that link.

The link speaks in the far station's name: to the local one it looks as if the far one stood on
the same LAN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import (
    Asked,
    Data,
    Deliver,
    Effects,
    Ended,
    Lost,
    Opened,
    Received,
    Transmit,
)
from emu.machines.dlsw.circuit import Circuit
from emu.machines.dlsw.control import (
    ContactStation,
    DlcContacted,
    DlcError,
    DlcHalted,
    DlcInfo,
    DlcReset,
    DlcStarted,
    EnterBusy,
    ExitBusy,
    HaltLink,
    SendInfo,
    StartLink,
)
from emu.machines.dlsw.control import State as CircuitState
from emu.machines.llc2.control import Busy, Connect, Disconnect, Refused, Restarted, Send, State
from emu.machines.llc2.link import Link
from emu.pdu.dlsw import DataLinkId, SspControl, SspMessage
from emu.pdu.llc2 import Llc2Pdu, Unnumbered, UnnumberedKind
from emu.stations.llc2 import link_frame
from emu.stations.ncp.alarm import Alarm

if TYPE_CHECKING:
    from emu.stations.router.dlsw import DlswSwitch

#: The circuit is on its way out, and a new one may be asked for before it is gone.
_LEAVING = frozenset(
    {CircuitState.DISCONNECT_PENDING, CircuitState.HALT_PENDING, CircuitState.HALT_PENDING_NOACK}
)


class Attachment:
    """``local``, ``remote``: MAC addresses.  ``circuit``: None while there is none.

    ``halting``: DISC was asked for by the circuit, which waits to hear that the link is down.
    """

    def __init__(self, switch: DlswSwitch, local: bytes, remote: bytes) -> None:
        self.local, self.remote = local, remote
        params = switch.params
        self.link = Link(params.link, probing=params.idle_polling, listening=True)
        self.circuit: Circuit | None = None
        self.halting = False
        self._connect_wanted = False
        self._next: SspControl | None = None
        self._switch = switch
        self._link_alarm = Alarm(switch.surroundings, self.link, self._carry_out)
        self._circuit_alarm: Alarm | None = None

    # --- the local station -------------------------------------------------------------------

    def hear(self, pdu: Llc2Pdu, now: int) -> None:
        """A frame of the local station's for the far one."""
        sabme = isinstance(pdu, Unnumbered) and pdu.kind is UnnumberedKind.SABME
        anew = sabme and self.link.state is State.UP
        self._carry_out(self.link.step(Received(pdu), now), now, anew=anew)

    def _ask(self, request: object, now: int) -> None:
        self._carry_out(self.link.step(Asked(request), now), now)

    def _carry_out(self, effects: Effects, now: int, *, anew: bool = False) -> None:
        """Frames first.  ``anew``: it was a SABME on a live link (DLC_RESET)."""
        for effect in effects:
            if isinstance(effect, Transmit):
                frame = link_frame(effect.pdu, destination=self.local, source=self.remote)
                self._switch.surroundings.to_lan(frame)
        for effect in effects:
            if isinstance(effect, Deliver):
                self._deliver(effect.value, now, anew=anew)
        if self.link.state is State.DOWN:
            self._down(now)
        self._link_alarm.watch()
        self._switch.forget_if_idle(self)

    def _deliver(self, value: object, now: int, *, anew: bool) -> None:
        match value:
            case Opened():
                self._signal(DlcContacted(), now)
            case Data(octets):
                self._signal(DlcInfo(octets), now)
            case Ended() | Lost() | Refused() | Restarted():
                if not (self.halting and self.link.state is State.DOWN):
                    self._signal(DlcReset() if anew else DlcError(), now)
            case other:
                raise AssertionError(f"a link delivered {other}")

    def _down(self, now: int) -> None:
        if self.halting:
            self.halting = False
            self._signal(DlcHalted(), now)
        if self._connect_wanted and self.link.state is State.DOWN:
            self._connect_wanted = False
            self._ask(Connect(), now)

    # --- the far switch ----------------------------------------------------------------------

    def called(self, message: SspControl, now: int) -> None:
        """CANUREACH_cs; it waits while the circuit before it is still being ended."""
        if self.circuit is not None and self.circuit.state in _LEAVING:
            self._next = message
            return
        if self.circuit is None:
            self._new_circuit(message.link, is_origin=False)
        self.heard(message, now)

    def heard(self, message: SspMessage, now: int) -> None:
        """A message about this circuit."""
        if self.circuit is not None:
            self._obey(self.circuit.step(Received(message), now), now)

    def failed(self, request: object, now: int) -> None:
        """The connection to the far switch is no more."""
        self._next = None
        self._signal(request, now)

    # --- the circuit -------------------------------------------------------------------------

    def _new_circuit(self, link: DataLinkId, *, is_origin: bool) -> None:
        self._drop_circuit()
        circuit = Circuit(
            link=link,
            own=self._switch.new_circuit_id(self),
            is_origin=is_origin,
            start_ns=self._switch.params.circuit_start_ns,
        )
        self.circuit = circuit
        self._circuit_alarm = Alarm(self._switch.surroundings, circuit, self._obey)

    def _drop_circuit(self) -> None:
        if self.circuit is not None:
            self._switch.release_circuit_id(self.circuit.own)
            self.circuit = self._circuit_alarm = None

    def _signal(self, request: object, now: int) -> None:
        """The data link says something to its circuit; a call begins one.

        RFC 1795 5.2.10 has no row for a call behind a circuit that still waits for DL_HALTED:
        that one is forgotten, and its DL_HALTED will find nothing.
        """
        leaving = self.circuit is not None and self.circuit.state in _LEAVING
        if isinstance(request, DlcContacted) and (self.circuit is None or leaving):
            link = DataLinkId(target_mac=self.remote, origin_mac=self.local)
            self._new_circuit(link, is_origin=True)
        if self.circuit is not None:
            self._obey(self.circuit.step(Asked(request), now), now)

    def _obey(self, effects: Effects, now: int) -> None:
        circuit = self.circuit
        for effect in effects:
            match effect:
                case Transmit(message):
                    self._switch.to_peer(message, now)
                case Deliver(action):
                    self._act(action, now)
                case _:
                    pass
        if self._circuit_alarm is not None:
            self._circuit_alarm.watch()
        if circuit is not None and circuit is self.circuit:
            self._end_of(circuit, now)
        self._switch.forget_if_idle(self)

    def _end_of(self, circuit: Circuit, now: int) -> None:
        if circuit.state is not CircuitState.DISCONNECTED:
            return
        self._drop_circuit()
        message, self._next = self._next, None
        if message is not None:
            self.called(message, now)

    def _act(self, action: object, now: int) -> None:
        match action:
            case StartLink():
                there = self._switch.may_be_here(self.local)
                self._signal(DlcStarted() if there else DlcError(), now)
            case ContactStation():
                self._contact(now)
            case EnterBusy():
                self._busy(True, now)
            case ExitBusy():
                self._busy(False, now)
            case HaltLink():
                self.halting, self._connect_wanted = True, False
                self._ask(Disconnect(), now)
            case SendInfo(octets):
                if self.link.state is State.UP:
                    self._ask(Send(octets), now)
            case other:
                raise AssertionError(f"a circuit wants {other}")

    def _contact(self, now: int) -> None:
        """SABME, behind the DISC of the link before it if that is still out."""
        if self.link.state is State.UP:
            self._signal(DlcContacted(), now)
        elif self.link.state is State.DOWN:
            self._ask(Connect(), now)
        else:
            self._connect_wanted = True

    def _busy(self, busy: bool, now: int) -> None:
        if self.link.state is State.UP:
            self._ask(Busy(busy), now)

    @property
    def idle(self) -> bool:
        """Nothing is left that anybody would miss."""
        nothing = self.circuit is None and not self._connect_wanted
        return nothing and self.link.state is State.DOWN
