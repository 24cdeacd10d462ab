"""An ISDN basic access as octets: ``d_channel`` one end of a D channel, for user and exchange."""

from emu.stations.isdn.d_channel import CallKey, DChannelEnd, DChannelUser

__all__ = ["CallKey", "DChannelEnd", "DChannelUser"]
