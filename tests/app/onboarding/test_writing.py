from __future__ import annotations

import stat
from pathlib import Path

import pytest

from foreman.app.onboarding import placing
from foreman.app.onboarding.choices import App, Choices
from foreman.app.onboarding.proposal import propose
from foreman.app.onboarding.spots import of_name
from foreman.app.onboarding.survey import Survey
from foreman.app.onboarding.writing import written
from foreman.config.interpolate import Everything
from foreman.config.load import parse, secrets_of
from foreman.errors import ForemanError, UsageError
from foreman.model import EventKind, Label
from tests.app.onboarding.making import INFO, NOW, issue, seen

CHOICES = Choices(variable="GITHUB_TOKEN", user="my-bot")
ODD = [
    "bug: #1",
    "bug # not a comment",
    "type: [bug]",
    '"bug"',
    "bug\\n",
    "${HOME} bug",
    "$${HOME} bug",
    "🐛 bug",
    "バグ",
    "bug\u2028\u202e\u200b\u00ad\U000e0041",
    "no",
    "bug 'x'",
    "- bug",
    "*bug",
]


def loaded(survey: Survey, choices: Choices = CHOICES, name: str = "acme/widget"):
    spot = of_name(name, forge=None, base_url="")
    return parse(written(spot, propose(survey, spot.repo, now=NOW), choices).encode(), environ=Everything())


@pytest.mark.parametrize("name", ODD)
def test_a_label_of_any_name_is_written_as_it_is(name) -> None:
    survey = seen(issue(1, "a", name), labels=(name, "stale", f"needs-info {name}"))
    config = loaded(survey)

    (agent,) = config.plans()[0].agents
    assert name in agent.config["labels"] or name == "no"
    assert agent.config["needs_info_label"] == f"needs-info {name}"


def test_what_stands_in_a_description_stays_in_its_comment() -> None:
    evil = "Broken\nmode: auto\n# \x85mode: auto\u2028mode: auto"
    survey = Survey(info=INFO, labels=(Label(name="bug", description=evil),))

    assert loaded(survey).mode == "shadow"


def test_stale_is_asked_for_only_where_it_is_on() -> None:
    on = loaded(seen(issue(1, "a", "stale"), labels=("bug", "stale"))).plans()[0].agents[0]
    off = loaded(seen(issue(1, "a"), labels=("bug",))).plans()[0].agents[0]

    assert EventKind.STALE in on.events
    assert (on.config["stale_days"], on.config["stale_label"]) == (30, "stale")
    assert EventKind.STALE not in off.events


def test_nothing_is_known_and_still_it_loads() -> None:
    config = loaded(Survey())

    assert config.mode == "shadow"
    assert set(config.plans()[0].agents[0].config["labels"]) == {"bug", "question", "enhancement"}
    assert loaded(seen(labels=())).plans()[0].agents[0].config["labels"] == {}


@pytest.mark.parametrize(
    ("choices", "variables"),
    [
        (CHOICES, ["GITHUB_TOKEN"]),
        (Choices(variable="X", user="b", provider="anthropic", model="m"), ["X", "ANTHROPIC_API_KEY"]),
        (Choices(variable="X", user="b", provider="ollama", model="m"), ["X"]),
        (Choices(variable="X", user="b", app=App(app_id="12", installation_id=3, variable="K")), ["K"]),
        (Choices(variable="X", user="b", app=App(app_id="Iv1.abcdef12", installation_id=3, variable="K")), ["K"]),
    ],
)
def test_secrets_are_variables_whoever_acts(choices, variables) -> None:
    assert [ref.variable for ref in secrets_of(loaded(seen(labels=("bug",)), choices))] == variables
    assert list(choices.needed) == variables


@pytest.mark.parametrize(
    ("name", "key", "url"),
    [
        ("https://gitlab.example.org/a/b/c", "gitlab_url", "https://gitlab.example.org"),
        ("https://github.example.org/acme/widget", "github_api_url", "https://github.example.org/api/v3"),
    ],
)
def test_a_forge_of_ones_own_is_named(name, key, url) -> None:
    config = loaded(Survey(), name=name)

    assert getattr(config.identity, key) == url


def test_a_file_is_for_its_owner_alone_and_over_nothing(tmp_path: Path) -> None:
    place = tmp_path / "a folder" / "config.yaml"
    place.parent.mkdir()
    placing.put(place, "a: 1\n", force=False)

    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="is there already"):
        placing.put(place, "a: 2\n", force=False)
    assert place.read_text() == "a: 1\n"
    placing.put(place, "a: 2\n", force=True)
    assert place.read_text() == "a: 2\n"
    assert [path.name for path in place.parent.iterdir()] == ["config.yaml"]


def test_a_link_is_followed_only_when_told_to(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "config.yaml"
    link.symlink_to(real)

    with pytest.raises(UsageError, match="is there already"):
        placing.put(link, "a: 1\n", force=False)
    placing.put(link, "a: 1\n", force=True)

    assert link.is_symlink()
    assert real.read_text() == "a: 1\n"


def test_what_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        placing.refuse_taken(tmp_path, force=True)
    with pytest.raises(UsageError, match="no folder"):
        placing.refuse_taken(tmp_path / "nowhere" / "config.yaml", force=False)
    with pytest.raises(ForemanError, match="could not be written"):
        placing.put(tmp_path / ("x" * 300), "a: 1\n", force=False)
