"""What we use of PyGithub, loaded without what it would sign the key of an app with: `github_app_line` does that."""

from __future__ import annotations

from foreman import lean

# Half of PyGithub's weight, and of use only to apps: 45 ms of the start, and 9 MB.
with lean.without("cryptography", forget="jwt"):
    from github import BadAttributeException, GithubException
    from github.Auth import Auth
    from github.Requester import HTTPRequestsConnectionClass, Requester

__all__ = ["Auth", "BadAttributeException", "GithubException", "HTTPRequestsConnectionClass", "Requester"]
