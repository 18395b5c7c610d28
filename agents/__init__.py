"""Bundled agents, one package each."""
