"""`foreman check` at a forge: what the token may do on each repository, the labels, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from foreman.app.checkup import Finding, fail, fine, warn
from foreman.app.connection import Connection
from foreman.config.effective import RepoPlan
from foreman.config.models import Config
from foreman.errors import ForgeError, ForgeNotFound
from foreman.forge.base import ForgeReader
from foreman.model import Mode

SKEW_WARN = timedelta(minutes=1)
"""A clock this far off is worth a word; nothing is lost by it."""

SKEW_FAIL = timedelta(minutes=10)
"""Polling looks back a quarter of an hour; a clock further off than this may miss what happened."""

_SECONDS = 10.0


def look_at_repositories(config: Config, connection: Connection) -> Iterator[Finding]:
    """Look what may be done on each enabled repository of one forge.

    Args:
        config: As loaded.
        connection: The account there.

    Yields:
        A finding for the repository, and one for its labels.
    """
    for plan in config.plans():
        if plan.repo.forge is not connection.kind:
            continue
        if not plan.enabled:
            yield fine(plan.repo.key, "disabled")
            continue
        try:
            yield _repository(connection.reader, plan)
            yield from _labels(connection.reader, plan)
        except ForgeNotFound:
            remedy = f"check its name, and give {connection.bot.login} access to it"
            yield fail(plan.repo.key, "does not exist, or the token may not see it", remedy)
        except ForgeError as error:
            yield fail(plan.repo.key, str(error), "mend that, then try again")


def look_at_clock(api_url: str, *, now: Callable[[], datetime]) -> Finding:
    """Compare this machine's clock with the forge's.

    Args:
        api_url: Any answer of it carries the time.
        now: Current time, aware UTC.

    Returns:
        What was found.
    """
    import httpx

    try:
        said = httpx.get(api_url, timeout=_SECONDS).headers.get("date", "")
    except httpx.HTTPError as error:
        return warn("clock", f"could not be compared ({type(error).__name__})", "try again later")
    try:
        theirs = parsedate_to_datetime(said)
    except ValueError:
        return warn("clock", "the forge does not tell its time", "see to it that this machine's clock is set")
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    skew = abs(now() - theirs)
    text = f"{skew.total_seconds():.0f} s from the forge's"
    if skew > SKEW_FAIL:
        return fail("clock", text, "set this machine's clock (NTP)")
    if skew > SKEW_WARN:
        return warn("clock", text, "set this machine's clock (NTP)")
    return fine("clock", text)


def _repository(reader: ForgeReader, plan: RepoPlan) -> Finding:
    info = reader.repository(plan.repo)
    where = plan.repo.key
    if info.path.casefold() != plan.repo.path.casefold():
        return fail(where, f"is called {info.path} now", "write the new name into the configuration")
    if info.archived:
        return fail(
            where, "is archived, nothing can be written", "set `enabled: false`, or take it out of the archive"
        )
    if not info.has_issues:
        return fail(where, "has its issues switched off", "switch them on, or set `enabled: false`")
    writes = any(agent.policy.mode is not Mode.SHADOW for agent in plan.agents)
    if not info.may_write:
        remedy = "give the bot account the triage role (fine-grained token: issues read and write)"
        if writes:
            return fail(where, "the token may not change its issues", remedy)
        return warn(where, "the token may not change its issues, which mode shadow does not need", remedy)
    kind = "private" if info.private else "public"
    return fine(where, f"{kind}; issues can be read and changed")


def _labels(reader: ForgeReader, plan: RepoPlan) -> Iterator[Finding]:
    there = {label.name for label in reader.labels(plan.repo)}
    named = dict.fromkeys(
        name for agent in plan.agents for name in (*agent.policy.labels_add, *agent.policy.labels_remove)
    )
    missing = [name for name in named if name not in there]
    what = f"{plan.repo.key} labels"
    if missing:
        yield warn(what, f"not on the repository: {', '.join(missing)}", "create them; Foreman never makes labels up")
    elif named:
        yield fine(what, f"all {len(named)} that are named exist")
    else:
        yield warn(what, "none may be added", "name some under `config.labels` of an agent or `policy.labels.add`")
