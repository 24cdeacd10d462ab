"""Values and octets of the WAN tests: the D channel, and PPP."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from emu.pdu.lapd import LapdFrame
from emu.pdu.ppp import (
    CONFIGURE_CODES,
    CONTROL_PROTOCOLS,
    Configure,
    ConfigureOption,
    Control,
    PppCode,
    PppFrame,
)
from emu.pdu.q931 import (
    CalledNumber,
    Cause,
    Channel,
    Element,
    MessageKind,
    Q931Message,
    SendingComplete,
    UnrestrictedDigital,
)
from tests.wire import strategies as of
from tests.wire.vectors import load

WAN = load("wan")

lapd_frames = st.builds(
    LapdFrame,
    sapi=st.integers(0, 63),
    tei=st.integers(0, 127),
    from_network=st.booleans(),
    pdu=of.llc2_pdus,
)
#: Identifiers without a meaning of their own here, so that a decoder cannot type them.
_others = st.integers(0, 0x7F).filter(lambda i: i not in (0x04, 0x08, 0x18, 0x70))
elements: st.SearchStrategy[Any] = st.one_of(
    st.just(SendingComplete()),
    st.just(UnrestrictedDigital()),
    st.builds(Channel, number=st.integers(0, 3), exclusive=st.booleans()),
    st.builds(
        CalledNumber,
        digits=st.text("0123456789*#", max_size=20),
        kind=st.integers(0, 7),
        plan=st.integers(0, 15),
    ),
    st.builds(Cause, value=st.integers(0, 127), location=st.integers(0, 15)),
    st.builds(Element, identifier=_others, content=st.binary(max_size=20)),
    st.builds(Element, identifier=st.integers(0x80, 0xFF).filter(lambda i: i != 0xA1),
              content=st.none()),
)  # fmt: skip
_short = st.builds(
    Q931Message,
    kind=st.sampled_from(MessageKind),
    reference=st.integers(0, 0x7F),
    from_destination=st.booleans(),
    elements=st.lists(elements, max_size=5).map(tuple),
)
_long = st.builds(
    Q931Message,
    kind=st.sampled_from(MessageKind),
    reference=st.integers(0, 0x7FFF),
    from_destination=st.booleans(),
    elements=st.lists(elements, max_size=5).map(tuple),
    reference_octets=st.just(2),
)
messages = _short | _long

_protocols = st.sampled_from(sorted(CONTROL_PROTOCOLS))
options = st.builds(ConfigureOption, kind=of.octet, data=st.binary(max_size=30))
configures = st.builds(
    Configure,
    protocol=_protocols,
    code=st.sampled_from(sorted(CONFIGURE_CODES)),
    identifier=of.octet,
    options=st.lists(options, max_size=5).map(tuple),
)
controls = st.builds(
    Control,
    protocol=_protocols,
    code=st.sampled_from(sorted(set(PppCode) - CONFIGURE_CODES)),
    identifier=of.octet,
    data=of.payload,
)
control_packets = configures | controls
_wide = st.integers(0, 0xFFFF).map(lambda n: (n & ~0x0100) | 1)
ppp_frames = st.builds(
    PppFrame,
    # FF 03 as a protocol would be taken for the address and control fields.
    protocol=_wide.filter(lambda n: n >> 8 != 0xFF),
    payload=of.payload,
    address_control=st.booleans(),
) | st.builds(
    PppFrame,
    protocol=st.integers(0, 0x7E).map(lambda n: 2 * n + 1),
    payload=of.payload,
    address_control=st.booleans(),
    compressed=st.just(True),
)
