"""The check finds what it is there to find: each case has one thing wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.openapi import Description, Finding

_USER = {
    "type": "object",
    "nullable": True,
    "required": ["login"],
    "properties": {"login": {"type": "string"}, "seen_at": {"type": "string", "format": "date-time"}},
}
_ISSUE = {
    "type": "object",
    "required": ["number", "user"],
    "properties": {
        "number": {"type": "integer"},
        "user": {"$ref": "#/components/schemas/user"},
        "state_reason": {"type": "string", "nullable": True, "enum": ["completed", "not_planned"]},
    },
}
_CHANGE = {"type": "object", "properties": {"body": {"type": "string"}}}
_DOCUMENT = {
    "components": {
        "schemas": {"issue": _ISSUE, "user": _USER},
        "parameters": {"page": {"name": "page", "in": "query", "schema": {"type": "integer"}}},
    },
    "paths": {
        "/repos/{owner}/{repo}/issues/{issue_number}": {
            "parameters": [{"name": "issue_number", "in": "path", "schema": {"type": "integer"}}],
            "get": {
                "parameters": [
                    {"$ref": "#/components/parameters/page"},
                    {"name": "state", "in": "query", "required": True, "schema": {"enum": ["open", "all"]}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/issue"}}}}
                },
            },
            "patch": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _CHANGE}},
                },
                "responses": {"200": {"content": {}}},
            },
        },
        "/repos/{owner}/{repo}/issues/comments": {"get": {"responses": {"204": {}}}},
    },
}
_GET = {
    "method": "GET",
    "path": "/repos/a/b/issues/5",
    "query": {"state": "all", "page": "2"},
    "body": None,
    "status": 200,
    "reply": '{"number": 5, "user": {"login": "ann", "seen_at": "2026-01-02T03:04:05Z"}, "state_reason": null}',
}
_PATCH = _GET | {"method": "PATCH", "query": {}, "body": {"body": "x"}, "reply": ""}


@pytest.mark.parametrize(
    "exchange",
    [
        _GET,
        _PATCH,
        _GET | {"reply": '{"number": 5, "user": null}'},
        _GET | {"status": 0, "reply": None},
        _GET | {"status": 301, "reply": '{"message": "Moved Permanently"}'},
        {"method": "GET", "path": "/repos/a/b/issues/comments", "query": {}, "body": None, "status": 204, "reply": ""},
    ],
)
def test_what_fits_is_left_alone(exchange: dict[str, Any]) -> None:
    assert Description(_DOCUMENT).check(exchange).problems == ()


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (_GET | {"path": "/repos/a/b/isues/5"}, "no such address"),
        (_GET | {"method": "DELETE"}, "no method DELETE"),
        (_GET | {"path": "/repos/a/b/issues/five"}, "path issue_number"),
        (_GET | {"query": {"state": "all", "pages": "2"}}, "query pages: no such parameter"),
        (_GET | {"query": {"state": "all", "page": "two"}}, "query page"),
        (_GET | {"query": {"state": "shut"}}, "query state"),
        (_GET | {"query": {}}, "query state: is missing"),
        (_GET | {"body": {"a": 1}}, "body: none is taken here"),
        (_PATCH | {"body": None}, "body: is missing"),
        (_PATCH | {"body": {"body": 5}}, "body ['body']"),
        (_PATCH | {"body": {"bodi": "x"}}, "body bodi: no such field"),
        (_PATCH | {"reply": "{}"}, "there should be none"),
        (_GET | {"status": 201}, "status 201: is not described"),
        (_GET | {"reply": "<html>"}, "is not JSON"),
        (_GET | {"reply": '{"number": 5}'}, "'user' is a required property"),
        (_GET | {"reply": '{"number": null, "user": null}'}, "['number']"),
        (_GET | {"reply": '{"number": 5, "user": {}}'}, "['user']: 'login' is a required property"),
        (_GET | {"reply": '{"number": 5, "user": {"login": "a", "seen_at": "today"}}'}, "['user']['seen_at']"),
        (_GET | {"reply": '{"number": 5, "user": null, "state_reason": "bored"}'}, "['state_reason']"),
    ],
)
def test_each_thing_wrong_is_named(exchange: dict[str, Any], words: str) -> None:
    problems = Description(_DOCUMENT).check(exchange).problems

    assert len(problems) == 1
    assert words in problems[0]


def test_of_a_reply_alone_the_question_does_not_matter() -> None:
    description = Description(_DOCUMENT)

    assert description.check_reply(_GET | {"query": {"pages": "2"}, "body": {"a": 1}}).problems == ()
    assert len(description.check_reply(_GET | {"reply": '{"number": 5}'}).problems) == 1
    assert description.check_reply(_GET | {"path": "/elsewhere"}) == Finding("", ())
