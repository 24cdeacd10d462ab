"""What a policy may say of SMB: the server's session layer, the redirector's habits, NetBT's.

Whoever says one of these says all of them, mostly by extending ``_smb-nt4``; a policy without
them carries terminals.  Sources: facts/redirector.md, sections in brackets.
"""

from __future__ import annotations

from emu.transports.base import Parameter
from emu.units import NS_PER_MS, NS_PER_S

#: The table they stand in.
NAMESPACE = "smb"

_DAY_NS = 86_400 * NS_PER_S
_TABLE_MAX = 16_384


def _duration(name: str, what: str, *, low: int = NS_PER_S, never: bool = False) -> Parameter:
    return Parameter(
        name=f"smb.{name}",
        kind="duration",
        what=what,
        low=low,
        high=366 * _DAY_NS,
        never=never,
        optional=True,
    )


def _count(name: str, what: str, *, high: int, never: bool = False) -> Parameter:
    return Parameter(
        name=f"smb.{name}", kind="count", what=what, low=1, high=high, never=never, optional=True
    )


def _choice(name: str, what: str, *choices: str) -> Parameter:
    return Parameter(name=f"smb.{name}", kind="choice", what=what, choices=choices, optional=True)


def _flag(name: str, what: str) -> Parameter:
    return Parameter(name=f"smb.{name}", kind="flag", what=what, optional=True)


def _rule(name: str, before: str) -> Parameter:
    """A bug by its article.  ``before``: what it does."""
    return _choice(name, f"{name.upper()}; before: {before}; after: the cure", "before", "after")


#: [3] What the server allows, and for how long.
_SERVER = (
    _count("users", "value Users: sessions the server takes; none: no limit", high=65_535,
           never=True),
    _choice("users_count", "what counts towards users (D1)", "sessions", "machines"),
    _count("licences", "Per-Server licences; none: licensed otherwise", high=65_535, never=True),
    _choice("licence_refusal", "the Win32 error of a refusal for want of a licence (D7)",
            "71", "1395"),
    _choice("too_many_sessions", "the DOS code of a full table of sessions (D3)",
            "measured", "ms-cifs"),
    _count("sessions_per_vc", "SessUsers: sessions of one virtual circuit", high=_TABLE_MAX),
    _count("trees_per_vc", "SessConns: tree connects of one virtual circuit", high=_TABLE_MAX),
    _count("opens_per_vc", "SessOpens: open files of one virtual circuit", high=_TABLE_MAX),
    _count("searches_per_vc", "OpenSearch: searches of one virtual circuit", high=_TABLE_MAX),
    _count("max_mpx", "MaxMpxCt: requests outstanding at once", high=100),
    _duration("autodisconnect", "idle time after which a virtual circuit without open files and"
              " searches is dropped", low=0, never=True),
    _duration("scavenger", "ScavTimeout: how often the server looks for idle circuits"),
    _duration("hasty_scavenger", "the same when autodisconnect is 0"),
    _duration("direct_ipx_autodisconnect", "idle time of a client directly on IPX, open files or"
              " not (ConnectionlessAutoDisc)"),
    _duration("oplock_break_wait", "how long the holder of an oplock may take to give it up"),
    _duration("min_keep_search", "a full table takes the place of a search unused for so long"),
    _duration("max_keep_search", "a search unused for so long is ended"),
    _flag("logoff_frees_trees", "whether a log-off ends the user's tree connects, too (D4)"),
    _choice("vc_zero", "whose other circuits a set-up with VcNumber 0 ends (D8): nobody's, those"
            " of the same NetBIOS name, of the same IP address, or of the same address if"
            " extended security was negotiated (which the clients here do not)",
            "off", "netbios-name", "ip-address", "ip-address-extended-security"),
    _flag("share_level", "a server with passwords for shares and none for users: a log-off ends"
          " everybody's session on its circuit (Q139506)"),
    _choice("bad_uid", "how a request with a dead UID is refused: 0x005B0002 as negotiated, always"
            " in the DOS form, or 0xC0000203", "negotiated", "dos", "session-deleted"),
    _choice("break_unanswered", "what becomes of an oplock whose holder does not answer: it is"
            " taken away, the second open fails, or the first is closed",
            "revoke", "fail-second-open", "close-first"),
    _flag("echo_is_activity", "whether an ECHO starts the idle clock anew"),
    _flag("idle_per_connection", "whether the idle time shown is that of the whole circuit"),
    _duration("session_keepalive", "NetBT's SessionKeepAlive: idle time after which it asks the"
              " other end (over TCP only)", never=True),
)  # fmt: skip

#: [2, 3.1, 3.2] What the redirector does.
_REDIRECTOR = (
    _duration("keep_conn", "KeepConn: how long an unused connection to a server is kept; 0 means"
              " something to the hotfix of Q258837 only", low=0),
    _choice("reuse_rearms", "what use of a circuit does to the mark of an idle session on it: it"
            " is gone for good (the bug), or set anew; immediate: sessions never wait",
            "never", "always", "immediate"),
    _duration("idle_scan", "how often the redirector looks for idle connections"),
    _duration("cache_file_timeout", "CacheFileTimeout: how long a file that the program closed is"
              " kept open at least", low=0),
    _duration("scan_period", "how often dormant files are looked through"),
    _count("dormant_files", "DormantFileLimit: dormant files of one server", high=65_535),
    _duration("session_timeout", "SessTimeout: how long an answer may take"),
    _duration("direct_ipx_echo", "after how long a silence a client directly on IPX says ECHO, so"
              " that the server does not drop it"),
    _duration("write_behind", "how long octets written under an oplock wait for their way to the"
              " server", low=NS_PER_MS),
    _choice("leak_until", "how long what a log-off has missed stays: until the scavenger ends the"
            " circuit, or until the circuit ends otherwise", "keepconn", "vc-end"),
)  # fmt: skip

#: [0] The named rules.
_RULES = (
    _rule("q179983", "a log-off takes along the file through which others page"),
    _rule("q248371", "a log-off while files are dormant is left undone"),
    _rule("q258837", "a session that goes idle is left to the scavenger, whatever KeepConn says"),
    _rule("q150275", "an open resource of a service keeps others from being logged off"),
    _rule("q139506", "a share-level server is sent a log-off that ends everybody's session"),
    _rule("q172530", "an explicit disconnect looks at open handles, not at references"),
    _rule("q179873", "a drive and UNC names share a tree, and net use /delete ends both"),
    _rule("q184998", "after a reconnect images are paged by the numbers of the old circuit"),
    _rule("q214563", "net use /delete fails with 2404 while the cache refers to a file"),
)

SMB_RULES = (*_SERVER, *_REDIRECTOR, *_RULES)
RULE_NAMES = tuple(rule.name.partition(".")[2] for rule in _RULES)
