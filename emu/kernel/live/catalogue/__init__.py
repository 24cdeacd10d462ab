"""The scenarios of a live run, as data, by what they look at."""
