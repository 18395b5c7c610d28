from __future__ import annotations

import pytest

from foreman.guidance import forms
from foreman.guidance.forms import Field, Form

BUG = """
name: Bug report
description: Something is broken
body:
  - type: markdown
    attributes: {value: "Thanks!"}
  - type: input
    id: version
    attributes: {label: "Version"}
    validations: {required: true}
  - type: textarea
    attributes: {label: "Steps to reproduce", value: "1. \\n2. "}
    validations: {required: true}
  - type: dropdown
    attributes: {label: "Which   browser?", options: [Firefox, Chrome]}
  - type: textarea
    attributes: {label: Logs, render: shell}
    validations: {required: true}
  - type: checkboxes
    attributes: {label: Terms, options: [{label: I looked, required: true}]}
"""
IDEA = """
name: Idea
body:
  - {type: textarea, attributes: {label: "What is missing?"}, validations: {required: true}}
"""
TEMPLATE = """---
name: "Crash"
about: It crashed
---
Thank you.

## Summary (required)
<!-- one line -->

### Steps to reproduce *

(How one can do it again)

## Anything else
"""

ISSUE = """### Version

1.4

### Steps to reproduce

1.
2.

### Which browser?

_No response_

### Logs

```shell
# Version
Traceback
```

### Terms

- [X] I looked
"""


def _read(path: str, text: str) -> Form:
    form = forms.read(path, text)
    assert form is not None
    return form


def test_a_form_says_what_it_asks_for() -> None:
    form = _read(".github/ISSUE_TEMPLATE/bug.yml", BUG)

    assert form.name == "Bug report"
    assert [(field.heading, field.required) for field in form.fields] == [
        ("Version", True),
        ("Steps to reproduce", True),
        ("Which browser?", False),
        ("Logs", True),
        ("Terms", False),
    ]


def test_what_was_not_filled_in_is_named_in_the_forms_own_words() -> None:
    bug, idea = _read("bug.yml", BUG), _read("idea.yaml", IDEA)

    found = forms.filled([idea, bug], ISSUE)
    whole = forms.filled([idea, bug], ISSUE.replace("1.\n2.", "1. Start it"))
    less = forms.filled([idea, bug], ISSUE.replace("### Logs", "### Other").replace("1.4", "_No response_"))
    bare = forms.filled(
        [idea, bug],
        "### Version\r\n\r\n<!-- none -->\r\n### **Steps To Reproduce:**\r\n\r\nx\r\n### Logs\r\n```\r\n```",
    )

    assert found is not None
    assert (found.name, found.required, found.missing) == (
        "Bug report", ("Version", "Steps to reproduce", "Logs"), ("Steps to reproduce",),
    )  # fmt: skip
    assert whole is not None
    assert whole.missing == ()
    assert less is not None
    assert less.missing == ("Version", "Steps to reproduce", "Logs")
    assert bare is not None
    assert bare.missing == ("Version", "Logs")


def test_an_issue_written_without_a_form_has_none() -> None:
    bug, idea = _read("bug.yml", BUG), _read("idea.yaml", IDEA)

    for body in ("", "It crashes.", "# Version\n\n1.2", "```\n### Version\n### Logs\n### Terms\n```", ISSUE[:40]):
        assert forms.filled([bug], body) is None
    assert getattr(forms.filled([bug, idea], "### What is missing?\n\nA lot"), "name", "") == "Idea"
    assert forms.filled([], ISSUE) is None


def test_a_template_in_markdown_marks_what_it_requires() -> None:
    form = _read(".gitlab/issue_templates/Crash.md", TEMPLATE)
    body = (
        "## Summary (required)\n\nIt fell\n\n### Steps to reproduce *\n(How one can do it again)\n\n## Anything else\n"
    )

    assert form.name == "Crash"
    found = forms.filled([form], body)
    assert found is not None
    assert found.required == ("Summary", "Steps to reproduce")
    assert found.missing == ("Steps to reproduce",)
    assert _read("Bug.md", "## What\n").name == "Bug"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "body:",
        "body: 5",
        "body: [1, {type: input}]",
        "a: [",
        "- x",
        "&a [*a]",
        "body: [{type: input, attributes: {label: ' '}}]",
        "!!python/object/apply:os.system ['true']",
        "a: !!timestamp soon",
        "[" * 30_000,
        "body: [{type: input, attributes: {label: Long}}]" + " " * 20_000,
        "\x00",
    ],
)
def test_what_is_no_form_is_none(text: str) -> None:
    assert forms.read("x.yml", text) is None


def test_a_form_with_too_many_fields_is_cut() -> None:
    many = "body:\n" + "".join(f"  - {{type: input, attributes: {{label: Field {n}}}}}\n" for n in range(200))

    form = _read("x.yml", many)

    assert len(form.fields) == forms.MOST_FIELDS
    assert form.name == "x"
    assert form.fields[0] == Field(heading="Field 0", required=False)
