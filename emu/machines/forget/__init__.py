"""A box on the way that keeps a flow table for TCP, and what it does when a flow was idle.

NAT, stateful firewall and load balancer differ in their parameters, not in their machine.
"""

from emu.machines.forget.flow import Flow, State, turned
from emu.machines.forget.params import DROP, RESET, RESET_BOTH, BoxParams, MidStream
from emu.machines.forget.pdus import Crossing, Made, Onward
from emu.machines.forget.table import FlowTable, Forgot, Learnt, Refused

__all__ = [
    "DROP",
    "RESET",
    "RESET_BOTH",
    "BoxParams",
    "Crossing",
    "Flow",
    "FlowTable",
    "Forgot",
    "Learnt",
    "Made",
    "MidStream",
    "Onward",
    "Refused",
    "State",
    "turned",
]
