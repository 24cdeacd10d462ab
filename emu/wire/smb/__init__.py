"""SMB1, little-endian (facts/redirector.md 4; MS-CIFS).

``message`` puts headers and AndX chains together; ``session``, ``files`` and ``transaction`` have
a codec a body; ``trans2`` is what TRANSACTION2 carries; ``text`` the octets behind the words.
"""
