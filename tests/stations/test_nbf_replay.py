"""Two real NetBEUI sessions: our server's end, fed the client's frames, says what theirs said.

The frames that carry numbers (names, U, I, and everything with F = 1) are held against each
other one by one, field by field.  What differs is named by the test with its reason, and
nothing else may.  Bare acknowledgements (RR, F = 0) are counted only: when one goes out alone
is each stack's own choice, and no number of another frame depends on it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from emu.capture.reader import CaptureFile
from emu.machines.nbf.params import NbfParams
from emu.machines.nbf.session import End, Send
from emu.pdu.llc2 import Information, Supervisory, Unnumbered, UnnumberedKind
from emu.pdu.nbf import NameFrame, NbfCommand, SessionFrame
from emu.stations.nbf import NbfServerStation
from emu.units import seconds as s
from emu.wire.ethernet import decode_ethernet
from emu.wire.llc2 import llc2_of_frame
from emu.wire.nbf import decode_nbf
from tests.outside import real_captures

from .nbf_lan import Lan, Surroundings, params
from .tcp_parts import User


def frames_of(number: str) -> list[tuple[int, bytes]]:
    """(when, octets) of the NetBEUI frames of a shared capture, from its start."""
    (path,) = (path for path in real_captures() if Path(path).name.startswith(number))
    found: list[tuple[int, bytes]] = []
    start: int | None = None
    for record in CaptureFile(path):
        at = record.at_ns
        start = at if start is None else start
        octets = bytes(record.octets)
        if octets[14:15] == b"\xf0" and octets[12] < 6:
            found.append((at - start, octets))
    return found


class Said:
    """One frame, as fields that can be compared."""

    def __init__(self, octets: bytes) -> None:
        pdu = llc2_of_frame(decode_ethernet(octets))
        self.fields: dict[str, Any] = {}
        self.bare = isinstance(pdu, Supervisory) and not pdu.poll_final
        match pdu:
            case Unnumbered():
                self.kind = pdu.kind.name
                self.fields["P/F"] = pdu.poll_final
                if pdu.kind is UnnumberedKind.UI:
                    self._nbf(decode_nbf(pdu.info))
            case Supervisory():
                self.kind = pdu.kind.name
                self.fields |= {"N(R)": pdu.nr, "P/F": pdu.poll_final}
            case Information():
                self.fields |= {"N(S)": pdu.ns, "N(R)": pdu.nr, "P/F": pdu.poll}
                self._nbf(decode_nbf(pdu.data))
            case None:
                raise AssertionError("not NetBEUI")

    def _nbf(self, frame: NameFrame | SessionFrame) -> None:
        self.kind = frame.kind.name
        for name in ("destination", "source", "data1", "data2", "data"):
            self.fields[name] = getattr(frame, name)
        self.fields["transmit"] = frame.transmit_correlator
        self.fields["response"] = frame.response_correlator


class Deed:
    """Something the real server's program did, at its instant, after every frame of then."""

    def __init__(self, do: Any) -> None:
        self._do = do

    def fire(self, now: int) -> None:
        self._do(now)


class Server(NbfServerStation):
    """Ours, with the numbers that were the real one's own choice."""

    offers = 0

    def _offer(self, query: NameFrame, mac: bytes) -> int:
        self.offered.setdefault(mac, {})[self.offers] = (query.source, query.session)
        return self.offers


def replay(
    number: str, *, server: str, client: str, name: bytes, offers: int, made: NbfParams
) -> tuple[list[Said], list[Said]]:
    """(real, ours): every frame the server's end sent to this client."""
    server_mac, client_mac = (bytes.fromhex(text.replace(":", "")) for text in (server, client))
    kind = type("Named", (Server,), {"name": name, "offers": offers})
    lan = Lan()
    at_server = Surroundings(1, lan)
    at_server.mac = server_mac
    station = lan_station(kind, lan, at_server, made)
    real: list[Said] = []
    for at, octets in frames_of(number):
        if octets[6:12] == client_mac:
            lan.push(at, 0, at_server, octets)
        elif octets[:12] == client_mac + server_mac:
            said = Said(octets)
            real.append(said)
            if said.kind in ("DATA_ONLY_LAST", "SESSION_END"):
                lan.push(at, 2, at_server, Deed(lambda now, said=said: do(station, said, now)))
    lan.run(s(1000))
    ours = [Said(octets) for _, octets in at_server.sent if octets[:6] == client_mac]
    return real, ours


def lan_station(kind: Any, lan: Lan, at: Surroundings, made: NbfParams) -> Any:
    station, made_surroundings = lan.station(kind, 1, User(), made)
    del lan.stations[made_surroundings]
    station.surroundings = at
    lan.stations[at] = station
    return station


def do(station: Any, said: Said, now: int) -> None:
    """What the program above the real server asked for; its correlator is its own choice."""
    (port,) = station.ports.values()
    (connection,) = port.connections.values()
    if said.kind == "SESSION_END":
        connection.ask(End(abnormal=bool(said.fields["data2"])), now)
        return
    connection.session._correlator = said.fields["response"] - 1
    connection.ask(Send(said.fields["data"]), now)


def differences(real: list[Said], ours: list[Said]) -> dict[str, int]:
    """How often which field of which kind differs, in frames that pair one by one."""
    theirs, mine = ([said for said in side if not said.bare] for side in (real, ours))
    assert [said.kind for said in mine] == [said.kind for said in theirs]
    found: dict[str, int] = {}
    for number, (a, b) in enumerate(zip(theirs, mine, strict=True)):
        assert a.fields.keys() == b.fields.keys(), number
        for name, value in a.fields.items():
            if value != b.fields[name]:
                key = f"{a.kind} {name}"
                found[key] = found.get(key, 0) + 1
    return found


def bare(side: list[Said]) -> int:
    return sum(said.bare for said in side)


def test_the_session_of_dos_with_windows_98() -> None:
    """Real-captures 02: set-up, 24 requests, SESSION_ALIVE of both ends, SESSION_END, DISC.

    * NAME_RECOGNIZED DATA1: Windows 98 leaves 17 hex in a reserved octet (facts 1.3); ours 0.
    * SESSION_CONFIRM DATA2: Windows 98 takes 1468 octets (facts 1.1), ours 1482.

    Windows 98 sent 19 bare acknowledgements: 4 by its T2 (324 to 378 ms), 15 at once, most of
    them right before an answer that says the same.  Ours ride on the answers: 7 are left.
    SESSION_ALIVE: its own is 50.13 s after set-up, which no document explains: taken over.
    """
    made = replace(params("nbf-win9x"), alive_interval_ns=s(50.132218))
    real, ours = replay(
        "02",
        server="00:50:56:33:78:9e",
        client="00:0c:29:d4:79:b2",
        name=b"MDJR98          ",
        offers=0x15,
        made=made,
    )
    assert differences(real, ours) == {
        "NAME_RECOGNIZED data1": 1,
        "SESSION_CONFIRM data2": 1,
    }
    kinds = [said.kind for said in ours if not said.bare]
    assert kinds.count("DATA_ONLY_LAST") == 24
    assert kinds.count("SESSION_ALIVE") == 1
    assert (kinds[:3], kinds[-2:]) == (["NAME_RECOGNIZED", "UA", "RR"], ["RR", "UA"])
    assert (bare(real), bare(ours)) == (19, 7)


def test_the_small_program_of_two_dos_hosts() -> None:
    """Real-captures 21: a name that is in use, set-up, one message each way, SESSION_END, DISC.

    * RR and SESSION_CONFIRM change places: SESSION_INITIALIZE came with P = 1, and the DOS host
      answers it with F = 1 only behind its SESSION_CONFIRM; ours at once.  So its
      SESSION_CONFIRM has N(R) = 1 and no P, where ours polls, as Windows 98 does.
    * DATA_ONLY_LAST DATA1 and correlator: the program had not taken the client's message, so
      nothing was acknowledged with the answer (04 and 0); our receiver is always posted (0C).
    * No DATA_ACK comes from either host in the 5 s the session lasts; with our own delay of
      100 ms there would be one, so it is set longer than that here.
    """
    made = replace(params("nbf-lan-manager"), data_ack_delay_ns=s(10))
    real, ours = replay(
        "21",
        server="00:0c:29:d4:79:b2",
        client="00:50:56:20:ca:57",
        name=b"FOOBARMACHINE  {",
        offers=4,
        made=made,
    )
    objection, real = real[0], real[1:]
    assert objection.kind == "ADD_NAME_RESPONSE"
    assert [said.kind for said in real if not said.bare] == [
        "NAME_RECOGNIZED", "UA", "RR", "SESSION_CONFIRM", "RR", "DATA_ONLY_LAST", "SESSION_END",
        "DISC",
    ]  # fmt: skip
    swapped = [said for said in ours if not said.bare]
    swapped[3], swapped[4] = swapped[4], swapped[3]
    assert differences(real, swapped) == {
        "SESSION_CONFIRM P/F": 1,
        "DATA_ONLY_LAST data1": 1,
        "DATA_ONLY_LAST transmit": 1,
    }


def test_the_objection_of_the_real_host() -> None:
    """Real-captures 21, frames 8 to 10: octet for octet."""
    frames = frames_of("21")
    (answer,) = (octets for _, octets in frames if octets[17 + 4] == NbfCommand.ADD_NAME_RESPONSE)
    at = next(i for i, (_, octets) in enumerate(frames) if octets == answer)
    query = next(octets for _, octets in reversed(frames[:at]) if octets[45:61] == answer[45:61])
    lan = Lan()
    at_server = Surroundings(1, lan)
    at_server.mac = answer[6:12]
    kind = type("Named", (Server,), {"name": answer[45:61]})
    station = lan_station(kind, lan, at_server, params("nbf-lan-manager"))
    station.receive(query, 0)
    assert [octets for _, octets in at_server.sent] == [answer]
