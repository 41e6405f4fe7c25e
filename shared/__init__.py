"""Halo Attest: controls and audit evidence for HaloPSA."""
