"""Boxes of the world: a port on each of two LANs, a flow table, and what its forgetting means.

Passive like a router, and with power for the whole run.  When a box forgets a flow that carries
an active session, that session is struck: its client is alive and its path is gone, so whoever
ends it now ends it wrongly (product.md, "alive").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from emu.machines.base import NEVER, Note
from emu.machines.forget import RESET, Forgot, Learnt, Refused
from emu.net.records import FORGOTTEN, Loss
from emu.net.router import Port
from emu.net.timeline import FRAME, TIMER
from emu.stations.addresses import ip_address, port_address
from emu.stations.router.box import INSIDE, OUTSIDE, BoxPortSpec, ForgetfulBox, endpoint
from emu.units import format_duration

if TYPE_CHECKING:
    from emu.net.link import Nic
    from emu.net.records import SessionRecord
    from emu.net.world import World
    from emu.scenario.boxed import BoxSpec
    from emu.scenario.model import LinkSpec
    from emu.stations.base import Connection

#: On its own LAN a box has the last host number, as a router has; on the server's LAN boxes count
#: down from here, below the routers.
_LAST_HOST = 0xFFFE
_BOX_HOST = 0xFEFE


class BoxLayer:
    """Builds the boxes of a world; every LAN and address is there already."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lans = [link.name for link in world.scenario.lans()]

    def lay(self) -> dict[str, BoxNode]:
        """All of them, by name."""
        return {
            spec.name: BoxNode(self._world, spec, box, host=_BOX_HOST - number, lans=self._lans)
            for number, spec, box in self._specs()
        }

    def gateways(self, lan: str) -> Mapping[int, int]:
        """The box's port on a LAN, by the segment behind it."""
        here = self._lans.index(lan)
        ways: dict[int, int] = {}
        for number, _, box in self._specs():
            behind = self._lans.index(box.between[1])
            if not here:
                ways[behind] = port_address(0, _BOX_HOST - number)
            elif here == behind:
                ways[0] = port_address(here, _LAST_HOST)
        return ways

    def _specs(self) -> Iterator[tuple[int, LinkSpec, BoxSpec]]:
        boxes = [(link, link.box) for link in self._world.scenario.links if link.box is not None]
        for number, (link, box) in enumerate(boxes):
            yield number, link, box


class BoxNode:
    """One box.  ``box.crossed``: the segments that went on."""

    def __init__(
        self, world: World, link: LinkSpec, spec: BoxSpec, *, host: int, lans: list[str]
    ) -> None:
        self.name, self.spec = link.name, spec
        self._world, self._crossing_ns = world, link.propagation_ns
        self._armed = NEVER
        behind = lans.index(spec.between[1])
        outside, inside = port_address(0, host), port_address(behind, _LAST_HOST)
        nics = {
            OUTSIDE: world.nic(link.name, lans[0], outside),
            INSIDE: world.nic(f"{link.name}-inside", lans[behind], inside),
        }
        nics[INSIDE].link.tap(nics[INSIDE])
        self.box = ForgetfulBox(
            spec.params,
            outside=BoxPortSpec(address=outside, beyond=(behind,)),
            inside=BoxPortSpec(address=inside, beyond=(0,)),
            surroundings={side: Port(nic, world.timeline) for side, nic in nics.items()},
            tell=self._tell,
            later=self._later,
        )
        for side, nic in nics.items():
            self._plug_in(side, nic)

    def _plug_in(self, side: str, nic: Nic) -> None:
        port = self.box.ports[side]

        def hear(octets: bytes, now: int) -> None:
            port.receive(octets, now)
            self._watch()

        nic.by_type = dict.fromkeys(port.claims, hear)

    def _later(self, do: Callable[[int], None], now: int) -> None:
        if self._crossing_ns:
            self._world.timeline.at(now + self._crossing_ns, FRAME, _carry_out, do)
        else:
            do(now)

    # --- timers ------------------------------------------------------------------------------

    def _watch(self) -> None:
        due = self.box.table.due()
        if due is not None and due < self._armed:
            self._armed = due
            self._world.timeline.at(due, TIMER, self._expire, None)

    def _expire(self, _: None, now: int) -> None:
        """A segment may have put it off: then there is a later instant to wait for."""
        if now < self._armed:
            return
        self._armed = NEVER
        due = self.box.table.due()
        if due is not None and due <= now:
            self.box.expire(now)
        self._watch()

    # --- what happened -----------------------------------------------------------------------

    def _tell(self, happened: object, now: int) -> None:
        match happened:
            case Forgot():
                self._forgot(happened, now)
            case Learnt():
                self._learnt(happened, now)
            case Refused(how=how) if how != RESET:
                self._log(now, "dropped", source=endpoint(happened.key))
            case Note(kind="reset", facts=facts):
                text = f"answers {facts['to']} with a RST in the name of {facts['name_of']}"
                self._log(now, "reset", **facts)
                self._event(now, text)
            case Note(kind=kind, facts=facts):
                self._log(now, kind, **facts)
            case _:
                pass

    def _forgot(self, forgot: Forgot, now: int) -> None:
        client, seen = endpoint(forgot.inside_key), endpoint(forgot.outside_key)
        self._log(now, "forgot", flow=client, seen_as=seen, after_ns=forgot.limit_ns)
        if not forgot.established:
            return
        span = format_duration(forgot.limit_ns)
        self._world.records.power.append((now, self.name, f"forgets {client}, idle for {span}"))
        self._event(now, f"forgets {client} (seen as {seen}), idle for {span}")
        for record, _ in self._carried(forgot.outside_key):
            self._strike(record, now)

    def _strike(self, record: SessionRecord, now: int) -> None:
        """Who was lost before is still lost as it was, but the box may now answer for it."""
        if record.open_loss is not None:
            record.open_loss.meddled = True
            return
        record.losses.append(
            Loss(
                client=record.holder,
                fault=FORGOTTEN,
                at_ns=now,
                gone=False,
                back_at_ns=None,
                meddled=self.spec.params.afterwards != "drop",
            )
        )

    def _learnt(self, learnt: Learnt, now: int) -> None:
        """A flow that was forgotten may come back mid-stream, and with it the session."""
        client, seen = endpoint(learnt.inside_key), endpoint(learnt.outside_key)
        self._log(now, "learnt", flow=client, seen_as=seen, mid_stream=learnt.mid_stream)
        if not learnt.mid_stream:
            return
        for record, _ in self._carried(learnt.outside_key):
            loss = record.open_loss
            if loss is not None and loss.fault == FORGOTTEN:
                loss.until_ns = now
                self._returned(record.holder)

    def _returned(self, client: str) -> None:
        keeper, agent = self._world.keeper, self._world.agents.get(client)
        assert keeper is not None
        keeper.returned(client, None if agent is None else agent.connection)

    def _carried(self, outside_key: bytes) -> Iterator[tuple[SessionRecord, Connection]]:
        """The active sessions that a flow carries, as the server knows its peer."""
        keeper, peer = self._world.keeper, endpoint(outside_key)
        server = ip_address(1)
        assert keeper is not None and outside_key[4:8] == server
        for number, connection in keeper.carrying.items():
            if connection.peer == peer:
                yield self._world.records.sessions[number], connection

    def _event(self, now: int, text: str) -> None:
        if self._world.recording is not None:
            self._world.recording.event(now, text, hostname=self.name, msgid="BOX")

    def _log(self, now: int, event: str, **facts: int | str | bool) -> None:
        if self._world.ledger is not None:
            self._world.ledger.note(now, event, box=self.name, **facts)


def _carry_out(do: Callable[[int], None], now: int) -> None:
    do(now)
