"""Q.931 messages (ITU-T Q.931 4): discriminator 08, call reference, type, elements."""

from __future__ import annotations

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.q931 import (
    BEARER_CAPABILITY,
    CALLED_NUMBER,
    CAUSE,
    CHANNEL_IDENTIFICATION,
    SENDING_COMPLETE,
    CalledNumber,
    Cause,
    Channel,
    Element,
    InformationElement,
    MessageKind,
    Q931Message,
    SendingComplete,
    UnrestrictedDigital,
)

#: Q.931 4.2.
DISCRIMINATOR = 0x08

#: "No further octet of this kind follows" (4.5.1).
_LAST = 0x80
#: Identifiers from here on are whole elements of one octet (4.5.1).
_SINGLE = 0x80
#: ITU-T coding, unrestricted digital information; circuit mode, 64 kbit/s (4.5.5).
_UNRESTRICTED = bytes((_LAST | 0x08, _LAST | 0x10))
_EXCLUSIVE = 0x08

_KINDS = {int(kind): kind for kind in MessageKind}


def encode_q931(message: Q931Message) -> bytes:
    """Elements in the order given; Q.931 4.5.1 wants them in ascending order of identifier."""
    octets = message.reference_octets
    if octets not in (1, 2) or not 0 <= message.reference < 1 << octets * 8 - 1:
        raise LocalProtocolError(
            f"call reference: expected 7 bits in 1 octet or 15 in 2: {message}"
        )
    flag = message.from_destination << octets * 8 - 1
    reference = (message.reference | flag).to_bytes(octets, "big")
    head = bytes((DISCRIMINATOR, octets)) + reference + bytes((message.kind,))
    return head + b"".join(map(_element_octets, message.elements))


def _element_octets(element: InformationElement) -> bytes:
    match element:
        case SendingComplete():
            return bytes((SENDING_COMPLETE,))
        case UnrestrictedDigital():
            return _variable(BEARER_CAPABILITY, _UNRESTRICTED)
        case Channel():
            selection = _LAST | (_EXCLUSIVE if element.exclusive else 0) | element.number & 3
            return _variable(CHANNEL_IDENTIFICATION, bytes((selection,)))
        case CalledNumber():
            start = bytes((_LAST | (element.kind & 7) << 4 | element.plan & 15,))
            return _variable(CALLED_NUMBER, start + element.digits.encode("ascii"))
        case Cause():
            return _variable(CAUSE, bytes((_LAST | element.location & 15, _LAST | element.value)))
        case Element() if element.content is None:
            return bytes((_SINGLE | element.identifier,))
        case Element():
            return _variable(element.identifier, element.content or b"")


def _variable(identifier: int, content: bytes) -> bytes:
    if identifier >= _SINGLE or len(content) > 255:
        raise LocalProtocolError(f"Q.931 element {identifier:02X}: {len(content)} octets too many")
    return bytes((identifier, len(content))) + content


def decode_q931(octets: bytes) -> Q931Message:
    """The message that fills ``octets``."""
    if len(octets) < 4 or octets[0] != DISCRIMINATOR:
        raise PeerProtocolError(f"Q.931: expected 08 and 3 octets or more, got {octets[:4].hex()}")
    reference_octets = octets[1]
    if reference_octets not in (1, 2) or len(octets) < 3 + reference_octets:
        raise PeerProtocolError(f"Q.931 call reference: expected 1 or 2 octets: {octets.hex()}")
    at = 2 + reference_octets
    reference = int.from_bytes(octets[2:at], "big")
    flag = 1 << reference_octets * 8 - 1
    kind = _KINDS.get(octets[at])
    if kind is None:
        raise PeerProtocolError(f"Q.931: unknown message type {octets[at]:02X}")
    return Q931Message(
        kind=kind,
        reference=reference & ~flag,
        from_destination=bool(reference & flag),
        elements=_elements(octets, at + 1),
        reference_octets=reference_octets,
    )


def _elements(octets: bytes, at: int) -> tuple[InformationElement, ...]:
    found: list[InformationElement] = []
    while at < len(octets):
        identifier = octets[at]
        if identifier >= _SINGLE:
            found.append(_single(identifier))
            at += 1
            continue
        end = at + 2 + octets[at + 1] if at + 1 < len(octets) else len(octets) + 1
        if end > len(octets):
            raise PeerProtocolError(f"Q.931 element {identifier:02X}: cut short")
        found.append(_typed(identifier, octets[at + 2 : end]))
        at = end
    return tuple(found)


def _single(identifier: int) -> InformationElement:
    if identifier == SENDING_COMPLETE:
        return SendingComplete()
    return Element(identifier=identifier, content=None)


def _typed(identifier: int, content: bytes) -> InformationElement:
    """The element by its meaning, if it is written exactly as ours would be."""
    made = _MAKERS.get(identifier, _unknown)(content)
    whole = made is not None and _element_octets(made)[2:] == content
    return made if whole and made is not None else Element(identifier=identifier, content=content)


def _unknown(_content: bytes) -> None:
    return None


def _bearer(_content: bytes) -> InformationElement:
    return UnrestrictedDigital()


def _channel(content: bytes) -> InformationElement | None:
    if len(content) != 1:
        return None
    return Channel(number=content[0] & 3, exclusive=bool(content[0] & _EXCLUSIVE))


def _called(content: bytes) -> InformationElement | None:
    if not content or not content[1:].isascii():
        return None
    digits = content[1:].decode("ascii")
    return CalledNumber(digits=digits, kind=content[0] >> 4 & 7, plan=content[0] & 15)


def _cause(content: bytes) -> InformationElement | None:
    if len(content) != 2:
        return None
    return Cause(value=content[1] & 0x7F, location=content[0] & 15)


_MAKERS = {
    BEARER_CAPABILITY: _bearer,
    CHANNEL_IDENTIFICATION: _channel,
    CALLED_NUMBER: _called,
    CAUSE: _cause,
}
