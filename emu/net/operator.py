"""The operator: carries a scenario's faults out, and writes down whom they struck.

A Trio task whose turn at one instant comes last: what was due then is done first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from emu.net.link import Nic
from emu.net.records import Loss
from emu.net.timeline import OPERATOR
from emu.scenario.model import FaultSpec
from emu.stations.base import Connection

if TYPE_CHECKING:
    from emu.net.host import Boot
    from emu.net.world import World

#: What the event row says when a fault strikes, and when it is over.
_STRIKES = {
    "power-loss": "loses power",
    "reboot": "reboots",
    "os-hang": "hangs: nothing of it moves",
    "app-hang": "has a program that stands still; its stack still answers",
    "kill": "has its program killed; its kernel says goodbye",
    "cable": "has its cable cut",
    "suspend": "goes to sleep, its NIC is off",
    "line-outage": "is cut off: the line carries no call any more",
}
_ENDS = {
    "os-hang": "comes to itself again",
    "app-hang": "has a program that goes on",
    "cable": "has its cable back",
    "suspend": "wakes up",
    "line-outage": "can be called again",
}
#: The same as words of the ledger; power is the host's to note.
_WORDS = {
    "os-hang": ("hang", "resume"),
    "app-hang": ("hold", "release"),
    "kill": ("kill", ""),
    "suspend": ("suspend", "resume"),
}


@dataclass(frozen=True, slots=True)
class _Deed:
    at_ns: int
    do: Callable[[], None]


class Operator:
    """Knows the world and the scenario's faults; ``work`` is its task."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: Whom a fault holds just now, and since when; it stays with who never comes back.
        self._struck: dict[str, tuple[FaultSpec, int]] = {}

    async def work(self, nursery: trio.Nursery) -> None:
        """Strike, end and restart, each at its instant."""
        timeline = self._world.timeline
        for deed in sorted(self._deeds(nursery), key=lambda deed: deed.at_ns):
            await timeline.until(deed.at_ns, rank=OPERATOR)
            deed.do()

    def _deeds(self, nursery: trio.Nursery) -> list[_Deed]:
        deeds: list[_Deed] = []
        for fault in self._world.scenario.faults:
            deeds.append(_Deed(fault.at_ns, lambda fault=fault: self._strike(fault)))
            back = None if fault.client is None else self._back_at(fault, fault.client)
            if fault.until_ns is not None:
                deeds.append(_Deed(fault.until_ns, lambda fault=fault: self._end(fault)))
            elif back is not None:
                deeds.append(_Deed(back, lambda fault=fault: self._restart(fault, nursery)))
        return deeds

    def _back_at(self, fault: FaultSpec, client: str) -> int | None:
        """When the client's stack answers again, without state; None when it stays away."""
        return fault.back_at_ns(self._world.scenario.client(client).boot_time_ns)

    def _victims(self, fault: FaultSpec) -> list[str]:
        return self._world.scenario.struck_by(fault)

    # --- strike, end, restart ----------------------------------------------------------------

    def _strike(self, fault: FaultSpec) -> None:
        for client in self._victims(fault):
            self._struck[client] = (fault, self._world.timeline.now)
            self._write_down(fault, client)
        self._tell(fault, _STRIKES[fault.kind])
        self._act(fault)

    def _act(self, fault: FaultSpec) -> None:
        world = self._world
        if fault.kind == "cable":
            self._log_cable("cut", fault)
            self._lan(fault).cut(self._port(fault))
            return
        if fault.line is not None:
            self._log_line("line-out", fault.line)
            world.lines[fault.line].fail(fault.how, world.timeline.now)
            return
        assert fault.client is not None
        host = world.hosts[fault.client]
        if fault.kind in ("power-loss", "reboot"):
            host.power_off()
            return
        boot = host.boot
        if boot is None:  # it has no power: nothing more can happen to it
            return
        self._log(_WORDS[fault.kind][0], boot)
        if fault.kind == "app-hang":
            boot.hold()
        elif fault.kind == "kill":
            self._kill(fault.client, boot)
        else:
            boot.stop(hears=fault.kind == "os-hang")

    def _kill(self, client: str, boot: Boot) -> None:
        boot.kill()
        self._world.agents[client].killed()

    def _end(self, fault: FaultSpec) -> None:
        world = self._world
        assert world.keeper is not None
        for client in self._victims(fault):
            waits = fault.kind in ("cable", "line-outage") and self._waits(client)
            end = world.agents[client].connection
            world.keeper.returned(client, end, waits=waits)
            self._struck.pop(client, None)
        self._tell(fault, _ENDS[fault.kind])
        if fault.kind == "cable":
            self._log_cable("mend", fault)
            self._lan(fault).mend(self._port(fault))
            return
        if fault.line is not None:
            self._log_line("line-back", fault.line)
            world.lines[fault.line].mend()
            return
        assert fault.client is not None
        boot = world.hosts[fault.client].boot
        if boot is None:
            return
        self._log(_WORDS[fault.kind][1], boot)
        if fault.kind == "app-hang":
            boot.release()
        else:
            boot.resume(world.timeline.now)

    def _waits(self, client: str) -> bool:
        """Whether it waits for an acknowledgement itself, or has given up already."""
        agent = self._world.agents.get(client)
        own = None if agent is None else agent.connection
        return own is None or own.unacknowledged_since_ns is not None

    def _restart(self, fault: FaultSpec, nursery: trio.Nursery) -> None:
        world = self._world
        assert world.keeper is not None
        assert fault.client is not None
        world.keeper.returned(fault.client, None)
        self._struck.pop(fault.client, None)
        world.hosts[fault.client].power_on(nursery)
        self._tell(fault, "has power again and has booted")

    def _lan(self, fault: FaultSpec):
        host = self._world.server if fault.client is None else self._world.hosts[fault.client]
        return host.nic.link

    def _port(self, fault: FaultSpec) -> Nic | None:
        """Whose cable it is; None between switches."""
        if fault.place == "between-switches":
            return None
        if fault.place == "server":
            return self._world.server.nic
        assert fault.client is not None
        return self._world.hosts[fault.client].nic

    # --- whom it struck ----------------------------------------------------------------------

    def _write_down(self, fault: FaultSpec, client: str) -> None:
        world = self._world
        assert world.keeper is not None
        for number, connection in world.keeper.carrying.items():
            record = world.records.sessions[number]
            if record.holder != client:
                continue
            world.keeper.settle(record)
            record.strike(self._loss(fault, client, connection, world.timeline.now))

    def lost_before(self, client: str, connection: Connection) -> Loss | None:
        """What struck a client and is not over: its log-on was on its way already."""
        struck = self._struck.get(client)
        return None if struck is None else self._loss(struck[0], client, connection, struck[1])

    def _loss(self, fault: FaultSpec, client: str, connection: Connection, at_ns: int) -> Loss:
        world = self._world
        back = self._back_at(fault, client)
        spec = world.scenario.client(client)
        again = [step.at_ns for step in spec.after_restart if step.do == "log-on"]
        transport = world.carriers[client].transport
        port = world.pins(client, world.hosts[client].boots).get("port")
        return Loss(
            client=client,
            fault=fault.kind,
            at_ns=at_ns,
            gone=fault.gone,
            until_ns=fault.until_ns,
            back_at_ns=back,
            attaches_at_ns=back + again[0] if back is not None and again else None,
            same_address=transport.same_address
            or (port is not None and connection.peer.endswith(f":{port}")),
        )

    def _log(self, word: str, boot: Boot) -> None:
        """Before the deed, so that in the ledger what comes of it stands behind it."""
        world = self._world
        if world.ledger is not None:
            now = world.timeline.now
            world.ledger.note(now, word, host=boot.host.name, boot=boot.number)

    def _log_cable(self, word: str, fault: FaultSpec) -> None:
        world, port = self._world, self._port(fault)
        if world.ledger is not None:
            name = None if port is None else port.name
            world.ledger.note(world.timeline.now, word, link=self._lan(fault).name, port=name)

    def _log_line(self, word: str, line: str) -> None:
        world = self._world
        if world.ledger is not None:
            world.ledger.note(world.timeline.now, word, line=line)

    def _tell(self, fault: FaultSpec, what: str) -> None:
        world = self._world
        who = fault.client or "every client"
        if fault.line is not None:
            who = f"everybody behind {fault.line}"
        place = "" if fault.place in ("client", "line") else f" ({fault.place})"
        world.records.power.append((world.timeline.now, who, what + place))
        if world.recording is not None:
            text = f"{who} {what}{place}"
            world.recording.event(world.timeline.now, text, hostname="operator", msgid="FAULT")
