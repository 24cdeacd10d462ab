"""A dialled line in the world: its calls, its B channels, and what a tap on them sees.

The tap stands at the router beside the server, so a frame of that router's is stamped when it
is sent and one for it when it has arrived.  Each B channel is an interface of its own (PPP, with
the direction in ``epb_flags``), and so is that router's D channel.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random
from typing import TYPE_CHECKING

from emu.capture.recording import LINKTYPE_PPP, Direction, Interface, Recording
from emu.line.model import ISDN
from emu.net.calls import Call, CallControl
from emu.net.isdn import IsdnControl, tap_into
from emu.net.modem import ModemControl
from emu.net.timeline import FRAME, OPERATOR
from emu.units import NS_PER_S

if TYPE_CHECKING:
    from emu.net.records import Records
    from emu.net.router import WanRouter
    from emu.net.timeline import Timeline
    from emu.scenario.dialled import DialSpec

#: Frame check sequence behind a PPP frame (RFC 1662 3.1), counted with it.
FCS_OCTETS = 2
#: One flag between frames (RFC 1662 3.1).
_FLAG_OCTETS = 1
#: Packets no further apart than this belong to one exchange: a delayed acknowledgement waits up
#: to 0.2 s, the shortest keepalive of any policy comes after 3 s.
_CLOSE_NS = NS_PER_S
#: What a modem says where a D channel gives a cause.
_MODEM_WORDS = {"busy": "BUSY", "out-of-order": "NO DIALTONE", "no-answer": "NO ANSWER"}


class DialledLine:
    """``frames`` and ``bytes_on_wire``: PPP's, FCS included, in both directions.

    ``calls``: all of them, in the order they were placed, connected or not.
    """

    def __init__(
        self,
        name: str,
        spec: DialSpec,
        timeline: Timeline,
        *,
        propagation_ns: int,
        dice: Random,
        clients: Collection[str],
        records: Records,
        recording: Recording | None,
    ) -> None:
        self.name, self.spec = name, spec
        self.frames = self.bytes_on_wire = 0
        self.calls: list[Call] = []
        #: The last packet of the log-ons: what the line costs up to its idle time-out after that
        #: is the price of logging on (product.md, ``setup_cost``).
        self.log_on_ns = 0
        self.routers: dict[str, WanRouter] = {}
        self._clients, self._records, self._logged_on = clients, records, 0
        self._central = ""
        self._timeline, self._propagation_ns, self._dice = timeline, propagation_ns, dice
        self._recording = recording
        self._outage = ""
        self._free_at: dict[tuple[str, str], int] = {}
        self._interfaces = self._b_channels(recording)
        self._control = self._call_control()

    def _b_channels(self, recording: Recording | None) -> Mapping[int, int]:
        """Interfaces by B channel."""
        if recording is None:
            return {}
        several = self.spec.line.channels > 1
        return {
            channel: recording.add_interface(
                Interface(
                    name=f"{self.name}-b{channel}" if several else self.name,
                    link_type=LINKTYPE_PPP,
                    description="the line at the router beside the server",
                    bits_per_second=self.spec.line.bits_per_second,
                )
            )
            for channel in range(1, self.spec.line.channels + 1)
        }

    def _call_control(self) -> IsdnControl | ModemControl:
        if self.spec.line.kind == ISDN:
            return IsdnControl(
                self._timeline,
                self,
                self.calls,
                set_up_ns=self.spec.set_up_ns,
                channels=self.spec.line.channels,
                obstacle=self._obstacle,
            )
        return ModemControl(
            self._timeline,
            self,
            self.calls,
            set_up_ns=self.spec.set_up_ns,
            obstacle=lambda: _MODEM_WORDS.get(self._obstacle(), ""),
            say=self._say,
        )

    def join(self, router: WanRouter, *, central: bool) -> None:
        """A router at one end."""
        self.routers[router.name] = router
        if central:
            self._central = router.name
        if not isinstance(self._control, IsdnControl):
            return
        recording = self._recording if central else None
        if recording is None:
            self._control.join(router.name)
            return
        tap = tap_into(recording, f"{self.name}-d")
        now = self._timeline
        self._control.join(router.name, lambda octets, sent: tap(octets, sent, now.now))

    @property
    def control(self) -> CallControl:
        """Who places the calls."""
        return self._control

    # --- the operator ------------------------------------------------------------------------

    def fail(self, how: str, now: int) -> None:
        """From now on no call comes through.  ``how``: busy, out-of-order or no-answer."""
        self._outage = how
        self._control.cut(now)

    def mend(self) -> None:
        """Calls come through again."""
        self._outage = ""

    def raise_by_hand(self) -> None:
        """The operator has the line dialled at the scenario's instant."""
        at_ns = self.spec.raised_at_ns
        if at_ns is not None:
            self._timeline.at(at_ns, OPERATOR, self._raise, None)

    def _raise(self, _: None, now: int) -> None:
        self.routers[self._central].raise_lines(now)

    def _obstacle(self) -> str:
        if self._outage:
            return self._outage
        busy = self.spec.busy and self._dice.random() < self.spec.busy
        return "busy" if busy else ""

    def _say(self, text: str) -> None:
        if self._recording is not None:
            self._recording.event(self._timeline.now, text, hostname=self.name, msgid="CALL")

    # --- what call control says --------------------------------------------------------------

    def arrived(self, router: str, caller: str, now: int, /) -> None:
        self.routers[router].wan.arrived(caller, now)
        self.routers[router].watch()

    def connected(self, router: str, other: str, now: int, /) -> None:
        self.routers[router].wan.connected(other, now)
        self.routers[router].watch()

    def over(self, router: str, other: str, cause: str, now: int, /) -> None:
        self._tell_of_failure(router, other, cause)
        self.routers[router].wan.over(other, cause, now)
        self.routers[router].watch()

    def _tell_of_failure(self, router: str, other: str, cause: str) -> None:
        """A far router's call that never connected is on no D channel that is tapped."""
        if router == self._central or not isinstance(self._control, IsdnControl):
            return
        last = next((call for call in reversed(self.calls) if call.caller == router), None)
        if last is not None and last.connected_ns is None:
            self._say(f"{router} calls {other} in vain: {cause}")

    # --- octets ------------------------------------------------------------------------------

    def send(self, sender: str, receiver: str, octets: bytes, now: int) -> int:
        """A PPP frame into the call between two routers; its number at the tap, 0 for none."""
        call = self._call_between(sender, receiver)
        if call is None:
            return 0
        self._see_log_on(now)
        self.frames += 1
        self.bytes_on_wire += len(octets) + FCS_OCTETS
        call.octets += len(octets) + FCS_OCTETS
        if now <= self.settled_ns:
            call.log_on_octets = call.octets
        number = self._tap(call, octets, Direction.OUTBOUND) if sender == self._central else 0
        bits = (len(octets) + FCS_OCTETS + _FLAG_OCTETS) * 8
        way = sender, receiver
        start = max(now, self._free_at.get(way, 0))
        self._free_at[way] = start + bits * NS_PER_S // self.spec.line.bits_per_second
        arrival = self._free_at[way] + self._propagation_ns
        self._timeline.at(arrival, FRAME, self._arrive, (call, sender, receiver, octets))
        return number

    @property
    def settled_ns(self) -> int:
        """Until when the log-ons pay (product.md, ``setup_cost``)."""
        return self.log_on_ns + (self.spec.params.idle_ns or 0)

    def _see_log_on(self, now: int) -> None:
        """A log-on ends with the last packet that follows it closely."""
        logged_on = self._records.logged_on
        if len(logged_on) != self._logged_on:
            self._logged_on = len(logged_on)
            latest = [at for client, at in logged_on.items() if client in self._clients]
            self.log_on_ns = max([self.log_on_ns, *latest])
        if self.log_on_ns and now - self.log_on_ns <= _CLOSE_NS:
            self.log_on_ns = now

    def _arrive(self, sent: tuple[Call, str, str, bytes], now: int) -> None:
        """What was on its way when the call ended is lost."""
        call, sender, receiver, octets = sent
        if not call.is_up:
            return
        number = self._tap(call, octets, Direction.INBOUND) if receiver == self._central else 0
        router = self.routers[receiver]
        router.arriving_number = number
        router.wan.heard(sender, octets, now)
        router.arriving_number = 0
        router.watch()

    def _call_between(self, one: str, other: str) -> Call | None:
        """The one that is up; the last calls are the likely ones."""
        ends = {one, other}
        for call in reversed(self.calls):
            if {call.caller, call.called} == ends and call.connected_ns is not None:
                return call if call.is_up else None
        return None

    def _tap(self, call: Call, octets: bytes, direction: Direction) -> int:
        if self._recording is None:
            return 0
        number = self._recording.frame(self._interfaces[call.channel], self._timeline.now, octets)
        self._recording.direction(number, direction)
        return number
