"""SMB between octets and the two machines: a server's end and a client's end, on any carrier.

``server`` and ``client`` are the ends.  Below them: ``circuit`` what they ask of a carrier,
``driver`` one machine and its timer, ``proofs`` who somebody is, ``figures`` what NT 4 writes;
``chain``, ``requests``, ``replies`` and ``searches`` are the server's, ``exchanges`` the
client's translation.  None knows a transport or a frame.
"""
