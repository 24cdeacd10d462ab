"""The SMB1 session layer of a server, as NT 4's Server service has it (facts/redirector.md).

``server`` is the machine; what it is asked and answers is the vocabulary of emu.machines.smb.
Below it: ``params`` numbers and switches, ``desk`` and ``on_tree`` the tables of requests,
``limits`` who is let in, ``opening`` and ``oplocks`` who may open what and who must wait,
``content`` reads, writes and searches, ``scavenger`` autodisconnect, ``administration``
net session and net file, ``book`` and ``objects`` what there is, ``numbers`` how it is named.

None of them knows an octet of SMB, a transport, a clock or whose server it is.
"""

from emu.machines.smb_server.objects import ShareSetting
from emu.machines.smb_server.params import NT4_SERVER, NT4_WORKSTATION, ServerParams
from emu.machines.smb_server.server import SmbServer

__all__ = ["NT4_SERVER", "NT4_WORKSTATION", "ServerParams", "ShareSetting", "SmbServer"]
