"""The redirector: SMB client of one computer (facts/redirector.md)."""
