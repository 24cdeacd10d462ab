"""What a packet is, in the words that a dialer list uses.

A router's filter sees protocol, sockets, ports, flags and the look of a packet, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

IPX = "ipx"
IP = "ip"
NBF = "nbf"
ARP = "arp"
OTHER = "other"


class Kind(Enum):
    """What a packet looks like; the words of facts/ipx.md 4.2, "Interesting traffic"."""

    RIP = "rip"
    SAP = "sap"
    SERIALIZATION = "serialization"
    TYPE_20 = "type-20"
    WATCHDOG = "watchdog"
    WATCHDOG_ANSWER = "watchdog-answer"
    MESSAGE_WAITING = "message-waiting"
    NCP = "ncp"
    SPX_CONNECT = "spx-connect"
    SPX_KEEPALIVE = "spx-keepalive"
    SPX_SYSTEM = "spx-system"
    SPX_DATA = "spx-data"
    NBIPX_KEEPALIVE = "nbipx-keepalive"
    NBIPX_DATA = "nbipx-data"
    TCP_SYN = "tcp-syn"
    TCP_FIN = "tcp-fin"
    TCP_RST = "tcp-rst"
    TCP_ACK = "tcp-ack"
    TCP_KEEPALIVE = "tcp-keepalive"
    TCP_DATA = "tcp-data"
    LLC_POLL = "llc-poll"
    SESSION_ALIVE = "session-alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """``kinds``: every word that fits, usually one.  ``sockets``: IPX's, destination first.
    ``ports``: TCP's, destination first.  ``tcp_flags``: 0 when it is not TCP.
    ``broadcast``: to a broadcast node or address.
    """

    protocol: str
    kinds: frozenset[Kind] = frozenset()
    sockets: tuple[int, ...] = ()
    ports: tuple[int, ...] = ()
    tcp_flags: int = 0
    broadcast: bool = False
