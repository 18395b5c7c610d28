"""Ports to a forge and their adapters."""
