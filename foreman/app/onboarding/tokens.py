"""Which token to make for a repository, and where: the pages with everything filled in that a link can fill in.

GitHub documents what may stand in the address of the pages of apps ("Registering a GitHub App using URL parameters")
and of tokens ("Managing your personal access tokens"); GitLab fills in the name and the scopes.
"""

from __future__ import annotations

from urllib.parse import urlencode

from foreman.app.onboarding.spots import Spot
from foreman.model import ForgeKind


def ways(spot: Spot, *, organization: bool = False, private: bool = False) -> tuple[tuple[str, str, str], ...]:
    """Return the ways to a token, the best first.

    Args:
        spot: Where the repository is.
        organization: Its owner is one: only an app of its own can be installed there and nowhere else.
        private: Not everybody may read it: what its files say needs a right of its own.

    Returns:
        Of each: what it is, whom it is for, and the page that makes it.
    """
    return _github(spot, organization, private) if spot.repo.forge is ForgeKind.GITHUB else _gitlab(spot)


def _github(spot: Spot, organization: bool, private: bool) -> tuple[tuple[str, str, str], ...]:
    web, owner = spot.web, spot.repo.owner
    whose = f"organizations/{owner}/settings" if organization else "settings"
    app = {"name": f"{owner}-foreman"[:34], "url": f"{web}/{spot.repo.path}", "public": "false"}
    app |= {"webhook_active": "false", "issues": "write", "metadata": "read", "contents": "read"}
    fine = {"name": "Foreman", "target_name": owner, "expires_in": "90", "issues": "write"}
    fine |= {"contents": "read"} if private else {}
    scope = "repo" if private else "public_repo"
    classic = {"description": "Foreman", "scopes": scope}
    return (
        (
            "a GitHub App",
            "best: no account, no seat, only issues, tokens that last an hour; docs/github-app.md",
            f"{web}/{whose}/apps/new?{urlencode(app)}",
        ),
        (
            "a fine-grained token",
            f"of a bot account that owns {spot.repo.path} or is a member of {owner}; issues: read and write",
            f"{web}/settings/personal-access-tokens/new?{urlencode(fine)}",
        ),
        (
            f"a classic token, {scope}",
            "of a bot account that is an outside collaborator: fine-grained ones do not reach there",
            f"{web}/settings/tokens/new?{urlencode(classic)}",
        ),
    )


def _gitlab(spot: Spot) -> tuple[tuple[str, str, str], ...]:
    filled = urlencode({"name": "foreman", "scopes": "api"})
    web, owner = spot.web, spot.repo.owner
    return (
        (
            "a project access token",
            "best: GitLab makes the bot's account; scope api, role Planner or Reporter",
            f"{web}/{spot.repo.path}/-/settings/access_tokens?{filled}",
        ),
        (
            "a group access token",
            f"the same for every project of {owner}",
            f"{web}/groups/{owner}/-/settings/access_tokens?{filled}",
        ),
        (
            "a personal access token",
            "of a bot account with that role in the project; scope api",
            f"{web}/-/user_settings/personal_access_tokens?{filled}",
        ),
    )
