"""Lines that calls are made over, as data: ``library/*.toml``, read by ``loader``."""

from emu.line.loader import line_names, load_line
from emu.line.model import Line

__all__ = ["Line", "line_names", "load_line"]
