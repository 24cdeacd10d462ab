"""A frame of an ISDN D channel taken apart and put in words.

A capture's reader may not know who sent it: then the kind of frame is shown, and not whether it
is a command or a response.
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.pdu.lapd import SAPI_CALL_CONTROL, LapdFrame
from emu.pdu.llc2 import Information, Llc2Pdu, Supervisory, Unnumbered
from emu.pdu.q931 import CalledNumber, Cause, Channel, InformationElement, Q931Message
from emu.wire.describe import octets_text
from emu.wire.lapd import decode_lapd
from emu.wire.q931 import decode_q931

Layers = tuple[object, ...]


def dissect(octets: bytes, *, from_network: bool = False) -> Layers:
    """The frame and the message in it; malformed octets stay octets."""
    try:
        frame = decode_lapd(octets, from_network=from_network)
    except PeerProtocolError:
        return (octets,)
    if frame.sapi != SAPI_CALL_CONTROL or not isinstance(frame.pdu, Information):
        return (frame,)
    try:
        return (frame, decode_q931(frame.pdu.data))
    except PeerProtocolError:
        return (frame, frame.pdu.data)


def describe(octets: bytes) -> list[str]:
    """One line for each layer."""
    return [_line(layer) for layer in dissect(octets)]


def summary(octets: bytes) -> str:
    """One line for the whole frame."""
    return " | ".join(describe(octets)[-1:])


def _line(layer: object) -> str:
    match layer:
        case LapdFrame():
            return f"LAPD SAPI {layer.sapi} TEI {layer.tei} {_control_words(layer.pdu)}"
        case Q931Message():
            return message_words(layer)
        case _:
            return octets_text(layer) if isinstance(layer, bytes) else str(layer)


def _control_words(pdu: Llc2Pdu) -> str:
    match pdu:
        case Unnumbered():
            return pdu.kind.name
        case Supervisory():
            return f"{pdu.kind.name} N(R)={pdu.nr}"
        case Information():
            return f"I N(S)={pdu.ns} N(R)={pdu.nr}"


def message_words(message: Q931Message) -> str:
    """``Q.931 DISCONNECT, call 1 of the other side, cause 17 user busy``."""
    kind = message.kind.name.replace("_", " ")
    side = " of the other side" if message.from_destination else ""
    words = [each for each in map(_element_words, message.elements) if each]
    return ", ".join([f"Q.931 {kind}, call {message.reference}{side}", *words])


def _element_words(element: InformationElement) -> str:
    match element:
        case Cause():
            return f"cause {element}"
        case CalledNumber():
            return f"to {element.digits}"
        case Channel():
            return {1: "B1", 2: "B2", 3: "any channel"}.get(element.number, "no channel")
        case _:
            return ""
