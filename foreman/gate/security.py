"""Does somebody report a security hole in public? Then nothing is written there, whatever the agent decided. Pure.

A backstop behind the agents' own judgement, so it is strict: it must see an attack described, not a word that is also
used for a wish, a question or the upgrade of a dependency. `docs/gate.md` says how often it is wrong.
"""

from __future__ import annotations

import re

_MOST_CHARS = 20_000

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|^\s*>.*$|^(?: {4}|\t).*$|https?://\S+", re.DOTALL | re.MULTILINE)
_FENCES = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NOT_NEW = re.compile(
    r"\b(?:upgrad|bump|updat|depend|transitive|audit|snyk|dependabot|scanner|owasp|backport|mitigat)\w*", re.IGNORECASE
)
_WISH = re.compile(
    r"^\W*(?:\w+\W+)?(?:how (?:do|to|can)|docs?\b|document|add |support |feature|allow |question|request|proposal"
    r"|remove )",
    re.IGNORECASE,
)
_HOLE = re.compile(
    r"\b(?:vulnerabilit(?:y|ies)|security (?:hole|flaw|breach)|0-?day|zero-day|remote code execution|rce|xss|ssrf|xxe"
    r"|csrf|sqli|cross-site (?:scripting|request forgery)|(?:sql|command|code|ldap|template) injection"
    r"|(?:path|directory) traversal|auth(?:entication|orization)? bypass|privilege escalation|account takeover"
    r"|arbitrary (?:code|command|file)s?|use[- ]after[- ]free|(?:buffer|heap|stack) overflow|read any file)\b",
    re.IGNORECASE,
)
_ATTACK = re.compile(
    r"\b(?:attackers?|exploit(?:s|ed|able|ation|ing)?|proof[- ]of[- ]concept|pocs?|malicious(?:ly)?|victims?"
    r"|unauthenticated|pwn(?:ed)?)\b",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"\b(?:leak(?:s|ed|ing)?|expos(?:es|ed)|committed|published)\b[^.\n]{0,40}?"
    r"\b(?:private keys?|api keys?|credentials|access tokens?|passwords?)\b"
    r"|\b(?:private keys?|api keys?|credentials|access tokens?|passwords?) (?:is |are |gets? |was |were )"
    r"(?:leaked|exposed|published|committed)\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\bsicherheitslücken?\b|\bfaille de sécurité\b|\bvulnerabilidade?s?\b"
    r"|\bуязвимост|安全漏洞|脆弱性",
    re.IGNORECASE,
)
"""What a title says in other languages when it reports a hole."""

_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")


def is_report(title: str, body: str) -> bool:
    """Tell whether an issue describes a hole and how it is attacked, or shows what must stay secret.

    Args:
        title: Of the issue.
        body: Of the issue.

    Returns:
        Whether nothing may be written about it in public.
    """
    body = body[:_MOST_CHARS]
    if _KEY.search(body):
        return True
    if _NOT_NEW.search(title) or _WISH.search(title):
        return False
    prose = _CODE.sub(" ", _FENCES.sub(" ", body))
    if (
        _LEAK.search(title)
        or _ELSEWHERE.search(title)
        or (_HOLE.search(title) and _ATTACK.search(f"{title}\n{prose}"))
    ):
        return True
    return _near(prose)


def _near(prose: str) -> bool:
    """Tell whether a hole and an attack are named in one paragraph."""
    return any(_HOLE.search(part) and _ATTACK.search(part) for part in re.split(r"\n\s*\n", prose))
