"""A client that is silent: IP dropped with ARP alive, or everything dropped.

A base chain of nf_tables with policy "drop" and no rule in it is all that takes; it is set
through its netlink interface (linux/netfilter/nf_tables.h), so nft(8) need not be there.  What
other ways there are is not silent: a blackhole route tells the sender and, with source
validation, takes ARP along; a link that is down takes the carrier along.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from emu.kernel.live.namespaces import Namespace

_NETLINK_NETFILTER = 12
_SUBSYSTEM = 10  # NFNL_SUBSYS_NFTABLES
_BEGIN, _END = 0x10, 0x11
_NEW_TABLE, _DELETE_TABLE, _NEW_CHAIN = _SUBSYSTEM << 8, _SUBSYSTEM << 8 | 2, _SUBSYSTEM << 8 | 3
_REQUEST, _ACK, _CREATE = 0x1, 0x4, 0x400
_NESTED = 0x8000
_IPV4, _ARP = 2, 3
#: Hook numbers of what comes in and what goes out.
_HOOKS = {_IPV4: (0, 3), _ARP: (0, 1)}
_TABLE = b"emu\0"
_ERROR = struct.Struct("=IHHIIi")


class Silence:
    """The silence of one namespace."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._families: set[int] = set()

    def drop_ip(self) -> None:
        self._drop(_IPV4)

    def drop_all(self) -> None:
        self._drop(_IPV4)
        self._drop(_ARP)

    def end(self) -> None:
        """Everything passes again."""
        for family in sorted(self._families):
            self._talk([(_DELETE_TABLE, 0, family, _attribute(1, _TABLE))])
        self._families.clear()

    def _drop(self, family: int) -> None:
        if family in self._families:
            return
        chains = [
            (_NEW_CHAIN, _CREATE, family, _chain(b"hook%d\0" % hook, hook))
            for hook in _HOOKS[family]
        ]
        self._talk([(_NEW_TABLE, _CREATE, family, _attribute(1, _TABLE)), *chains])
        self._families.add(family)

    def _talk(self, requests: list[tuple[int, int, int, bytes]]) -> None:
        """One transaction; ``OSError`` when the kernel refuses any part."""
        with self._namespace.entered():
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        with netlink:
            netlink.bind((0, 0))
            netlink.settimeout(5)
            netlink.send(b"".join(_batch(requests)))
            for _ in requests:
                error = _ERROR.unpack_from(netlink.recv(65536))[5]
                if error:
                    raise OSError(-error, "nf_tables")


def _batch(requests: list[tuple[int, int, int, bytes]]) -> Iterator[bytes]:
    yield _message(_BEGIN, _REQUEST, 0, _SUBSYSTEM, b"")
    for kind, flags, family, body in requests:
        yield _message(kind, _REQUEST | _ACK | flags, family, 0, body)
    yield _message(_END, _REQUEST, 0, _SUBSYSTEM, b"")


def _message(kind: int, flags: int, family: int, resource: int, body: bytes) -> bytes:
    payload = struct.pack("=BBH", family, 0, socket.htons(resource)) + body
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _chain(name: bytes, hook: int) -> bytes:
    """NFTA_CHAIN_TABLE, NAME, HOOK (number, priority), POLICY (0: drop), TYPE."""
    place = _attribute(1, struct.pack("!I", hook)) + _attribute(2, struct.pack("!i", -300))
    return b"".join(
        (
            _attribute(1, _TABLE),
            _attribute(3, name),
            _attribute(4 | _NESTED, place),
            _attribute(5, struct.pack("!I", 0)),
            _attribute(7, b"filter\0"),
        )
    )
