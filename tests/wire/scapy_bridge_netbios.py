"""``scapy_bridge`` for SPX, serialization and all of NetBIOS: LLC type 2, NBF, NBIPX, NMPI."""

from __future__ import annotations

from scapy.packet import Packet

from emu.pdu.llc2 import (
    FrameReject,
    Information,
    Llc2Pdu,
    Supervisory,
    SupervisoryKind,
    Unnumbered,
    UnnumberedKind,
)
from emu.pdu.nbf import NameFrame, NbfCommand, NbfPdu, SessionFrame
from emu.pdu.nbipx import (
    NbipxDatagram,
    NbipxDatagramKind,
    NbipxName,
    NbipxNameKind,
    NbipxPdu,
    NbipxSession,
    NbipxSessionKind,
)
from emu.pdu.nmpi import Nmpi, NmpiOperation
from emu.pdu.serialization import Serialization
from emu.pdu.spx import Spx
from emu.wire import scapy_layers as layers
from tests.wire.scapy_bridge import above, on_top

# --- SPX, serialization -----------------------------------------------------------------------


_SPX_SAME = (
    "source_id",
    "destination_id",
    "sequence",
    "acknowledgement",
    "allocation",
    "negotiation_size",
)


def scapy_of_spx(packet: Spx) -> Packet:
    same = {name: getattr(packet, name) for name in _SPX_SAME}
    kinds = {"connection_control": packet.control, "datastream_type": packet.stream}
    return on_top(layers.SpxLayer(**kinds, **same), packet.data)


def spx_of(packet: Packet) -> Spx:
    return Spx(
        control=int(packet.connection_control),
        stream=packet.datastream_type,
        data=above(packet),
        **{name: getattr(packet, name) for name in _SPX_SAME},
    )


def scapy_of_serialization(packet: Serialization) -> Packet:
    return layers.SerializationLayer(number=packet.number)


def serialization_of(packet: Packet) -> Serialization:
    return Serialization(number=packet.number)


# --- LLC type 2, NBF --------------------------------------------------------------------------


def _ssap(pdu: Llc2Pdu) -> int:
    return 0xF1 if pdu.response else 0xF0


def scapy_of_llc2(pdu: Llc2Pdu) -> Packet:
    match pdu:
        case Unnumbered():
            control = pdu.kind + (0x10 if pdu.poll_final else 0)
            layer = layers.LlcUnnumberedLayer(ssap=_ssap(pdu), control=control)
            return on_top(layer, pdu.info)
        case Supervisory():
            return layers.LlcSupervisoryLayer(
                ssap=_ssap(pdu),
                kind=int(pdu.kind),
                receive_number=pdu.nr,
                poll_final=int(pdu.poll_final),
            )
        case Information():
            layer = layers.LlcInformationLayer(
                ssap=_ssap(pdu),
                send_number=pdu.ns,
                receive_number=pdu.nr,
                poll_final=int(pdu.poll),
            )
            return on_top(layer, pdu.data)


def llc2_of(packet: Packet) -> tuple[int, int, Llc2Pdu]:
    """As ``decode_llc2`` gives it: both SAPs and the frame."""
    response = packet.ssap == 0xF1
    return packet.dsap, packet.ssap & 0xFE, _llc2_pdu_of(packet, response)


def _llc2_pdu_of(packet: Packet, response: bool) -> Llc2Pdu:
    if isinstance(packet, layers.LlcUnnumberedLayer):
        return Unnumbered(
            kind=UnnumberedKind(packet.control & ~0x10),
            poll_final=bool(packet.control & 0x10),
            response=response,
            info=above(packet),
        )
    if isinstance(packet, layers.LlcSupervisoryLayer):
        return Supervisory(
            kind=SupervisoryKind(packet.kind),
            nr=packet.receive_number,
            poll_final=bool(packet.poll_final),
            response=response,
        )
    return Information(
        ns=packet.send_number,
        nr=packet.receive_number,
        poll=bool(packet.poll_final),
        data=above(packet),
        response=response,
    )


def scapy_of_frame_reject(reject: FrameReject) -> Packet:
    return layers.LlcFrameRejectLayer(
        rejected_control=reject.control,
        send_variable=reject.vs,
        reserved=int(reject.reserved),
        receive_variable=reject.vr,
        rejected_response=int(reject.response),
        reasons=reject.reasons,
    )


def frame_reject_of(packet: Packet) -> FrameReject:
    return FrameReject(
        control=packet.rejected_control,
        vs=packet.send_variable,
        reserved=bool(packet.reserved),
        vr=packet.receive_variable,
        response=bool(packet.rejected_response),
        reasons=int(packet.reasons),
    )


_NBF_SAME = ("data1", "data2", "transmit_correlator", "response_correlator")


def scapy_of_nbf(pdu: NbfPdu) -> Packet:
    same = {name: getattr(pdu, name) for name in _NBF_SAME}
    if isinstance(pdu, NameFrame):
        names = {"destination_name": pdu.destination, "source_name": pdu.source}
        return on_top(layers.NbfNameLayer(kind=int(pdu.kind), **same, **names), pdu.data)
    numbers = {"destination_session": pdu.destination, "source_session": pdu.source}
    return on_top(layers.NbfSessionLayer(kind=int(pdu.kind), **same, **numbers), pdu.data)


def nbf_of(packet: Packet) -> NbfPdu:
    same = {name: getattr(packet, name) for name in _NBF_SAME}
    same |= {"kind": NbfCommand(packet.kind), "data": above(packet)}
    if isinstance(packet, layers.NbfNameLayer):
        return NameFrame(destination=packet.destination_name, source=packet.source_name, **same)
    return SessionFrame(
        destination=packet.destination_session, source=packet.source_session, **same
    )


# --- NBIPX, NMPI ------------------------------------------------------------------------------


def _network_fields(networks: tuple[int, ...]) -> dict[str, int]:
    return {f"network_{number}": network for number, network in enumerate(networks, start=1)}


def _networks_of(packet: Packet) -> tuple[int, ...]:
    return tuple(getattr(packet, f"network_{number}") for number in range(1, 9))


_SESSION_SAME = (
    "source_id",
    "destination_id",
    "send_sequence",
    "total_length",
    "offset",
    "data_length",
    "receive_sequence",
    "bytes_received",
)


def scapy_of_nbipx(pdu: NbipxPdu) -> Packet:
    match pdu:
        case NbipxName():
            fields = {"name_flags": pdu.flags, "netbios_name": pdu.name}
            passed = _network_fields(pdu.networks)
            return layers.NbipxNameLayer(kind=int(pdu.kind), **fields, **passed)
        case NbipxDatagram():
            layer = layers.NbipxDatagramLayer(
                connection_control=pdu.control,
                kind=int(pdu.kind),
                source_name=pdu.source,
                destination_name=pdu.destination,
            )
            return on_top(layer, pdu.data)
        case NbipxSession():
            same = {name: getattr(pdu, name) for name in _SESSION_SAME}
            kinds = {"connection_control": pdu.control, "kind": int(pdu.kind)}
            return on_top(layers.NbipxSessionLayer(**kinds, **same), pdu.data)


def nbipx_of(packet: Packet) -> NbipxPdu:
    if isinstance(packet, layers.NbipxNameLayer):
        return NbipxName(
            kind=NbipxNameKind(packet.kind),
            flags=int(packet.name_flags),
            name=packet.netbios_name,
            networks=_networks_of(packet),
        )
    if isinstance(packet, layers.NbipxDatagramLayer):
        return NbipxDatagram(
            kind=NbipxDatagramKind(packet.kind),
            source=packet.source_name,
            destination=packet.destination_name,
            control=int(packet.connection_control),
            data=above(packet),
        )
    return NbipxSession(
        kind=NbipxSessionKind(packet.kind),
        control=int(packet.connection_control),
        data=above(packet),
        **{name: getattr(packet, name) for name in _SESSION_SAME},
    )


def scapy_of_nmpi(packet: Nmpi) -> Packet:
    layer = layers.NmpiLayer(
        operation=int(packet.operation),
        name_type=packet.name_type,
        message_id=packet.message_id,
        requested_name=packet.requested,
        source_name=packet.source,
        **_network_fields(packet.networks),
    )
    return on_top(layer, packet.data)


def nmpi_of(packet: Packet) -> Nmpi:
    return Nmpi(
        operation=NmpiOperation(packet.operation),
        name_type=packet.name_type,
        message_id=packet.message_id,
        requested=packet.requested_name,
        source=packet.source_name,
        networks=_networks_of(packet),
        data=above(packet),
    )
