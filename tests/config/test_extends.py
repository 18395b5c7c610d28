from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from foreman.config import extends
from foreman.config.document import Document
from foreman.config.load import load, parse
from foreman.config.models import Config
from foreman.errors import ConfigError
from foreman.model import Mode
from tests.config.documents import IDENTITY, REPOS

AGENT = "agents: [{type: issue-triage}]"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**files: str) -> None:
    for name, text in files.items():
        path = Path(name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def loaded(**environ: str) -> Config:
    return load(Path("main.yaml"), environ=environ)


def refused(**environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(**environ)
    return str(caught.value).splitlines()


def test_a_file_lies_over_the_ones_it_extends() -> None:
    write(
        main=f"extends: [org/base.yaml, other.yaml]\nmode: shadow\npolicy: {{labels: {{add: [c]}}}}\n{REPOS}",
        org__base="extends: deep.yaml\nmode: approve\nworkers: 2\npolicy: {max_labels: 2, labels: {add: [a, b]}}\n",
        org__deep=IDENTITY + "workers: 9\npolicy: {max_actions: 9, labels: {remove: [z]}}\n",
        other="workers: 7\nmode:\npolicy:\n",
    )

    config = loaded()

    assert (config.mode, config.workers) == (Mode.SHADOW, 7)
    assert config.policy.model_dump(exclude_unset=True) == {
        "max_actions": 9,
        "max_labels": 2,
        "labels": {"add": ("c",), "remove": ("z",)},
    }
    assert config.extends == ()


def test_repositories_of_the_files_below_come_first_and_other_lists_replace() -> None:
    write(
        main="extends: base.yaml\ndefaults: {agents: [{type: issue-triage}]}\nrepos: [{path: a/main}]",
        base=IDENTITY + "defaults: {agents: [{type: gone}]}\nrepos: [{path: a/one}, {path: a/two}]",
    )

    plans = loaded().plans()

    assert [plan.repo.path for plan in plans] == ["a/one", "a/two", "a/main"]
    assert [plan.agents[0].agent for plan in plans] == ["issue-triage"] * 3


def test_a_file_that_many_extend_is_read_once_and_lies_under_all() -> None:
    write(
        main="extends: [left.yaml, right.yaml]",
        left="extends: base.yaml\nworkers: 2",
        right="extends: base.yaml\nmode: shadow",
        base=IDENTITY + REPOS + "workers: 9\nmode: approve",
    )

    config = loaded()

    assert (config.workers, config.mode, len(config.repos)) == (2, Mode.SHADOW, 1)


def test_files_are_found_from_home_and_by_variables(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write(
        main='extends: ["~/base.yaml", "${TEAM:-red}.yaml", "${TEAM:-blue}.yaml"]',
        home__base=IDENTITY + REPOS,
        green="workers: 3",
        red="workers: 1",
    )

    assert loaded(TEAM="green").workers == 3
    assert refused() == [f"main.yaml: extends[2]: blue.yaml: {os.strerror(2)} (line 1)"]


@pytest.mark.parametrize(
    ("extended", "message"),
    [
        ("gone.yaml", f"extends: gone.yaml: {os.strerror(2)} (line 2)"),
        ("[base.yaml, sub]", "extends[1]: sub: is no file (line 2)"),
        ("https://example.org/base.yaml", "extends: takes files of this machine, no URLs (line 2)"),
        ("FILE:///etc/base.yaml", "extends: takes files of this machine, no URLs (line 2)"),
        ("{a: b}", "extends: needs the name of a file, or a list of such (line 2)"),
        ("[base.yaml, 5]", "extends[1]: needs the name of a file, or a list of such (line 2)"),
        ("''", "extends: needs the name of a file (line 2)"),
        ('"a\\0b"', "extends: needs the name of a file (line 2)"),
        ("'~nobody-of-that-name/x'", "extends: ~nobody-of-that-name/x: "),
        ("main.yaml", "extends: goes round in a circle: main.yaml -> main.yaml (line 2)"),
        ("round.yaml", "extends: goes round in a circle: main.yaml -> round.yaml -> main.yaml (line 1 of round.yaml)"),
        ("lost.yaml", f"extends[0]: nowhere.yaml: {os.strerror(2)} (line 2 of lost.yaml)"),
        ("'${NOPE}'", "extends: the variable NOPE is not set"),
        ("deep0.yaml", "extends: more than 10 files on top of each other (line 1 of deep8.yaml)"),
        (str([f"many{n}.yaml" for n in range(50)]), "extends[49]: more than 50 files (line 2)"),
    ],
)
def test_what_cannot_be_extended_is_one_line(extended: str, message: str) -> None:
    write(main=f"workers: 2\nextends: {extended}\n", base=IDENTITY, sub__x="", round="extends: main.yaml")
    write(lost="workers: 3\nextends: [nowhere.yaml]", **{f"many{n}": "" for n in range(50)})
    write(**{f"deep{n}": f"extends: deep{n + 1}.yaml" for n in range(20)})

    (line,) = refused()

    assert line.startswith(f"main.yaml: {message}")


def test_every_problem_names_the_file_and_the_line_it_is_in() -> None:
    write(
        main="\n\nextends: base.yaml\nmode: fast\nrepos:\n  - {path: a/b, agents: [{type: ghost}]}\n  - {path: C/D}\n",
        base=IDENTITY + f"workers: 0\nworkers: 1\nwrokers: 1\n\nrepos:\n  - path: c/d\n    {AGENT}\n    polcy: 1\n",
    )

    mine, base = [line.removeprefix("main.yaml: ") for line in refused()][:4], refused()[4:]
    assert mine == [
        "mode: needs one of `shadow`, `approve`, `auto` (line 4)",
        "repos[0].agents[0].type: is neither bundled nor named under `agents`; known: issue-triage (line 6)",
        "repos[1]: is the same repository as repos[0] of base.yaml (line 7)",
        "repos[1].agents: is required (or `defaults.agents`, for every repository) (line 7)",
    ]
    assert base == [
        "main.yaml: workers: is there twice (line 3 of base.yaml)",
        "main.yaml: wrokers: unknown key; did you mean `workers`? (line 4 of base.yaml)",
        "main.yaml: repos[0].polcy: unknown key; did you mean `policy`? (line 9 of base.yaml)",
    ]


def test_a_base_that_is_no_yaml_or_no_mapping_is_named() -> None:
    write(main="extends: base.yaml", base="a: [")
    (line,) = refused()
    assert line.startswith("base.yaml: not YAML: ")

    write(base="- a")
    assert refused()[0] == "main.yaml: needs keys with values (in base.yaml)"


def test_secrets_are_refused_in_every_file_even_where_another_lies_over_them() -> None:
    token = "ghp_abcdefghijklmnopqrstuvwx0123456789"  # pragma: allowlist secret
    write(
        main="extends: base.yaml\n" + IDENTITY + REPOS + "policy: {dashboard: a/b}",
        base=f"identity: {{github_token: hunter2}}\npolicy:\n  dashboard: {token}\nstorage: {{path: '${{NOWHERE}}'}}",
    )
    Path("base.yaml").chmod(0o644)

    key, shape, unset = refused()

    assert key.startswith("main.yaml: identity.github_token: holds a secret itself; put it into a variable")
    assert key.endswith("(line 1 of base.yaml)")
    assert shape.startswith("main.yaml: policy.dashboard: holds something that looks like a token")
    assert shape.endswith("(line 3 of base.yaml)")
    assert unset.startswith("main.yaml: storage.path: the variable NOWHERE is not set")
    assert "hunter2" not in key
    assert token not in shape


def test_a_variable_that_a_file_above_replaces_need_not_be_set() -> None:
    write(main=f"extends: base.yaml\nworkers: 3\n{IDENTITY}{REPOS}", base="workers: ${NOWHERE}")

    assert loaded().workers == 3


def test_one_kind_of_value_does_not_lie_over_another() -> None:
    write(main=f"extends: base.yaml\n{REPOS}policy: 5\nserver: {{port: 0}}", base=IDENTITY + "policy: {}\nserver: on")

    assert refused() == [
        "main.yaml: policy: needs keys with values, as in the other file (line 4)",
        "main.yaml: server: needs keys with values, as in the other file (line 3 of base.yaml)",
    ]


def test_text_without_a_file_extends_nothing() -> None:
    with pytest.raises(ConfigError, match="needs a file to be in"):
        parse(f"extends: base.yaml\n{IDENTITY}{REPOS}".encode(), environ={})


SCALARS = some.none() | some.integers(0, 3) | some.lists(some.integers(0, 3), max_size=2)
TREES = some.recursive(
    SCALARS, lambda inner: some.dictionaries(some.sampled_from("abc"), inner, max_size=3), max_leaves=8
)
DOCUMENTS = some.fixed_dictionaries(
    {},
    optional={
        "a": TREES,
        "b": TREES,
        "extends": some.just("x"),
        "repos": some.none() | some.lists(some.integers(0, 3), max_size=2),
    },
)


@settings(max_examples=200, deadline=None)
@given(first=DOCUMENTS, second=DOCUMENTS, third=DOCUMENTS)
def test_files_may_be_laid_over_each_other_in_any_grouping(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    one, two, three = (
        Document(data=data, file=name) for data, name in zip((first, second, third), "123", strict=True)
    )

    left = extends.merge([extends.merge([one, two]), three])
    right = extends.merge([one, extends.merge([two, three])])
    whole = extends.merge([one, two, three])

    assert left.data == right.data == whole.data
    assert bool(left.problems) == bool(right.problems) == bool(whole.problems)
    for index in range(len(whole.data.get("repos") or [])):
        path = ("repos", index)
        assert left.place(path) == right.place(path) == whole.place(path)
