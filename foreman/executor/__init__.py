"""From the action log to a forge: the only part that writes there, and only what the log already holds."""

from foreman.executor.executor import Executor
from foreman.executor.freshness import seen_of
from foreman.executor.sending import INTERNAL_TYPES, REACT

__all__ = ["INTERNAL_TYPES", "REACT", "Executor", "seen_of"]
