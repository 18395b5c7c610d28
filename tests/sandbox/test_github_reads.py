from __future__ import annotations

import pytest

from tests.sandbox.conftest import REPO


def numbers(answer):
    assert answer.status_code == 200, answer.text
    return [issue["number"] for issue in answer.json()]


@pytest.fixture
def three(forge, clock):
    """Issues 1 to 3, a minute apart; 1 was commented last, 2 is closed, 3 a pull request."""
    for number in (1, 2, 3):
        forge.open_issue(REPO, title=f"T{number}", body="b", author="ann", pull_request=number == 3)
        clock.move(minutes=1)
    forge.close(REPO, 2, by="ann", reason="not_planned")
    clock.move(minutes=1)
    forge.comment(REPO, 1, author="ann", body="hello")
    return f"/repos/{REPO}/issues"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [3, 1]),
        ("?state=all", [3, 2, 1]),
        ("?state=closed", [2]),
        ("?state=all&sort=updated&direction=asc", [3, 2, 1]),
        ("?state=all&sort=updated", [1, 2, 3]),
        ("?state=all&sort=comments&direction=desc", [1, 3, 2]),
        ("?state=all&since=2026-03-01T12:03:00Z&sort=created&direction=asc", [1, 2]),
        ("?state=all&since=2026-03-01T12:03:01Z", [1]),
        ("?labels=BUG&state=all", []),
        ("?creator=nobody", []),
        ("?per_page=1&page=2&state=all", [2]),
    ],
)
def test_list_filters_and_sorts_as_github_does(http, three, query, expected):
    assert numbers(http.get(three + query)) == expected


def test_pull_requests_are_marked_and_issues_are_not(http, three):
    pull, issue = http.get(three).json()

    assert pull["pull_request"]["url"].endswith("/pulls/3")
    assert "pull_request" not in issue


@pytest.mark.parametrize("query", ["state=gone", "sort=size", "direction=up", "since=yesterday"])
def test_unknown_choice_is_422(http, three, query):
    answer = http.get(f"{three}?{query}")

    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"


def test_link_header_leads_through_all_pages(http, forge):
    for number in range(5):
        forge.open_issue(REPO, title=str(number), author="ann")
    answer = http.get(f"/repos/{REPO}/issues?per_page=2&state=open")

    assert answer.links["last"]["url"].endswith("page=3")
    assert "prev" not in answer.links
    seen = numbers(answer)
    while "next" in answer.links:
        answer = http.get(answer.links["next"]["url"])
        seen += numbers(answer)
    assert seen == [5, 4, 3, 2, 1]
    assert answer.links["first"]["url"].endswith("page=1")


def test_page_takes_at_most_a_hundred(http, forge):
    for number in range(101):
        forge.open_issue(REPO, title=str(number), author="ann")

    assert len(http.get(f"/repos/{REPO}/issues?per_page=1000").json()) == 100


def test_etag_answers_304_free_of_quota_until_something_changes(http, forge, three):
    first = http.get(three)
    quota = first.headers["x-ratelimit-remaining"]
    again = http.get(three, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-remaining"] == quota
    forge.comment(REPO, 3, author="ann", body="new")
    changed = http.get(three, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert int(changed.headers["x-ratelimit-remaining"]) == int(quota) - 1


def test_spent_quota_is_403_with_the_hour_of_its_end(http, forge, clock, three):
    forge.rate_limit(1, clock.now.replace(minute=30))

    assert http.get(three).status_code == 200
    refused = http.get(three)
    assert refused.status_code == 403
    assert "rate limit exceeded" in refused.json()["message"]
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["x-ratelimit-reset"] == str(int(clock.now.replace(minute=30).timestamp()))
    limits = http.get("/rate_limit")
    assert (limits.status_code, limits.json()["rate"]["remaining"]) == (200, 0)
    clock.move(hours=1)
    assert http.get(three).status_code == 200


def test_credentials(http, forge, client_of, three):
    assert http.get("/user").json()["login"] == "botty"
    assert client_of().get("/user").status_code == 401
    assert client_of().get(three).status_code == 200
    wrong = client_of().get(three, headers={"Authorization": "token wrong"})
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    forge.revoke("botty")
    assert http.get(three).status_code == 401


def test_private_repository_is_404_for_strangers(forge, client_of):
    forge.add_repo("acme/secret", private=True)
    forge.add_collaborator("acme/secret", "botty", permission="read")

    assert client_of("eve").get("/repos/acme/secret").status_code == 404
    assert client_of("eve").get("/repos/acme/secret/issues").status_code == 404
    assert client_of("botty").get("/repos/acme/secret").json()["permissions"] == {
        "admin": False,
        "maintain": False,
        "push": False,
        "triage": False,
        "pull": True,
    }


def test_deleted_issue_is_410_and_unknown_404(http, forge, three):
    forge.delete_issue(REPO, 1)

    assert http.get(f"{three}/1").status_code == 410
    assert http.post(f"{three}/1/comments", json={"body": "x"}).status_code == 410
    assert http.get(f"{three}/99").status_code == 404
    assert numbers(http.get(three)) == [3]


def test_transferred_issue_redirects_and_is_not_listed(http, forge, three):
    forge.add_repo("acme/other", labels=["bug"])
    number = forge.transfer(REPO, 1, "acme/other")
    answer = http.post(f"{three}/1/comments", json={"body": "x"})

    assert answer.status_code == 301
    assert answer.json()["message"] == "Moved Permanently"
    arrived = http.get(answer.headers["location"].removesuffix("/comments")).json()
    assert (arrived["number"], arrived["title"], arrived["comments"]) == (number, "T1", 1)
    assert forge.writes() == ()
    assert numbers(http.get(three)) == [3]


def test_renamed_repository_redirects_until_the_name_is_taken_again(http, forge, three):
    forge.rename_repo(REPO, "acme/gadget")
    answer = http.get(f"{three}/1")

    assert answer.status_code == 301
    assert http.get(answer.headers["location"]).json()["title"] == "T1"
    assert http.get("/repos/acme/gadget").json()["full_name"] == "acme/gadget"
    forge.add_repo(REPO)
    assert http.get(f"{three}/1").status_code == 404


def test_association_follows_what_the_author_is(http, forge):
    forge.add_collaborator(REPO, "mia", permission="admin")
    forge.set_association(REPO, "cy", "CONTRIBUTOR")
    for login in ("acme", "mia", "botty", "cy", "eve"):
        forge.open_issue(REPO, title=login, author=login)
    rows = http.get(f"/repos/{REPO}/issues").json()

    assert {row["user"]["login"]: row["author_association"] for row in rows} == {
        "acme": "OWNER",
        "mia": "MEMBER",
        "botty": "COLLABORATOR",
        "cy": "CONTRIBUTOR",
        "eve": "NONE",
    }


def test_permission_endpoint(http, forge, client_of):
    forge.add_collaborator(REPO, "tri", permission="triage")
    forge.add_account("eve")
    where = f"/repos/{REPO}/collaborators"

    assert http.get(f"{where}/botty/permission").json()["permission"] == "write"
    triage = http.get(f"{where}/tri/permission").json()
    assert (triage["permission"], triage["role_name"]) == ("read", "triage")
    assert http.get(f"{where}/eve/permission").json()["permission"] == "read"
    assert http.get(f"{where}/nobody/permission").status_code == 404
    assert client_of("tri").get(f"{where}/botty/permission").status_code == 403


def test_history_and_timeline_tell_what_happened_in_order(http, forge, clock, three):
    forge.add_label(REPO, 1, "bug", by="mia")
    clock.move(minutes=1)
    forge.edit_issue(REPO, 1, title="Better", by="mia")
    forge.remove_label(REPO, 1, "bug", by="mia")
    forge.lock(REPO, 1)
    events = http.get(f"{three}/1/events").json()

    assert [event["event"] for event in events] == ["labeled", "renamed", "unlabeled", "locked"]
    assert events[0]["label"]["name"] == "bug"
    assert events[1]["rename"] == {"from": "T1", "to": "Better"}
    assert events[2]["actor"]["login"] == "mia"
    timeline = http.get(f"{three}/1/timeline?per_page=2").json()
    assert [event["event"] for event in timeline] == ["commented", "labeled"]


def test_comments_since_is_inclusive(http, forge, clock, three):
    clock.move(minutes=1)
    forge.comment(REPO, 1, author="bob", body="later")

    def bodies(query):
        return [row["body"] for row in http.get(f"{three}/{query}").json()]

    assert bodies("1/comments") == ["hello", "later"]
    assert bodies("1/comments?since=2026-03-01T12:05:00Z") == ["later"]
    assert bodies("1/comments?since=2026-03-01T12:05:01Z") == []
    assert bodies("comments?sort=updated&direction=desc") == ["later", "hello"]


def test_enterprise_prefix_is_understood_and_kept_in_addresses(forge, client_of, three):
    answer = client_of("botty", prefix="/api/v3").get(f"{three}?per_page=1&state=all")

    assert answer.json()[0]["url"].startswith(f"{forge.url}/api/v3/repos/")
    assert answer.links["next"]["url"].startswith(f"{forge.url}/api/v3/repos/")
    assert forge.ledger[-1].path == three


def test_every_answer_names_its_request(http, three):
    ids = {http.get(three).headers["x-github-request-id"] for _ in range(2)}

    assert len(ids) == 2


def test_disabled_issues_are_410(http, forge):
    forge.add_repo("acme/quiet", has_issues=False)

    assert http.get("/repos/acme/quiet/issues").status_code == 410
    assert http.get("/repos/acme/quiet").json()["has_issues"] is False


def test_assignable_people(http, forge):
    forge.add_collaborator(REPO, "mia", permission="admin")
    logins = [user["login"] for user in http.get(f"/repos/{REPO}/assignees").json()]

    assert logins == ["botty", "mia"]
    assert http.get(f"/repos/{REPO}/assignees/mia").status_code == 204
    assert http.get(f"/repos/{REPO}/assignees/eve").status_code == 404
