"""What GitLab's front answers about users, groups and members."""

from __future__ import annotations

from urllib.parse import quote

from foreman.sandbox.gitlab_call import LEVELS, OWNER, Call, Refused, level
from foreman.sandbox.gitlab_pages import paged
from foreman.sandbox.gitlab_shapes import Json, stamp
from foreman.sandbox.handling import Reply
from foreman.sandbox.state import Account

VERSION = "18.5.0"
"""The GitLab whose answers these are."""


def version(call: Call) -> Reply:
    """Tell the version."""
    call.demand_login()
    return Reply(status=200, body={"version": VERSION, "revision": "0000000", "enterprise": True})


def me(call: Call) -> Reply:
    """Show who is logged in."""
    account = call.world.accounts[call.actor]
    private = {"email": f"{account.login}@example.invalid", "is_admin": False, "can_create_group": True}
    return Reply(status=200, body={**call.shapes.profile(account), **private})


def token(call: Call) -> Reply:
    """Show the token that asks."""
    account = call.world.accounts[call.actor]
    body = {
        "id": account.id,
        "name": f"{account.login}'s token",
        "revoked": False,
        "created_at": stamp(account.created_at),
        "description": "",
        "scopes": list(account.scopes),
        "user_id": account.id,
        "last_used_at": stamp(call.now),
        "active": True,
        "expires_at": "2036-01-01",
    }
    return Reply(status=200, body=body)


def _account(call: Call) -> Account:
    for account in call.world.accounts.values():
        if call.args[0] == str(account.id):
            return account
    raise Refused(404, "404 User Not Found")


def user(call: Call) -> Reply:
    """Show a user."""
    return Reply(status=200, body=call.shapes.profile(_account(call)))


def users(call: Call) -> Reply:
    """List users, by name or by a part of it."""
    call.demand_login()
    name, part = (call.request.query.get(key, "").lower() for key in ("username", "search"))
    rows = [
        account
        for account in call.world.accounts.values()
        if "/" not in account.login and name in ("", account.login.lower()) and part in account.login.lower()
    ]
    return paged(call, rows[::-1], lambda account: call.shapes.user(account.login))


def group(call: Call) -> Reply:
    """Show a group."""
    found = group_of(call)
    parent, _, name = found.login.rpartition("/")
    body = {
        "id": found.id,
        "web_url": f"{call.shapes.site}/groups/{quote(found.login)}",
        "name": name,
        "path": name,
        "description": "",
        "visibility": "public",
        "full_name": found.login.replace("/", " / "),
        "full_path": found.login,
        "created_at": stamp(found.created_at),
        "parent_id": call.world.accounts[parent].id if parent else None,
        "archived": False,
    }
    return Reply(status=200, body=body)


def group_of(call: Call) -> Account:
    """Return the group of the path, by its path or number."""
    for account in call.world.accounts.values():
        if account.kind == "Organization" and call.args[0].lower() in (str(account.id), account.login.lower()):
            return account
    raise Refused(404, "404 Group Not Found")


def members(call: Call) -> Reply:
    """List the members, those of the groups above included."""
    names = [repo_owner] if (repo_owner := call.repo.owner) in call.world.accounts else []
    names += [name for name in call.repo.collaborators if LEVELS[call.repo.collaborators[name]] and name != repo_owner]
    part, ids = call.request.query.get("query", "").lower(), call.request.lists.get("user_ids[]", ())
    accounts = [call.world.accounts[name] for name in names if part in name.lower()]
    rows = [account.login for account in accounts if not ids or str(account.id) in ids]
    return paged(call, rows, lambda name: _member(call, name))


def member(call: Call) -> Reply:
    """Show one member."""
    number = call.number(0, "user_id")
    account = next((account for account in call.world.accounts.values() if account.id == number), None)
    if account is None or not level(call.repo, account.login):
        raise Refused(404, "404 Not found")
    return Reply(status=200, body=_member(call, account.login))


def _member(call: Call, login: str) -> Json:
    granted = level(call.repo, login)
    return {
        **call.shapes.user(login),
        "access_level": granted,
        "created_at": stamp(call.repo.created_at),
        "expires_at": None,
        "membership_state": "active",
        **({"created_by": None} if granted < OWNER else {}),
    }
