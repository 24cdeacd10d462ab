"""Which values a policy must give: those of its stack, and the server's session rules.

The session rules are the Terminal Server's (facts/tcp.md 7) and the same for every
transport, so their table stands here and not in a transport.
"""

from __future__ import annotations

from collections.abc import Iterable

from emu.errors import InputError
from emu.policy.router_parameters import ROUTER_RULES
from emu.policy.smb_parameters import SMB_RULES
from emu.policy.values import nearest, one_of, quoted
from emu.transports.base import Parameter, Stack, Transport
from emu.units import NS_PER_S

#: MaxDisconnectionTime is a 32-bit count of milliseconds: 49.7 days (facts/tcp.md 7).
_LIMIT_MAX_NS = 49 * 86_400 * NS_PER_S

SERVER_RULES = (
    Parameter(
        name="server.session_limit",
        kind="count",
        low=1,
        high=65_535,
        never=True,
        what="sessions (licences) the server admits, active and disconnected together; none: no"
        " limit",
    ),
    Parameter(
        name="server.disconnected_session_limit",
        kind="duration",
        low=NS_PER_S,
        high=_LIMIT_MAX_NS,
        never=True,
        what="how long a disconnected session is kept before it is closed and its work is lost",
    ),
    Parameter(
        name="server.one_session_per_user",
        kind="flag",
        what="whether a user who logs on again takes over the session that is still active in"
        " that name (a ghost, say) instead of opening a second one",
    ),
    Parameter(
        name="server.broken_connection",
        kind="choice",
        choices=("disconnect", "end"),
        what="what a broken connection does to its session: keep it as disconnected, or end it",
    ),
    Parameter(
        name="server.reconnect_from",
        kind="choice",
        choices=("any-client", "same-client"),
        what="from where a disconnected session may be picked up",
    ),
)


def transports() -> tuple[Transport, ...]:
    """The table of transports.  Imported on first use: it brings machines and codecs along."""
    from emu.transports.table import TABLE

    return tuple(TABLE)


def transport_named(name: str, *, where: str) -> Transport:
    """The transport of that name; ``InputError`` at ``where`` when there is none."""
    for transport in transports():
        if transport.name == name:
            return transport
    raise _unknown(where, name, [transport.name for transport in transports()], "transports")


def stack_named(transport: Transport, name: str, *, where: str) -> Stack:
    """The stack of that name; ``InputError`` at ``where`` when the transport has none."""
    for stack in transport.stacks:
        if stack.name == name:
            return stack
    raise _unknown(where, name, [stack.name for stack in transport.stacks], "transports")


def parameters_of(*stacks: Stack) -> dict[str, Parameter]:
    """What a policy on these stacks must give, by dotted name, in the order people read it.

    Where the two ends' stacks both have a parameter, the first stack's range counts.
    """
    found: dict[str, Parameter] = {}
    own = (each for stack in stacks for each in stack.parameters)
    for parameter in (*own, *SERVER_RULES, *ROUTER_RULES, *SMB_RULES):
        found.setdefault(parameter.name, parameter)
    return found


def namespaces() -> list[str]:
    """The tables that hold values in a policy file: ``ncp``, ``tcp``, ..., ``server``,
    ``router``, ``smb``."""
    stacks = [stack for transport in transports() for stack in transport.stacks]
    return list(dict.fromkeys(name.partition(".")[0] for name in parameters_of(*stacks)))


def _unknown(where: str, name: str, known: Iterable[str], listing: str) -> InputError:
    names = list(known)
    hint = nearest(name, names) or f'see "emu list {listing}"'
    return InputError(where, expected=one_of(names), found=quoted(name), hint=hint)
