"""JSON out of what models write."""

from __future__ import annotations

import pytest

from foreman.agentkit import extract_json, json_objects


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"labels": []}', {"labels": []}),
        ('Sure!\n```json\n{"labels": ["bug"]}\n```\nHope it helps {smile}', {"labels": ["bug"]}),
        ('<think>{"labels": is what they want}</think> {"labels": ["a"]}', {"labels": ["a"]}),
        ('{not json {"labels": ["inner"]} }', {"labels": ["inner"]}),
        ('an open { brace first, then {"labels": ["x"]}', {"labels": ["x"]}),
        ('{"labels": ["a } brace", "a \\" quote {"]}', {"labels": ["a } brace", 'a " quote {']}),
        ('{"other": 1} {"labels": []}', {"labels": []}),
        ('{"labels": NaN}', None),
        ("no object at all", None),
        ("", None),
        ('{"labels": [', None),
        ('["labels"]', None),
    ],
)
def test_the_object_is_found_in_the_prose(text: str, found: object) -> None:
    assert extract_json(text, keys=("labels",)) == found


@pytest.mark.parametrize("text", ["{" * 200_000, '{"a":' * 100_000, '{"' * 100_000, "[{" * 100_000, '{"\\' * 100_000])
def test_a_text_made_to_cost_time_or_stack_finds_nothing_and_returns(text: str) -> None:
    assert list(json_objects(text)) == []
