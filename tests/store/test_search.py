"""What is found for an issue among the earlier ones, on a small corpus written for it."""

from __future__ import annotations

import sqlite3
import string
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from foreman.model import RepoRef
from foreman.store import full_text, mirror, search, words
from foreman.store.database import Database
from tests.store.conftest import NOW
from tests.store.issues_written import ASKED, KEPT, written

REPO = RepoRef.parse("o/r")


@pytest.fixture
def corpus(connection: Connection) -> Connection:
    for number, (title, body) in enumerate(KEPT, start=1):
        mirror.save(connection, written(number, title, body), now=NOW)
    return connection


def found(connection: Connection, title: str, body: str = "", **more: object) -> list[int]:
    return [hit.issue.number for hit in search.similar(connection, REPO, title=title, body=body, **more)]  # type: ignore[arg-type]


def test_most_duplicates_are_found_at_the_first_place_and_all_but_one_among_five(corpus: Connection) -> None:
    ranks = [found(corpus, title, body) for title, body, _ in ASKED]
    wanted = [original for _, _, original in ASKED]

    at_first = sum(ranking[:1] == [original] for ranking, original in zip(ranks, wanted, strict=True))
    among_five = sum(original in ranking for ranking, original in zip(ranks, wanted, strict=True))
    assert at_first >= len(ASKED) - 2
    assert among_five >= len(ASKED) - 1


def test_a_hit_says_what_the_issue_is_and_how_well_it_fits(corpus: Connection) -> None:
    title, body = KEPT[0]
    best, *rest = search.similar(corpus, REPO, title=title, body=body)

    assert (best.issue.number, best.title, best.state, best.labels) == (1, title, "closed", ("bug",))
    assert 0.5 < best.score <= 1.0 and all(0 <= hit.score < best.score for hit in rest)
    assert len(rest) <= 4


def test_only_earlier_issues_of_the_same_repository_are_found_and_never_the_issue_itself(corpus: Connection) -> None:
    title, body = KEPT[3]
    mirror.save(corpus, written(900, title, body, repo="o/other"), now=NOW)

    assert found(corpus, title, body)[0] == 4
    assert 4 not in found(corpus, title, body, exclude=4)
    assert set(found(corpus, title, body, before=NOW + timedelta(hours=3))) <= {1, 2}
    assert 900 not in found(corpus, title, body, limit=50)
    assert [hit.issue.number for hit in search.similar(corpus, RepoRef.parse("o/other"), title=title, body=body)] == [
        900
    ]


def test_a_confidential_issue_is_never_found_and_its_text_is_not_kept(corpus: Connection) -> None:
    title, body = KEPT[3]
    mirror.save(corpus, written(4, title, body, minutes=5, confidential=True), now=NOW)

    assert 4 not in found(corpus, title, body, limit=50)
    kept = mirror.get(corpus, written(4, title, body).ref)
    assert kept is not None and kept.confidential and (kept.title, kept.body) == ("", "")

    mirror.save(corpus, written(4, title, body, minutes=6), now=NOW)
    assert found(corpus, title, body)[0] == 4


def test_an_issue_is_found_by_its_new_words_and_not_by_its_old_ones(corpus: Connection) -> None:
    mirror.save(corpus, written(1, "Zeppelin docking clamp", "It falls off.", minutes=9), now=NOW)

    assert found(corpus, "zeppelin clamps")[0] == 1
    assert 1 not in found(corpus, *KEPT[0], limit=50)


def test_the_index_says_how_rare_a_word_is_and_a_rare_one_decides(connection: Connection) -> None:
    for number in range(1, 40):
        mirror.save(connection, written(number, "Saving is slow", f"kettle {'teapot' * (number == 7)}"), now=NOW)
    asked = full_text.spread(connection, ["saved", "kettles", "teapot", "nowhere"])

    found, order = full_text.find(connection, REPO, asked, limit=5, further=20)
    assert set(asked) == {"saved", "kettles", "teapot"} and asked["teapot"].rows == 1 and asked["saved"].rows == 39
    assert found[0].row.issue_id == 7 and 1 >= found[0].score > found[1].score >= 0 and len(found) == 5
    assert len(order) == 20 and list(order[:5]) == [one.row.issue_id for one in found]


def test_the_earlier_ones_are_found_behind_any_number_of_later_ones_that_fit_better(connection: Connection) -> None:
    mirror.save(connection, written(1, "The kettle whistles all the time", "and more of that"), now=NOW)
    for number in range(2, 60):
        mirror.save(connection, written(number, "Kettle", ""), now=NOW)
    for number in range(60, 70):
        mirror.save(connection, written(number, "The window does not close", ""), now=NOW)

    assert found(connection, "kettle", before=NOW + timedelta(hours=2)) == [1]


def test_words_that_came_later_are_found_and_a_second_look_says_the_same(connection: Connection) -> None:
    mirror.save(connection, written(1, "Crash when saving an empty file", ""), now=NOW)
    assert found(connection, "teapot") == []
    mirror.save(connection, written(1, "Crash of the teapot", "", minutes=1), now=NOW)

    assert found(connection, "teapots") == found(connection, "teapots") == [1]


def test_a_repository_with_two_issues_finds_the_other_one(connection: Connection) -> None:
    mirror.save(connection, written(1, "Crash when saving an empty file", "Traceback follows"), now=NOW)
    mirror.save(connection, written(2, "Add a dark theme", "My eyes"), now=NOW)

    assert found(connection, "It crashes on saving empty files", exclude=2)[0] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NativeAzureFsOutputStream", ["nativeazurefsoutputstream", "native", "azure", "fs", "output", "stream"]),
        ("parse_HTTPResponse2xx", ["parse", "httpresponse2xx", "http", "response2xx"]),
        ("The cat is on the mat", ["cat", "mat"]),
        ("保存ファイル", ["保存", "存フ", "ファ", "ァイ", "イル"]),
        ("x" * 41 + " ok", ["ok"]),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert words.of_title(text) == expected


def test_what_a_template_says_is_not_what_the_reporter_says() -> None:
    body = "<!-- Thanks for reporting! -->\n### Describe the bug\nKettle explodes\n- [x] I searched\n"
    assert words.of_body(body) == ["kettle", "explodes"]


NASTY = st.text(alphabet=st.characters(codec=None) | st.sampled_from("\"'()*:^+-{}\\ANDORNOTEAR \n"), max_size=60)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=NASTY, body=NASTY)
@example(title='") OR repo : (r*', body="NEAR(a b) NOT title:x ^ -y * \0 \ud800 ' ; DROP TABLE mirror --")
@example(title="AND OR NOT NEAR", body='"" {title body} : "')
def test_no_text_is_full_text_syntax(connection: Connection, title: str, body: str) -> None:
    for repo in (REPO, RepoRef.parse("o/other")):
        mirror.forget(connection, repo)
    mirror.save(connection, written(1, title, body), now=NOW)
    mirror.save(connection, written(2, "Kettle", "explodes", repo="o/other"), now=NOW)

    hits = search.similar(connection, REPO, title=title + " kettle explodes", body=body)

    assert {hit.issue for hit in hits} <= {written(1, "", "").ref}


@pytest.mark.parametrize(
    "text",
    ["a" * 65_536, "ab " * 21_845, "fooBar" * 10_922, "<!--" * 16_384, "## x\n" * 13_107, string.printable * 655],
)
def test_a_huge_text_is_read_as_far_as_it_counts(text: str) -> None:
    assert len(words.of_title(text)) <= words.MAX_TITLE_WORDS
    assert len(words.of_body(text)) <= words.MAX_BODY_WORDS
    assert len(words.of_question(text)) <= words.MAX_QUERY_CHARS


def test_the_index_is_whole_after_changes_and_tidying(db: Database) -> None:
    with db.transaction() as connection:
        for number, (title, body) in enumerate(KEPT, start=1):
            mirror.save(connection, written(number, title, body), now=NOW)
        mirror.save(connection, written(2, "Another title", "and body", minutes=3), now=NOW)
        mirror.prune(connection, REPO, keep=4)
        mirror.forget(connection, written(len(KEPT), "", "").ref)
        full_text.tidy(connection)
        left = {issue.issue.number for issue in mirror.of_repo(connection, REPO)}
    with closing(sqlite3.connect(db.path)) as raw:
        raw.execute("INSERT INTO mirror_text (mirror_text, rank) VALUES ('integrity-check', 1)")
        assert raw.execute("SELECT count(*) FROM mirror_text").fetchone() == (len(left),) == (3,)
