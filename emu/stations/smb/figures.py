"""What an NT 4 client and server write of themselves (facts/redirector.md 4.2, 4.3)."""

from __future__ import annotations

from emu.units import NS_PER_S

#: MaxBuffer and MaxMpx (Q163632).
BUFFER_MAX, MPX_MAX = 4356, 50
#: The longest raw block of a server (G: MS-CIFS 2.2.4.52.2).
RAW_MAX = 65_536
SESSION_KEY = 0

CLIENT_SYSTEM, CLIENT_LAN_MANAGER = "Windows NT 1381", "Windows NT 4.0"
SERVER_SYSTEM, SERVER_LAN_MANAGER = "Windows NT 4.0", "NT LAN Manager 4.0"

#: Bits of the capabilities: status of 32 bits, level II oplocks (MS-CIFS 2.2.4.52.2).
CAP_LEVEL_II = 0x0080

DIALECT = "NT LM 0.12"
SERVICE_ANY, SERVICE_DISK, SERVICE_PIPE = "?????", "A:", "IPC"
FILE_SYSTEM = "NTFS"

#: Octets of a reply to READ_ANDX before its data (facts/redirector.md 4.3: 60).
READ_OVERHEAD = 60
#: A peer may not ask for less room than this (G: MS-CIFS 2.2.4.53.1, 1024).
BUFFER_MIN = 1024
#: Of a client that claims more, so much is used: offsets in a chain have 16 bits.  Ours.
ROOM_MAX = 60_000

#: 100 ns from 1601 to the epoch that every run starts at, 1998-06-01 (product.md, "The capture"):
#: 145,152 days.
_EPOCH = 145_152 * 86_400 * 10_000_000


def file_time(now: int) -> int:
    """An instant as SMB writes it: 100 ns since 1601."""
    return _EPOCH + now * 10_000_000 // NS_PER_S
