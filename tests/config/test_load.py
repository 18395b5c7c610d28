from __future__ import annotations

import re
import subprocess
import sys

import pytest

from foreman.config.load import load as load_file
from foreman.config.load import unset_secrets
from foreman.config.paths import find
from foreman.errors import ConfigError
from foreman.model import EventKind, ForgeKind, Mode
from tests.config.documents import IDENTITY, MINIMAL, REPOS, SPECIFICATION, load, problems, with_agent

TOKEN = "ghp_abcdefghijklmnopqrstuvwx0123456789"  # pragma: allowlist secret


def test_the_specifications_example_loads_unchanged() -> None:
    config = load(SPECIFICATION)

    (plan,) = config.plans()
    (agent,) = plan.agents
    assert plan.repo.key == "my-org/my-repo"
    assert plan.enabled
    assert plan.interval_seconds == 60
    assert plan.first_run is None
    assert agent.agent == "issue-triage"
    assert agent.task_type == "issue.triage"
    assert agent.config == {
        "stale_days": 30,
        "labels": {"bug": ["crash", "exception", "error"], "question": ["how do I", "how to"]},
    }
    assert agent.policy.labels_add == ("bug", "question")
    assert not agent.policy.allow_close
    assert config.llm.provider == "anthropic"
    assert config.llm.model == "claude-sonnet-4-6"
    assert config.llm.api_key is not None
    assert config.llm.api_key.variable == "ANTHROPIC_API_KEY"
    assert config.identity.github_token is not None
    assert config.identity.github_token.key == "identity.github_token"


def test_the_example_file_loads_and_has_the_defaults(project) -> None:
    example = load_file(project / "config.example.yaml", environ={}).model_dump()
    default = load(MINIMAL).model_dump()

    for section in ("polling", "storage", "server", "workers", "mode", "policy", "sandbox"):
        expected = default[section]
        if section == "storage":
            expected = {**expected, "path": example["storage"]["path"]}
            assert str(expected["path"]).endswith("/.agent-harness/memory.db")
        assert example[section] == expected, section
    assert example["agents"]["issue-triage"] == load(MINIMAL).agent("issue-triage").model_dump()
    for key in (
        "temperature",
        "max_output_tokens",
        "timeout_seconds",
        "when",
        "fallbacks",
        "budget",
        "redact_personal",
    ):
        assert example["llm"][key] == default["llm"][key], key


def test_what_is_commented_out_in_the_example_may_be_taken_in(project) -> None:
    text = (project / "config.example.yaml").read_text()
    apart = "extends|sandbox|github_app|app_id|private_key|installation_id|command|url"  # excluded by what is there
    whole = re.sub(rf"^( *)# ( *(?:- )?(?!(?:{apart}):)[a-z_]+: )", r"\1\2", text, flags=re.MULTILINE)
    whole = re.sub(r"^( *)# ( +(?:agents:|- type))", r"\1\2", whole, flags=re.MULTILINE)

    config = load(whole)

    assert whole.count("#") < text.count("#") - 15
    assert [pattern.owner for pattern in config.patterns()] == ["my-org"]
    assert config.defaults.mode is Mode.SHADOW
    assert len(config.plans()) == 1


def test_the_examples_of_the_page_load(project) -> None:
    page = (project / "docs" / "config.md").read_text()
    blocks = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "repos:" in block]

    for block in blocks:
        text = re.sub(r"^extends: .*$", "", block, flags=re.MULTILINE)
        text = text if "identity:" in text else IDENTITY + text
        text = text if "type: issue-triage" in text else "defaults: {agents: [{type: issue-triage}]}\n" + text
        assert load(text).repos

    assert len(blocks) == 4


def test_everything_wrong_is_said_at_once() -> None:
    found = problems(
        f"""
identity: {{github_token: {TOKEN}, github_usr: x}}
interval_seconds: 5
workers: true
mode: atuo
llm: {{provider: anthropic, temperature: hot, budget: {{usd_per_day: -1}}}}
polling: {{interval_seconds: 0.1, first_run: newest, write_interval_seconds: 0}}
server: {{host: 0.0.0.0, port: "80x"}}
agents:
  issue-triage: {{runtime: podman}}
  other: {{runtime: url}}
policy: {{modes: {{closee: approve, close: approved}}, links: ["javascript:foo"], min_confidence: "${{NOPE}}"}}
repos:
  - owner: my-org
    name: my repo
    agents:
      - type: issue-traige
        evnts: [opened]
        config: {{labels: [bug], stale_days: 0, extra: no}}
      - {{type: issue-triage, events: [openned]}}
      - {{type: issue-triage}}
  - {{owner: a, name: b, agents: [{{type: issue-triage}}]}}
  - {{owner: A, name: B, agents: []}}
"""
    )

    expected = {
        "identity.github_token": "holds a secret itself; put it into a variable and write ${GITHUB_TOKEN} (line 2)",
        "identity.github_usr": "unknown key; did you mean `github_user`? (line 2)",
        "identity.github_user": "is required",
        "interval_seconds": "unknown key; it belongs under `polling` (line 3)",
        "workers": "needs a number, not true or false (line 4)",
        "mode": "needs one of `shadow`, `approve`, `auto` (line 5)",
        "llm.temperature": "needs a number",
        "llm.budget.usd_per_day": "must be at least 0",
        "llm.model": "is required with `provider: anthropic`",
        "llm.api_key": "is required with `provider: anthropic`, as ${ANTHROPIC_API_KEY}",
        "polling.interval_seconds": "must be at least 1",
        "polling.first_run": "needs `new`",
        "polling.write_interval_seconds": "must be at least 1: api.github.com",
        "server.port": "needs a whole number",
        "server.operator_token": "is required, since `server.host`",
        "agents.issue-triage.runtime": "needs one of `docker`, `process`, `url`",
        "agents.other.url": "is required with `runtime: url`",
        "policy.modes.closee": "needs one of `add_label`",
        "policy.modes.close": "needs one of `shadow`",
        "policy.links[0]": "needs the beginning of a URL",
        "policy.min_confidence": "the variable NOPE is not set",
        "repos[0]": "is no github repository",
        "repos[0].agents[0].type": "did you mean `issue-triage`?",
        "repos[0].agents[0].evnts": "did you mean `events`?",
        "repos[0].agents[0].config.labels": "needs keys with values",
        "repos[0].agents[0].config.stale_days": "must be at least 1",
        "repos[0].agents[0].config.extra": "`no` may mean a word or a switch",
        "repos[0].agents[1].events[0]": "needs one of `opened`",
        "repos[0].agents[2].type": "is there twice",
        "repos[2]": "is the same repository as repos[1]",
        "repos[2].agents": "must not be empty",
    }
    assert set(found) == set(expected)
    for path, message in expected.items():
        assert message in found[path], path
    assert TOKEN not in str(found)


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("", "", "is empty"),
        ("- a\n- b", "", "needs keys with values"),
        (IDENTITY, "repos", "is required"),
        (IDENTITY + "repos:", "repos", "is required"),
        (REPOS, "identity.github_token", "as ${GITHUB_TOKEN}"),
        (MINIMAL + "polcy: {}", "polcy", "did you mean `policy`?"),
        (MINIMAL + "zzz: {}", "zzz", "known here: identity, llm"),
        (MINIMAL + "llm: {model: m}", "llm.api_key", "`provider: anthropic`"),
        (MINIMAL + "llm: {provider: none, model: m}", "llm.model", "of no use"),
        (MINIMAL + "llm: {provider: ollama}", "llm.model", "is required"),
        (MINIMAL + "llm: {provider: mistral, model: m}", "llm.api_key", "${MISTRAL_API_KEY}"),
        (
            MINIMAL + "llm: {provider: ollama, model: m, fallbacks: [{provider: openai, model: m}]}",
            "llm.fallbacks[0].api_key",
            "is required",
        ),
        (MINIMAL + "identity: {}", "identity", "is there twice"),
        (MINIMAL + "storage: {path: 5}", "storage.path", "needs"),
        (MINIMAL + "storage: {keep_days: 89}", "storage.keep_days", "looks back 90 days"),
        (MINIMAL + "agents: {Issue_Triage: {image: x}}", "agents.Issue_Triage", "a character that may not"),
        (MINIMAL + "agents: {mine: {}}", "agents.mine.image", "is required with `runtime: docker`"),
        (MINIMAL + "agents: {mine: {runtime: process}}", "agents.mine.command", "is required"),
        (MINIMAL + "agents: {issue-triage: {url: 'http://x'}}", "agents.issue-triage.url", "goes with `runtime: url`"),
        (
            MINIMAL + "agents: {issue-triage: {resources: {memory: lots}}}",
            "agents.issue-triage.resources.memory",
            "512m",
        ),
        (MINIMAL + "policy: {labels: {add: [1.5]}}", "policy.labels.add[0]", "put it in quotes"),
        (MINIMAL + "policy: {allow_close: maybe}", "policy.allow_close", "needs true or false"),
        (MINIMAL + "policy: {allow_close: 1}", "policy.allow_close", "needs true or false"),
        (MINIMAL + "policy: {max_actions: 2.5}", "policy.max_actions", "needs a whole number"),
        (MINIMAL + "policy: {max_actions: 21}", "policy.max_actions", "at most 20"),
        (MINIMAL + "policy: {dashboard: nowhere}", "policy.dashboard", "is no repository: write"),
        (MINIMAL + "policy: {dashboard: 'gitlab:acme/ops'}", "policy.dashboard", "is no repository: write"),
        (
            MINIMAL + "policy: {dashboard: acme/ops/triage}",
            "policy.dashboard",
            "is no github repository, where repos[0]",
        ),
        (MINIMAL + "policy: {links: ['https://example.org']}", "policy.links[0]", "a / after the host"),
        (MINIMAL + "policy: {links: ['https://user@example.org/']}", "policy.links[0]", "no user name"),
        (MINIMAL + "policy: []", "policy", "needs keys with values"),
        (MINIMAL + "polling: {first_run: true}", "polling.first_run", "needs `new`"),
        (with_agent(config={"labels": {"bug": "crash"}}), "repos[0].agents[0].config.labels.bug", "needs a list"),
        (with_agent(config={"labels": {"bug": [1]}}), "repos[0].agents[0].config.labels.bug[0]", "put it in quotes"),
        (with_agent(config={"allow_close": "perhaps"}), "repos[0].agents[0].config.allow_close", "true or false"),
        (with_agent(mode="of its own"), "repos[0].agents[0].mode", "needs one of"),
        (with_agent(type="release"), "repos[0].agents[0].type", "known: issue-triage"),
    ],
)
def test_one_fault_gives_one_clear_problem(text: str, path: str, message: str) -> None:
    found = problems(text)

    assert message in found[path]
    assert len(found) == (2 if path == "identity.github_token" else 1), found


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ("{owner: a, agents: [{type: issue-triage}]}", "repos[0].name: is required (or `path`)"),
        ("{owner: a, path: b/c, agents: [{type: issue-triage}]}", "repos[0].path: stands for"),
        ("{path: 'https://github.com/a/b', agents: [{type: issue-triage}]}", "no URLs here"),
        ("{owner: '..', name: x, agents: [{type: issue-triage}]}", "is no github repository"),
        ("{forge: gitea, owner: a, name: b, agents: [{type: issue-triage}]}", "repos[0].forge: needs one of"),
        ("{forge: gitlab, path: 'a/../b', agents: [{type: issue-triage}]}", "is no gitlab repository"),
    ],
)
def test_a_repository_must_be_one(repository: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(IDENTITY + f"repos: [{repository}]")

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "url", "message"),
    [
        ("github_api_url", "http://github.example.org/api/v3", "needs https"),
        ("github_api_url", "https://me:secret12@github.example.org", "user name or password"),
        ("github_api_url", "https://github.example.org/?a=b", "query"),
        ("github_api_url", "github.example.org", "needs a URL"),
        ("github_api_url", "https://[::1", "is not a URL"),
        ("gitlab_url", "ftp://gitlab.example.org", "needs a URL"),
        ("github_api_url", "http://127.0.0.1:8080/", ""),
        ("github_api_url", "http://[::1]:8080", ""),
        ("github_api_url", "https://github.example.org/api/v3", ""),
    ],
)
def test_a_token_goes_only_where_it_is_safe(key: str, url: str, message: str) -> None:
    text = MINIMAL.replace("identity: {", f"identity: {{{key}: '{url}', ")
    found = problems(text)

    assert (message in found.get(f"identity.{key}", "?")) if message else not found
    assert "secret12" not in str(found)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (TOKEN, "holds a secret itself"),
        ("12345", "holds a secret itself"),
        ("Bearer ${GITHUB_TOKEN}", "one variable and nothing else"),
        ("${GITHUB_TOKEN:-fallback-value}", "one variable and nothing else"),
        ("${GITHUB_TOKEN", "one variable and nothing else"),
        ("$${GITHUB_TOKEN}", "one variable and nothing else"),
    ],
)
def test_a_secret_is_a_variable_and_nothing_else(value: str, message: str) -> None:
    found = problems(MINIMAL.replace("${GITHUB_TOKEN}", value), GITHUB_TOKEN="a-value-of-no-interest")

    assert list(found) == ["identity.github_token"]
    assert message in found["identity.github_token"]
    assert "GITHUB_TOKEN" in found["identity.github_token"]
    assert "fallback-value" not in str(found)
    assert value == "12345" or "12345" not in str(found)


def test_a_token_in_any_other_place_is_found_and_not_shown() -> None:
    found = problems(MINIMAL + f"policy: {{assignees: [{TOKEN}]}}\n{TOKEN}: 1")

    assert "looks like a token" in found["policy.assignees[0]"]
    assert TOKEN not in str(found)


def test_a_token_under_a_misspelt_key_is_told_the_key_too() -> None:
    with pytest.raises(ConfigError) as caught:
        load(MINIMAL.replace('github_token: "${GITHUB_TOKEN}"', f"github_tokn: {TOKEN}"))

    told = [problem.message for problem in caught.value.problems if problem.path == "identity.github_tokn"]
    assert [message[:11] for message in told] == ["holds somet", "unknown key"]
    assert "did you mean `github_token`?" in told[1]
    assert TOKEN not in str(told)


def test_secrets_are_not_read_until_they_are_used() -> None:
    config = load(SPECIFICATION)

    assert {problem.path for problem in unset_secrets(config, environ={})} == {"identity.github_token", "llm.api_key"}
    assert not unset_secrets(config, environ={"GITHUB_TOKEN": "t" * 20, "ANTHROPIC_API_KEY": "k" * 20})
    assert "t" * 20 not in repr(config)


def test_variables_work_in_any_text() -> None:
    text = MINIMAL + (
        'workers: "${WORKERS:-7}"\n'
        'policy: {allow_close: "${CLOSE:-true}", assignees: ["${WHO}-bot", "$${WHO}", "${{ not ours }}"]}\n'
        'server: {host: "${HOST:-127.0.0.1}"}\n'
    )

    config = load(text, WHO="ada", HOST="")

    assert config.workers == 7
    assert config.policy.allow_close
    assert config.policy.assignees == ("ada-bot", "${WHO}", "${{ not ours }}")
    assert config.server.host == "127.0.0.1"


@pytest.mark.parametrize(("text", "message"), [("${WHO}", "the variable WHO is not set"), ("${WHO", "has no end")])
def test_a_variable_that_cannot_be_filled_in_is_named(text: str, message: str) -> None:
    assert message in problems(MINIMAL + f'policy: {{assignees: ["{text}"]}}')["policy.assignees[0]"]


def test_a_variable_may_be_a_file_of_the_credentials_directory(tmp_path) -> None:
    (tmp_path / "WHO").write_text("ada\n")

    config = load(MINIMAL + 'policy: {assignees: ["${WHO}"]}', CREDENTIALS_DIRECTORY=str(tmp_path))

    assert config.policy.assignees == ("ada",)


def test_norway_is_a_label_and_yes_is_a_switch() -> None:
    config = load(
        MINIMAL.replace(
            "[{type: issue-triage}]", "[{type: issue-triage, config: {labels: {no: [on, y]}, allow_close: yes}}]"
        )
        + "policy: {labels: {add: [no, on], remove: [yes]}, skip_bots: off}"
    )

    (agent,) = config.plans()[0].agents
    assert agent.policy.labels_add == ("no", "on")
    assert agent.policy.labels_remove == ("yes",)
    assert not agent.policy.skip_bots
    assert agent.policy.allow_close
    assert agent.config == {"labels": {"no": ["on", "y"]}, "allow_close": True}


def test_an_empty_key_counts_as_left_out() -> None:
    config = load(MINIMAL + "llm:\n  model:\n  api_key:\npolicy:\nmode:\n")

    assert config.llm.provider == "none"
    assert config.mode is Mode.AUTO


def test_gitlab_needs_its_own_identity_only_where_it_is_used() -> None:
    gitlab = "repos: [{forge: gitlab, path: group/sub/project, agents: [{type: issue-triage}]}]"
    disabled = gitlab.replace("forge", "enabled: false, forge")

    assert load(IDENTITY + gitlab).repos[0].ref.forge is ForgeKind.GITLAB
    assert set(problems("identity: {}\n" + gitlab)) == {"identity.gitlab_token", "identity.gitlab_user"}
    assert not problems("identity: {}\n" + disabled)


def test_the_dashboard_of_a_gitlab_repository_may_be_in_a_nested_group() -> None:
    gitlab = "repos: [{forge: gitlab, path: g/s/p, policy: {dashboard: g/s/ops}, agents: [{type: issue-triage}]}]"

    (plan,) = load(IDENTITY + gitlab).plans()
    assert plan.agents[0].policy.dashboard == "g/s/ops"
    assert not problems(IDENTITY + gitlab + "\npolicy: {dashboard: g/s/other}")


def test_a_test_server_may_be_written_to_without_waiting() -> None:
    fast = "polling: {write_interval_seconds: 0}"

    assert "polling.write_interval_seconds" in problems(MINIMAL + fast)
    local = MINIMAL.replace("identity: {", "identity: {github_api_url: 'http://127.0.0.1:9', ")
    assert load(local + fast).polling.write_interval_seconds == 0


def test_an_exposed_server_needs_a_token_unless_it_is_off() -> None:
    assert problems(MINIMAL + "server: {host: '::'}")
    assert not problems(MINIMAL + "server: {host: '::', enabled: false}")
    assert not problems(MINIMAL + "server: {host: '::', operator_token: '${OPERATOR}'}")


def test_the_file_is_looked_for_in_order(tmp_path, monkeypatch) -> None:
    home = tmp_path / "home"
    here = tmp_path / "here"
    kept = home / ".config/foreman/config.yaml"
    for place in (kept, here / "config.yaml", tmp_path / "named.yaml", tmp_path / "variable.yaml"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)

    assert find().resolve() == here / "config.yaml"
    (here / "config.yaml").unlink()
    assert find() == kept
    monkeypatch.setenv("FOREMAN_CONFIG", str(tmp_path / "variable.yaml"))
    assert find() == tmp_path / "variable.yaml"
    assert find(tmp_path / "named.yaml") == tmp_path / "named.yaml"
    with pytest.raises(ConfigError, match="no such file"):
        find(tmp_path / "nowhere.yaml")
    monkeypatch.setenv("FOREMAN_CONFIG", "/nowhere.yaml")
    with pytest.raises(ConfigError, match="named by FOREMAN_CONFIG"):
        find()
    monkeypatch.delenv("FOREMAN_CONFIG")
    kept.unlink()
    with pytest.raises(ConfigError, match="foreman init"):
        find()


def test_nothing_heavy_is_imported_to_validate() -> None:
    script = (
        "import sys; from foreman.config.load import parse; parse(sys.stdin.buffer.read(), environ={});"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=SPECIFICATION.encode(), capture_output=True, check=True
    )

    allowed = {
        "cython_runtime",
        "foreman",
        "pydantic",
        "pydantic_core",
        "annotated_types",
        "typing_extensions",
        "typing_inspection",
        "yaml",
        "_yaml",
    }
    # What measures coverage is in the child too, when it is measured.
    imported = {name for name in done.stdout.decode().split() if not name.startswith(("_", "$", "coverage"))}
    assert imported <= allowed


def test_events_may_be_narrowed_and_a_persons_request_always_comes_through() -> None:
    (agent,) = load(with_agent(events=["opened"])).plans()[0].agents

    assert agent.events == {EventKind.OPENED, EventKind.REQUESTED}
