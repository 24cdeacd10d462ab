"""TCP as the Linux kernel does it (facts/tcp.md 3, proven against recordings of a real one).

One connection is ``machine.LinuxTcp`` over its sub-machines, each with one table and its own
file: ``transmission`` (established data: RTO, tail loss probe, budget), ``keepalive``,
``persist`` (a shut window) and ``closing`` (orphans, FIN-WAIT-2, TIME-WAIT).  ``arriving`` is
the receiving half with RFC 5961, ``output`` the sending half, ``round_trip`` the estimator,
``wheel`` the timer wheel that makes every timer late.

Sources: facts/tcp.md; the RFCs named at each rule; and, where a rule is the kernel's own, the
name of its function in net/ipv4 of the open-source kernel, so that a reader finds it there.
Left out, because no rule here rests on it: selective acknowledgement blocks and the recovery
built on them (RACK, F-RTO), ECN, pacing, path MTU discovery, window scaling, Fast Open.
"""
