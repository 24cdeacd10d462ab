"""The emulator against a real Linux kernel: ``emu verify --kernel``.

``trace`` reads what a kernel did (a recording, or a live run in network namespaces); ``lab``
plays the same scenario with our machines; ``compare`` holds the two packet lists together by
facts/tcp.md 4: kind, flags, relative sequence numbers and lengths exactly, times by the timer
wheel's rule.
"""
