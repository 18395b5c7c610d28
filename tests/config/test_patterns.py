from __future__ import annotations

import pytest

from foreman.config.effective import RepoPattern
from foreman.model import ForgeKind, RepoRef
from tests.config.documents import IDENTITY, load, problems

AGENT = "agents: [{type: issue-triage}]"


def repos(*entries: str) -> str:
    return IDENTITY + "repos:\n" + "".join(f"  - {{{entry}, {AGENT}}}\n" for entry in entries)


def ref(key: str) -> RepoRef:
    return RepoRef.parse(key)


@pytest.mark.parametrize(
    ("entry", "taken", "left"),
    [
        ('owner: acme, name: "*"', "acme/a ACME/B", "acme-x/a gitlab:acme/a other/acme"),
        ("path: acme/*, exclude: ['*-archive', LEGACY-*]", "acme/a", "acme/x-archive acme/Legacy-y"),
        ("path: acme/*, include: ['web-*', api], exclude: [web-old]", "acme/web-1 acme/API", "acme/web-old acme/apis"),
        ("forge: gitlab, path: g/*", "gitlab:g/p", "g/p gitlab:g/s/p gitlab:h/p"),
        ("forge: gitlab, path: g/s/**", "gitlab:g/s/p gitlab:G/S/t/p", "gitlab:g/p gitlab:g/st/p"),
        ("forge: gitlab, owner: g, name: '**'", "gitlab:g/p gitlab:g/s/p", "gitlab:h/p"),
        (
            "forge: gitlab, path: g/**, exclude: [old/*]",
            "gitlab:g/p gitlab:g/s/old",
            "gitlab:g/old/p gitlab:g/old/s/p",
        ),
        ("forge: gitlab, path: g/**, include: [web-*]", "gitlab:g/s/web-a gitlab:g/web-b", "gitlab:g/web-x/p"),
    ],
)
def test_a_pattern_takes_repositories_by_their_name(entry: str, taken: str, left: str) -> None:
    (pattern,) = load(repos(entry)).patterns()

    assert [key for key in taken.split() if not pattern.takes(ref(key))] == []
    assert [key for key in left.split() if pattern.takes(ref(key))] == []


def test_a_pattern_is_a_value_and_names_itself() -> None:
    text = repos('owner: acme, name: "*", exclude: [x]', "forge: gitlab, path: g/s/**")

    assert load(text).patterns() == load(text).patterns()
    assert load(text).patterns() == (
        RepoPattern(forge=ForgeKind.GITHUB, owner="acme", exclude=("x",)),
        RepoPattern(forge=ForgeKind.GITLAB, owner="g/s", nested=True),
    )
    assert [str(pattern) for pattern in load(text).patterns()] == ["acme/* (not x)", "gitlab:g/s/**"]


def test_an_entry_of_its_own_wins_and_then_the_first_pattern() -> None:
    config = load(
        repos(
            "path: acme/*, include: [web-*], mode: shadow",
            "path: acme/*, exclude: [old], mode: approve",
            "owner: Acme, name: web-own, mode: auto",
            "path: acme/*, include: [old], enabled: false",
            "path: acme/*, include: [o*, n*]",
        )
    )
    names = ["acme/web-own", "acme/old", "acme/new", "acme/web-1", "acme/NEW", "elsewhere/x"]
    found = {pattern: [ref(name) for name in names] for pattern in config.patterns()}

    plans = [(plan.repo.key, plan.agents[0].policy.mode.value, plan.enabled) for plan in config.plans(found)]

    assert len(config.patterns()) == 3
    assert plans == [
        ("acme/web-1", "shadow", True),
        ("acme/new", "approve", True),
        ("Acme/web-own", "auto", True),
        ("acme/old", "auto", False),
    ]
    assert [plan.repo.key for plan in config.plans()] == ["Acme/web-own"]


def test_what_holds_for_a_name_is_known_before_it_is_looked_up() -> None:
    config = load(repos("path: acme/*, mode: shadow", "owner: acme, name: own"))

    assert config.plan_of(ref("elsewhere/x")) is None
    for name, mode in (("acme/any", "shadow"), ("acme/own", "auto")):
        plan = config.plan_of(ref(name))
        assert plan is not None
        assert (plan.repo.key, plan.agents[0].policy.mode.value) == (name, mode)


@pytest.mark.parametrize(
    ("entries", "path", "message"),
    [
        (["owner: acme, name: 'web-*'"], "repos[0]", "`include` narrows it"),
        (["owner: '*', name: '*'"], "repos[0]", "`*` stands alone after the owner"),
        (["path: '*'"], "repos[0]", "`*` stands alone after the owner"),
        (["path: acme/**"], "repos[0]", "no groups in groups: write owner/*"),
        (["path: a/b/*"], "repos[0]", "is no github pattern: it is written owner/*"),
        (["forge: gitlab, path: 'https://gitlab.com/g/**'"], "repos[0]", "group/* or group/**, and no URLs"),
        (["owner: acme, name: x, include: [y]"], "repos[0].include", 'goes with a pattern, such as `name: "*"`'),
        (["owner: acme, name: x, exclude: [y]"], "repos[0].exclude", "goes with a pattern"),
        (["path: acme/*, include: web"], "repos[0].include", "needs a list"),
        (["path: acme/*, exclude: [a, b]", "path: Acme/*, exclude: [B, a]"], "repos[1]", "same pattern as repos[0]"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused(entries: list[str], path: str, message: str) -> None:
    found = problems(repos(*entries))

    assert message in found[path]
    assert len(found) == 1, found


def test_patterns_may_overlap_and_each_has_a_name_of_its_own() -> None:
    config = load(repos("path: acme/*", "path: acme/*, include: [a]", "path: acme/*, exclude: [a]"))

    assert [str(pattern) for pattern in config.patterns()] == ["acme/*", "acme/* (a)", "acme/* (not a)"]
    assert {pattern.key for pattern in config.patterns()} == {"acme/*"}


@pytest.mark.parametrize("entry", ["owner: acme, name: *", "path: acme/*, exclude: [*-archive]"])
def test_a_star_without_quotes_is_told_what_it_needs(entry: str) -> None:
    assert "text that begins with `*` stands in quotes" in problems(repos(entry))[""]
