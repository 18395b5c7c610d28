"""Approving from the forge: one issue of ours that lists what waits, and comments on it that settle it."""

from foreman.approvals.dashboard import AGENT, Dashboard, is_wanted

__all__ = ["AGENT", "Dashboard", "is_wanted"]
