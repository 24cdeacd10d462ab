"""NetBIOS Frames above the link: names (``claim``, ``call``) and sessions (``session``)."""
