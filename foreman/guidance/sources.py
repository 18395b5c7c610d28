"""Which files of a repository say something about its issues, and what each of them is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase

from foreman.forge.base import ListedFile
from foreman.model import ForgeKind

MISSIONS = ("mission.md", ".github/mission.md", ".gitlab/mission.md")
"""Where a project says what it is and is not, in small letters; the first one there is counts."""

POLICIES = (".github/security.md", "security.md", "docs/security.md")
"""Where GitHub looks for it, in its order (docs: "Adding a security policy to your repository"), in small letters."""

FORMS = {ForgeKind.GITHUB: ".github/ISSUE_TEMPLATE", ForgeKind.GITLAB: ".gitlab/issue_templates"}

MOST_FORMS = 20
MOST_DOCS = 40

_FORM_ENDS = (".yml", ".yaml", ".md")
_NO_FORM = ("config.yml", "config.yaml")


class Role(StrEnum):
    """What a file is for."""

    MISSION = "mission"
    SECURITY = "security"
    FORM = "form"
    DOCS = "docs"


def folders(forge: ForgeKind, docs: Sequence[str]) -> tuple[str, ...]:
    """Return the folders whose files are to be listed, each once; empty for the root."""
    here = ".gitlab" if forge is ForgeKind.GITLAB else ".github"
    fixed = ("", here, "docs", FORMS[forge])
    return tuple(dict.fromkeys([*fixed, *(pattern.rpartition("/")[0] for pattern in docs)]))


def choose(forge: ForgeKind, docs: Sequence[str], listed: Iterable[ListedFile]) -> tuple[ListedFile, ...]:
    """Return what is to be read, what matters most first.

    Args:
        forge: Where the repository is.
        docs: Patterns of its documentation.
        listed: The files of its folders.

    Returns:
        At most one mission, the security policies, and as many forms and documents as are read at the most.
    """
    files = {file.path: file for file in sorted(listed, key=lambda file: file.path)}
    by_role = {role: [path for path in files if role in roles(forge, docs, path)] for role in Role}
    missions = sorted(by_role[Role.MISSION], key=lambda path: MISSIONS.index(path.casefold()))[:1]
    # In the order of the patterns: what a person named first is not crowded out by what is many.
    documents = [path for pattern in docs for path in by_role[Role.DOCS] if _fits(path, pattern)]
    chosen = dict.fromkeys(
        [
            *missions,
            *by_role[Role.SECURITY],
            *by_role[Role.FORM][:MOST_FORMS],
            *list(dict.fromkeys(documents))[:MOST_DOCS],
        ]
    )
    return tuple(files[path] for path in chosen)


def roles(forge: ForgeKind, docs: Sequence[str], path: str) -> frozenset[Role]:
    """Return what a file is for; nothing for most."""
    low = path.casefold()
    folder, _, name = low.rpartition("/")
    form = folder == FORMS[forge].casefold() and name.endswith(_FORM_ENDS) and name not in _NO_FORM
    claims = {
        Role.MISSION: low in MISSIONS,
        Role.SECURITY: low in POLICIES,
        Role.FORM: form,
        Role.DOCS: any(_fits(path, pattern) for pattern in docs),
    }
    return frozenset(role for role, holds in claims.items() if holds)


def _fits(path: str, pattern: str) -> bool:
    """Tell whether a path is right in the pattern's folder and fits, in capitals or not."""
    where, _, name = path.casefold().rpartition("/")
    folder, _, wanted = pattern.casefold().rpartition("/")
    return where == folder and fnmatchcase(name, wanted)
