"""One fault, its three proofs: closed formula, emulation and the reader of the written trace.

The formula is fed with what the reader finds in the file, and its answer must be the JSON's and
the file's, exact to the nanosecond where the client stays away, within the verdict's round trips
where it comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from emu.policy.model import Policy
from emu.verdicts import tolerance_ns
from tests.contract.worlds import SLOW, Played, S, made, ns, played, story

#: The contract's client logs on at 0 and works once, at 100 s.
WORK_NS = 100 * S


@dataclass(frozen=True)
class Case:
    """A fault.  ``after_ns``: from the restart's end to the next log-on, None for none.

    ``for_ns``: how long it lasts, for those that leave the client its state; None for good.
    """

    kind: str
    at_ns: int
    off_ns: int | None = None
    boot_ns: int = 60 * S
    after_ns: int | None = None
    for_ns: int | None = None

    @property
    def gone(self) -> bool:
        """product.md, "gone / alive"."""
        hung_for_good = self.kind == "os-hang" and self.for_ns is None
        return hung_for_good or self.kind in ("power-loss", "reboot", "kill")

    @property
    def until_ns(self) -> int | None:
        return None if self.for_ns is None else self.at_ns + self.for_ns

    @property
    def back_ns(self) -> int | None:
        if self.kind == "reboot":
            return self.at_ns + self.boot_ns
        return None if self.off_ns is None else self.at_ns + self.off_ns + self.boot_ns

    @property
    def attaches_ns(self) -> int | None:
        no_return = self.back_ns is None or self.after_ns is None
        return None if no_return else self.back_ns + self.after_ns

    def _long_enough(self, policy: Policy | str, *settings: str) -> int:
        """Nobody needs longer: 8013 s, or 1062 s for data (facts/tcp.md 3, 5; facts/ipx.md 2.1).

        A setting in hours may be eight of them and one more, for eight probes.
        """
        marks = (self.at_ns, self.back_ns, self.attaches_ns, self.until_ns)
        latest_ns = max(at_ns or 0 for at_ns in marks)
        if any(setting.endswith("h") for setting in settings):
            return latest_ns + 20 * 3600 * S
        name = policy if isinstance(policy, str) else policy.name
        return latest_ns + (8100 if name in SLOW else 1100) * S

    def play(self, folder: Path, policy: Policy | str, *settings: str) -> Played:
        off = "" if self.off_ns is None else f'off_for = "{self.off_ns}ns"'
        off += "" if self.for_ns is None else f'for = "{self.for_ns}ns"'
        again = "" if self.after_ns is None else f'{{ after = "{self.after_ns}ns", do = "log-on" }}'
        scenario = made(
            folder,
            f'kind = "{self.kind}"\nat = "{self.at_ns}ns"\n{off}',
            after_restart=again,
            boot_time=f"{self.boot_ns}ns",
            horizon=f"{self._long_enough(policy, *settings)}ns",
        )
        return played(scenario, policy, *settings)


def hold_together(run: Played, case: Case) -> int | None:
    """The three proofs of session 1; returns when it was noticed."""
    told = story(
        run,
        lost_ns=case.at_ns,
        kind=case.kind,
        back_ns=case.back_ns,
        attaches_ns=case.attaches_ns,
    )
    (session, *_) = run.json["sessions"]
    assert session["client_lost_at_s"] == case.at_ns / S
    assert session["fault"] == case.kind
    assert ns(session["last_octet_at_s"]) == told.last_octet_ns
    assert ns(session["noticed_at_s"]) == told.left_ns
    assert session["false_disconnect"] is (not case.gone and told.left_ns is not None)
    predicted = run.transport.delay(run.params, told.fault, told.last_words_ns)
    if predicted is None or case.at_ns + predicted > run.scenario.horizon_ns:
        assert told.left_ns is None, (case, predicted)
    else:
        assert told.left_ns is not None, (case, predicted)
        late = told.left_ns - case.at_ns - predicted
        allowed = 0 if case.back_ns is None else tolerance_ns(run.scenario)
        allowed += run.transport.lateness(run.params, told.fault, told.last_words_ns)
        assert 0 <= late <= allowed, (case, predicted, late)
        assert ns(session["notice_delay_s"]) == told.left_ns - case.at_ns
        assert ns(session["silence_s"]) == told.left_ns - told.last_octet_ns
    idle = told.fault.unacknowledged_since_ns is None
    if idle and case.back_ns is None and case.kind != "app-hang":
        clock_ns = told.fault.idle_since_ns
        silence = run.transport.silence(run.params, told.last_octet_ns, clock_ns)
        left = None if silence is None else told.last_octet_ns + silence
        assert left is None or left <= run.scenario.horizon_ns, "look longer"
        if left is None or told.left_ns is None:
            assert left is told.left_ns is None
        else:
            late_ns = run.transport.lateness(run.params, told.fault, told.last_octet_ns)
            assert 0 <= told.left_ns - left <= late_ns
    assert run.failures() == []
    return told.left_ns


def hold_through(run: Played, case: Case) -> None:
    """The three proofs for a client that comes back with all its state.

    The formula knows no round trips, so that of a client back sooner by them will do as well.
    """
    told = story(run, lost_ns=case.at_ns, kind=case.kind, back_ns=case.until_ns)
    assert case.until_ns is not None
    tolerance = tolerance_ns(run.scenario)
    struck = replace(told.fault, back_at_ns=None, until_ns=case.until_ns)
    late_ns = run.transport.lateness(run.params, struck, told.last_words_ns)
    left = None if told.left_ns is None else told.left_ns - case.at_ns
    predicted = [
        run.transport.delay(
            run.params,
            replace(told.fault, back_at_ns=None, until_ns=until_ns),
            told.last_words_ns,
        )
        for until_ns in (case.until_ns, case.until_ns - tolerance)
    ]
    if run.transport.doubtful(run.params, struck, told.last_words_ns):
        predicted.append(None)
    assert any(
        left is None
        if each is None or case.at_ns + each > run.scenario.horizon_ns
        else left is not None and 0 <= left - each <= tolerance + late_ns
        for each in predicted
    ), (predicted, left)
    (session,) = run.json["sessions"]
    assert ns(session["noticed_at_s"]) == told.left_ns
    assert session["false_disconnect"] is (told.left_ns is not None)
    assert run.failures() == []
