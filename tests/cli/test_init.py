"""`foreman init` as a person gives it: in a clone, in front of a forge that answers over HTTP."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from foreman.config.load import load, parse
from foreman.sandbox import SandboxForge
from foreman.sandbox.samples import DemoRepo, fill

KINDS = ("github", "gitlab")
VARIABLES = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}


@pytest.fixture(scope="module", params=KINDS)
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[SandboxForge, DemoRepo]]:
    """Return a forge with the sample issues; nobody writes to it here."""
    with SandboxForge(kind=request.param) as forge:
        yield forge, fill(forge)
        assert [entry for entry in forge.ledger if entry.method != "GET"] == []


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that makes a clone with these remotes and goes there."""
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")

    def make(**remotes: str) -> Path:
        folder = tmp_path / "my clone"
        folder.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        for name, url in remotes.items():
            subprocess.run(["git", "remote", "add", name, url], cwd=folder, check=True)
        monkeypatch.chdir(folder)
        return folder

    return make


def test_from_a_clone_to_the_first_dry_run(filled, clone, run, monkeypatch) -> None:
    forge, demo = filled
    variable = VARIABLES[forge.kind]
    monkeypatch.setenv(variable, demo.token)
    folder = clone(origin=f"{forge.url}/somebody/fork.git", upstream=f"{forge.url}/{demo.repo}.git")

    done = run("init", "--base-url", forge.url)

    assert done.code == 0, done.story
    config = load(folder / "config.yaml")
    (plan,) = config.plans()
    assert (plan.repo.path, config.mode) == (demo.repo, "shadow")
    assert getattr(config.identity, f"{forge.kind}_user") == demo.bot
    (agent,) = plan.agents
    assert {"bug", "question", "enhancement", "documentation"} <= set(agent.config["labels"])
    assert agent.config["needs_info_label"] == "needs-info"
    assert {"pinned", "security", "approved"} <= set(agent.policy.exempt_labels)
    assert config.agents["issue-triage"].runtime == "process"
    text = (folder / "config.yaml").read_text()
    assert demo.token not in text + done.answer + done.story
    assert stat.S_IMODE((folder / "config.yaml").stat().st_mode) == 0o600
    first, second = [line.strip() for line in done.answer.splitlines()][-2:]
    assert first == "foreman check"
    assert second.startswith("foreman triage ")
    assert run(*first.split()[1:]).code == 0
    dry = run("triage", second.split()[2].strip("'"), "--dry-run", "--json")
    assert dry.code == 0, dry.story
    assert json.loads(dry.answer)["dry_run"] is True
    assert all(len(line) <= 80 for line in done.answer.splitlines())


def test_without_a_token_it_reads_what_everybody_may_and_links_the_token(filled, clone, run) -> None:
    forge, demo = filled
    folder = clone(origin=f"{forge.url}/{demo.repo}.git")
    before = len(forge.ledger)

    done = run("init")

    assert done.code == 0
    assert "is not set" in done.story
    assert "read      14 labels, the last 48 issues" in done.answer
    assert "  read -rs {0}; export {0}".format(VARIABLES[forge.kind]) in done.answer.splitlines()
    assert ("a GitHub App" if forge.kind == "github" else "a project access token") in done.answer
    assert "your-bot" in (folder / "config.yaml").read_text()
    asked = forge.ledger[before:]
    assert len(asked) <= 30
    assert all("authorization" not in entry.headers for entry in asked)


def test_a_token_goes_to_no_host_that_only_the_clone_names(filled, clone, run, monkeypatch) -> None:
    """Whoever made the clone wrote the remote; its host is not to be trusted with a token."""
    forge, demo = filled
    monkeypatch.setenv(VARIABLES[forge.kind], demo.token)
    clone(origin=f"{forge.url}/{demo.repo}.git")
    before = len(forge.ledger)

    done = run("init")

    assert done.code == 0
    assert "was not sent to 127.0.0.1" in " ".join(done.story.split())
    assert all("authorization" not in entry.headers for entry in forge.ledger[before:])


FORMS = {
    "github": {
        ".github/ISSUE_TEMPLATE/config.yml": "blank_issues_enabled: false\n",
        ".github/ISSUE_TEMPLATE/broken.yml": "name: Bug report\nlabels: [T-Fault, needs-info]\nbody: []\n",
        ".github/ISSUE_TEMPLATE/ask.md": "---\nname: Ask a question\nlabels: question\n---\nHow?\n",
        ".github/workflows/stale.yml": "jobs: {a: {steps: [{uses: actions/stale@v9, with: {days-before-stale: 45}}]}}",
    },
    "gitlab": {".gitlab/issue_templates/Bug.md": "What?\n\n/label ~T-Fault\n"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_forms_and_a_stale_bot_count_for_more_than_names(kind, clone, run) -> None:
    with SandboxForge(kind=kind) as forge:
        demo = fill(forge)
        forge.create_label(demo.repo, "T-Fault")
        for path, text in FORMS[kind].items():
            forge.write_file(demo.repo, path, text)
        clone(origin=f"{forge.url}/{demo.repo}.git")

        told = json.loads(run("init", "--json").answer)

    assert {"T-Fault"} <= {label for form in told["read"]["forms"] for label in form["labels"]}
    assert told["labels"][0]["label"] == "T-Fault"
    assert told["read"]["stale_bot"] == (".github/workflows/stale.yml" if kind == "github" else "")
    assert (told["stale"]["active"], told["stale"]["days"]) == ((False, 45) if kind == "github" else (False, 30))


def test_json_and_print_write_nothing(filled, clone, run) -> None:
    forge, demo = filled
    folder = clone(origin=f"{forge.url}/{demo.repo}.git")

    told = json.loads(run("init", "--json").answer)
    printed = run("init", "--print").answer

    assert told["config"] == printed
    assert told["repo"].endswith(demo.repo)
    assert [one["label"] for one in told["labels"]][:2] == ["bug", "question"]
    assert told["missing"] == [VARIABLES[forge.kind]]
    assert len(told["token"]) == 3
    assert list(folder.iterdir()) == [folder / ".git"]


def test_what_it_writes_is_what_the_schema_for_editors_takes(filled, clone, run) -> None:
    forge, demo = filled
    clone(origin=f"{forge.url}/{demo.repo}.git")

    printed = run("init", "--print").answer
    schema = json.loads(run("config", "schema").answer)

    assert "\n# # yaml-language-server: $schema=config.schema.json\n" in printed
    assert [one.message for one in jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(printed))] == []


def test_a_file_that_is_there_stays_and_nothing_is_asked(clone, run, tmp_path) -> None:
    folder = clone(origin="https://github.com/acme/widget.git")
    (folder / "config.yaml").write_text("mine: true\n")

    done = run("init", "--repo", "acme/widget", "--base-url", "http://127.0.0.1:9")

    assert done.code == 2
    assert "--force" in done.story
    assert (folder / "config.yaml").read_text() == "mine: true\n"


def test_a_forge_that_does_not_answer_leaves_a_file_from_the_name_alone(clone, run, tmp_path) -> None:
    clone()
    out = tmp_path / "etc dir" / "my config.yaml"
    out.parent.mkdir()

    done = run("init", "--repo", "acme/widget", "--base-url", "http://127.0.0.1:9", "--user", "b", "--out", out)

    assert done.code == 0
    assert "nothing could be read" in " ".join(done.story.split())
    assert load(out).plans()[0].repo.key == "acme/widget"
    assert f"foreman --config '{out}' check" in done.answer


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_name_a_wrong_token_and_a_hidden_repository_are_told_apart(kind, clone, run, monkeypatch) -> None:
    clone()
    with SandboxForge(kind=kind) as forge:
        forge.add_repo("acme/widget", labels=["bug"])
        forge.rename_repo("acme/widget", "acme/gadget")
        forge.add_repo("acme/hidden", private=True)
        forge.add_account("bot")

        def told(repo: str, token: str = "") -> str:
            monkeypatch.setenv(VARIABLES[kind], token)
            done = run("init", "--repo", repo, "--forge", kind, "--base-url", forge.url, "--force")
            assert done.code == 0
            return " ".join((done.story + done.answer).split())

        renamed, missing, hidden = told("acme/widget"), told("acme/nowhere"), told("acme/hidden", forge.token("bot"))
        refused = told("acme/gadget", "wrong-token-altogether")

    assert "has another name now" in renamed
    assert "is not there, or not for everybody" in missing
    assert f"the token in {VARIABLES[kind]} may not see it" in hidden
    assert "guessed: bug" in hidden
    assert f"the token in {VARIABLES[kind]} is of no use" in refused
    assert "read 1 label, no issues labels bug (6 words)" in refused
    assert "wrong-token" not in refused


@pytest.mark.parametrize(
    ("remotes", "arguments", "says"),
    [
        ({}, (), "there is no git remote here: name the repository with --repo"),
        ({"origin": "/srv/widget.git"}, (), "--repo owner/name"),
        ({"origin": "http://127.0.0.1:9/acme/widget"}, (), "--forge says which it is"),
        ({}, ("--repo", "widget"), "--repo takes owner/name"),
        ({}, ("--repo", "a/b", "--token-env", "ghp_" + "x" * 20), "looks like a token itself"),
        ({}, ("--repo", "a/b", "--token-env", "NO TOKEN"), "no name of a variable"),
        ({}, ("--repo", "a/b", "--app-id", "12"), "both --app-id and --installation-id"),
        ({}, ("--repo", "gitlab:a/b", "--app-id", "12", "--installation-id", "3"), "apps are GitHub's"),
        ({}, ("--repo", "a/b", "--out", "/nowhere/at/all.yaml"), "there is no folder /nowhere/at"),
        ({}, ("--repo", "a/b", "--base-url", "http://github.example.org"), "needs https"),
        ({}, ("--repo", "a/b", "--base-url", "http://127.0.0.1:9", "--provider", "openai"), "--model"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_a_line_and_what_to_do(remotes, arguments, says, clone, run) -> None:
    folder = clone(**remotes)

    done = run("init", *arguments)

    assert done.code == 2
    assert says in done.story
    assert "ghp_" not in done.story
    assert not (folder / "config.yaml").exists()


def test_where_there_is_no_home_and_no_git_it_takes_flags(clone, run, monkeypatch, tmp_path) -> None:
    folder = clone()
    monkeypatch.delenv("HOME")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "git is not installed" in run("init").story
    assert run("init", "--repo", "acme/widget", "--base-url", "http://127.0.0.1:9").code == 0
    assert (folder / "config.yaml").exists()


def test_a_folder_that_may_not_be_written_is_told(clone, run) -> None:
    folder = clone()
    folder.chmod(0o555)
    # Root may write everywhere but here, where nobody can.
    out = Path("/proc/config.yaml") if os.geteuid() == 0 else folder / "config.yaml"
    try:
        done = run("init", "--repo", "acme/widget", "--base-url", "http://127.0.0.1:9", "--out", out)
    finally:
        folder.chmod(0o755)

    assert done.code in (1, 2)
    assert str(out.parent) in done.story
    assert not out.exists()


def test_an_app_acts_without_an_account(clone, run, monkeypatch) -> None:
    with SandboxForge() as forge:
        demo = fill(forge)
        granted = {"issues": "write", "contents": "read"}
        forge_url = forge.url
        app = forge.add_app("triage", account="acme", permissions=granted, repositories=[demo.repo])
        monkeypatch.setenv("GITHUB_APP_KEY", app.private_key)
        clone()
        named = ("--app-id", app.app_id, "--installation-id", app.installation_id)

        told = json.loads(run("init", "--repo", demo.repo, "--base-url", forge.url, *named, "--json").answer)

    assert (told["notes"], told["missing"], told["read"]["issues"]) == ([], [], 48)
    assert parse(told["config"].encode()).identity.github_app is not None
    assert told["token"][0]["url"].startswith(f"{forge_url}/organizations/acme/settings/apps/new?")


def test_on_a_terminal_it_asks_three_things_and_a_return_is_an_answer(clone) -> None:
    with SandboxForge() as forge:
        demo = fill(forge)
        folder = clone(origin=f"{forge.url}/{demo.repo}.git")
        asked = _on_a_terminal(
            folder, {"GITHUB_TOKEN": demo.token, "ANTHROPIC_API_KEY": ""}, ["\n", "\n", "anthropic\n"]
        )

    assert asked.count("]:") == 3
    assert "Repository (git remote origin on 127.0.0.1" in asked
    assert f"Login of the bot account [{demo.bot}]" in asked
    assert "[none]" in asked
    assert asked.rstrip().splitlines()[-3].strip() == "read -rs ANTHROPIC_API_KEY; export ANTHROPIC_API_KEY"
    assert "Make one of these" not in asked
    # A person confirmed the host, so the token was good enough for it.
    assert f'github_user: "{demo.bot}"' in (folder / "config.yaml").read_text()


def test_an_answer_that_will_not_do_is_asked_for_once_more(clone) -> None:
    with SandboxForge() as forge:
        demo = fill(forge)
        folder = clone(origin=f"{forge.url}/{demo.repo}.git")
        answers = ["widget\n", "\n", "\n", "openai\n", "openai/gpt-4.1\n"]
        asked = _on_a_terminal(folder, {"GITHUB_TOKEN": demo.token, "OPENAI_API_KEY": ""}, answers)

    assert asked.count("]:") == 5
    assert "Error: --repo takes owner/name" in asked
    assert "Error: which model of openai? write openai/NAME" in asked
    model = load(folder / "config.yaml").llm
    assert (model.provider, model.model) == ("openai", "gpt-4.1")


def _on_a_terminal(folder: Path, environment: dict[str, str], answers: list[str]) -> str:
    """Run `foreman init` with a terminal to answer on; return what stood on it."""
    ours, theirs = pty.openpty()
    code = "import sys; from foreman.cli.main import main; sys.exit(main(['init']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, **environment},
    )  # fmt: skip
    os.close(theirs)
    shown, total = b"", len(answers)
    try:
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # the other side is gone
                break
            if not chunk:
                break
            shown += chunk
            if answers and shown.count(b"]:") > total - len(answers):
                os.write(ours, answers.pop(0).encode())
    finally:
        os.close(ours)
        assert process.wait(60) == 0, shown.decode()
    return shown.decode()
