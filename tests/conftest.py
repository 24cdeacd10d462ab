"""Hypothesis for the whole suite: no deadline on a shared machine, and the same examples each time.

A run that others cannot repeat is no evidence.  EMU_SLOW=1 looks for new examples instead; what
it finds becomes an ``@example`` beside the test.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("emu", deadline=None, derandomize=not os.environ.get("EMU_SLOW"))
settings.load_profile("emu")
