"""Every case of the corpus: what an agent or a stranger may try, and what must come of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gate import cases

CASES = cases.load()


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    assert cases.problems(case) == [], case["name"]


def test_corpus_has_no_secret_and_no_two_cases_of_one_name() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) >= 120
    assert not [case["id"] for case in CASES if cases.SECRETS.find(str(case))]
