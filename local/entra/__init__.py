"""Entra, Microsoft Graph, Azure Resource Manager and Log Analytics on one machine: only the reads and tokens we use."""
