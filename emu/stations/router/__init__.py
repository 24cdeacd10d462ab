"""A router between LANs: what it carries, what it answers itself, what it forgets.

Sans-IO like every station: octets in, octets out.  ``emu/net`` gives it ports, lines and time.
"""
