"""Issue forms: what they ask for, and what an issue that was written with one left out. Pure.

A form of GitHub's is YAML and says which fields are required. A template in Markdown, all that GitLab has, says so in
a heading that ends with `(required)` or `*`; of others nothing is required.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from foreman.guidance import headings
from foreman.values import dataclass

MOST_FIELDS = 50
MAX_HEADING_CHARS = 200
MAX_CHARS = 20_000
"""Of a form that is read; those of large projects have half of that."""

_TRUE = frozenset({"true", "yes", "on"})
_ANSWERABLE = frozenset({"input", "textarea", "dropdown", "checkboxes", "upload"})
_EMPTY = frozenset({"", "_no response_", "no response"})
_LEAST_SHARE = 0.5  # of a form's headings that are in an issue which was written with it

_BOLD = re.compile(r" {0,3}\*\*(.{1,200}?)\*\*:?[ \t]*")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_REQUIRED = re.compile(r"[ \t]*(?:[(\[][ \t]*required[ \t]*[)\]]|\*)[ \t]*:?[ \t]*\Z", re.IGNORECASE)
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something a form asks for.

    Attributes:
        heading: As it stands above the answer, without the mark that makes it required.
        required: An answer must be there.
        told: What stands there before anybody answers.
    """

    heading: str
    required: bool
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a form asks for.

    Attributes:
        name: For people.
        fields: In its order.
    """

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledForm:
    """A form that an issue was written with.

    Attributes:
        name: For people.
        required: Headings under which an answer must be, in the form's order.
        missing: Those of them without one.
    """

    name: str
    required: tuple[str, ...]
    missing: tuple[str, ...]


def read(path: str, text: str) -> Form | None:
    """Read a form.

    Args:
        path: Of its file; the ending tells which kind it is.
        text: Raw text.

    Returns:
        The form; None when it is none, asks for nothing, or is too long.
    """
    if len(text) > MAX_CHARS:
        return None
    stem = path.rpartition("/")[2].rpartition(".")[0]
    form = _of_markdown(stem, text) if path.casefold().endswith(".md") else _of_yaml(stem, text)
    return form if form is not None and form.fields else None


def filled(forms: Sequence[Form], body: str) -> FilledForm | None:
    """Find the form an issue was written with.

    Args:
        forms: Of the repository.
        body: The issue's raw text.

    Returns:
        It with what is missing; None when no form has half of its headings in the issue.
    """
    said = {_same(heading): text for heading, text in _sections(body)}
    best: tuple[float, int, Form] | None = None
    for form in forms:
        there = sum(_same(field.heading) in said for field in form.fields)
        share = there / len(form.fields)
        if there and share >= _LEAST_SHARE and (best is None or (share, there) > best[:2]):
            best = (share, there, form)
    if best is None:
        return None
    asked = [field for field in best[2].fields if field.required]
    missing = [field.heading for field in asked if not _answered(field, said.get(_same(field.heading), ""))]
    return FilledForm(
        name=best[2].name, required=tuple(field.heading for field in asked), missing=tuple(dict.fromkeys(missing))
    )


def _of_yaml(stem: str, text: str) -> Form | None:
    try:
        data = _load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    body = data.get("body") if isinstance(data, dict) else None
    if not isinstance(body, list):
        return None
    fields = [field for item in body[:MOST_FIELDS] if (field := _field(item)) is not None]
    return Form(name=_name(data.get("name"), stem), fields=tuple(fields))


def _load(text: str) -> Any:
    # Everything is text to it, whatever a tag says. The loader in C, which is faster, dies of deep nesting.
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506


def _field(item: Any) -> Field | None:
    if not isinstance(item, dict) or item.get("type") not in _ANSWERABLE:
        return None
    attributes, rules = item.get("attributes"), item.get("validations")
    label = attributes.get("label") if isinstance(attributes, dict) else None
    if not isinstance(label, str) or not label.strip():
        return None
    told = attributes.get("value") if isinstance(attributes, dict) else None
    return Field(
        heading=" ".join(label.split())[:MAX_HEADING_CHARS],
        required=isinstance(rules, dict) and str(rules.get("required")).casefold() in _TRUE,
        told=told if isinstance(told, str) else "",
    )


def _of_markdown(stem: str, text: str) -> Form:
    text = text.replace("\r\n", "\n")
    front, name = _FRONT.match(text), None
    if front is not None:
        text = text[front.end() :]
        try:
            head = _load(front[1])
        except (yaml.YAMLError, ValueError, RecursionError):
            head = None
        name = head.get("name") if isinstance(head, dict) else None
    fields = [
        Field(heading=shown, required=bool(_REQUIRED.search(heading)), told=told)
        for heading, told in _sections(text)
        if (shown := _REQUIRED.sub("", heading).strip()[:MAX_HEADING_CHARS])
    ]
    return Form(name=_name(name, stem), fields=tuple(fields[:MOST_FIELDS]))


def _name(given: object, stem: str) -> str:
    return " ".join(given.split())[:MAX_HEADING_CHARS] if isinstance(given, str) and given.strip() else stem


def _sections(text: str) -> list[tuple[str, str]]:
    """Return each heading with what stands below it, code blocks in one piece."""
    found: list[tuple[str, list[str]]] = []
    for line, is_prose in headings.lines(text):
        above = _heading(line) if is_prose else None
        if above is not None:
            found.append((above, []))
        elif found:
            found[-1][1].append(line)
    return [(above, "\n".join(lines)) for above, lines in found]


def _heading(line: str) -> str | None:
    if (found := headings.heading(line)) is not None:
        return found[1]
    bold = _BOLD.fullmatch(line)
    return None if bold is None else headings.words(bold[1])


def _same(heading: str) -> str:
    """Return what two spellings of a heading have in common."""
    return re.sub(r"[\W_]+", " ", _REQUIRED.sub("", heading)).casefold().strip()


def _answered(field: Field, text: str) -> bool:
    said = _plain(text)
    return said not in _EMPTY and said != _plain(field.told)


def _plain(text: str) -> str:
    """Return what a reader sees of a section, without the code block's signs that a form puts around."""
    text = _COMMENT.sub("", text)
    text = "\n".join(line for line in text.split("\n") if not headings.is_fence(line))
    return " ".join(text.split()).casefold()
