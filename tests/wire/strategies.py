"""Hypothesis strategies: every PDU that the wire can carry, and the shared settings."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from emu.pdu.arp import Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII, Llc, Raw8023, Snap
from emu.pdu.ip_tcp import Ipv4Datagram, Segment, TcpSegment
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.llc2 import (
    FrameReject,
    Information,
    Supervisory,
    SupervisoryKind,
    Unnumbered,
    UnnumberedKind,
)
from emu.pdu.nbf import NAME_COMMANDS, SESSION_COMMANDS, NameFrame, SessionFrame
from emu.pdu.nbipx import (
    NbipxDatagram,
    NbipxDatagramKind,
    NbipxName,
    NbipxNameKind,
    NbipxSession,
    NbipxSessionKind,
)
from emu.pdu.ncp import REPLY_TYPES, DateAndTime, NcpReply, NcpRequest, NcpType, Watchdog
from emu.pdu.nmpi import Nmpi, NmpiOperation
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry, UpdateHeader
from emu.pdu.serialization import Serialization
from emu.pdu.spx import Spx, has_long_header

#: Scapy takes a fraction of a millisecond a packet and a quarter of a second to import: no
#: deadline, few examples.  A failure prints the decorator that replays it.
thorough = settings(deadline=None, max_examples=150, print_blob=True)
with_scapy = settings(deadline=None, max_examples=60, print_blob=True)

octet = st.integers(0, 0xFF)
word = st.integers(0, 0xFFFF)
long_word = st.integers(0, 0xFFFFFFFF)
mac = st.binary(min_size=6, max_size=6)
ip = st.binary(min_size=4, max_size=4)
payload = st.binary(max_size=120)
#: Values where ones' complement arithmetic has its corners, more often than chance gives.
corner_word = st.sampled_from((0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)) | word
corner_long = st.sampled_from((0, 1, 0xFFFF, 0x10000, 0xFFFF0000, 0xFFFFFFFF)) | long_word

raw_options = st.integers(0, 10).flatmap(
    lambda words: st.binary(min_size=4 * words, max_size=4 * words)
)

arps = st.builds(
    Arp,
    operation=st.sampled_from((1, 2)),
    sender_mac=mac,
    sender_ip=ip,
    target_mac=mac,
    target_ip=ip,
)

unnumbered = octet.map(lambda value: bytes((value | 3,)))
numbered = st.tuples(octet.filter(lambda value: value & 3 != 3), octet).map(bytes)


def _tells_itself(framing: Llc) -> bool:
    """LLC that would not be read as raw 802.3, SNAP or NetBEUI."""
    start = bytes((framing.dsap, framing.ssap)) + framing.control
    return not start.startswith((b"\xff\xff", b"\xaa\xaa\x03", b"\xf0\xf0", b"\xf0\xf1"))


llcs = st.builds(Llc, dsap=octet, ssap=octet, control=unnumbered | numbered).filter(_tells_itself)
snaps = st.builds(Snap, oui=st.binary(min_size=3, max_size=3), protocol=word)
ethernet_iis = st.builds(EthernetII, ethertype=st.integers(0x0600, 0xFFFF))


def frames(framing: st.SearchStrategy[object], body: st.SearchStrategy[bytes] = payload):
    """Frames with a given framing, lengths left to the encoder."""
    return st.builds(EthernetFrame, destination=mac, source=mac, framing=framing, body=body)


raw_frames = frames(st.builds(Raw8023), payload.map(lambda octets: b"\xff\xff" + octets))
ethernet_frames = frames(llcs | snaps | ethernet_iis) | raw_frames

datagrams = st.builds(
    Ipv4Datagram,
    source=ip,
    destination=ip,
    protocol=octet,
    identification=corner_word,
    ttl=octet,
    payload=payload,
    tos=octet,
    flags_fragment=word,
    options=raw_options,
    checksum=st.none() | word,
)
tcp_segments = st.builds(
    TcpSegment,
    source_port=word,
    destination_port=word,
    sequence=corner_long,
    acknowledgement=corner_long,
    flags=octet,
    window=corner_word,
    payload=payload,
    reserved=st.integers(0, 15),
    urgent=word,
    options=raw_options,
    checksum=st.none() | word,
)
segments = st.builds(
    Segment,
    sequence=corner_long,
    acknowledgement=corner_long,
    flags=octet,
    window=corner_word,
    payload=st.just(b"") | st.binary(max_size=1460),
    mss=st.none() | word,
)

addresses = st.builds(IpxAddress, network=long_word, node=mac, socket=word)
ipx_datagrams = st.builds(
    IpxDatagram,
    destination=addresses,
    source=addresses,
    packet_type=octet,
    payload=payload,
    transport_control=octet,
    checksum=st.just(0xFFFF) | word,
)

watchdogs = st.builds(Watchdog, connection_low=octet, mark=octet)
ncp_requests = st.builds(
    NcpRequest,
    kind=st.sampled_from((NcpType.CREATE, NcpType.REQUEST, NcpType.DESTROY)),
    sequence=octet,
    connection=word,
    task=octet,
    function=octet,
    data=payload,
)
short_requests = st.builds(
    NcpRequest,
    kind=st.sampled_from((NcpType.CREATE, NcpType.DESTROY)),
    sequence=octet,
    connection=word,
    task=octet,
    function=st.none(),
)
ncp_replies = st.builds(
    NcpReply,
    kind=st.sampled_from(sorted(REPLY_TYPES)),
    sequence=octet,
    connection=word,
    task=octet,
    completion=octet,
    status=octet,
    data=payload,
)
ncp_pdus = watchdogs | ncp_requests | short_requests | ncp_replies
dates = st.builds(
    DateAndTime,
    year=st.integers(1900, 2155),
    month=octet,
    day=octet,
    hour=octet,
    minute=octet,
    second=octet,
    weekday=octet,
)

rip_entries = st.builds(RipEntry, network=long_word, hops=word, ticks=word)
update_headers = st.builds(UpdateHeader, sequence=word, fragment=octet, fragments=octet)
rips = (
    st.builds(
        Rip,
        operation=st.sampled_from((1, 2)),
        entries=st.lists(rip_entries, max_size=5).map(tuple),
        rest=st.binary(max_size=7),
    )
    | st.builds(Rip, operation=st.just(6), rest=payload)
    | st.builds(
        Rip,
        operation=st.just(7),
        update=update_headers,
        entries=st.lists(rip_entries, max_size=5).map(tuple),
        rest=st.binary(max_size=7),
    )
    | st.builds(Rip, operation=st.just(8), update=update_headers, rest=payload)
)
sap_entries = st.builds(
    SapEntry,
    service=word,
    name=st.binary(min_size=48, max_size=48),
    network=long_word,
    node=mac,
    socket=word,
    hops=word,
)
sap_queries = st.builds(Sap, operation=st.sampled_from((1, 3)), service=word, rest=payload)
sap_responses = st.builds(
    Sap,
    operation=st.sampled_from((2, 4)),
    entries=st.lists(sap_entries, max_size=3).map(tuple),
    rest=st.binary(max_size=63),
)
sap_triggered = st.builds(
    Sap,
    operation=st.just(7),
    update=update_headers,
    entries=st.lists(sap_entries, max_size=3).map(tuple),
    rest=st.binary(max_size=63),
) | st.builds(Sap, operation=st.just(8), update=update_headers, rest=payload)
saps = sap_queries | sap_responses | sap_triggered | st.builds(Sap, operation=st.just(6))

seven_bits = st.integers(0, 127)
unnumbered_frames = st.builds(
    Unnumbered,
    kind=st.sampled_from(UnnumberedKind),
    poll_final=st.booleans(),
    response=st.booleans(),
    info=payload,
)
supervisory_frames = st.builds(
    Supervisory,
    kind=st.sampled_from(SupervisoryKind),
    nr=seven_bits,
    poll_final=st.booleans(),
    response=st.booleans(),
)
information_frames = st.builds(
    Information,
    ns=seven_bits,
    nr=seven_bits,
    poll=st.booleans(),
    data=payload,
    response=st.booleans(),
)
llc2_pdus = unnumbered_frames | supervisory_frames | information_frames
frame_rejects = st.builds(
    FrameReject,
    control=st.binary(min_size=2, max_size=2),
    vs=seven_bits,
    vr=seven_bits,
    response=st.booleans(),
    reasons=octet,
    reserved=st.booleans(),
)

netbios_name = st.binary(min_size=16, max_size=16)
_nbf_options = {
    "data1": octet,
    "data2": word,
    "transmit_correlator": word,
    "response_correlator": word,
    "data": payload,
}
name_frames = st.builds(
    NameFrame,
    kind=st.sampled_from(sorted(NAME_COMMANDS)),
    destination=netbios_name,
    source=netbios_name,
    **_nbf_options,
)
session_frames = st.builds(
    SessionFrame,
    kind=st.sampled_from(sorted(SESSION_COMMANDS)),
    destination=octet,
    source=octet,
    **_nbf_options,
)
nbf_pdus = name_frames | session_frames


def _spx(control: int, destination_id: int, size: int, **others: object) -> Spx:
    long = has_long_header(control, destination_id)
    return Spx(
        control=control,
        destination_id=destination_id,
        negotiation_size=size if long else None,
        **others,
    )


spx_packets = st.builds(
    _spx,
    control=octet,
    destination_id=st.just(0xFFFF) | word,
    size=word,
    stream=octet,
    source_id=word,
    sequence=word,
    acknowledgement=word,
    allocation=word,
    data=payload,
)

networks = st.lists(long_word, min_size=8, max_size=8).map(tuple)
nbipx_names = st.builds(
    NbipxName,
    kind=st.sampled_from(NbipxNameKind),
    flags=octet,
    name=netbios_name,
    networks=networks,
)
nbipx_datagrams = st.builds(
    NbipxDatagram,
    kind=st.sampled_from(NbipxDatagramKind),
    source=netbios_name,
    destination=netbios_name,
    control=octet,
    data=payload.filter(lambda data: len(data) != 50 - 34),
)
nbipx_sessions = st.builds(
    NbipxSession,
    kind=st.sampled_from(NbipxSessionKind),
    control=octet,
    source_id=word,
    destination_id=word,
    send_sequence=word,
    total_length=word,
    offset=word,
    data_length=word,
    receive_sequence=word,
    bytes_received=word,
    data=payload.filter(lambda data: len(data) != 50 - 18),
)
nmpis = st.builds(
    Nmpi,
    operation=st.sampled_from(NmpiOperation),
    name_type=octet,
    message_id=word,
    requested=netbios_name,
    source=netbios_name,
    networks=networks,
    data=payload,
)
serializations = st.builds(Serialization, number=st.binary(min_size=6, max_size=6))
