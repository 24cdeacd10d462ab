"""What the server refuses with: every fault as an NT status and as a DOS class and code.

Read facts/redirector.md 3.4; the pairs there come from a table extracted from a live Windows
2000.  Faults marked G are general knowledge that the facts do not cover.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Classes of a DOS error (facts/redirector.md 3.4).
ERRDOS, ERRSRV, ERRHRD = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """``nt_status``: 32 bits.  ``dos_class``, ``dos_code``: for a client without NT status."""

    name: str
    nt_status: int
    dos_class: int
    dos_code: int

    @property
    def dos_status(self) -> int:
        """The four status octets in the DOS form, little-endian (facts/redirector.md 4.4)."""
        return self.dos_class | self.dos_code << 16


def _fault(name: str, nt_status: int, dos_class: int, dos_code: int) -> Fault:
    return Fault(name=name, nt_status=nt_status, dos_class=dos_class, dos_code=dos_code)


# facts/redirector.md 3.4, row by row.
REQUEST_NOT_ACCEPTED = _fault("REQUEST_NOT_ACCEPTED", 0xC00000D0, ERRDOS, 71)
LICENSE_QUOTA_EXCEEDED = _fault("LICENSE_QUOTA_EXCEEDED", 0xC0000259, ERRHRD, 31)
#: D3: measured on Windows 2000.
TOO_MANY_SESSIONS = _fault("TOO_MANY_SESSIONS", 0xC00000CE, ERRDOS, 69)
#: D3: as MS-CIFS has it.
TOO_MANY_SESSIONS_MS_CIFS = _fault("TOO_MANY_SESSIONS", 0xC00000CE, ERRSRV, 0x5A)
SMB_BAD_UID = _fault("SMB_BAD_UID", 0x005B0002, ERRSRV, 91)
USER_SESSION_DELETED = _fault("USER_SESSION_DELETED", 0xC0000203, ERRSRV, 91)
SMB_BAD_TID = _fault("SMB_BAD_TID", 0x00050002, ERRSRV, 5)
INVALID_HANDLE = _fault("INVALID_HANDLE", 0xC0000008, ERRDOS, 6)
INSUFF_SERVER_RESOURCES = _fault("INSUFF_SERVER_RESOURCES", 0xC0000205, ERRDOS, 8)
#: facts/redirector.md 2.2 has the status; its DOS pair is G.
SHARING_VIOLATION = _fault("SHARING_VIOLATION", 0xC0000043, ERRDOS, 32)

# G: MS-CIFS 2.2.2.4 from memory.
INVALID_SMB = _fault("INVALID_SMB", 0x00010002, ERRSRV, 1)
LOGON_FAILURE = _fault("LOGON_FAILURE", 0xC000006D, ERRSRV, 2)
BAD_NETWORK_NAME = _fault("BAD_NETWORK_NAME", 0xC00000CC, ERRSRV, 6)
ACCESS_DENIED = _fault("ACCESS_DENIED", 0xC0000022, ERRDOS, 5)
NO_SUCH_FILE = _fault("OBJECT_NAME_NOT_FOUND", 0xC0000034, ERRDOS, 2)
NAME_COLLISION = _fault("OBJECT_NAME_COLLISION", 0xC0000035, ERRDOS, 80)
NAME_INVALID = _fault("OBJECT_NAME_INVALID", 0xC0000033, ERRDOS, 123)
DISK_FULL = _fault("DISK_FULL", 0xC000007F, ERRDOS, 112)
END_OF_FILE = _fault("END_OF_FILE", 0xC0000011, ERRDOS, 38)
CANCELLED = _fault("CANCELLED", 0xC0000120, ERRHRD, 31)

# Answers to an administrator are Win32 and network numbers, not statuses.
ERROR_SUCCESS = 0
ERROR_ACCESS_DENIED = 5  # G
ERROR_INVALID_PARAMETER = 87  # G
ERROR_INVALID_LEVEL = 124  # facts/redirector.md 6.1
NERR_CLIENT_NAME_NOT_FOUND = 2312  # facts/redirector.md 3.5
NERR_FILE_ID_NOT_FOUND = 2314  # G
