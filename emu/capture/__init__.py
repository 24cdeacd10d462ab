"""What a run leaves behind: the packet capture, the ledger, and ways to read and compare them."""
