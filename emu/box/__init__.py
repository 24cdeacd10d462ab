"""Boxes that forget idle flows, as data: ``library/*.toml``, read by ``loader``."""

from emu.box.loader import box_names, load_box
from emu.box.model import Box

__all__ = ["Box", "box_names", "load_box"]
