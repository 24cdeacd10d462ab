"""Policies: one TOML file each, every number with its source and grade.

``model`` is what the rest of emu sees, ``loader`` reads files into it, ``explain`` prints it.
Importing this package imports neither pydantic nor a transport.
"""
