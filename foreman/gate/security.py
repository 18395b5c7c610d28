"""Does somebody report a security hole in public? Then nothing is written there, whatever the agent decided. Pure.

A backstop behind the agents' own judgement. A title that names a kind of hole is enough, a text must tell of one; a
wish, a question and the upgrade of a dependency are none. `docs/gate.md` says how often it is wrong.
"""

from __future__ import annotations

import re

from foreman.model import ForgeKind
from foreman.patterns import late

_MOST_CHARS = 20_000

_CODE = late(r"```.*?(?:```|\Z)|`[^`\n]*`|^\s*>.*$|^(?: {4}|\t).*$|https?://\S+", re.DOTALL | re.MULTILINE)
_FENCES = late(r"```.*?(?:```|\Z)", re.DOTALL)
_NOT_NEW = late(
    r"\b(?:upgrad|bump|updat|depend|transitive|audit|snyk|dependabot|scanner|owasp|backport|mitigat)\w*", re.IGNORECASE
)
_WISH = late(
    r"^\W*(?:\w+\W+)?(?:how (?:do|to|can)|docs?\b|document|add |support |feature|allow |question|(?<!cve )request"
    r"|proposal|remove )",
    re.IGNORECASE,
)
_NAMED = (
    r"remote code execution|rce|(?:stored|reflected|dom|blind|self)?[- ]?xss|ssrf|xxe|sqli|idor|cross-site scripting"
    r"|cross-site request forgery|csrf (?:vulnerability|attack|bypass|hole)|server-side request forgery"
    r"|(?:sql|nosql|command|code|shell|ldap|template|header|crlf|html) injection|(?:path|directory) traversal"
    r"|zip[- ]slip|auth(?:entication|orization)? bypass|privilege escalation|account takeover"
    r"|session (?:fixation|hijacking)|prototype pollution|open redirect|(?:insecure|unsafe) deseriali[sz]ation"
    r"|deseriali[sz]ation of untrusted|arbitrary (?:code|command) execution|execute arbitrary (?:code|commands)"
    r"|arbitrary file (?:read|write|upload|deletion)s?|insecure direct object|broken access control"
    r"|clickjacking|subdomain takeover|0-?day|zero-day"
)
_HOLE = late(
    rf"\b(?:{_NAMED}|vulnerabilit(?:y|ies)|security (?:hole|flaw|breach)|csrf|arbitrary (?:code|command|file)s?"
    r"|use[- ]after[- ]free|(?:buffer|heap|stack) overflow|read any file|redos)\b",
    re.IGNORECASE,
)
_TITLE = late(
    rf"\b(?:{_NAMED}|redos"
    r"|security (?:vulnerabilit(?:y|ies)|issues?|bugs?|flaws?|holes?|problems?|reports?|breach(?:es)?|disclosures?)"
    r"|(?:critical|serious|severe|possible|potential) vulnerabilit(?:y|ies)|vulnerability (?:report|in|disclosure)"
    r"|cve request|use[- ]after[- ]free|heap[- ]buffer[- ]overflow"
    r"|sensitive (?:data|information) (?:exposure|disclosure|leak)\w*"
    r"|hard-?coded (?:credentials|passwords?|secrets?|keys?)"
    r"|(?:token|password|session)s? (?:\w+ )?(?:is|are) (?:predictable|guessable))\b|^\W*\[?security\]",
    re.IGNORECASE,
)
"""What a title says that is about a hole and hardly about anything else."""

_TELLS = late(
    r"\b(?:security researcher|bug bounty|responsible disclosure|coordinated disclosure"
    r"|(?:found|discovered|report(?:ing)?|identified) (?:a|an|some|multiple|several|this) "
    r"(?:\w+ ){0,3}(?:vulnerabilit(?:y|ies)|security (?:hole|flaw|issue|bug)s?)"
    r"|(?:read|see|access|view|delete|change|download) (?:the )?(?:\w+ )?(?:of )?(?:any|(?:an)?other) "
    r"(?:users?|customers?|accounts?|tenants?)\b(?:'s?|’s?)? \w+)\b"
    r"|\b(?:invoices|data|files|messages|orders|records|passwords|e-?mails) of (?:any |all )?other "
    r"(?:users|customers|accounts|tenants)\b",
    re.IGNORECASE,
)
"""What a text says that tells of a hole in words of its own."""

_ATTACK = late(
    r"\b(?:attackers?|exploit(?:s|ed|able|ation|ing)?|proof[- ]of[- ]concept|pocs?|malicious(?:ly)?|victims?"
    r"|unauthenticated|pwn(?:ed)?)\b",
    re.IGNORECASE,
)
_LEAK = late(
    r"\b(?:leak(?:s|ed|ing)?|expos(?:es|ed)|committed|published)\b[^.\n]{0,40}?"
    r"\b(?:private keys?|api keys?|credentials|access tokens?|passwords?)\b"
    r"|\b(?:private keys?|api keys?|credentials|access tokens?|passwords?) (?:is |are |gets? |was |were )"
    r"(?:leaked|exposed|published|committed)\b",
    re.IGNORECASE,
)
_ELSEWHERE = late(
    r"\bsicherheitslücken?\b|\bfaille de sécurité\b|\bvulnerabilidade?s?\b"
    r"|\bуязвимост|安全漏洞|脆弱性",
    re.IGNORECASE,
)
"""What a title says in other languages when it reports a hole."""

_KEY = late(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")


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
    if _LEAK.search(title) or _ELSEWHERE.search(title) or _TITLE.search(title):
        return True
    if _HOLE.search(title) and _ATTACK.search(f"{title}\n{prose}"):
        return True
    return _TELLS.search(prose) is not None or _near(prose)


def _near(prose: str) -> bool:
    """Tell whether a hole and an attack are named in one paragraph."""
    return any(_HOLE.search(part) and _ATTACK.search(part) for part in re.split(r"\n\s*\n", prose))


def redirect(author: str, forge: ForgeKind, policy: tuple[str, str] | None) -> str:
    """Draft what a maintainer may tell whoever reported a hole in public; Foreman itself says nothing there.

    Args:
        author: Login of who reported it; empty where it is not known.
        forge: Which forge it is on.
        policy: Path and page of the repository's security policy; None where none is known.

    Returns:
        A short text for the maintainer to copy, which repeats nothing of the report.
    """
    if policy is not None:
        path, page = policy
        how = f"Please send the details the way {path} describes{': ' + page if page else ''}"
    elif forge is ForgeKind.GITHUB:
        how = "If private reporting is on here, please use “Report a vulnerability” on this repository's Security page"
    else:
        how = "Please open a new issue with “This issue is confidential” ticked"
    return (
        f"Thank you for looking into this{', @' + author if author else ''}. So that nobody is put at risk before "
        f"there is a fix, I would like to go on in private and take the details off this page. {how}."
    )
