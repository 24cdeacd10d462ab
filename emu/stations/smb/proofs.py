"""Who somebody is: a challenge of 8 octets, and two proofs of 24 octets for it.

A stand-in, not NTLM: DES and MD4 are in no standard library here, and nothing in the story rests
on them.  A proof has NT 4's length (facts/redirector.md 7.1) and is the keyed hash of the
challenge and the account under the password; so a wrong password, another account and a
replayed proof fail, as they would, but no real client can log on.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from emu.machines.smb.calls import Standing

#: facts/redirector.md 4.3, 7.1.
CHALLENGE_OCTETS, PROOF_OCTETS = 8, 24
#: What an anonymous log-on sends for the LM proof: one zero (G: MS-CIFS 3.2.4.2.4).
NO_PROOFS = (b"\0", b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of a server.  ``standing``: USER, ADMINISTRATOR or GUEST."""

    password: str
    standing: Standing = Standing.USER


def prove(challenge: bytes, account: str, password: str) -> tuple[bytes, bytes]:
    """The LM and the NT proof."""
    if not account:
        return NO_PROOFS
    return _proof(b"LM", challenge, account, password), _proof(b"NT", challenge, account, password)


def judge(
    users: Mapping[str, Account], account: str, proofs: tuple[bytes, bytes], challenge: bytes
) -> Standing:
    """What a log-on turns out to be.  ``users``: by name in capitals.

    The NT proof decides if there is one, as on NT (G); who sends neither password nor name is
    anonymous.
    """
    lm, nt = proofs
    if not account:
        return Standing.ANONYMOUS if not any(lm + nt) else Standing.REJECTED
    known = users.get(account.upper())
    if known is None or not challenge:
        return Standing.REJECTED
    expected = prove(challenge, account, known.password)
    given = (nt, expected[1]) if nt else (lm, expected[0])
    return known.standing if hmac.compare_digest(*given) else Standing.REJECTED


def _proof(kind: bytes, challenge: bytes, account: str, password: str) -> bytes:
    """Names differ not by case; surrogates that stand alone are names too."""
    name = account.upper().encode("utf-16-le", "surrogatepass")
    key = password.encode("utf-16-le", "surrogatepass")
    return hmac.digest(key, kind + challenge + name, "sha256")[:PROOF_OCTETS]
