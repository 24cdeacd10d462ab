"""One data link of LLC type 2, sans-IO: set-up, polls, give-up, end (IEEE 802.2).

Knows no addresses and no sessions; the octets it carries are the layer above's.  Left out: XID
and TEST (no sender of NetBEUI uses them to keep a link), and a FRMR of our own for anything but
an N(R) that was never sent; what cannot be decoded is dropped below.

Read: facts/netbeui.md 1.2, 2.2 to 2.5, 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Deliver,
    Effect,
    Effects,
    Ended,
    Lost,
    Opened,
    Stimulus,
    Transmit,
)
from emu.machines.llc2 import arriving, sending
from emu.machines.llc2.control import (
    LinkBlock,
    Refused,
    Reject,
    Restarted,
    State,
)
from emu.machines.llc2.params import DM_THEN_ACCEPT, SILENCE, LinkParams
from emu.machines.llc2.rows import event_of, rows
from emu.pdu.llc2 import (
    REJECT_RECEIVE_NUMBER,
    Information,
    Supervisory,
    Unnumbered,
    UnnumberedKind,
    is_poll,
)

_LIVE_SABME = "SABME on a live link: the peer has started anew"


class Link(LinkBlock):
    """``probing``: this end polls an idle link, if its policy does at all.

    ``listening``: a SABME is accepted; False answers it with DM.
    """

    __slots__ = ()

    def __init__(self, params: LinkParams, *, probing: bool, listening: bool) -> None:
        super().__init__(params, probing=probing, listening=listening)

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE[self.state].get(event_of(stimulus))
        if row is None:
            raise LocalProtocolError(f"a link that is {self.state.value} cannot take {stimulus}")
        before = self.state
        effects = row.action(self, stimulus, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return effects

    def due(self) -> int | None:
        due = min(self.reply_due, self.ack_due, self.inactivity_due)
        return None if due == NEVER else due

    def timers(self) -> Mapping[str, int]:
        """By name, in the order in which timers of one instant are served."""
        timers = {"T1": self.reply_due, "T2": self.ack_due, "Ti": self.inactivity_due}
        return {name: due for name, due in timers.items() if due != NEVER}

    # --- asked -------------------------------------------------------------------------------

    def connect(self, _: Stimulus, now: int) -> Effects:
        """Send the first SABME."""
        self.clear()
        self.told = False
        self.state = State.SETTING_UP
        self.start_set_up(now)
        return [_command(UnnumberedKind.SABME)]

    def send(self, stimulus: Any, now: int) -> Effects:
        """Queue octets and send what may be sent."""
        self.unsent.append(stimulus.request)
        return sending.push(self, now) if self.state is State.UP else NOTHING

    def busy(self, stimulus: Any, _now: int) -> Effects:
        """Say RNR, or RR when it is over: what was refused meanwhile is then asked for again."""
        if self.local_busy is stimulus.request.busy:
            return NOTHING
        self.local_busy = stimulus.request.busy
        if self.local_busy or not self.rejecting:
            return [sending.acknowledgement(self, final=False)]
        self.rejecting = False
        return arriving.missing(self)

    def disconnect(self, _: Stimulus, now: int) -> Effects:
        """DISC, when everything before it is acknowledged."""
        self.leaving = True
        return self._disc(now) if not self.outstanding and not self.unsent else NOTHING

    def give_up_opening(self, _: Stimulus, now: int) -> Effects:
        """Not up yet: nobody will miss it."""
        return self._disc(now)

    # --- expired -----------------------------------------------------------------------------

    def expired(self, _: Stimulus, now: int) -> Effects:
        """One timer of a link that is up; the next one, if it is due too, at the next expiry."""
        if self.reply_due <= now:
            return self._unanswered(now)
        if self.ack_due <= now:
            return [sending.acknowledgement(self, final=False)]
        self.start_reply(now, for_data=False)
        self.retries = 1
        return [sending.poll(self)]

    def _unanswered(self, now: int) -> Effects:
        """facts/netbeui.md 2.2: poll again; with N2 used up the link is inoperative."""
        if self.retries < self.polls_max:
            self.retries += 1
            self.restart_reply(now)
            return [sending.poll(self)]
        if self.params.resets:
            return self._reset(now)
        cause = f"{_count(self.retries, 'LLC poll')} unanswered"
        if self.probes_outstanding:
            cause = f"SESSION_ALIVE and {cause}"
        return [*self._disc(now), *self._over(Lost(cause))]

    def set_up_unanswered(self, _: Stimulus, now: int) -> Effects:
        """SABME again, N2 in all."""
        tries = self.retries + 1
        if tries < self.params.n2:
            self.restart_set_up(now)
            return [_command(UnnumberedKind.SABME)]
        cause = f"{tries} SABME unanswered"
        if self.state is State.RESETTING:
            cause = f"{_count(self.polls_max, 'LLC poll')} and {cause}"
        return self._down(Lost(cause))

    def disc_unanswered(self, _: Stimulus, now: int) -> Effects:
        """A T1/N2 command like SABME; how often NT repeats it nobody says (facts 3.3)."""
        if self.retries + 1 < self.params.n2:
            self.restart_set_up(now)
            return [_command(UnnumberedKind.DISC)]
        return self._down(Ended("DISC unanswered"))

    def reject_unheeded(self, _: Stimulus, _now: int) -> Effects:
        """IEEE 802.2, ERROR: the peer takes no notice."""
        return self._down(Ended("FRMR unanswered"))

    # --- received: U frames ------------------------------------------------------------------

    def accept(self, stimulus: Any, now: int) -> Effects:
        """SABME: UA and up, if anybody listens."""
        final = stimulus.pdu.poll_final
        if not self.listening:
            return [_response(UnnumberedKind.DM, final)]
        return [_response(UnnumberedKind.UA, final), *self._up(now)]

    def collide(self, stimulus: Any, _now: int) -> Effects:
        """Both ends set up at once: each answers, each waits for its own answer."""
        return [_response(UnnumberedKind.UA, stimulus.pdu.poll_final)]

    def accepted(self, _: Stimulus, now: int) -> Effects:
        """UA: up.  The capture's callers poll once before they send anything."""
        if self.state is State.RESETTING:
            return self._restart(now, "link reset: the peer had stopped answering")
        self.state = State.UP
        self.checkpoint = True
        self.start_reply(now, for_data=False)
        return [sending.poll(self)]

    def not_now(self, _: Stimulus, _now: int) -> Effects:
        """DM to our SABME."""
        self.told = True
        return [*self._down(Ended("DM to SABME")), Deliver(Refused("SABME refused by DM"))]

    def taken_back(self, stimulus: Any, _now: int) -> Effects:
        """DISC while our SABME is out: DM, and no link (IEEE 802.2, SETUP)."""
        self.told = True
        answer = _response(UnnumberedKind.DM, stimulus.pdu.poll_final)
        return [answer, *self._down(Ended("DISC to SABME")), Deliver(Refused("refused by DISC"))]

    def live_sabme(self, stimulus: Any, now: int) -> Effects:
        """facts/netbeui.md 3.2: three documented behaviours, a switch."""
        final = stimulus.pdu.poll_final
        if self.params.live_sabme == SILENCE:
            return NOTHING
        if self.params.live_sabme == DM_THEN_ACCEPT:
            return [_response(UnnumberedKind.DM, final), *self._down(Lost(_LIVE_SABME))]
        return [_response(UnnumberedKind.UA, final), *self._restart(now, _LIVE_SABME)]

    def refused(self, _: Stimulus, _now: int) -> Effects:
        """DM: the peer has no such link."""
        return [*sending.answered(self, "DM"), *self._down(Lost("DM received"))]

    def ended(self, stimulus: Any, _now: int) -> Effects:
        """DISC from the peer: UA."""
        answer = _response(UnnumberedKind.UA, stimulus.pdu.poll_final)
        return [answer, *self._down(Ended("link disconnected by DISC"))]

    def not_connected(self, stimulus: Any, _now: int) -> Effects:
        """A command with P = 1 draws DM (IEEE 802.2, ADM); DISC draws it always."""
        pdu = stimulus.pdu
        disc = isinstance(pdu, Unnumbered) and pdu.kind is UnnumberedKind.DISC
        final = is_poll(pdu)
        return [_response(UnnumberedKind.DM, final)] if disc or final else NOTHING

    def refuse_while_leaving(self, stimulus: Any, _now: int) -> Effects:
        """SABME while our DISC is out: DM, and the next one may be accepted (802.2, D_CONN)."""
        answer = _response(UnnumberedKind.DM, stimulus.pdu.poll_final)
        return [answer, *self._down(Ended("link disconnected"))]

    def gone(self, _: Stimulus, _now: int) -> Effects:
        """UA or DM to our DISC."""
        return self._down(Ended("link disconnected"))

    def rejected(self, _: Stimulus, now: int) -> Effects:
        """FRMR: NT sends DISC (KB Q103154), 802.2's tables SABME (facts/netbeui.md 1.2)."""
        if self.params.resets:
            return self._reset(now)
        return [*self._disc(now), *self._over(Lost("FRMR received"))]

    # --- received: I and S frames ------------------------------------------------------------

    def arrive(self, stimulus: Any, now: int) -> Effects:
        """An I or S frame on a link that is up."""
        pdu: Information | Supervisory = stimulus.pdu
        if not sending.was_sent(self, pdu.nr):
            return self._reject(pdu, now)
        if isinstance(pdu, Information):
            effects = [*arriving.information(self, pdu, now)]
        else:
            effects = [*arriving.supervisory(self, pdu, now)]
        self._heard(now)
        if self.leaving and not self.outstanding and not self.unsent:
            effects += self._disc(now)
        return effects

    def _reject(self, pdu: Information | Supervisory, now: int) -> Effects:
        """FRMR, Z: it acknowledges what was never sent (facts 1.2)."""
        reject = Reject(
            rejected=pdu, vs=self.vs, vr=self.vr, reasons=REJECT_RECEIVE_NUMBER, final=is_poll(pdu)
        )
        told = self._over(Lost("N(R) of a frame that was never sent"))
        self.clear()
        self.state = State.REJECTING
        self.start_set_up(now)
        return [Transmit(reject), *told]

    def ignore(self, _: Stimulus, _now: int) -> Effects:
        return NOTHING

    # --- shared ------------------------------------------------------------------------------

    def _heard(self, now: int) -> None:
        """Ti runs from the last frame received while nothing of ours is in doubt."""
        idle = self.probing and self.params.inactivity_ns is not None and self.reply_due == NEVER
        self.inactivity_due = now + (self.params.inactivity_ns or 0) if idle else NEVER

    def _up(self, now: int) -> Effects:
        self.clear()
        self.told = False
        self.state = State.UP
        self._heard(now)
        return [Deliver(Opened())]

    def _restart(self, now: int, cause: str) -> Effects:
        """Numbers start anew; NBF cannot go on with its sessions (facts/netbeui.md 3.2)."""
        self._up(now)
        return [Deliver(Restarted(cause))]

    def _reset(self, now: int) -> Effects:
        """802.2: SABME once more before giving up."""
        kept = self.since_ns
        self.clear()
        self.since_ns = kept
        self.state = State.RESETTING
        self.start_set_up(now)
        return [_command(UnnumberedKind.SABME)]

    def _disc(self, now: int) -> Effects:
        self.clear()
        self.state = State.DISCONNECTING
        self.start_set_up(now)
        return [_command(UnnumberedKind.DISC)]

    def _over(self, last: Ended | Lost) -> Effects:
        """Tell the layer above, once."""
        if self.told:
            return NOTHING
        self.told = True
        return [Deliver(last)]

    def _down(self, last: Ended | Lost) -> list[Effect]:
        self.clear()
        self.state = State.DOWN
        return [*self._over(last)]


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _command(kind: UnnumberedKind) -> Transmit:
    """SABME and DISC always go with P = 1 (facts/netbeui.md 1.2)."""
    return Transmit(Unnumbered(kind=kind, poll_final=True, response=False))


def _response(kind: UnnumberedKind, final: bool) -> Transmit:
    return Transmit(Unnumbered(kind=kind, poll_final=final, response=True))


#: What each state may hear, and who says so.
TABLE = rows(Link)
