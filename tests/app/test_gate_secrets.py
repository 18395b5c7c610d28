"""The gate knows the secrets of the moment."""

from __future__ import annotations

from foreman.app.gate_secrets import LiveSecrets
from foreman.secrets import KnownSecrets

FIRST, SECOND = "first-token-0123456789", "second-token-9876543210"


def test_what_is_added_later_is_found_and_what_is_forgotten_is_not() -> None:
    known = KnownSecrets()
    live = LiveSecrets(known)
    known.add(FIRST, "GitHub App token")
    assert live().find(f"see {FIRST}") == ("GitHub App token",)

    known.add(SECOND, "GitHub App token")
    assert len(live().find(f"{FIRST} {SECOND}")) == 2, "two of one name are told apart"

    known.forget(FIRST)
    assert live().find(f"see {FIRST}") == ()
    assert live().find(f"see {SECOND}") == ("GitHub App token",)


def test_the_view_is_made_again_only_after_a_change() -> None:
    known = KnownSecrets()
    live = LiveSecrets(known)
    known.add(FIRST, "A")

    assert live() is live()


def test_a_text_about_keys_holds_none() -> None:
    """The first line of a key stands in every other as well."""
    known = KnownSecrets()
    lines = ["MIIEowIBAAKCAQEA7bq1Zx", "q8Wv0yT3uPKcD5sLmN2oRg"]
    for part in (*lines, "".join(lines)):
        known.add(part, "APP_KEY")

    assert LiveSecrets(known)().find("Paste your RSA PRIVATE KEY, from BEGIN to END.") == ()
    assert LiveSecrets(known)().find("7bq1Zx q8Wv0y T3uPKcD5") == ("APP_KEY",)
