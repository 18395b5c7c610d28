"""What stands below `foreman log --cost`: what models cost altogether, and what was not spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from foreman.model import IssueRef, RepoRef


def lines(connection: Connection, place: RepoRef | IssueRef | None, since: datetime | None) -> list[str]:
    """Return one line on what was spent, and one on what was not where there is anything to say.

    Args:
        connection: To read from.
        place: A repository; None for all. Of a single issue nothing is said: its rows say it.
        since: Not older than this, aware UTC; None for all.

    Returns:
        The lines. They are about all of that, tries that are in no log as well, however few rows stand above.
    """
    from foreman.model import IssueRef
    from foreman.store import savings, usage

    if isinstance(place, IssueRef):
        return []
    repo = place.key if place else None
    totals, saved = usage.totals(connection, since, repo=repo), savings.saved(connection, since, repo=repo)
    calls = sum(total.calls for total in totals)
    tokens_in, tokens_out = sum(one.input_tokens for one in totals), sum(one.output_tokens for one in totals)
    unpriced = sum(total.unpriced for total in totals)
    found = [
        f"spent  USD {sum(total.usd for total in totals):.4f}: {calls} model {'call' if calls == 1 else 'calls'}"
        + (f", {unpriced} of unknown price" if unpriced else "")
        + f", {tokens_in:,} + {tokens_out:,} tokens"
    ]
    if saved.tasks:
        tasks = "1 task" if saved.tasks == 1 else f"{saved.tasks} tasks"
        found.append(f"saved  about USD {saved.usd:.4f}: {tasks} needed no model")
    return found
