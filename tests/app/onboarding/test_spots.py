from __future__ import annotations

import pytest

from foreman.app.onboarding.remotes import parse
from foreman.app.onboarding.spots import of_name, of_remote
from foreman.app.onboarding.tokens import ways
from foreman.errors import UsageError
from foreman.model import ForgeKind

GITHUB, GITLAB = ForgeKind.GITHUB, ForgeKind.GITLAB
API, LAB = "https://api.github.com", "https://gitlab.com"


@pytest.mark.parametrize(
    ("url", "key", "address", "named"),
    [
        ("https://github.com/acme/widget.git", "acme/widget", API, True),
        ("ssh://git@ssh.github.com:443/acme/widget.git", "acme/widget", API, True),
        ("git@gitlab.com:group/sub/project.git", "gitlab:group/sub/project", LAB, True),
        ("ssh://git@altssh.gitlab.com:443/group/project.git", "gitlab:group/project", LAB, True),
        ("git@gitlab.example.org:a/b/c/d.git", "gitlab:a/b/c/d", "https://gitlab.example.org", False),
        ("https://gitlab.example.org:8443/a/b.git", "gitlab:a/b", "https://gitlab.example.org:8443", False),
        ("http://gitlab.example.org/a/b.git", "gitlab:a/b", "https://gitlab.example.org", False),
        ("git@github.example.org:acme/widget.git", "acme/widget", "https://github.example.org/api/v3", False),
        ("git@acme.ghe.com:acme/widget.git", "acme/widget", "https://api.acme.ghe.com", False),
        ("http://127.0.0.1:80/a/github", None, "", False),
        ("git@code.example.org:acme/widget.git", None, "", False),
        ("https://github.com/acme", None, "", False),
    ],
)
def test_a_remote_tells_repository_and_address(url, key, address, named) -> None:
    spot = of_remote(parse(url), forge=None, base_url="")

    assert (spot and spot.repo.key, spot.url if spot else "", bool(spot and spot.named)) == (key, address, named)


@pytest.mark.parametrize(
    ("url", "forge", "base_url", "key", "address"),
    [
        ("git@code.example.org:acme/widget.git", GITHUB, "", "acme/widget", "https://code.example.org/api/v3"),
        ("git@code.example.org:a/b/c.git", GITLAB, "", "gitlab:a/b/c", "https://code.example.org"),
        (
            "https://example.org/lab/a/b.git",
            GITLAB,
            "https://example.org/lab/",
            "gitlab:a/b",
            "https://example.org/lab",
        ),
        ("git@gitlab.example.org:a/b.git", None, "https://web.example.org", "gitlab:a/b", "https://web.example.org"),
        ("https://github.com/acme/widget", GITLAB, "", None, ""),
    ],
)
def test_what_a_person_says_goes_before_the_name_of_the_host(url, forge, base_url, key, address) -> None:
    spot = of_remote(parse(url), forge=forge, base_url=base_url)

    assert (spot and spot.repo.key, spot.url if spot else "") == (key, address)
    assert spot is None or spot.named is bool(base_url)


@pytest.mark.parametrize(
    ("name", "forge", "base_url", "key", "address"),
    [
        ("acme/widget", None, "", "acme/widget", API),
        ("gitlab:group/project", None, "", "gitlab:group/project", LAB),
        ("group/sub/project", None, "", "gitlab:group/sub/project", LAB),
        ("group/project", GITLAB, "lab.example.org", "gitlab:group/project", "https://lab.example.org"),
        (
            "group/project",
            None,
            "https://gitlab.example.org/api/v4",
            "gitlab:group/project",
            "https://gitlab.example.org",
        ),
        ("acme/widget", GITHUB, "https://git.example.org", "acme/widget", "https://git.example.org/api/v3"),
        ("acme/widget", None, "https://git.example.org/api/v3/", "acme/widget", "https://git.example.org/api/v3"),
        ("acme/widget", None, "https://github.com", "acme/widget", API),
        ("acme/widget", None, "acme.ghe.com", "acme/widget", "https://api.acme.ghe.com"),
        ("https://github.com/acme/widget/issues/12", None, "", "acme/widget", API),
        ("https://gitlab.example.org/a/b/-/issues/4", None, "", "gitlab:a/b", "https://gitlab.example.org"),
        ("git@github.com:acme/widget.git", None, "", "acme/widget", API),
    ],
)
def test_a_name_or_an_address_will_do(name, forge, base_url, key, address) -> None:
    spot = of_name(name, forge=forge, base_url=base_url)

    assert (spot.repo.key, spot.url, spot.named) == (key, address, True)


@pytest.mark.parametrize(
    ("name", "forge", "says"),
    [
        ("widget", None, "owner/name"),
        ("acme/wid get", None, "owner/name"),
        ("a", GITLAB, "group/project"),
        ("gitlab:a/b", GITHUB, "--forge github"),
        ("https://code.example.org/a/b", None, "--forge github or --forge gitlab"),
    ],
)
def test_what_is_no_repository_is_refused_with_what_to_write(name, forge, says) -> None:
    with pytest.raises(UsageError, match=says):
        of_name(name, forge=forge, base_url="")


@pytest.mark.parametrize(
    ("url", "first", "best"),
    [
        ("git@github.com:acme/widget.git", "https://github.com/settings/apps/new?", "a GitHub App"),
        ("git@github.example.org:acme/widget.git", "https://github.example.org/settings/apps/new?", "a GitHub App"),
        ("git@acme.ghe.com:acme/widget.git", "https://acme.ghe.com/settings/apps/new?", "a GitHub App"),
        ("git@gitlab.com:a/b/c.git", "https://gitlab.com/a/b/c/-/settings/access_tokens?", "a project access token"),
    ],
)
def test_the_token_to_make_is_linked_on_the_right_host(url, first, best) -> None:
    offered = ways(of_remote(parse(url), forge=None, base_url=""))

    assert offered[0][0] == best
    assert offered[0][2].startswith(first)
    assert len(offered) == 3


def test_a_private_repository_needs_more_of_a_token() -> None:
    app, fine, classic = ways(of_name("acme/widget", forge=None, base_url=""), private=True)

    assert "contents=read" in app[2]
    assert "contents=read" in fine[2]
    assert classic[2].endswith("scopes=repo")


def test_an_organizations_app_is_its_own() -> None:
    """One that a person registers for nobody else cannot be installed on an organization."""
    spot = of_name("acme/widget", forge=None, base_url="")

    assert ways(spot, organization=True)[0][2].startswith("https://github.com/organizations/acme/settings/apps/new?")
