"""emu: when does the server notice that its client is gone?  See README.md."""

from __future__ import annotations

__version__ = "0.1.0"
