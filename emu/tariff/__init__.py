"""What a call costs: ``model`` prices it, ``loader`` reads tariff files, ``library/`` ships some.

A tariff knows neither links nor calls' causes: who holds a line up for how long stands elsewhere.
"""

from emu.tariff.loader import load_tariff, tariff_names
from emu.tariff.model import Bill, Rate, Tariff, Volume, Week

__all__ = ["Bill", "Rate", "Tariff", "Volume", "Week", "load_tariff", "tariff_names"]
