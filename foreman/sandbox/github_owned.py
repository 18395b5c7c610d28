"""Lists of repositories, as GitHub's front answers them."""

from __future__ import annotations

from collections.abc import Callable

from foreman.sandbox import github_accounts
from foreman.sandbox.github_call import Call, Refused
from foreman.sandbox.github_read import paged
from foreman.sandbox.handling import Reply
from foreman.sandbox.state import Repo

_ONLY_WHOLE = ("network_count", "subscribers_count", "organization")


def of_organization(call: Call) -> Reply:
    """List an organization's repositories that the asker can see."""
    owner = call.args[0]
    account = call.world.accounts.get(owner)
    if account is None or account.kind != "Organization":
        raise Refused(404, "Not Found")
    return _listed(call, lambda repo: repo.owner.lower() == owner.lower() and call.sees(repo))


def of_user(call: Call) -> Reply:
    """List somebody's public repositories."""
    owner = call.args[0]
    if owner not in call.world.accounts:
        raise Refused(404, "Not Found")
    return _listed(call, lambda repo: repo.owner.lower() == owner.lower() and not repo.private)


def of_asker(call: Call) -> Reply:
    """List the repositories that the asker owns or was let into."""
    login = call.actor
    return _listed(call, lambda repo: repo.owner.lower() == login.lower() or login in repo.collaborators)


def _listed(call: Call, wanted: Callable[[Repo], bool]) -> Reply:
    rows = sorted(filter(wanted, call.world.repos.values()), key=lambda repo: (repo.created_at, repo.id))
    if call.request.query.get("direction") != "asc":
        rows.reverse()

    def write(repo: Repo) -> dict[str, object]:
        whole = github_accounts.repository(call.shapes, repo, login=call.login)
        return {name: value for name, value in whole.items() if name not in _ONLY_WHOLE}

    return paged(call, rows, write)
