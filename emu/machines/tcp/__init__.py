"""TCP, one connection: ``machine.Tcp`` over its sub-machines for keepalive and retransmission.

What differs between stacks is in ``params`` and in the sub-machines; the table of states is
RFC 793's.  This package plays ``windows-nt4``; ``linux`` brings sub-machines of its own.
"""
