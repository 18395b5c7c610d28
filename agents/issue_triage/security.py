"""Whether somebody reports a security hole in public. Pure, and rather too careful: a wrong guess costs a look.

Words for holes count at once; names of attacks count where somebody attacks, not where a protection is asked for.
Program output and quotes do not count.
"""

from __future__ import annotations

import re

from agents.issue_triage.reading import Parts

_HOLE = re.compile(
    r"\b(?:security (?:hole|flaw|bug|breach|vulnerabilit(?:y|ies)|weakness)|vulnerabilit(?:y|ies)|0-?day|zero-day"
    r"|cve-\d{4}-\d{3,7}|remote code execution|arbitrary (?:code|command|file read|file write)"
    r"|privilege escalation|(?:command|code|sql|ldap|xpath|template) injection"
    r"|auth(?:entication|orization)? bypass|bypass(?:es|ed|ing)? (?:the )?(?:auth\w*|login|password|access control)"
    r"|account takeover|sicherheitslücken?|faille de sécurité|vulnérabilité|vulnerabilidade?s?|falha de segurança"
    r"|fallo de seguridad)\b"
    r"|\bуязвимост|安全漏洞|脆弱性"
)
_ATTACK = re.compile(
    r"\b(?:rce|xss|csrf|ssrf|xxe|idor|sqli|cross-site (?:scripting|request forgery)|(?:path|directory) traversal"
    r"|open redirect|prototype pollution|zip slip)\b|漏洞"
)
_WEAKNESS = re.compile(r"\b(?:deserializ(?:ation|es)|use[- ]after[- ]free|(?:buffer|heap|stack) overflow|toctou)\b")
_ATTACKER = re.compile(
    r"\b(?:attackers?|exploit(?:s|ed|able|ation|ing)?|malicious|payload|proof[- ]of[- ]concept|poc|pwn(?:ed)?"
    r"|unauthenticated|without (?:authentication|authorization|logging in|permission)|victim|steal(?:s|ing)?"
    r"|vulnerable|attaquant|angreifer|atacante|злоумышленник)\b|攻击者|攻撃者"
)
_LEAK = re.compile(
    r"\b(?:leak(?:s|ed|ing)?|expos(?:e|es|ed|ing)|committed|disclos(?:e|es|ed|ure))\b[^.\n]{0,40}?"
    r"\b(?:passwords?|private keys?|api keys?|secrets?|credentials?|access tokens?|session tokens?"
    r"|other users'? (?:data|files|records))\b"
    r"|\b(?:passwords?|keys?|secrets?|credentials?|tokens?) (?:is |are |gets? |was |were )?"
    r"(?:leak(?:s|ed|ing)?|exposed|disclosed|in (?:plain|clear) ?text)\b"
)
_REQUEST = re.compile(
    r"^(?:\W*(?:\w+\W+)?)(?:how (?:do|to|can)|docs?\b|document|add |support |feature|allow |question|request|proposal)"
)
_KNOWN = re.compile(
    r"\b(?:upgrad|bump|updat|backport|mitigat|dependenc|transitive|scan(?:s|ned|ner)?\b|snyk|dependabot|owasp)"
)
"""What is said of a hole that is public already, mostly in what a project is built on."""

_HARMLESS = re.compile(
    r"\bno (?:known )?(?:security )?vulnerabilit(?:y|ies)\b|\bmemory leak|\bsecurity polic(?:y|ies)\b|\bsecurity\.md\b"
)


def is_report(parts: Parts) -> bool:
    """Return whether an issue looks like a report of a security hole.

    Args:
        parts: The issue's text.

    Returns:
        Whether nothing should be said about it in public.
    """
    title, prose = _HARMLESS.sub(" ", parts.title), _HARMLESS.sub(" ", parts.prose)
    text = f"{title}\n{prose}"
    attacked = bool(_ATTACKER.search(text))
    if _REQUEST.match(title) and not attacked:
        return False
    if not attacked and _KNOWN.search(text) and not _LEAK.search(text):
        return False
    if _HOLE.search(title) or _LEAK.search(text):
        return True
    if _ATTACK.search(title):
        return True
    return attacked and any(pattern.search(text) for pattern in (_HOLE, _ATTACK, _WEAKNESS))
