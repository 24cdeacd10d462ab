"""PDUs to octets and back, and the Scapy layers that define them.

Each protocol has two files with the stem of its ``emu.pdu`` file: ``scapy_layers/<stem>.py``
is the definition (a Scapy ``Packet``, the toolbox for people), ``<stem>.py`` is the plain
struct codec that emulated hosts and readers use.  Property tests hold the two together.
``frame.py`` walks a whole frame, ``describe.py`` puts it in words, ``tcp_flow.py`` is the hot
path.  Nothing here imports Scapy until a template or a Scapy layer is asked for, and nothing
here touches the bindings of Scapy's own layers unless ``register()`` is called.
"""

from __future__ import annotations


def register() -> None:
    """Teach a user's interactive Scapy our IPX layers (process-wide, once)."""
    from emu.wire.scapy_layers import register as register_layers

    register_layers()
