"""Network namespaces without names, and what is set inside them.

A namespace lives as long as somebody holds it: here a file descriptor.  There is nothing to
clean up, not even after SIGKILL, and two runs cannot meet in a name.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from emu.errors import InputError

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_OWN = "/proc/thread-self/ns/net"
#: struct ifreq of <linux/if.h>: a name and 24 octets.
_IFREQ = struct.Struct("16sh22x")
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCETHTOOL = 0x8913, 0x8914, 0x8946
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
#: ETHTOOL_STXCSUM, SSG, STSO, SGSO, SGRO: checksums and segments as on a wire, since a forwarder
#: passes them on as it sees them.
_OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)


@dataclass(frozen=True, slots=True)
class Namespace:
    """``fd``: what keeps it alive."""

    fd: int

    @property
    def path(self) -> str:
        """By which other programs may name it."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    @contextlib.contextmanager
    def entered(self) -> Generator[None]:
        """This thread is in there; sockets made meanwhile stay in there."""
        home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_LIBC.setns(self.fd, _CLONE_NEWNET))
            yield
        finally:
            _check(_LIBC.setns(home, _CLONE_NEWNET))
            os.close(home)

    def ip(self, *commands: str) -> None:
        """Commands of ip(8), in one go."""
        with self.entered():
            done = subprocess.run(
                ["ip", "-batch", "-"],
                input="\n".join(commands) + "\n",
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise InputError("ip -batch", expected="success", found=done.stderr.strip())

    def ip_says(self, *words: str) -> str:
        """What one command of ip(8) prints."""
        with self.entered():
            done = subprocess.run(["ip", *words], capture_output=True, text=True, check=True)
        return done.stdout

    def sysctl(self, name: str, value: object) -> None:
        """Set one by its dotted name; ``%if%`` stands for eth0."""
        with self.entered():
            _sysctl_file(name).write_text(f"{value}\n")

    def has_sysctl(self, name: str) -> bool:
        with self.entered():
            return _sysctl_file(name).exists()

    def close(self) -> None:
        os.close(self.fd)


def _sysctl_file(name: str) -> Path:
    return Path("/proc/sys", *(part.replace("%if%", "eth0") for part in name.split(".")))


def make() -> Namespace:
    """A new one, without IPv6: its neighbour discovery is not what is looked at."""
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_LIBC.unshare(_CLONE_NEWNET))
        made = Namespace(os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC))
    finally:
        _check(_LIBC.setns(home, _CLONE_NEWNET))
        os.close(home)
    for scope in ("all", "default"):
        if made.has_sysctl(f"net.ipv6.conf.{scope}.disable_ipv6"):
            made.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", 1)
    return made


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


# --- interfaces ------------------------------------------------------------------------------


def plain(namespace: Namespace, name: str) -> None:
    """No offloads."""
    with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in _OFFLOADS:
            value = array.array("B", struct.pack("=II", command, 0))
            request = struct.pack("16sP16x", name.encode(), value.buffer_info()[0])
            fcntl.ioctl(any_socket, _SIOCETHTOOL, request)


def set_up(namespace: Namespace, name: str, up: bool) -> None:
    """ip link set NAME up or down, without a process."""
    with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = _flags(any_socket, name)
        flags = flags | _IFF_UP if up else flags & ~_IFF_UP
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _IFREQ.pack(name.encode(), flags))


def has_carrier(namespace: Namespace, name: str) -> bool:
    """As the stack has noticed it (linkwatch takes up to a second)."""
    with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return bool(_flags(any_socket, name) & _IFF_RUNNING)


def _flags(any_socket: socket.socket, name: str) -> int:
    answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _IFREQ.pack(name.encode(), 0))
    return _IFREQ.unpack(answer)[1]
