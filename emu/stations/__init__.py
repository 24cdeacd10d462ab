"""Stations: one transport's end on one host.  See ``base.py``."""
