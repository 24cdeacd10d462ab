"""``emu check``: what a capture says about its connections, from its octets alone.

It knows no ledger, no scenario and no clock but the stamps in the file; rows of server events
are passed over.  ``check_file`` is the way in, ``Report`` and ``Verdict`` the way out.
"""

from __future__ import annotations

from emu.check.judging import check_file
from emu.check.report import Report, Verdict, report_json

__all__ = ("Report", "Verdict", "check_file", "report_json")
