"""`foreman digest` as a person reads it."""

from __future__ import annotations

import json

import pytest


def test_it_is_a_page_that_fits_a_terminal_and_a_document_for_scripts(demo, run) -> None:
    done = run("digest", config=demo.config)
    facts = json.loads(run("digest", "--json", config=demo.config).answer)
    (repo,) = facts["repos"]

    assert (done.code, done.story) == (0, "")
    assert max(map(len, done.answer.splitlines())) <= 80
    assert done.answer.startswith("# Foreman, ")
    assert "* `acme/widget#23` may report a security hole in public: `foreman explain " in done.answer
    assert f"* came in: {repo['came_in']['opened']} issues" in done.answer
    assert repo["came_in"]["opened"] > 10
    assert sum(repo["labels"].values()) == repo["done"]["add_label"]
    assert repo["waits"]["maintainer"] > 10
    assert [need["kind"] for need in facts["needs"]] == ["security"]


def test_it_is_of_these_repositories_and_of_this_time_only(demo, run) -> None:
    assert run("digest", "ACME/widget", config=demo.config).answer.count("\n## ") == 2
    later = run("digest", "--since", "0m", "acme/widget", config=demo.config)
    assert "Came in: nothing. Done: nothing." in later.answer


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("acme/unknown",), "acme/unknown is not in the configuration; there is acme/widget"),
        (("acme/widget#1",), "is an issue: a repository is meant"),
        (("--since", "soon"), "is no time"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(demo, run, arguments, what) -> None:
    done = run("digest", *arguments, config=demo.config)

    assert (done.code, done.answer) == (2, "")
    assert what in done.story
