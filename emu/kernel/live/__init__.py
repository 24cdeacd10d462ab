"""Scenarios against the kernel of this machine, recorded as ``shared/kernel-traces`` are.

``scenarios`` is the list; ``network`` builds the hosts from ``namespaces`` and veths, with
``silence`` for clients that vanish and ``forwarder`` for a way that delays and loses; ``program``
plays a scenario's timeline on ``sockets`` while ``recorder`` captures at the server's interface;
``run`` plays many at once and judges them.  Everything hangs on file descriptors of the process
that plays it, namespaces too: none has a name, so whatever ends the process ends them.
"""
