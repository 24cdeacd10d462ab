"""The vocabulary that the SMB server and the redirector share (facts/redirector.md).

``calls`` what a client asks and a server answers, ``faults`` what it refuses with.  No octets: a
station translates.
"""
