"""Ports to agents and their runtimes."""
