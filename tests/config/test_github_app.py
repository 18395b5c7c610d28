"""An app on GitHub in place of a token."""

from __future__ import annotations

import pytest

from foreman.config.load import secrets_of, unset_secrets
from tests.config.documents import REPOS, load, problems

APP = """\
identity:
  github_app: {app_id: 123456, private_key: "${APP_KEY}", installation_id: 42}
"""
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----"  # pragma: allowlist secret


def test_an_app_needs_neither_token_nor_login() -> None:
    config = load(APP + REPOS)

    app = config.identity.github_app
    assert app is not None
    assert (app.app_id, app.installation_id, str(app.private_key)) == ("123456", 42, "${APP_KEY}")
    assert [(one.key, one.is_key) for one in secrets_of(config)] == [("identity.github_app.private_key", True)]


@pytest.mark.parametrize("written", ['"${APP_ID}"', '"123456"', "Iv23liAbCdEf0123456"])
def test_its_id_may_be_a_variable_or_the_client_id(written: str) -> None:
    config = load(APP.replace("123456", written) + REPOS, APP_ID="77")

    assert config.identity.github_app is not None
    assert config.identity.github_app.app_id in {"77", "123456", "Iv23liAbCdEf0123456"}


@pytest.mark.parametrize(
    ("identity", "path", "message"),
    [
        (APP + '  github_token: "${T}"\n', "identity.github_app", "give one or the other"),
        (APP.replace("123456", "zero"), "identity.github_app.app_id", "needs the app's id"),
        (APP.replace("123456", "true"), "identity.github_app.app_id", "needs the app's id"),
        (APP.replace("42", "0"), "identity.github_app.installation_id", "must be at least 1"),
        (APP.replace(", installation_id: 42", ""), "identity.github_app.installation_id", "required"),
        (APP.replace("${APP_KEY}", "key.pem"), "identity.github_app.private_key", "write ${GITHUB_APP_KEY}"),
        (APP.replace('"${APP_KEY}"', f'"{PEM}"'.replace("\n", "\\n")), "identity.github_app.private_key", "holds a"),
    ],
)
def test_what_is_wrong_with_an_app_is_told(identity: str, path: str, message: str) -> None:
    found = problems(identity + REPOS)

    assert message in found.get(path, "?"), found
    assert "MIIEow" not in str(found)


def test_its_key_is_tried_like_every_secret() -> None:
    config = load(APP + REPOS)

    assert not unset_secrets(config, environ={"APP_KEY": PEM.replace("\n", "\\n")})
    (problem,) = unset_secrets(config, environ={"APP_KEY": "ghp_notakey"})
    assert problem.path == "identity.github_app.private_key"
    assert "holds no private key" in problem.message
