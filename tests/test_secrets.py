from __future__ import annotations

import threading

import pytest

from foreman.errors import ConfigError
from foreman.secrets import KnownSecrets, SecretRef, looks_like_token, lookup, mask_tokens

VALUE = "a-value-that-must-not-leave"
REF = SecretRef("BOT_TOKEN", "identity.github_token")


def test_the_environment_comes_before_the_credentials_directory(tmp_path) -> None:
    (tmp_path / "BOT_TOKEN").write_text("from-the-file-1234\n")
    directory = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    assert REF.resolve(environ=directory) == "from-the-file-1234"
    assert REF.resolve(environ={**directory, "BOT_TOKEN": VALUE}) == VALUE


def test_no_name_leads_out_of_the_credentials_directory(tmp_path) -> None:
    (tmp_path / "outside").write_text(VALUE)
    (tmp_path / "inside").mkdir()

    assert lookup("../outside", {"CREDENTIALS_DIRECTORY": str(tmp_path / "inside")}) is None


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "is not set"),
        ({"BOT_TOKEN": "  "}, "is empty"),
        ({"BOT_TOKEN": f"{VALUE}\nX-Header: 1"}, "a line break"),
        ({"BOT_TOKEN": f" {VALUE}"}, "spaces at an end"),
        ({"BOT_TOKEN": f"{VALUE}é"}, "a character that no token has"),
    ],
)
def test_a_secret_that_cannot_be_used_names_key_and_variable_and_no_value(environ: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        REF.resolve(environ=environ)

    assert message in str(caught.value)
    assert str(caught.value).startswith("identity.github_token: the variable BOT_TOKEN ")
    assert VALUE not in str(caught.value)


def test_a_resolved_secret_is_known_from_then_on() -> None:
    known = KnownSecrets()

    REF.resolve(known, environ={"BOT_TOKEN": VALUE})

    assert known.redact(f"Bearer {VALUE}!") == "Bearer [BOT_TOKEN]!"
    assert f"x{VALUE}" in known
    assert "harmless" not in known
    assert known.items() == ((VALUE, "BOT_TOKEN"),)


def test_nothing_shows_a_value() -> None:
    known = KnownSecrets()
    known.add(VALUE, "BOT_TOKEN")

    assert VALUE not in repr(known) + str(known) + repr(REF) + str(REF)
    assert str(REF) == "${BOT_TOKEN}"


def test_the_longest_of_overlapping_secrets_goes_first() -> None:
    known = KnownSecrets()
    known.add("12345678", "SHORT")
    known.add("1234567890", "LONG")
    known.add("1234567", "TOO_SHORT")

    assert known.redact("1234567890 12345678 1234567") == "[LONG] [SHORT] 1234567"


def test_secrets_may_come_in_while_others_redact() -> None:
    known = KnownSecrets()
    failures: list[BaseException] = []

    def add(start: int) -> None:
        try:
            for number in range(start, start + 50):
                known.add(f"secret-number-{number:06d}", f"S{number}")
                assert known.redact(f"secret-number-{number:06d}") == f"[S{number}]"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 1000, 2000, 3000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not failures
    assert len(known.items()) == 200


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ghp_" + "a" * 36, True),
        ("github_pat_" + "A1" * 20, True),
        ("glpat-" + "x" * 20, True),
        ("sk-ant-api03-" + "x" * 30, True),
        ("ghs_123_" + "eyJ" + "a" * 20 + ".eyJ" + "b" * 30 + "." + "c" * 200, True),
        ("eyJ" + "a" * 20 + ".eyJ" + "b" * 30 + "." + "c" * 40, True),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", True),  # pragma: allowlist secret
        ("the ghp_ prefix", False),
        ("task-force", False),
        ("claude-sonnet-4-6", False),
    ],
)
def test_shapes_of_tokens_are_known(text: str, found: bool) -> None:
    assert looks_like_token(text) is found
    assert (mask_tokens(f"<{text}>") == "<[token]>") is found


KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\n"  # pragma: allowlist secret
    "MIIEowIBAAKCAQEA7+first/line\nSecondLineOfTheKey0123456789\n-----END RSA PRIVATE KEY-----"
)
KEY_REF = SecretRef("APP_KEY", "identity.github_app.private_key", is_key=True)


@pytest.mark.parametrize("written", [KEY, KEY + "\n", KEY.replace("\n", "\\n"), KEY.replace("\n", "\r\n")])
def test_a_private_key_may_have_real_line_breaks_or_written_ones(written: str) -> None:
    assert KEY_REF.resolve(environ={"APP_KEY": written}) == KEY


def test_no_line_of_a_private_key_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownSecrets()
    monkeypatch.setenv("APP_KEY", KEY)

    KEY_REF.make_known(known)

    assert KEY not in known.redact(KEY)
    for line in KEY.splitlines()[1:-1]:
        assert line not in known.redact(f'{{"error": "could not read {line}"}}')


@pytest.mark.parametrize(
    "value", ["ghp_0123456789abcdef0123", "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"]
)
def test_what_is_no_private_key_is_told_by_its_variable_alone(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        KEY_REF.resolve(environ={"APP_KEY": value})

    assert "the variable APP_KEY holds no private key" in str(caught.value)
    assert value not in str(caught.value)


def test_a_value_can_be_forgotten() -> None:
    known = KnownSecrets()
    known.add(VALUE, "A")
    known.add(f"{VALUE}-2", "B")

    known.forget(VALUE)
    known.forget("never known")

    assert known.redact(f"{VALUE} {VALUE}-2") == f"{VALUE} [B]"
    known.forget(f"{VALUE}-2")
    assert f"{VALUE}-2" not in known
