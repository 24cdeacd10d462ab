"""The gallery in ``captures/``: reference captures of protocols nobody can record any more.

``record`` rewrites them, ``verify`` plays them again and compares byte for byte.  A changed
capture is a changed behaviour: it needs a CHANGELOG line in the same commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emu.capture import pcapng
from emu.capture.compare import first_difference
from emu.errors import InputError
from emu.policy.loader import load_policy
from emu.policy.values import nearest
from emu.resources import captures_folder
from emu.run import capture_comment, play, write_capture
from emu.scenario.loader import load_scenario

#: Every capture: (scenario, policy), played with seed 0.
GALLERY: tuple[tuple[str, str], ...] = (
    *(
        ("client-power-loss", policy)
        for policy in (
            "nbf-nt4",
            "nbf-lan-manager",
            "nbf-win9x",
            "nbf-ibm",
            "nbf-802.2",
            "ncp-fpnw",
            "ncp-netware",
            "ncp-netware-tight",
            "ncp-mars-nwe",
            "spx-novell",
            "spx-nwlink",
            "nbipx-nwlink",
            "nbipx-nwlink-15s",
            "nbipx-novell",
            "tcp-no-keepalive",
            "tcp-keepalive-nt4",
            "tcp-keepalive-nt4-5min",
            "tcp-keepalive-just-above-hangup",
            "tcp-keepalive-just-below-hangup",
            "tcp-no-keepalive-linux",
            "tcp-keepalive-linux",
            "tcp-keepalive-linux-60-10-6",
            "tcp-user-timeout-linux",
            "tcp-keepalive-windows",
            "tcp-keepalive-freebsd",
            "tcp-keepalive-macos",
            "tcp-keepalive-solaris",
            "tcp-keepalive-lwip",
        )
    ),
    ("client-power-loss-and-restart", "ncp-netware"),
    ("client-power-loss-and-restart", "tcp-no-keepalive"),
    ("client-power-loss-and-restart", "tcp-keepalive-nt4"),
    ("client-quick-reboot", "nbf-nt4"),
    ("client-quick-reboot", "ncp-netware"),
    ("client-quick-reboot", "spx-nwlink"),
    ("client-quick-reboot", "nbipx-nwlink"),
    ("client-quick-reboot", "tcp-keepalive-nt4-5min"),
    ("restart-same-port", "tcp-no-keepalive"),
    ("clock-in-taskbar", "nbf-nt4"),
    ("clock-in-taskbar", "tcp-no-keepalive"),
    ("clock-in-taskbar", "tcp-keepalive-linux"),
    ("clock-in-taskbar", "tcp-user-timeout-linux"),
    ("mixed-lan", "nbf-nt4"),
    ("healthy-day", "ncp-netware"),
    ("healthy-day", "tcp-keepalive-nt4"),
    ("licence-limit", "ncp-netware"),
    ("licence-limit", "tcp-no-keepalive"),
    ("dial-on-demand-idle", "tcp-keepalive-nt4"),
    ("dial-on-demand-power-loss", "ncp-netware"),
    ("modem-slow-setup", "nbf-nt4"),
    ("modem-slow-setup", "tcp-keepalive-nt4"),
    ("spoofed-forever", "nbf-nt4-dlsw"),
    ("spoofed-forever", "ncp-netware"),
    ("spoofed-forever", "ncp-netware-spoofed"),
    ("spoofed-forever", "ncp-netware-spoofed-windows"),
    ("wan-outage-30min", "ncp-netware"),
    ("wan-outage-30min", "nbipx-nwlink"),
    ("nat-forgets-350s", "tcp-keepalive-nt4"),
    ("nat-forgets-350s", "tcp-no-keepalive"),
    ("load-balancer-answers", "tcp-keepalive-nt4-5min"),
    ("image-on-unc-path", "smb-nt4-sp3"),
    ("image-on-unc-path", "smb-nt4-sp4"),
    ("image-on-unc-path", "smb-nt4-sp3-nbf"),
    ("image-on-unc-path", "smb-nt4-sp3-nbipx"),
    ("image-on-unc-path", "smb-nt4-sp3-ipx"),
    ("quick-relogon", "smb-tse-sp5"),
    ("quick-relogon", "smb-tse-sp6"),
    ("net-session-delete", "smb-nt4-sp6a-nbt"),
    ("per-server-licences", "smb-nt4-licence-1395"),
    ("locked-file-of-a-dead-client", "smb-nt4-sp6a-nbt-rto-3s"),
    ("locked-file-of-a-dead-client", "smb-nt4-sp6a-ipx"),
    ("file-server-power-loss", "smb-nt4-sp6a-nbt"),
    ("file-server-power-loss", "smb-nt4-sp6a-nbf"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One capture against a fresh run.  ``report``: lines that show the difference, if any."""

    name: str
    same: bool
    report: tuple[str, ...] = ()


def chosen(name: str | None) -> Sequence[tuple[str, str]]:
    """The captures a NAME means: all, a scenario's, or one as ``scenario/policy``."""
    if name is None:
        return GALLERY
    wanted = [pair for pair in GALLERY if name in (pair[0], "/".join(pair))]
    if not wanted:
        names = [*dict.fromkeys(pair[0] for pair in GALLERY), *("/".join(p) for p in GALLERY)]
        raise InputError(
            f'"{name}"',
            expected="a scenario of the gallery, or scenario/policy",
            found="neither",
            hint=nearest(name, names) or f"the gallery has {', '.join(names[:5])}, ...",
        )
    return wanted


def path_of(scenario: str, policy: str) -> Path:
    """Where a capture of the gallery stands."""
    return captures_folder() / scenario / f"{policy}.pcapng"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One capture that was recorded.  ``size``: octets of its file."""

    name: str
    frames: int
    size: int


def record(name: str | None) -> Iterator[Written]:
    """Write captures anew."""
    for scenario_name, policy_name in chosen(name):
        path = path_of(scenario_name, policy_name)
        scenario = load_scenario(scenario_name)
        result = play(scenario, scenario.applied_to(load_policy(policy_name)))
        path.parent.mkdir(parents=True, exist_ok=True)
        result = write_capture(result, str(path))
        yield Written(
            name=f"{scenario_name}/{policy_name}",
            frames=len(result.recording),
            size=path.stat().st_size,
        )


def verify(name: str | None) -> Iterator[Verdict]:
    """Play again and compare."""
    for scenario_name, policy_name in chosen(name):
        shown = f"{scenario_name}/{policy_name}"
        path = path_of(scenario_name, policy_name)
        if not path.is_file():
            yield Verdict(name=shown, same=False, report=("no such file: emu record writes it",))
            continue
        scenario = load_scenario(scenario_name)
        result = play(scenario, scenario.applied_to(load_policy(policy_name)))
        comment = capture_comment(scenario_name, policy_name, 0)
        difference = first_difference(path, pcapng.encode(result.recording, comment))
        report = () if difference is None else tuple(str(difference).splitlines())
        yield Verdict(name=shown, same=difference is None, report=report)
    if name is None:
        yield from _strangers()


def _strangers() -> Iterator[Verdict]:
    """Files in the gallery that nobody plays any more."""
    known = {path_of(*pair) for pair in GALLERY}
    for path in sorted(captures_folder().glob("*/*.pcapng")):
        if path not in known:
            name = f"{path.parent.name}/{path.stem}"
            yield Verdict(name=name, same=False, report=("not part of the gallery: remove it",))
