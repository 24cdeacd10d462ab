"""Scenarios: hosts, links, programs, faults on a timeline, expectations; one TOML file each.

``model`` is what the rest of emu sees, ``loader`` reads files into it, ``expectations``
judges a run by it.  Importing this package imports neither pydantic nor a transport.
"""
