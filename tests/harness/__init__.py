"""Stand-ins for the world: storage in memory with faults, a clock that stands still, a ledger that remembers."""
