"""What is taken for a report of a security hole in public, and what only sounds like one."""

from __future__ import annotations

import pytest

from foreman.gate import security

REPORTS = [
    (
        "Security vulnerability in login",
        "I found a vulnerability in your login form. Any user can log in as admin by sending ...",
    ),
    ("[Security] Path traversal in file download", "GET /download?file=../../etc/passwd returns the file"),
    ("Stored XSS in comments", "Steps:\n1. Post `<script>alert(1)</script>`\n2. open page, script runs"),
    ("SQL injection in /search", "payload: ' OR 1=1 --\n\nReturns all rows."),
    (
        "Remote code execution via pickle",
        "The server unpickles user supplied data. Sending a crafted pickle runs code.",
    ),
    ("CVE request: heap-buffer-overflow in parser", "ASAN output: heap-buffer-overflow ... crash with crafted file"),
    ("Auth bypass: JWT alg none accepted", "Tokens with alg none are accepted so anyone can be any user."),
    ("SSRF in webhook URL", "One can set http://169.254.169.254/ as webhook and read the metadata."),
    ("Sensitive data exposure", "Your .env file with AWS keys is publicly accessible at https://..."),
    ("Hardcoded credentials in repo", "There is an API key committed in config.js"),
    ("Possible security issue", "By changing the user id in the URL I can read the invoices of other customers."),
    ("IDOR on /api/users/{id}", "Any logged in user can read other users' data"),
    ("Prototype pollution in merge()", 'PoC: merge({}, JSON.parse(\'{"__proto__":{"x":1}}\'))'),
    ("ReDoS in email regex", "A crafted string makes the server hang; attackers can DoS the service"),
    ("Zip slip when extracting archives", "A malicious archive can write outside the target directory."),
    ("Deserialization of untrusted data allows code execution", "..."),
    ("Privilege escalation: normal user can become admin", "POST /api/role with role=admin works for everybody"),
    ("Open redirect in /login?next=", "next=https://evil.com redirects after login, usable for phishing"),
    ("Password reset token is predictable", "Tokens are derived from timestamp, so attackers can take over accounts."),
    ("XXE in the SVG upload", "Upload of an SVG with an external entity reads /etc/passwd"),
    ("Command injection in filename", "A file named `; rm -rf /` is executed by the shell"),
    (
        "Vulnerability report",
        "Hello, I am a security researcher and found a critical bug in your product. Details: ...",
    ),
    ("Critical security flaw", "see attached"),
    ("Use after free in decoder", "==1234==ERROR: AddressSanitizer: heap-use-after-free"),
]
OTHERS = [
    ("Security page in docs is outdated", "The page says TLS 1.0"),
    ("npm audit reports vulnerability in lodash", "npm audit: high severity vulnerability, prototype pollution"),
    ("Add support for CSRF tokens", "would be nice"),
    ("How do I prevent SQL injection with raw()?", "I want to know"),
    ("Crash: stack overflow on deep recursion", "RecursionError"),
    ("Buffer overflow error in log", "Log says buffer overflow, dropping messages"),
    ("Docs: explain the vulnerability disclosure process", "..."),
    ("Update OpenSSL to fix CVE-2023-1234", "..."),
    ("Login fails with 401", "I cannot log in since 2.3"),
    ("Password is shown in clear text in the UI field", "The input type should be password"),
    ("Stack overflow in parser with nested brackets", "Crashes with RecursionError; not controlled by others"),
    ("Arbitrary file names are not supported", "x"),
    (
        "CSRF token missing or incorrect",
        "After the upgrade I get 403 CSRF token missing or incorrect when posting the form",
    ),
    ("Heap overflow: JavaScript heap out of memory", "FATAL ERROR: Reached heap limit"),
    ("Permission denied when writing to /etc", "..."),
    ("Rate limit is bypassed when using two workers", "..."),
]


@pytest.mark.parametrize(("title", "body"), REPORTS, ids=[title for title, _ in REPORTS])
def test_a_report_is_seen_whether_an_agent_says_so_or_not(title: str, body: str) -> None:
    assert security.is_report(title, body)


@pytest.mark.parametrize(("title", "body"), OTHERS, ids=[title for title, _ in OTHERS])
def test_what_only_sounds_like_one_is_none(title: str, body: str) -> None:
    assert not security.is_report(title, body)
