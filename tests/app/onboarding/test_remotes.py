from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from foreman.app.onboarding.remotes import NoGit, of_folder, parse


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "by_web"),
    [
        ("https://github.com/acme/widget.git", "github.com", None, "acme/widget", True),
        ("https://github.com/acme/widget/", "github.com", None, "acme/widget", True),
        ("https://a:hunter2@github.com/acme/x", "github.com", None, "acme/x", True),  # pragma: allowlist secret
        ("http://127.0.0.1:8080/acme/widget.git", "127.0.0.1", 8080, "acme/widget", True),
        ("git@github.com:acme/widget.git", "github.com", None, "acme/widget", False),
        ("github.com:acme/widget", "github.com", None, "acme/widget", False),
        ("git@GitLab.example.org:a/b/c/project.git", "gitlab.example.org", None, "a/b/c/project", False),
        ("ssh://git@git.example.org:2222/group/project.git", "git.example.org", None, "group/project", False),
        ("ssh://git@[2001:db8::1]:2222/group/project.git", "2001:db8::1", None, "group/project", False),
        ("git+ssh://git@github.com/acme/widget.git", "github.com", None, "acme/widget", False),
        ("git://github.com/acme/widget", "github.com", None, "acme/widget", False),
        ("git@work:acme/my%20widget", "work", None, "acme/my%20widget", False),
    ],
)  # fmt: skip
def test_every_way_to_write_a_remote_is_read(url, host, port, path, by_web) -> None:
    found = parse(url)

    assert found is not None
    assert (found.host, found.port, found.path, found.by_web) == (host, port, path, by_web)
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "url",
    ["/srv/git/widget.git", "../widget", "file:///srv/git/widget.git", "C:\\git\\widget", "C:/git/widget", "",
     "https://github.com/", "https://github.com:many/acme/widget", "ext::sh -c true", "git@github.com:", "-oProxy=x",
     "https://gitlab\x1b[31m.example.org/a/b", "https://-gitlab/a/b", "git@github.com:a/\x1b[31mb"],
)  # fmt: skip
def test_what_is_no_address_of_a_host_is_none(url) -> None:
    assert parse(url) is None


def test_the_real_repository_comes_before_a_fork(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for name in ("aaa", "origin", "upstream"):
        git(tmp_path, "remote", "add", name, f"https://github.com/{name}/widget.git")
    git(tmp_path, "remote", "add", "bundle", "/srv/widget.bundle")

    assert [remote.name for remote in of_folder(tmp_path)] == ["upstream", "origin", "aaa"]


def test_a_folder_below_the_clone_will_do_and_rewritten_addresses_count(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "url.https://git.example.org/.insteadOf", "work:")
    git(tmp_path, "remote", "add", "origin", "work:acme/widget")
    below = tmp_path / "a folder" / "deeper"
    below.mkdir(parents=True)

    (remote,) = of_folder(below)

    assert (remote.host, remote.path) == ("git.example.org", "acme/widget")


def test_an_alias_of_ssh_is_the_host_that_it_stands_for(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", "git@github-work:acme/widget.git")

    (remote,) = of_folder(tmp_path, hostname={"github-work": "github.com"}.__getitem__)
    (unknown,) = of_folder(tmp_path)

    assert remote.host == "github.com"
    assert unknown.host == "github-work"


def test_where_there_is_no_repository_there_is_no_remote(tmp_path: Path) -> None:
    assert of_folder(tmp_path) == ()


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoGit, match="not installed"):
        of_folder(tmp_path)
