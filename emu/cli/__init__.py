"""The command line: typer declarations, printing, exit codes; no logic.

``main`` declares the commands; each imports its body when it is called, so that
``emu --help`` stays quick.
"""
