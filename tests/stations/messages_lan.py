"""Two stations that carry messages, on one wire: a server and a client of any transport."""

from __future__ import annotations

from random import Random
from typing import Any

from emu.policy.loader import load_policy
from emu.stations.base import StationSpec
from emu.stations.service import MESSAGES
from emu.transports.table import transport_named
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .nbf_lan import Lan, Surroundings
from .tcp_parts import User

SERVER, CLIENT = 1, 2
#: The lengths that a carrier must bring over whole: nothing, less than a packet, more, much more.
LENGTHS = (0, 1, 500, 1400, 4356, 60000)
HOUR = s(3600)


def text(length: int, salt: int = 0) -> bytes:
    """Octets that tell where they stand."""
    return b"".join((n + salt).to_bytes(4, "big") for n in range(length // 4 + 1))[:length]


def params(policy: str) -> tuple[Any, Any]:
    """A shipped policy's transport and numbers."""
    loaded = load_policy(policy)
    transport = transport_named(loaded.transport)
    return transport, transport.make_params(loaded.stack, loaded.values)


class Echoing(User):
    """Says every message back at once, longest delay none."""

    def message(self, connection: Any, message: Any, now: int) -> None:
        super().message(connection, message, now)
        connection.send(message, now)


class Office:
    """One server, one client of ``policy``; ``keepalive_ns``: NetBT's, of either end."""

    def __init__(
        self,
        policy: str,
        *,
        made: Any = None,
        server_user: User | None = None,
        keepalive_ns: tuple[int | None, int | None] = (HOUR, None),
        host: str = "ws1",
    ) -> None:
        self.transport, loaded = params(policy)
        self.params = loaded if made is None else made
        self.lan = Lan()
        self.server_user = server_user or User()
        self.client_user = User()
        self.at_server, server = self._spec(SERVER, self.server_user, keepalive_ns[0], "SERVER")
        self.server: Any = self.transport.server(server)
        self.at_client, client = self._spec(CLIENT, self.client_user, keepalive_ns[1], host)
        self.client: Any = self.transport.client(client)
        self.lan.stations = {self.at_server: self.server, self.at_client: self.client}
        self.lan.run(s(11))  # the server's name, where it claims one

    def _spec(
        self, number: int, user: User, keepalive_ns: int | None, host: str
    ) -> tuple[Surroundings, StationSpec]:
        surroundings = Surroundings(number, self.lan)
        spec = StationSpec(
            params=self.params,
            surroundings=surroundings,
            user=user,
            address=number,
            server_address=SERVER,
            boot=0,
            randomness=Random(f"{number}"),
            pinned={},
            service=MESSAGES,
            host=host,
            session_keepalive_ns=keepalive_ns,
        )
        return surroundings, spec

    def connected(self, message: bytes | None = None) -> Any:
        """The client's connection."""
        connection = self.client.connect(message, self.lan.now)
        self.run(s(12))  # names first, where there are names
        return connection

    def run(self, span_ns: int) -> None:
        self.lan.run(self.lan.now + span_ns)


class Kept(User):
    """A server's user that keeps its connections."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: list[Any] = []

    def opened(self, connection: Any, now: int) -> None:
        self.connections.append(connection)
        super().opened(connection, now)


def carries_whole_messages(policy: str) -> Office:
    """Every length, each way and all at once; what is heard is what was said, in order."""
    user = Kept()
    office = Office(policy, server_user=user)
    connection = office.connected()
    assert [what for _, what, *_ in office.client_user.told] == ["opened"]
    assert user.messages == office.client_user.messages == []
    up = [text(length) for length in LENGTHS]
    down = [text(length, 7) for length in reversed(LENGTHS)]
    for message in up:
        connection.send(message, office.lan.now)
    for message in down:
        user.connections[0].send(message, office.lan.now)
    office.run(s(60))
    assert user.messages == up
    assert office.client_user.messages == down
    assert [what for _, what, *_ in user.told + office.client_user.told] == ["opened", "opened"]
    assert office.server.dropped == office.client.dropped == 0
    return office


def echoes_a_first_message(policy: str) -> None:
    """One that is given with ``connect`` waits until the connection is up."""
    office = Office(policy, server_user=Echoing())
    office.connected(b"first")
    assert office.server_user.messages == [b"first"] == office.client_user.messages


def told(user: User) -> list[str]:
    return [what for _, what, *_ in user.told]


def aborts(policy: str) -> tuple[Office, Kept]:
    """The server's abort, with a message on its way: both are told that it is over."""
    user = Kept()
    office = Office(policy, server_user=user)
    office.connected()
    user.connections[0].send(text(4356), office.lan.now)
    user.connections[0].abort(office.lan.now)
    assert told(user) == ["opened", "ended"]
    office.run(ms(100))
    assert len(told(office.client_user)) == 2
    frames = len(office.lan.frames)
    user.connections[0].abort(office.lan.now)
    user.connections[0].send(b"late", office.lan.now)
    office.run(s(1000))
    assert len(office.lan.frames) == frames
    assert told(user) == ["opened", "ended"]
    return office, user
