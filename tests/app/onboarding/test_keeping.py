from __future__ import annotations

import pytest

from foreman.app.onboarding.keeping import Form, StaleBot, form_of, stale_bot_of

STALE = """
on:
  schedule: [{cron: "30 1 * * *"}]
jobs:
  stale:
    steps:
      - uses: actions/checkout@v4
      - uses: actions/stale@v9
        with: {days-before-stale: 45, stale-issue-label: no-activity, exempt-issue-labels: "pinned, keep"}
"""

_MERGED = "a: &a0 {k: v}\n" + "".join(
    f"b{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}\n" for level in range(1, 20)
)
"""Mappings merged into mappings: 10 to the 19th of them for whoever carries that out."""


@pytest.mark.parametrize(
    ("path", "text", "form"),
    [
        (".github/ISSUE_TEMPLATE/bug.yml", "name: Bug report\nlabels: [bug, needs-triage]\nbody: []\n",
         Form(name="Bug report", labels=("bug", "needs-triage"))),
        (".github/ISSUE_TEMPLATE/bug.yml", "name: Bug report\nlabels: bug, triage\n",
         Form(name="Bug report", labels=("bug", "triage"))),
        (".github/ISSUE_TEMPLATE/ask.md", "---\nname: Ask\nabout: x\nlabels: 'question'\n---\n\nHow?\n",
         Form(name="Ask", labels=("question",))),
        (".github/ISSUE_TEMPLATE/feature_request.md", "Tell us\n", Form(name="feature request")),
        (".gitlab/issue_templates/Bug.md", 'What?\n\n/label ~bug ~"needs triage" ~type::bug\n/assign @ann\n',
         Form(name="Bug", labels=("bug", "needs triage", "type::bug"))),
        (".github/ISSUE_TEMPLATE/broken.yml", "name: [\n", Form(name="broken")),
        (".github/ISSUE_TEMPLATE/odd.yml", "name: 7\nlabels: {a: b}\n", Form(name="7")),
        (".github/ISSUE_TEMPLATE/tags.yml", "name: !!timestamp bug\nlabels: [!!int '', !!bool x, bug]\n",
         Form(name="bug", labels=("x", "bug"))),
        (".github/ISSUE_TEMPLATE/merged.yml", _MERGED, Form(name="merged")),
        (".github/ISSUE_TEMPLATE/deep.yml", "- " * 30_000, Form(name="deep")),
        (".github/ISSUE_TEMPLATE/list.yml", "- a\n- b\n", Form(name="list")),
    ],
)  # fmt: skip
def test_a_form_tells_its_name_and_labels(path, text, form) -> None:
    assert form_of(path, text) == form


@pytest.mark.parametrize(
    ("path", "text", "bot"),
    [
        (".github/workflows/stale.yml", STALE,
         StaleBot(path=".github/workflows/stale.yml", days=45, label="no-activity", exempt=("pinned", "keep"))),
        (".github/workflows/stale.yml", "jobs: {a: {steps: [{uses: 'actions/stale@v9'}]}}",
         StaleBot(path=".github/workflows/stale.yml", days=60, label="Stale")),
        (".github/workflows/stale.yml",
         "jobs: {a: {steps: [{uses: 'actions/stale@v9', with: {days-before-issue-stale: -1}}]}}", None),
        (".github/workflows/stale-docs.yml", "jobs: {a: {steps: [{uses: 'actions/checkout@v4'}]}}", None),
        (".github/workflows/stale.yml", "jobs: [a, b]", None),
        (".github/stale.yml", "daysUntilStale: !!int ''\nexemptLabels: [!!float '', a]\n",
         StaleBot(path=".github/stale.yml", exempt=("a",))),
        (".github/stale.yml", "daysUntilStale: 90\nexemptLabels: [pinned]\nstaleLabel: wontfix\n",
         StaleBot(path=".github/stale.yml", days=90, label="wontfix", exempt=("pinned",))),
    ],
)  # fmt: skip
def test_a_stale_bot_that_is_at_work_already_is_known(path, text, bot) -> None:
    assert stale_bot_of(path, text) == bot
