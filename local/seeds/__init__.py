"""Rows the simulators start with: the demo's fictional week, and a real event log as HaloPSA would hold it."""
