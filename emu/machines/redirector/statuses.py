"""What programs see when something fails (facts/redirector.md 3.4; those marked G are not there).

Numbers below 65,536 are Win32's, as ``net use`` prints them.
"""

from __future__ import annotations

from emu.machines.smb import faults
from emu.machines.smb.faults import Fault

IN_PAGE_ERROR = 0xC0000006
NAME_DELETED = 0xC00000C9
UNEXPECTED_NET_ERROR = 0xC00000C4
BAD_NETWORK_PATH = 0xC00000BE  # G: Win32 53
DEVICE_IN_USE = 2404
NOT_CONNECTED = 2250  # G

#: A user whose session the server does not know: error 59 (facts/redirector.md 0, Q139506).
_DEAD_USER = (faults.SMB_BAD_UID.nt_status, faults.USER_SESSION_DELETED.nt_status)


def is_dead_user(fault: Fault) -> bool:
    return fault.nt_status in _DEAD_USER


def is_dead_tree(fault: Fault) -> bool:
    return fault.nt_status == faults.SMB_BAD_TID.nt_status


def is_dead_file(fault: Fault) -> bool:
    return fault.nt_status == faults.INVALID_HANDLE.nt_status


def seen_by_program(fault: Fault) -> int:
    """The status a program gets for what the server refused with."""
    if is_dead_user(fault):
        return UNEXPECTED_NET_ERROR
    return NAME_DELETED if is_dead_tree(fault) else fault.nt_status
