"""`foreman check` at a forge: what the token may do on each repository, the labels, the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from foreman.app.checkup import Finding, fail, fine, warn
from foreman.app.connection import Connection
from foreman.config.effective import RepoPattern, RepoPlan
from foreman.errors import ForgeAuthError, ForgeError, ForgeNotFound, ForgeRejected
from foreman.forge.base import ForgeReader, RepoInfo
from foreman.guidance.sources import MISSIONS
from foreman.model import ForgeKind, Mode, RepoRef

SKEW_WARN = timedelta(minutes=1)
"""A clock this far off is worth a word; nothing is lost by it."""

SKEW_FAIL = timedelta(minutes=10)
"""Polling looks back a quarter of an hour; a clock further off than this may miss what happened."""


def look_at_repositories(
    connection: Connection, plans: Sequence[RepoPlan], seen: dict[str, RepoInfo]
) -> Iterator[Finding]:
    """Look what may be done on each enabled repository of one forge.

    Args:
        connection: The account there.
        plans: What is looked after there.
        seen: Filled with what the forge shows, by key.

    Yields:
        A finding for the repository, and one for its labels.
    """
    for plan in plans:
        if not plan.enabled:
            yield fine(plan.repo.key, "disabled")
            continue
        try:
            info = seen[plan.repo.key] = connection.reader.repository(plan.repo)
            yield _repository(info, plan, remedy=_access(connection))
            yield from _labels(connection.reader, plan)
            yield _files(connection, plan, private=info.private)
        except ForgeNotFound:
            remedy = f"check its name, and give {connection.bot.login} access to it"
            yield fail(plan.repo.key, "does not exist, or the token may not see it", remedy)
        except ForgeError as error:
            yield fail(plan.repo.key, str(error), "mend that, then try again")


def look_at_patterns(
    connection: Connection,
    patterns: Sequence[RepoPattern],
    seen: dict[str, RepoInfo],
    found: dict[RepoPattern, list[RepoRef]],
) -> Iterator[Finding]:
    """Look what patterns stand for at the moment.

    Args:
        connection: The account on one forge.
        patterns: Of any forge.
        seen: Filled with what the forge shows, by key.
        found: Filled with the repositories of each pattern.

    Yields:
        A finding for each.
    """
    for pattern in patterns:
        if pattern.forge is not connection.kind:
            continue
        what = str(pattern)
        try:
            infos = connection.reader.owned(pattern.owner, nested=pattern.nested)
        except ForgeError as error:
            yield fail(what, str(error), f"check the name, and give {connection.bot.login} access to its repositories")
            continue
        taken = {RepoRef(pattern.forge, info.path): info for info in infos}
        at_work = {
            repo: info
            for repo, info in taken.items()
            if pattern.takes(repo) and info.has_issues and not (info.archived or info.disabled)
        }
        found[pattern] = list(at_work)
        seen |= {repo.key: info for repo, info in at_work.items()}
        barred = sorted(repo.path for repo, info in at_work.items() if not info.may_write)
        if barred:
            remedy = _access(connection)
            yield warn(what, f"the token may not change issues on {', '.join(barred[:5])} of {len(at_work)}", remedy)
        elif at_work:
            yield fine(what, f"{len(at_work)} repositories at the moment")
        else:
            yield warn(what, "no repository at the moment", f"give {connection.bot.login} access to some, or mend it")


def look_at_clock(connection: Connection) -> Finding:
    """Compare this machine's clock with the forge's, as its last reply told it.

    Args:
        connection: The account, which has asked something already.

    Returns:
        What was found.
    """
    skew = abs(connection.reader.skew)
    text = f"{skew.total_seconds():.0f} s from the forge's"
    if skew > SKEW_FAIL:
        return fail("clock", text, "set this machine's clock (NTP)")
    if skew > SKEW_WARN:
        return warn("clock", text, "set this machine's clock (NTP)")
    return fine("clock", text)


def _access(connection: Connection) -> str:
    """Say how an account of this kind is let do more."""
    if connection.kind is ForgeKind.GITLAB:
        return "give the bot at least the role Planner, or Reporter where there is no Planner"
    if connection.bot.login.endswith("[bot]"):
        return "let the app into it, with issues: read and write"
    return "give the bot account the triage role (fine-grained token: issues read and write)"


def _repository(info: RepoInfo, plan: RepoPlan, *, remedy: str) -> Finding:
    where = plan.repo.key
    if info.path.casefold() != plan.repo.path.casefold():
        return fail(where, f"is called {info.path} now", "write the new name into the configuration")
    if info.archived:
        return fail(
            where, "is archived, nothing can be written", "set `enabled: false`, or take it out of the archive"
        )
    if info.disabled:
        return fail(where, "is disabled by the forge, or about to be deleted", "set `enabled: false` until it is back")
    if not info.has_issues:
        return fail(where, "has its issues switched off", "switch them on, or set `enabled: false`")
    writes = any(agent.policy.mode is not Mode.SHADOW for agent in plan.agents)
    if not info.may_write:
        if writes:
            return fail(where, "the token may not change its issues", remedy)
        return warn(where, "the token may not change its issues, which mode shadow does not need", remedy)
    kind = "private" if info.private else "public"
    return fine(where, f"{kind}; issues can be read and changed")


def _files(connection: Connection, plan: RepoPlan, *, private: bool) -> Finding:
    what = f"{plan.repo.key} files"
    try:
        listed = connection.reader.files(plan.repo, "")
    except (ForgeAuthError, ForgeRejected) as error:
        if connection.kind is ForgeKind.GITLAB:
            remedy = "give the bot the role Reporter"
        else:
            remedy = "grant contents: read as well" if private else "try again later"
        text = f"cannot be read ({error}): agents are not told its MISSION.md, forms and documentation"
        return warn(what, text, f"{remedy}; nothing else needs it")
    if any(file.path.casefold() in MISSIONS for file in listed):
        return fine(what, "can be read; agents are told its MISSION.md")
    return fine(what, "can be read; a MISSION.md would tell agents what the project is and is not")


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
