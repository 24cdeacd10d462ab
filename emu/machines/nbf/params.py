"""What an NBF policy says, in nanoseconds.  Ranges: ``emu/transports/nbf.py``."""

from __future__ import annotations

from dataclasses import dataclass

from emu.machines.llc2.params import LinkParams


@dataclass(frozen=True, slots=True, kw_only=True)
class NbfParams:
    """``alive_interval_ns``: SESSION_ALIVE is sent so often from set-up on; None for never.

    ``data_ack_delay_ns``: how long a DATA_ACK waits for data to ride on.
    ``claim_tries``, ``claim_timeout_ns``: ADD_NAME_QUERY, each waited out.
    ``query_tries``, ``query_timeout_ns``: NAME_QUERY, each waited out.
    ``find_first``: a call begins with a NAME_QUERY without a session (KB Q102942, NT).
    """

    link: LinkParams
    alive_interval_ns: int | None
    data_ack_delay_ns: int
    claim_tries: int
    claim_timeout_ns: int
    query_tries: int
    query_timeout_ns: int
    find_first: bool
