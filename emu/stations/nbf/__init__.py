"""NetBEUI on a host: names by multicast, one LLC2 link to each peer, sessions on it."""

from emu.stations.nbf.client import NbfClientStation
from emu.stations.nbf.server import NbfServerStation

__all__ = ["NbfClientStation", "NbfServerStation"]
