"""Tests of emu.wire: octets judged by documents, by Scapy, by tshark, by real captures."""
