"""Carrying out what people with write access order in comments, and answering them."""

from foreman.obeying.steward import Steward

__all__ = ["Steward"]
