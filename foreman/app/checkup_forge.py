"""`foreman check` at a forge: what the token may do on each repository, the labels, the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from foreman.app.checkup import Finding, fail, fine, warn
from foreman.app.connection import Connection
from foreman.config.effective import RepoPattern, RepoPlan
from foreman.errors import ForgeAuthError, ForgeError, ForgeNotFound, ForgeRejected
from foreman.forge.base import RepoInfo
from foreman.guidance.sources import MISSIONS
from foreman.model import ForgeKind, Mode, RepoRef

SKEW_WARN = timedelta(minutes=1)
"""A clock this far off is worth a word; nothing is lost by it."""

SKEW_FAIL = timedelta(minutes=10)
"""Polling looks back a quarter of an hour; a clock further off than this may miss what happened."""

_LEFT_ALONE = "nothing of it is looked after"
_SET_CLOCK = "set this machine's clock: `timedatectl set-ntp true`, `sntp -sS time.apple.com` on a Mac"


def look_at_repositories(
    connection: Connection, plans: Sequence[RepoPlan], seen: dict[str, RepoInfo], *, site: str
) -> Iterator[Finding]:
    """Look what may be done on each enabled repository of one forge.

    Args:
        connection: The account there.
        plans: What is looked after there.
        seen: Filled with what the forge shows, by key.
        site: Where the forge's pages are.

    Yields:
        A finding for the repository, and one for its labels.
    """
    for plan in plans:
        if not plan.enabled:
            yield fine(plan.repo.key, "disabled")
            continue
        page = f"{site}/{plan.repo.path}"
        try:
            info = seen[plan.repo.key] = connection.reader.repository(plan.repo)
            yield _repository(info, plan, page, remedy=_access(connection, site, page))
            yield from _labels(connection, plan, page)
            yield _files(connection, plan, page, site, private=info.private)
        except ForgeNotFound:
            remedy = f"check `repos` in the configuration, and give {connection.bot.login} access to {page}"
            yield fail(plan.repo.key, "does not exist, or the token may not see it", _LEFT_ALONE, remedy)
        except ForgeError as error:
            yield fail(
                plan.repo.key, str(error), _LEFT_ALONE, f"look whether {page} works, then `foreman check` again"
            )


def look_at_patterns(
    connection: Connection,
    patterns: Sequence[RepoPattern],
    seen: dict[str, RepoInfo],
    found: dict[RepoPattern, list[RepoRef]],
    *,
    site: str,
) -> Iterator[Finding]:
    """Look what patterns stand for at the moment.

    Args:
        connection: The account on one forge.
        patterns: Of any forge.
        seen: Filled with what the forge shows, by key.
        found: Filled with the repositories of each pattern.
        site: Where the forge's pages are.

    Yields:
        A finding for each.
    """
    for pattern in patterns:
        if pattern.forge is not connection.kind:
            continue
        what, page = str(pattern), f"{site}/{pattern.owner}"
        try:
            infos = connection.reader.owned(pattern.owner, nested=pattern.nested)
        except ForgeError as error:
            remedy = f"check `repos` in the configuration, and give {connection.bot.login} access to {page}"
            yield fail(what, str(error), _LEFT_ALONE, remedy)
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
            text = f"the token may not change issues on {', '.join(barred[:5])} of {len(at_work)}"
            remedy = _access(connection, site, f"{site}/{barred[0]}")
            yield warn(what, text, "there everything stays a thought", remedy)
        elif at_work:
            yield fine(what, f"{len(at_work)} repositories at the moment")
        else:
            remedy = f"give {connection.bot.login} access to some of {page}, or mend `repos` in the configuration"
            yield warn(what, "no repository at the moment", "nothing is looked after by it", remedy)


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
        why = "polling looks back a quarter of an hour and may miss what happened"
        return fail("clock", text, why, _SET_CLOCK)
    if skew > SKEW_WARN:
        return warn("clock", text, "times in the log are off by as much", _SET_CLOCK)
    return fine("clock", text)


def _access(connection: Connection, site: str, page: str) -> str:
    """Say how an account of this kind is let do more."""
    if connection.kind is ForgeKind.GITLAB:
        where = f"{page}/-/project_members"
        return f"give the bot at least the role Planner, or Reporter where there is no Planner: {where}"
    if connection.bot.login.endswith("[bot]"):
        return f"let the app into it, with issues: read and write: {site}/settings/installations"
    where = f"{page}/settings/access"
    return f"give the bot account the triage role (fine-grained token: issues read and write): {where}"


def _repository(info: RepoInfo, plan: RepoPlan, page: str, *, remedy: str) -> Finding:
    where = plan.repo.key
    if info.path.casefold() != plan.repo.path.casefold():
        text, why = f"is called {info.path} now", "whoever takes the old name would be written to"
        return fail(where, text, why, f"write {info.path} into `repos` in the configuration")
    if info.archived:
        remedy = f"set `enabled: false`, or take it out of the archive: {page}"
        return fail(where, "is archived", "nothing can be written", remedy)
    if info.disabled:
        text = "is disabled by the forge, or about to be deleted"
        return fail(where, text, _LEFT_ALONE, "set `enabled: false` until it is back")
    if not info.has_issues:
        remedy = f"switch them on in the settings of {page}, or set `enabled: false`"
        return fail(where, "has its issues switched off", "there is nothing to look after", remedy)
    writes = any(agent.policy.mode is not Mode.SHADOW for agent in plan.agents)
    if not info.may_write:
        if writes:
            return fail(where, "the token may not change its issues", "whatever is decided cannot be done", remedy)
        why = "mode shadow does without; approve and auto do not"
        return warn(where, "the token may not change its issues", why, remedy)
    kind = "private" if info.private else "public"
    return fine(where, f"{kind}; issues can be read and changed")


def _files(connection: Connection, plan: RepoPlan, page: str, site: str, *, private: bool) -> Finding:
    what = f"{plan.repo.key} files"
    try:
        listed = connection.reader.files(plan.repo, "")
    except (ForgeAuthError, ForgeRejected) as error:
        if connection.kind is ForgeKind.GITLAB:
            remedy = f"give the bot the role Reporter: {page}/-/project_members"
        elif private:
            granted = f"{site}/settings/{'installations' if connection.bot.login.endswith('[bot]') else 'tokens'}"
            remedy = f"grant contents: read as well, which nothing else needs: {granted}"
        else:
            remedy = f"look whether {page} shows them, then `foreman check` again"
        why = "agents are told neither what the project is and is not, nor its forms and documentation"
        return warn(what, f"MISSION.md and others cannot be read ({error})", why, remedy)
    if any(file.path.casefold() in MISSIONS for file in listed):
        return fine(what, "can be read; agents are told its MISSION.md")
    return fine(what, "can be read; a MISSION.md would tell agents what the project is and is not")


def _labels(connection: Connection, plan: RepoPlan, page: str) -> Iterator[Finding]:
    there = {label.name for label in connection.reader.labels(plan.repo)}
    named = dict.fromkeys(
        name for agent in plan.agents for name in (*agent.policy.labels_add, *agent.policy.labels_remove)
    )
    missing = [name for name in named if name not in there]
    what = f"{plan.repo.key} labels"
    if missing:
        where = f"{page}/-/labels" if connection.kind is ForgeKind.GITLAB else f"{page}/labels"
        why = "they are never added: Foreman makes no labels up"
        yield warn(what, f"not on the repository: {', '.join(missing)}", why, f"create them: {where}")
    elif named:
        yield fine(what, f"all {len(named)} that are named exist")
    else:
        remedy = "name some under `config.labels` of an agent or `policy.labels.add`"
        yield warn(what, "none may be added", "issues are sorted by labels", remedy)
