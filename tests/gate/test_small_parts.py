"""Marker, secrets, personal data, composing, states: what the corpus does not reach."""

from __future__ import annotations

from dataclasses import replace

import pytest

from foreman.gate import marker, reasons
from foreman.gate.personal import redact_personal
from foreman.gate.policy import final_state, text_context
from foreman.gate.secret_scan import FOREIGN, KnownSecrets
from foreman.gate.text import FOOTER, CleanText, compose, outgoing
from foreman.gate.text_links import is_allowed
from foreman.gate.text_rendered import render
from foreman.model import Account, Allow, Comment, Deny, Hold, IssueRef, Mode, RepoRef, Role
from foreman.secrets import REMOVED
from tests.gate.cases import BOT, CANARY, FORMS, NOW, SECRETS, context, facts, make_policy

ISSUE = IssueRef(RepoRef.parse("acme/widget"), 77)
KEY = "0123456789abcdef" * 2


def _comment(body: str, author: Account = BOT) -> Comment:
    return Comment(id=1, author=author, role=Role.NONE, body=body, created_at=NOW, updated_at=NOW)


def _owner(comment: Comment, *, issue: IssueRef = ISSUE, secret: str = "s") -> str | None:
    return marker.is_ours(comment, bot_id=BOT.id, secret=secret, issue=issue)


def test_own_comment_is_known_by_its_marker() -> None:
    line = marker.make("s", ISSUE, KEY)

    assert _owner(_comment(f"{line}\nhello")) == KEY
    assert _owner(_comment(f"{line}\r\nhello")) == KEY


@pytest.mark.parametrize(
    "comment",
    [
        _comment(marker.make("s", ISSUE, KEY) + "\nhi", Account(login="acme-bot", id=1)),
        _comment("hi\n" + marker.make("s", ISSUE, KEY)),
        _comment(marker.make("other", ISSUE, KEY) + "\nhi"),
        _comment(marker.make("s", replace(ISSUE, number=78), KEY) + "\nhi"),
        _comment(f"<!-- foreman:v1 key={KEY} tag={'0' * 32} -->\nhi"),
        _comment("> " + marker.make("s", ISSUE, KEY)),
        _comment(""),
    ],
    ids=["another account", "not the first line", "another secret", "another issue", "forged", "quoted", "empty"],
)
def test_what_only_looks_like_ours_is_not(comment: Comment) -> None:
    assert _owner(comment) is None


def test_a_key_of_another_shape_makes_no_marker() -> None:
    with pytest.raises(ValueError, match="32 hex"):
        marker.make("s", ISSUE, "x --> <b>")


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_is_found_in_every_form_and_never_kept(form: str) -> None:
    text = f"The value is {FORMS[form](CANARY)} as far as I see."

    assert SECRETS.find(text) == SECRETS.find(FORMS[form](CANARY)) == ("forge token",)
    assert not SECRETS.find(SECRETS.redact(text))


def test_redaction_cuts_out_plain_values_and_leaves_the_rest() -> None:
    token = "ghp" + "_" + "a1B2" * 9

    assert SECRETS.redact(f"a {CANARY} b {token} c") == f"a {REMOVED} b {REMOVED} c"
    assert SECRETS.redact("sk-learn, task-force, 0123abcd") == "sk-learn, task-force, 0123abcd"


def test_short_secrets_are_found_whole_and_tiny_ones_not_at_all() -> None:
    secrets = KnownSecrets({"short": "pa55word", "tiny": "abc", "empty": ""})

    assert secrets.find("it is pa55word!") == ("short",)
    assert secrets.find("it is pa55wor, abc") == ()
    assert "pa55word" not in repr(secrets)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to kim.lee+x@mail.example.org please", "write to [e-mail] please"),
        ("from 8.8.8.8 and 2001:4860:4860::8888", "from [ip] and [ip]"),
        ("call +98 912 345 6789 or (555) 123-4567", "call [phone] or [phone]"),
    ],
)
def test_personal_data_is_taken_out(text: str, redacted: str) -> None:
    assert redact_personal(text).text == redacted


@pytest.mark.parametrize(
    "text",
    [
        "v1.2.3.4, version 10.0.19.41, pkg@1.2.3, ==4.2.0.1, 1.2.3",
        "#12345, 1700000000, 2026-01-02 12:30:45, 0xdeadbeef, 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "127.0.0.1:8080, 192.168.1.5, ::1, std::vector, 00:1A:2B:3C",
        "@property, a@b, 12 345 678 bytes, 555-1234",
    ],
)
def test_versions_hashes_and_numbers_stay(text: str) -> None:
    assert redact_personal(text).text == text


def test_a_composed_comment_has_marker_text_and_footer_each_for_itself() -> None:
    clean = outgoing("Which version?\n\n```\nx", context())
    assert isinstance(clean, CleanText)

    whole = compose(clean, marker_line=marker.make("s", ISSUE, KEY))

    assert marker.read(whole) == marker.Marker(key=KEY, tag=whole[57:89])
    assert whole.endswith(f"\n\n{FOOTER}")
    assert "\n" not in FOOTER and "foreman:hold" in FOOTER
    seen = render(whole)
    assert seen.code == ["x\n"] and "I am a bot" in seen.flat


def test_the_longest_comment_fits_after_marker_and_footer() -> None:
    clean = outgoing("x" * context(max_chars=10**6).char_limit, context(max_chars=10**6))
    assert isinstance(clean, CleanText)

    assert len(compose(clean, marker_line=marker.make("s", ISSUE, KEY))) <= 65_536


@pytest.mark.parametrize(
    ("verdict", "mode", "paused", "state"),
    [
        (Allow(), Mode.AUTO, False, "planned"),
        (Allow(), Mode.AUTO, True, "held"),
        (Allow(), Mode.APPROVE, False, "held"),
        (Allow(), Mode.SHADOW, False, "shadow"),
        (Allow(), Mode.SHADOW, True, "shadow"),
        (Hold("x"), Mode.AUTO, False, "held"),
        (Hold("x"), Mode.SHADOW, False, "shadow"),
        (Deny("x"), Mode.SHADOW, True, "denied"),
        (Deny("x"), Mode.AUTO, False, "denied"),
    ],
)
def test_the_state_of_an_action_follows_from_verdict_mode_and_pause(
    verdict: Allow | Deny | Hold, mode: Mode, paused: bool, state: str
) -> None:
    assert final_state(verdict, mode, paused=paused) == state


@pytest.mark.parametrize(
    ("forge", "page", "home"),
    [
        ("gitlab", "https://git.acme.example/acme/widget/-/issues/77", "https://git.acme.example/acme/widget/"),
        ("gitlab", "https://acme.example/a/git/acme/widget/-/work_items/7", "https://acme.example/a/git/acme/widget/"),
        ("gitlab", "https://git.acme.example/Acme/Widget/-/issues/77", "https://git.acme.example/Acme/Widget/"),
        ("github", "https://ghe.acme.example/acme/widget/issues/77", "https://ghe.acme.example/acme/widget/"),
        ("github", "", "https://github.com/acme/widget/"),
        ("gitlab", "", "https://gitlab.com/acme/widget/"),
        ("github", "http://127.0.0.1:8080/acme/widget/issues/77", ""),
        ("gitlab", "https://git.acme.example:8443/acme/widget/-/issues/77", ""),
        ("gitlab", "https://git.acme.example/other/widget/-/issues/77", ""),
        ("gitlab", "https://kim@git.acme.example/acme/widget/-/issues/77", ""),
    ],
)
def test_the_own_repository_is_where_the_forge_says_the_issue_is(forge: str, page: str, home: str) -> None:
    at = text_context(facts(url=page, forge=forge), make_policy())
    link = f"{home or 'https://git.acme.example/acme/widget/'}-/issues/3"

    assert at.prefixes[0] == home
    assert is_allowed(link, at) is bool(home)
    assert not is_allowed(f"{home}uploads/0123/x.png", at)
    posted = outgoing(f"see {link} and {link.replace('acme', 'evil')}", at)
    assert isinstance(posted, CleanText)
    assert (f"see {link} and `" in posted.text) is bool(home)


@pytest.mark.parametrize("path", ["acme/widget", "kim/widget"])
def test_the_same_path_on_the_public_forge_may_be_a_strangers(path: str) -> None:
    here = text_context(facts(url="https://acme.example/git/acme/widget/-/issues/77", forge="gitlab"), make_policy())

    assert not is_allowed(f"https://gitlab.com/{path}/-/issues/3", here)
    assert not is_allowed(f"https://acme.example/{path}/-/issues/3", here)


def test_every_reason_is_explained() -> None:
    assert set(reasons.EXPLANATIONS) == set(reasons.Reason)
    assert reasons.explain("hold_label").meaning
    assert reasons.explain("a_reason_of_an_older_version").remedy == ""


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "a" * 36,
        "github_pat_" + "a" * 40,
        "glpat-" + "a" * 20,
        "sk-ant-" + "a" * 30,
        "AKIA" + "A" * 16,
        "ASIA" + "A" * 16,
        "-----BEGIN RSA PRIVATE KEY-----\n" + "a" * 64,
        "xoxb-" + "1" * 20,
        "AIza" + "a" * 35,
        "pypi-AgE" + "a" * 40,
        "npm_" + "a" * 36,
        "hf_" + "a" * 34,
        "rk_live_" + "a" * 24,
        "eyJ" + "a" * 20 + ".eyJ" + "a" * 20 + "." + "a" * 20,
        "HTTPS://kim:hunter22@example.org",
    ],
)
def test_what_looks_like_a_token_of_a_known_service_is_found_alone(text: str) -> None:
    found = KnownSecrets().find(text)

    assert len(found) == 1
    assert found == KnownSecrets().find(f"a line\n{text} " + "and more text " * 300)


def test_every_known_service_has_its_example() -> None:
    (examples,) = test_what_looks_like_a_token_of_a_known_service_is_found_alone.pytestmark

    assert {name for text in examples.args[1] for name in KnownSecrets().find(text)} == set(FOREIGN)
