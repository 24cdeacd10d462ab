"""What a data link of type 2 transmits, as a frame: a host's, or a switch's in its place."""

from __future__ import annotations

from emu.machines.llc2.control import Reject
from emu.pdu.llc2 import FrameReject, Llc2Pdu, Unnumbered, UnnumberedKind
from emu.wire.llc2 import encode_control, encode_frame_reject, llc2_frame


def link_frame(pdu: Llc2Pdu | Reject, *, destination: bytes, source: bytes) -> bytes:
    """A whole frame; a reject of the machine's becomes FRMR with its reasons."""
    if isinstance(pdu, Reject):
        reject = FrameReject(
            control=encode_control(pdu.rejected).ljust(2, b"\0"),
            vs=pdu.vs,
            vr=pdu.vr,
            response=pdu.rejected.response,
            reasons=pdu.reasons,
        )
        info = encode_frame_reject(reject)
        kind = UnnumberedKind.FRMR
        pdu = Unnumbered(kind=kind, poll_final=pdu.final, response=True, info=info)
    return llc2_frame(pdu, destination=destination, source=source)
