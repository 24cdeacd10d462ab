"""Sans-IO state machines: no clock, no dice, no I/O, no logging.  See ``base.py``."""
