"""What the sandbox answers to a GitLab client that looks, checked field by field against GitLab's documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from foreman.sandbox import Fault, reorder_pages, stale_list
from foreman.sandbox.gitlab_shapes import stamp
from tests.sandbox.conftest import PROJECT

AT = "2026-03-01T12:00:00.000Z"


def test_a_project_is_found_by_its_encoded_path_and_by_its_number(lab, gitlab):
    by_path = gitlab.get("/projects/acme%2Ftools%2Fwidget").json()
    assert gitlab.get(f"/projects/{by_path['id']}").json() == by_path
    assert by_path["path_with_namespace"] == PROJECT
    assert by_path["namespace"]["full_path"] == "acme/tools"
    assert (by_path["visibility"], by_path["archived"], by_path["issues_access_level"]) == ("public", False, "enabled")
    assert by_path["permissions"]["project_access"]["access_level"] == 30
    assert gitlab.get("/projects/ACME%2ftools%2Fwidget").json()["id"] == by_path["id"]
    unencoded = gitlab.get("/projects/acme/tools/widget")
    assert (unencoded.status_code, unencoded.json()) == (404, {"error": "404 Not Found"})
    assert lab.ledger[0].path == f"/projects/{PROJECT}"


def test_any_path_before_the_api_will_do_and_links_keep_it(lab, client_of):
    lab.open_issue(PROJECT, title="T")
    client = client_of("botty", prefix="/sub/gitlab/api/v4")

    body = client.get("/projects/acme%2Ftools%2Fwidget/issues/1").json()

    assert body["web_url"] == f"{lab.url}/sub/gitlab/{PROJECT}/-/issues/1"
    assert body["_links"]["self"].startswith(f"{lab.url}/sub/gitlab/api/v4/projects/")
    outside = client_of("botty").get("/projects/acme%2Ftools%2Fwidget")
    assert outside.status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/user", 401, {"message": "401 Unauthorized"}),
        ("/users?username=botty", 401, {"message": "401 Unauthorized"}),
        ("/version", 401, {"message": "401 Unauthorized"}),
        ("/projects/acme%2Fnothing", 404, {"message": "404 Project Not Found"}),
        ("/projects/acme%2Fsecret", 404, {"message": "404 Project Not Found"}),
        ("/projects/acme%2Fsecret/issues", 404, {"message": "404 Project Not Found"}),
        ("/projects/acme%2Ftools%2Fwidget/issues/9", 404, {"message": "404 Not found"}),
        ("/projects/acme%2Ftools%2Fwidget/issues/x", 400, {"error": "issue_iid is invalid"}),
        ("/projects/acme%2Ftools%2Fwidget/issues/1/notes", 401, {"message": "401 Unauthorized"}),
        ("/projects/acme%2Ftools%2Fwidget/issues/1/resource_state_events", 401, {"message": "401 Unauthorized"}),
        ("/projects/acme%2Ftools%2Fwidget/issues/1/award_emoji", 401, {"message": "401 Unauthorized"}),
        ("/projects/acme%2Ftools%2Fwidget/labels/none", 404, {"message": "404 Label Not Found"}),
        ("/projects/acme%2Ftools%2Fwidget/members/all/7", 404, {"message": "404 Not found"}),
        ("/projects/acme%2Ftools%2Fwidget/issues?state=open", 400, {"error": "state does not have a valid value"}),
        ("/projects/acme%2Ftools%2Fwidget/issues?updated_after=x", 400, {"error": "updated_after is invalid"}),
        ("/projects/acme%2Ftools%2Fwidget/issues?page=0", 400, {"error": "page does not have a valid value"}),
        ("/groups/nobody/projects", 404, {"message": "404 Group Not Found"}),
        ("/users/12345", 404, {"message": "404 User Not Found"}),
        ("/users/acme/projects", 404, {"message": "404 User Not Found"}),
        ("/nothing", 404, {"error": "404 Not Found"}),
    ],
)
def test_nobody_sees_what_is_public_and_is_told_what_is_wrong(lab, client_of, path, status, body):
    lab.add_repo("acme/secret", private=True)
    lab.open_issue(PROJECT, title="T")
    nobody = client_of("", prefix="/api/v4")

    answer = nobody.get(path)

    assert (answer.status_code, answer.json()) == (status, body)
    assert nobody.get("/projects/acme%2Ftools%2Fwidget/issues/1").status_code == 200


def test_wrong_revoked_and_narrow_tokens(lab, client_of):
    client = client_of("botty", prefix="/api/v4")
    url = "/projects/acme%2Ftools%2Fwidget/issues"
    wrong = client.get("/user", headers={"Authorization": "Bearer glpat-wrong"})
    assert (wrong.status_code, wrong.json()) == (401, {"message": "401 Unauthorized"})
    other = {"Authorization": "", "PRIVATE-TOKEN": lab.token("botty")}
    assert client.get("/user", headers=other).json()["username"] == "botty"
    assert client.get("/personal_access_tokens/self").json()["scopes"] == ["api"]
    lab.limit_token("botty", "read_api")
    refused = client.post(url, json={"title": "T"})
    assert (refused.status_code, refused.json()["error"], refused.json()["scope"]) == (
        403,
        "insufficient_scope",
        "api",
    )
    assert client.get(url).status_code == 200
    lab.revoke("botty")
    assert client.get("/user").json()["error"] == "invalid_token"
    assert lab.token("botty") not in repr(lab.ledger)
    assert {entry.headers.get("private-token", "botty") for entry in lab.ledger} == {"botty"}


def test_an_issue_as_the_documentation_has_it(lab, clock, gitlab):
    clock.move(milliseconds=250.5)
    lab.open_issue(PROJECT, title="Crash", body=None, author="ann", labels=["bug", "Alpha"])
    lab.assign(PROJECT, 1, "botty")
    lab.comment(PROJECT, 1, author="bob", body="me too")
    lab.lock(PROJECT, 1)

    body = gitlab.get("/projects/acme%2Ftools%2Fwidget/issues/1").json()

    assert (body["iid"], body["state"], body["description"]) == (1, "opened", None)
    assert body["id"] != body["iid"]
    assert body["labels"] == ["Alpha", "bug"]
    assert body["created_at"] == "2026-03-01T12:00:00.250Z"
    assert (body["author"]["username"], "bot" in body["author"]) == ("ann", False)
    assert [user["username"] for user in body["assignees"]] == ["botty"]
    assert (body["user_notes_count"], body["discussion_locked"], body["confidential"]) == (1, True, False)
    assert body["references"]["full"] == f"{PROJECT}#1"
    assert (body["moved_to_id"], body["closed_at"], body["closed_by"]) == (None, None, None)
    lab.close(PROJECT, 1, by="ann")
    closed = gitlab.get("/projects/acme%2Ftools%2Fwidget/issues/1").json()
    assert (closed["state"], closed["closed_by"]["username"]) == ("closed", "ann")


def test_two_changes_within_a_second_have_two_times(lab, clock, gitlab):
    lab.open_issue(PROJECT, title="T")
    first = gitlab.get("/projects/acme%2Ftools%2Fwidget/issues/1").json()["updated_at"]
    clock.move(milliseconds=3)
    lab.add_label(PROJECT, 1, "bug")

    assert (first, gitlab.get("/projects/acme%2Ftools%2Fwidget/issues/1").json()["updated_at"]) == (
        AT,
        "2026-03-01T12:00:00.003Z",
    )


def test_within_a_minute_of_a_change_comments_and_ones_own_labels_move_no_time(lab, clock, gitlab):
    lab.open_issue(PROJECT, title="T", author="ann")

    def moved() -> bool:
        clock.move(seconds=20)
        before = lab.issue(PROJECT, 1).updated_at
        steps.pop(0)()
        return gitlab.get(f"/projects/{quoted()}/issues/1").json()["updated_at"] != stamp(before)

    note = lab.comment(PROJECT, 1, author="bob", body="x")
    steps = [
        lambda: lab.edit_comment(PROJECT, note, body="y"),
        lambda: lab.add_label(PROJECT, 1, "bug", by="mia"),
        lambda: lab.add_label(PROJECT, 1, "question", by="mia"),
        lambda: lab.assign(PROJECT, 1, "bob", by="mia"),
        lambda: lab.comment(PROJECT, 1, author="bob", body="z"),
        lambda: lab.comment(PROJECT, 1, author="bob", body="zz"),
        lambda: lab.remove_label(PROJECT, 1, "bug", by="ann"),
        lambda: lab.edit_issue(PROJECT, 1, body="b", by="ann"),
        lambda: lab.close(PROJECT, 1, by="ann"),
        lambda: lab.delete_comment(PROJECT, note),
    ]

    assert [moved() for _ in range(10)] == [False, True, False, False, False, True, True, True, True, False]


def test_lists_are_filtered_sorted_and_paged_with_headers(lab, clock, gitlab):
    for number in range(1, 46):
        lab.open_issue(PROJECT, title=f"T{number}", labels=["bug"] if number % 2 else [])
        clock.move(seconds=1)
    lab.close(PROJECT, 3)
    url = "/projects/acme%2Ftools%2Fwidget/issues"

    first = gitlab.get(url)
    assert [row["iid"] for row in first.json()] == list(range(45, 25, -1))
    assert {name: first.headers[name] for name in ("x-total", "x-total-pages", "x-next-page", "x-prev-page")} == {
        "x-total": "45",
        "x-total-pages": "3",
        "x-next-page": "2",
        "x-prev-page": "",
    }
    last = gitlab.get(first.links["last"]["url"])
    assert (len(last.json()), last.headers["x-next-page"], "next" in last.links) == (5, "", False)
    assert gitlab.get(last.links["prev"]["url"]).json()[0]["iid"] == 25
    assert len(gitlab.get(url, params={"per_page": 1000}).json()) == 45
    assert [row["iid"] for row in gitlab.get(url, params={"state": "closed"}).json()] == [3]
    assert gitlab.get(url, params={"order_by": "updated_at", "sort": "desc"}).json()[0]["iid"] == 3
    since = datetime(2026, 3, 1, 12, 0, 44, tzinfo=UTC).isoformat()
    rows = gitlab.get(url, params={"updated_after": since, "sort": "asc"}).json()
    assert [row["iid"] for row in rows] == [3, 45], "the moment itself is included"
    assert len(gitlab.get(url, params={"labels": "bug", "per_page": 100}).json()) == 23
    some = gitlab.get(url, params={"iids[]": [7, 9], "per_page": 1})
    assert [row["iid"] for row in some.json() + gitlab.get(some.links["next"]["url"]).json()] == [9, 7]


def test_a_keyset_goes_on_where_it_was_though_rows_move(lab, clock, gitlab):
    for number in range(1, 8):
        lab.open_issue(PROJECT, title=f"T{number}")
        clock.move(microseconds=100)
    url = "/projects/acme%2Ftools%2Fwidget/issues"
    query = {"pagination": "keyset", "order_by": "updated_at", "sort": "asc", "per_page": 3}

    page = gitlab.get(url, params=query)
    assert "x-total" not in page.headers
    lab.add_label(PROJECT, 1, "bug")
    seen = [row["iid"] for row in page.json()]
    while "next" in page.links:
        page = gitlab.get(page.links["next"]["url"])
        seen += [row["iid"] for row in page.json()]

    assert seen == [1, 2, 3, 4, 5, 6, 7, 1]
    assert gitlab.get(url, params={**query, "cursor": "x"}).json() == {"error": "cursor is invalid"}
    assert [row["iid"] for row in gitlab.get(url, params={**query, "sort": "desc"}).json()] == [1, 7, 6]


def test_an_unchanged_answer_is_304_and_costs_a_request_all_the_same(lab, clock, gitlab):
    lab.open_issue(PROJECT, title="T")
    url = "/projects/acme%2Ftools%2Fwidget/issues?order_by=updated_at"
    first = gitlab.get(url)
    again = gitlab.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert int(first.headers["ratelimit-remaining"]) - int(again.headers["ratelimit-remaining"]) == 1
    lab.comment(PROJECT, 1, author="ann", body="x")
    clock.move(seconds=1)
    assert gitlab.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_confidential_issues_and_internal_notes_are_for_planners_authors_and_assignees(lab, client_of):
    lab.open_issue(PROJECT, title="Secret", author="ann", confidential=True)
    lab.open_issue(PROJECT, title="Open", author="ann")
    lab.comment(PROJECT, 2, author="botty", body="between us", internal=True)
    lab.comment(PROJECT, 2, author="botty", body="aloud")
    lab.add_collaborator(PROJECT, "guest", "guest")
    lab.add_collaborator(PROJECT, "planner", "planner")
    lab.add_account("stranger")
    seen = {}
    for login in ("guest", "planner", "stranger", "ann", "botty"):
        client = client_of(login, prefix="/api/v4/projects/acme%2Ftools%2Fwidget")
        rows = [row["iid"] for row in client.get("/issues").json()]
        notes = [row["body"] for row in client.get("/issues/2/notes").json()]
        seen[login] = (rows, client.get("/issues/1").status_code, len(notes))

    assert seen == {
        "guest": ([2], 404, 1),
        "planner": ([2, 1], 200, 2),
        "stranger": ([2], 404, 1),
        "ann": ([2, 1], 200, 1),
        "botty": ([2, 1], 200, 2),
    }
    lab.make_visible(PROJECT, 1)
    assert client_of("stranger", prefix="/api/v4").get("/projects/acme%2Ftools%2Fwidget/issues/1").status_code == 200


def test_history_is_in_two_lists_of_events_and_in_system_notes(lab, clock, gitlab):
    lab.open_issue(PROJECT, title="Old", body="b", author="ann")
    for number, step in enumerate(
        (
            lambda: lab.add_label(PROJECT, 1, "bug", by="mia"),
            lambda: lab.remove_label(PROJECT, 1, "bug", by="ann"),
            lambda: lab.edit_issue(PROJECT, 1, title="New", body="c", by="ann"),
            lambda: lab.assign(PROJECT, 1, "botty", by="mia"),
            lambda: lab.unassign(PROJECT, 1, "botty", by="mia"),
            lambda: lab.lock(PROJECT, 1),
            lambda: lab.unlock(PROJECT, 1),
            lambda: lab.make_confidential(PROJECT, 1),
            lambda: lab.comment(PROJECT, 1, author="ann", body="said"),
            lambda: lab.close(PROJECT, 1, by="mia"),
            lambda: lab.reopen(PROJECT, 1, by="ann"),
        )
    ):
        clock.move(seconds=number + 1)
        step()
    url = "/projects/acme%2Ftools%2Fwidget/issues/1"

    labels = gitlab.get(f"{url}/resource_label_events").json()
    assert [(row["action"], row["label"]["name"], row["user"]["username"]) for row in labels] == [
        ("add", "bug", "mia"),
        ("remove", "bug", "ann"),
    ]
    states = gitlab.get(f"{url}/resource_state_events").json()
    assert [(row["state"], row["user"]["username"]) for row in states] == [("closed", "mia"), ("reopened", "ann")]
    notes = gitlab.get(f"{url}/notes", params={"sort": "asc"}).json()
    assert [(row["system"], row["body"]) for row in notes] == [
        (True, "changed title from **{-Old-}** to **{+New+}**"),
        (True, "changed the description"),
        (True, "assigned to @botty"),
        (True, "unassigned @botty"),
        (True, "locked the discussion in this issue"),
        (True, "unlocked the discussion in this issue"),
        (True, "made the issue confidential"),
        (False, "said"),
    ]
    assert [row["body"] for row in gitlab.get(f"{url}/notes?activity_filter=only_comments").json()] == ["said"]
    assert len(gitlab.get(f"{url}/notes?activity_filter=only_activity&order_by=updated_at").json()) == 7
    said, system = notes[-1], notes[0]
    assert gitlab.get(f"{url}/notes/{said['id']}").json() == said
    assert gitlab.get(f"{url}/notes/{system['id']}").json() == system
    assert gitlab.get(f"{url}/notes/{labels[0]['id']}").status_code == 404
    assert gitlab.get(url).json()["user_notes_count"] == 1


def test_reactions_are_told_in_gitlabs_words(lab, gitlab):
    lab.open_issue(PROJECT, title="T")
    note = lab.comment(PROJECT, 1, author="ann", body="x")
    lab.react(PROJECT, 1, "+1", by="ann")
    lab.react(PROJECT, 1, "-1", by="bob", comment_id=note)
    url = "/projects/acme%2Ftools%2Fwidget/issues/1"

    issue = gitlab.get(url).json()
    assert (issue["upvotes"], issue["downvotes"]) == (1, 0)
    [thumb] = gitlab.get(f"{url}/award_emoji").json()
    assert (thumb["name"], thumb["user"]["username"], thumb["awardable_type"]) == ("thumbsup", "ann", "Issue")
    [down] = gitlab.get(f"{url}/notes/{note}/award_emoji").json()
    assert (down["name"], down["awardable_id"], down["awardable_type"]) == ("thumbsdown", note, "Note")
    assert gitlab.get(f"{url}/notes/99/award_emoji").status_code == 404


def test_groups_users_members_and_bots(lab, gitlab):
    lab.add_repo("acme/tools/deep/gear", private=True)
    lab.add_repo("acme/lone")
    lab.archive("acme/lone")
    lab.add_group_member("acme/tools", "mia", "maintainer")
    login, token = lab.access_token(PROJECT, "reporter")
    group_bot, _ = lab.access_token("acme/tools")
    lab.add_repo("acme/tools/late")

    def paths(path: str) -> list[str]:
        return sorted(row["path_with_namespace"] for row in gitlab.get(path).json())

    assert paths("/groups/acme/projects") == ["acme/lone"]
    assert paths("/groups/acme/projects?include_subgroups=true") == ["acme/lone", "acme/tools/late", PROJECT]
    assert paths("/groups/acme/projects?include_subgroups=true&archived=false") == ["acme/tools/late", PROJECT]
    assert paths("/groups/acme%2Ftools/projects?simple=true") == ["acme/tools/late", PROJECT]
    group = gitlab.get("/groups/acme%2Ftools").json()
    assert (group["full_path"], group["parent_id"]) == ("acme/tools", gitlab.get("/groups/acme").json()["id"])
    [bot] = gitlab.get("/users", params={"username": login}).json()
    assert gitlab.get(f"/users/{bot['id']}").json()["bot"] is True
    asker = gitlab.get("/user", headers={"Authorization": f"Bearer {token}"}).json()
    assert (asker["username"], asker["bot"], token.startswith("glpat-")) == (login, True, True)
    members = {row["username"]: row["access_level"] for row in gitlab.get(f"/projects/{quoted()}/members/all").json()}
    assert members == {"acme": 50, "botty": 30, "mia": 40, login: 20, group_bot: 30}
    assert gitlab.get(f"/projects/{quoted()}/members/all/{bot['id']}").json()["access_level"] == 20
    two = gitlab.get(f"/projects/{quoted()}/members/all", params={"user_ids[]": [bot["id"], 7, asker["id"]]}).json()
    assert [row["username"] for row in two] == [login]
    assert "permissions" not in gitlab.get("/groups/acme%2Ftools/projects").json()[0]
    own = {"Authorization": f"Bearer {lab.token('mia')}"}
    granted = gitlab.get(f"/projects/{quoted()}", headers=own).json()["permissions"]
    assert (granted["project_access"], granted["group_access"]["access_level"]) == (None, 40)
    late = gitlab.get("/projects/acme%2Ftools%2Flate/members/all").json()
    assert {row["username"] for row in late} == {"acme", "mia", group_bot}
    assert [row["username"] for row in gitlab.get("/users?search=MI").json()] == ["mia"]


def quoted() -> str:
    return PROJECT.replace("/", "%2F")


def test_a_users_projects(lab, gitlab):
    lab.add_account("zoe")
    lab.add_repo("zoe/own")
    number = gitlab.get("/users?username=zoe").json()[0]["id"]

    for who in ("zoe", number):
        assert [row["path"] for row in gitlab.get(f"/users/{who}/projects").json()] == ["own"]
    assert gitlab.get("/projects/zoe%2Fown").json()["namespace"]["kind"] == "user"


def test_a_renamed_project_redirects_readers_only(lab, gitlab):
    lab.open_issue(PROJECT, title="T")
    lab.rename_repo(PROJECT, "acme/gadget")
    number = gitlab.get("/projects/acme%2Fgadget").json()["id"]

    moved = gitlab.get(f"/projects/{quoted()}/issues/1?x=y")
    assert (moved.status_code, moved.headers["location"]) == (
        301,
        f"{lab.url}/api/v4/projects/{number}/issues/1?x=y",
    )
    assert moved.text == f"This resource has been moved permanently to {moved.headers['location']}"
    refused = gitlab.put(f"/projects/{quoted()}/issues/1", json={"state_event": "close"})
    assert (refused.status_code, refused.json()) == (
        405,
        {"message": "Non GET methods are not allowed for moved projects"},
    )


def test_a_moved_issue_stays_closed_and_says_where_it_went(lab, gitlab):
    lab.add_repo("acme/other")
    lab.open_issue(PROJECT, title="T", author="ann")
    lab.comment(PROJECT, 1, author="ann", body="x")
    lab.transfer(PROJECT, 1, "acme/other")

    old = gitlab.get(f"/projects/{quoted()}/issues/1").json()
    new = gitlab.get("/projects/acme%2Fother/issues/1").json()
    assert (old["state"], old["moved_to_id"], new["state"]) == ("closed", new["id"], "opened")
    bodies = [row["body"] for row in gitlab.get(f"/projects/{quoted()}/issues/1/notes?sort=asc").json()]
    assert bodies == ["x", "moved to acme/other#1"]
    bodies = [row["body"] for row in gitlab.get("/projects/acme%2Fother/issues/1/notes?sort=asc").json()]
    assert bodies == ["x", f"moved from {PROJECT}#1"]


def test_deleted_disabled_and_merge_requests_are_not_there(lab, gitlab):
    lab.open_issue(PROJECT, title="gone")
    lab.open_issue(PROJECT, title="a merge request", pull_request=True)
    lab.delete_issue(PROJECT, 1)
    lab.add_repo("acme/silent", has_issues=False)

    assert [gitlab.get(f"/projects/{quoted()}/issues/{n}").status_code for n in (1, 2)] == [404, 404]
    assert gitlab.get(f"/projects/{quoted()}/issues").json() == []
    assert gitlab.get("/projects/acme%2Fsilent/issues").json() == []
    lab.open_issue(PROJECT, title="T", author="leaver")
    lab.remove_account("leaver")
    assert gitlab.get(f"/projects/{quoted()}/issues/3").json()["author"]["username"] == "ghost"


@pytest.mark.parametrize("told", [True, False])
def test_the_throttle_speaks_plain_text_and_tells_when_or_not(lab, clock, gitlab, told):
    lab.rate_limit(1, clock.now.replace(minute=2), told=told)
    assert ("ratelimit-limit" in gitlab.get("/user").headers) is told

    refused = gitlab.get("/user")

    assert (refused.status_code, refused.text) == (429, "Retry later\n")
    assert refused.headers["content-type"] == "text/plain"
    assert refused.headers.get("retry-after") == ("121" if told else None)
    clock.move(minutes=2)
    assert gitlab.get("/user").status_code == 200


def test_faults_hit_this_dialect_as_well(lab, clock, gitlab):
    for number in range(1, 7):
        lab.open_issue(PROJECT, title=f"T{number}")
    clock.move(seconds=100)
    lab.close(PROJECT, 1)
    stale = lab.inject(Fault(path=r"/issues/1$", action=stale_list(60)))
    assert gitlab.get(f"/projects/{quoted()}/issues/1").json()["state"] == "opened"
    assert stale.hits == 1
    lab.inject(Fault(path="/issues", times=2, action=reorder_pages))
    url = f"/projects/{quoted()}/issues?per_page=2&order_by=created_at&sort=asc"
    pages = [[row["iid"] for row in gitlab.get(f"{url}&page={page}").json()] for page in (1, 2)]
    assert pages == [[2, 3], [5, 6]]


def test_an_issue_is_planned_for_a_milestone(lab, gitlab):
    lab.open_issue(PROJECT, title="Crash", author="ann")
    lab.plan(PROJECT, 1, "2.0")
    assert gitlab.get("/projects/acme%2Ftools%2Fwidget/issues/1").json()["milestone"]["title"] == "2.0"
