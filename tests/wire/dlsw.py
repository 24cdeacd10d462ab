"""Values and octets of the tests of data link switching."""

from __future__ import annotations

from hypothesis import strategies as st
from scapy.packet import Packet

from emu.pdu.dlsw import (
    CONTROL_TYPES,
    INFORMATION_TYPES,
    Capabilities,
    CircuitId,
    DataLinkId,
    DlcHeader,
    SspControl,
    SspInformation,
    SspMessage,
    SspType,
)
from emu.wire import scapy_layers as layers
from emu.wire.dlsw import non_canonical
from tests.wire import strategies as of
from tests.wire.scapy_bridge import above, on_top
from tests.wire.vectors import load

DLSW = load("dlsw")
CLIENT, SERVER = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")

circuits = st.builds(CircuitId, port=of.long_word, correlator=of.long_word)
links = st.builds(
    DataLinkId, target_mac=of.mac, origin_mac=of.mac, origin_sap=of.octet, target_sap=of.octet
)
headers = st.builds(
    DlcHeader,
    destination=of.mac,
    source=of.mac,
    dsap=of.octet,
    ssap=of.octet,
    control=of.octet,
    access=of.octet,
    frame_control=of.octet,
    routing=st.binary(min_size=18, max_size=18),
)
controls = st.builds(
    SspControl,
    kind=st.sampled_from(sorted(CONTROL_TYPES)),
    from_origin=st.booleans(),
    explorer=st.booleans(),
    link=links,
    origin=circuits,
    target=circuits,
    origin_transport=of.long_word,
    target_transport=of.long_word,
    largest_frame=of.octet,
    priority=of.octet,
    flow_control=of.octet,
    header=st.none() | headers,
    data=of.payload,
)
informations = st.builds(
    SspInformation,
    kind=st.sampled_from(sorted(INFORMATION_TYPES)),
    remote=circuits,
    flow_control=of.octet,
    data=of.payload,
)
messages = controls | informations
capabilities = st.builds(
    Capabilities,
    vendor=st.binary(min_size=3, max_size=3),
    pacing_window=of.word,
    saps=st.frozensets(st.integers(0, 127).map(lambda n: 2 * n)),
    version=of.octet,
    release=of.octet,
    tcp_connections=st.none() | of.octet,
)


def scapy_of_ssp(message: SspMessage) -> Packet:
    start = {
        "kind": int(message.kind),
        "flow_control": message.flow_control,
        "remote_correlator": message.remote.correlator,
        "remote_port": message.remote.port,
    }
    if isinstance(message, SspInformation):
        return on_top(layers.SspInformationLayer(**start), message.data)
    control = layers.SspControlLayer(
        **start,
        old_kind=int(message.kind),
        largest_frame=message.largest_frame,
        explorer=message.explorer,
        priority=message.priority,
        target_mac=non_canonical(message.link.target_mac),
        origin_mac=non_canonical(message.link.origin_mac),
        origin_sap=message.link.origin_sap,
        target_sap=message.link.target_sap,
        frame_direction=1 if message.from_origin else 2,
        dlc_header_length=0 if message.header is None else 35,
        origin_port=message.origin.port,
        origin_correlator=message.origin.correlator,
        origin_transport=message.origin_transport,
        target_port=message.target.port,
        target_correlator=message.target.correlator,
        target_transport=message.target_transport,
    )
    if message.header is None:
        return on_top(control, message.data)
    return control / on_top(_scapy_of_header(message.header), message.data)


def _scapy_of_header(header: DlcHeader) -> Packet:
    return layers.DlcHeaderLayer(
        access_control=header.access,
        frame_control=header.frame_control,
        destination=non_canonical(header.destination),
        source=non_canonical(header.source),
        routing=header.routing,
        dsap=header.dsap,
        ssap=header.ssap,
        control=header.control,
    )


def ssp_of(packet: Packet) -> SspMessage:
    if isinstance(packet, layers.SspInformationLayer):
        return SspInformation(
            kind=SspType(packet.kind),
            remote=CircuitId(port=packet.remote_port, correlator=packet.remote_correlator),
            flow_control=packet.flow_control,
            data=above(packet),
        )
    header = packet.getlayer(layers.DlcHeaderLayer)
    return SspControl(
        kind=SspType(packet.kind),
        from_origin=packet.frame_direction == 1,
        explorer=bool(packet.explorer),
        link=DataLinkId(
            target_mac=non_canonical(packet.target_mac),
            origin_mac=non_canonical(packet.origin_mac),
            origin_sap=packet.origin_sap,
            target_sap=packet.target_sap,
        ),
        origin=CircuitId(port=packet.origin_port, correlator=packet.origin_correlator),
        target=CircuitId(port=packet.target_port, correlator=packet.target_correlator),
        origin_transport=packet.origin_transport,
        target_transport=packet.target_transport,
        largest_frame=packet.largest_frame,
        priority=packet.priority,
        flow_control=packet.flow_control,
        header=None if header is None else _header_of(header),
        data=above(packet if header is None else header),
    )


def _header_of(header: Packet) -> DlcHeader:
    return DlcHeader(
        destination=non_canonical(header.destination),
        source=non_canonical(header.source),
        dsap=header.dsap,
        ssap=header.ssap,
        control=header.control,
        access=header.access_control,
        frame_control=header.frame_control,
        routing=header.routing,
    )
