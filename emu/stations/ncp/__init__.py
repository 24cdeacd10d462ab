"""NCP on a host: the server's end and the client's end, octets in, octets out."""

from emu.stations.ncp.client import NcpClientStation
from emu.stations.ncp.server import NcpServerStation

__all__ = ["NcpClientStation", "NcpServerStation"]
