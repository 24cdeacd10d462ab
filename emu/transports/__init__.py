"""Transports: what carries a session and notices death.  ``table.py`` holds the TABLE."""
