"""The SMB redirector of a computer, as NT 4's rdr.sys has it (facts/redirector.md).

``redirector`` is the machine; ``requests`` what it is asked and tells, ``params`` its numbers and
the rules by their articles, ``snapshot`` what its ``view`` shows.  Below: ``errands`` how things
that take several messages are written down, ``circuits`` circuits, sessions and trees, ``files``
opens, dormancy, write-behind and oplocks, ``images`` sections and their pages, ``logoffs`` how
sessions end, ``scavenger`` what time does, ``objects`` what there is.

None of them knows an octet of SMB, a transport, a clock or whose computer it is.
"""

from emu.machines.redirector.params import (
    NT4_SP3,
    NT4_SP4,
    NT4_SP6A,
    NT4_SP6A_HOTFIX,
    NT4_SP6A_HOTFIX_KEEPCONN0,
    TSE_SP5,
    TSE_SP6,
    LeakUntil,
    RedirectorParams,
    ReuseRearms,
)
from emu.machines.redirector.redirector import Redirector

__all__ = [
    "NT4_SP3",
    "NT4_SP4",
    "NT4_SP6A",
    "NT4_SP6A_HOTFIX",
    "NT4_SP6A_HOTFIX_KEEPCONN0",
    "TSE_SP5",
    "TSE_SP6",
    "LeakUntil",
    "Redirector",
    "RedirectorParams",
    "ReuseRearms",
]
