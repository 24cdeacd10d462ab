"""TCP, one connection: ``machine.Tcp`` over its sub-machines for keepalive and retransmission.

What differs between stacks is in ``params`` and in the sub-machines; the table of states is
RFC 793's.  This package plays Windows, BSD, Solaris and lwIP; ``linux`` is a machine of its own.
"""
