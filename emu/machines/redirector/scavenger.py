"""What time does: requests that nobody answers, octets kept too long, dormant files, idleness.

Both looks of the redirector come at a beat, the phase of which is given, so dormancy lasts from
10 to 30 s (facts/redirector.md 2.3), and idleness as long as KeepConn and a scan (3.1, 3.2).
"""

from __future__ import annotations

from collections.abc import Iterator

from emu.machines.redirector.circuits import Circuits
from emu.machines.redirector.errands import Errands
from emu.machines.redirector.files import Files
from emu.machines.redirector.logoffs import LogOffs
from emu.machines.redirector.objects import Computer, Session, SrvCall, SrvOpen
from emu.machines.redirector.params import RedirectorParams, ReuseRearms
from emu.machines.redirector.snapshot import CircuitState


class Scavenger:
    """Part of a redirector.  ``start_ns``: a beat, for both looks."""

    def __init__(
        self,
        params: RedirectorParams,
        errands: Errands,
        circuits: Circuits,
        files: Files,
        log_offs: LogOffs,
        computer: Computer,
        *,
        start_ns: int,
    ) -> None:
        self._params = params
        self._errands = errands
        self._circuits = circuits
        self._files = files
        self._log_offs = log_offs
        self._computer = computer
        self._start_ns = start_ns

    def timers(self) -> dict[str, int]:
        timers = self._errands.timers()
        for opened in self._opens():
            where = f"{opened.server.name} FID {opened.sent_as.fid:#x}"
            if opened.dormant_since_ns is not None:
                timers[f"dormant {where}"] = self._dormant_until(opened.dormant_since_ns)
            if opened.dirty_since_ns is not None and not opened.is_flushing:
                timers[f"write behind {where}"] = self._dirty_until(opened.dirty_since_ns)
        for server in self._computer.servers.values():
            idle_until_ns = self._idle_until(server)
            if idle_until_ns is not None:
                timers[f"idle {server.name}"] = idle_until_ns
            if self._wants_echo(server):
                timers[f"echo {server.name}"] = self._echo_at(server)
        for session, until_ns in self._dead_until():
            timers[f"dead session {session.logon.luid} on {session.server.name}"] = until_ns
        return timers

    def expire(self) -> None:
        """Everything whose time has come, in the order above."""
        now = self._errands.now
        for server in self._errands.overdue():
            self._circuits.hang_up(server, "a request was unanswered for SessTimeout")
        for opened in tuple(self._opens()):
            dirty, dormant = opened.dirty_since_ns, opened.dormant_since_ns
            if dirty is not None and not opened.is_flushing and self._dirty_until(dirty) <= now:
                self._errands.start(self._files.flush_behind(opened))
            if dormant is not None and self._dormant_until(dormant) <= now:
                self._errands.start(self._files.close_dormant(opened))
        for session, until_ns in tuple(self._dead_until()):
            if until_ns <= now:
                self._errands.start(self._log_offs.scavenge(session))
        for server in tuple(self._computer.servers.values()):
            idle_until_ns = self._idle_until(server)
            if idle_until_ns is not None and idle_until_ns <= now:
                self._errands.start(self._circuits.end(server))
            elif self._wants_echo(server) and self._echo_at(server) <= now:
                self._errands.start(self._circuits.echo(server))

    def _opens(self) -> Iterator[SrvOpen]:
        return (each for server in self._computer.servers.values() for each in server.opens())

    def _wants_echo(self, server: SrvCall) -> bool:
        is_up = server.state is CircuitState.UP
        return server.is_direct_ipx and is_up and not server.outstanding

    def _echo_at(self, server: SrvCall) -> int:
        return server.said_ns + self._params.direct_ipx_echo_ns

    def _dirty_until(self, since_ns: int) -> int:
        return since_ns + self._params.write_behind_delay_ns

    def _dormant_until(self, since_ns: int) -> int:
        earliest_ns = since_ns + self._params.cache_file_timeout_ns
        return self._look(self._params.scan_period_ns, earliest_ns)

    def _idle_until(self, server: SrvCall) -> int | None:
        """When the circuit is given up if nothing happens; None while something bars that.

        The look is at the circuit, not at single sessions (3.2, step 3): somebody's mark must
        be old enough, and any use since has taken it away.
        """
        if server.state is not CircuitState.UP or server.outstanding or server.busy:
            return None
        if any(True for _each in server.opens()):
            return None
        sessions = server.living_sessions()
        if any(each.bars_keep_conn or each.is_finishing for each in sessions):
            return None
        marks = [each.mark_ns for each in sessions if each.mark_ns is not None]
        since_ns = min(marks, default=None) if sessions else server.bare_since_ns
        return None if since_ns is None else self._idle_look(server, since_ns)

    def _dead_until(self) -> Iterator[tuple[Session, int]]:
        """Dead sessions that are judged by themselves: only where re-use sets marks again.

        That the naive cure judges them so is our reading: otherwise a quiet open file of
        somebody else would keep them for ever.
        """
        if self._params.reuse_rearms is not ReuseRearms.ALWAYS:
            return
        for server in self._computer.servers.values():
            for session in server.living_sessions() if server.state is CircuitState.UP else ():
                is_bound = session.is_finishing or session.is_withheld or session.bars_keep_conn
                if not session.logon.is_alive and session.mark_ns is not None and not is_bound:
                    yield session, self._idle_look(server, session.mark_ns)

    def _idle_look(self, server: SrvCall, since_ns: int) -> int:
        earliest_ns = max(since_ns + self._params.idle_limit_ns, server.changed_ns)
        return self._look(self._params.scavenger_period_ns, earliest_ns)

    def _look(self, period_ns: int, earliest_ns: int) -> int:
        """The first beat at or after an instant."""
        beats = -((self._start_ns - earliest_ns) // period_ns)
        return self._start_ns + beats * period_ns
