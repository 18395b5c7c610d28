"""Everything this agent says in public by itself: short, first what is wanted, never the issue over again."""

from __future__ import annotations

NEEDS_INFO = """This cannot be looked into yet. Please add:

- what you did, step by step
- what you expected, and what happened instead (the exact message, if there is one)
- the version you use and your operating system"""

STALE_START = "Is this still a problem?"
"""First words of every reminder; how a reminder is recognised where no label marks it."""

CLOSED = "Closed for lack of an answer. If it still happens, say so here and it can be opened again."


def reminder(days: int, *, will_close: bool) -> str:
    """Ask the reporter whether the issue still stands.

    Args:
        days: How long the answer is owed; 0 where not known.
        will_close: Whether the next step is closing.

    Returns:
        The comment.
    """
    since = f"An answer has been missing for {days} days. " if days else ""
    end = " Without one the issue will be closed." if will_close else ""
    return f"{STALE_START} {since}A short reply is enough to keep this open.{end}"
