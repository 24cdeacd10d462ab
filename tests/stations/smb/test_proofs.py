"""Who is let in.  The proofs are written anew in ``parts``; here it is who judges by which."""

from __future__ import annotations

import pytest

from emu.machines.smb.calls import Standing
from emu.stations.smb.proofs import Account, judge, prove
from tests.stations.smb.parts import CHALLENGE, proofs

USERS = {
    "ANN": Account(password="a"),
    "ROOT": Account(password="r", standing=Standing.ADMINISTRATOR),
}
LM, NT = proofs("ann", "a")
WRONG = b"?" * 24


def test_a_proof_is_as_long_as_nt_4s_and_depends_on_everything() -> None:
    """facts/redirector.md 7.1: 24 + 24."""
    assert prove(CHALLENGE, "Ann", "a") == (LM, NT)
    assert (len(LM), len(NT)) == (24, 24)
    others = [
        prove(b"12345678", "ann", "a"),
        prove(CHALLENGE, "bob", "a"),
        prove(CHALLENGE, "ann", "A"),
    ]
    assert len({LM, NT, *(each for pair in others for each in pair)}) == 8


@pytest.mark.parametrize(
    ("account", "given", "standing"),
    [
        ("ann", (LM, NT), Standing.USER),
        ("ann", (WRONG, NT), Standing.USER),
        ("ann", (LM, WRONG), Standing.REJECTED),
        ("ann", (LM, b""), Standing.USER),
        ("ann", (NT, b""), Standing.REJECTED),
        ("ann", (b"", b""), Standing.REJECTED),
        ("ann", (LM, NT[:8]), Standing.REJECTED),
        ("root", proofs("root", "r"), Standing.ADMINISTRATOR),
        ("root", (LM, NT), Standing.REJECTED),
        ("nobody", proofs("nobody", ""), Standing.REJECTED),
        ("", (b"\0", b""), Standing.ANONYMOUS),
        ("", (b"", b""), Standing.ANONYMOUS),
        ("", (LM, NT), Standing.REJECTED),
    ],
)
def test_who_somebody_is(account: str, given: tuple[bytes, bytes], standing: Standing) -> None:
    assert judge(USERS, account, given, CHALLENGE) is standing


def test_an_empty_password_is_one() -> None:
    users = {"GUEST": Account(password="", standing=Standing.GUEST)}
    assert judge(users, "guest", proofs("guest", ""), CHALLENGE) is Standing.GUEST
    assert judge(users, "guest", (b"", b""), CHALLENGE) is Standing.REJECTED
