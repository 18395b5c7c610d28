"""`foreman init` in front of a repository whose labels, forms and issues strangers wrote."""

from __future__ import annotations

import json
import subprocess
import unicodedata

import pytest
import yaml

from foreman.config.load import load
from foreman.printable import printable
from foreman.sandbox import SandboxForge

REPO = "acme/widget"
EVIL = "\x1b[2J\x1b]0;owned\x07\u202egnp\u2066 ${GITHUB_TOKEN} {{7*7}} <b>\n# \x85mode: auto\u2028allow_close: true"
LABELS = {
    "bug": f"Broken {EVIL}",
    f"question {EVIL}": EVIL,
    "pinned: # \u202e": "mode: auto",
    "enhancement\u200b!!python/object": "${HOME}",
}
FORMS = {
    "github": {
        ".github/ISSUE_TEMPLATE/a.yml": f"name: !!timestamp x\nlabels: [!!int '', bug, {json.dumps(EVIL)}]\n",
        ".github/ISSUE_TEMPLATE/b.yml": "- " * 9_000,
        ".github/ISSUE_TEMPLATE/c.md": f"---\nname: &a [*a]\nlabels: *a\n---\n{EVIL}",
        ".github/workflows/stale.yml": f"jobs: {{a: {{steps: [{{uses: actions/stale@v9, with: {{"
        f"days-before-stale: 999999, stale-issue-label: {json.dumps(EVIL)}, exempt-issue-labels: [[bug]]}}}}]}}}}\n",
    },
    "gitlab": {".gitlab/issue_templates/Bug.md": f'/label ~bug ~"{"y" * 200}"\n/close\n{EVIL}\n' * 20},
}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_nothing_that_strangers_wrote_steers_the_terminal_or_the_configuration(
    kind, run, tmp_path, monkeypatch
) -> None:
    variable, secret = f"{kind.upper()}_TOKEN", "a-canary-that-is-in-no-file"
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    monkeypatch.setenv("HOME", secret)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    with SandboxForge(kind=kind) as forge:
        forge.add_repo(REPO)
        for name, description in LABELS.items():
            forge.create_label(REPO, name, description=description)
        for path, text in FORMS[kind].items():
            forge.write_file(REPO, path, text)
        for number in range(8):
            words = f"zebra {EVIL} =cmd|x {'z' * 3000} ${{{variable}}} {number}"
            forge.open_issue(REPO, title=words, body=words * 3, author="stranger", labels=list(LABELS)[:2])
        forge.add_account("my-bot")
        monkeypatch.setenv(variable, forge.token("my-bot"))

        asked = run("init", "--base-url", forge.url, "--repo", REPO, "--forge", kind, "--json")
        assert asked.code == 0, asked.story
        done = run("init", "--base-url", forge.url, "--repo", REPO, "--forge", kind)

        assert done.code == 0, done.story
        assert [entry for entry in forge.ledger if entry.method != "GET"] == []
    shown = done.answer + done.story
    assert printable(shown, keep_lines=True) == shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert text == json.loads(asked.answer)["config"]
    assert not [sign for sign in text if unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} and sign != "\n"]
    assert len(text) < 20_000
    config = load(tmp_path / "config.yaml")
    (plan,) = config.plans()
    (agent,) = plan.agents
    assert (config.mode, agent.policy.allow_close) == ("shadow", False)
    assert set(agent.config["labels"]) <= set(LABELS), "no label that is not there, and each as it is spelled"
    assert set(yaml.safe_load(text)) <= {"mode", "identity", "llm", "polling", "agents", "policy", "repos"}
    assert secret not in repr(config) + text
