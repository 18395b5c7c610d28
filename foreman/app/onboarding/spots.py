"""Where a remote's repository is: on which forge, at which address. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from foreman.app.onboarding.remotes import Remote, parse
from foreman.config.fields import is_loopback
from foreman.errors import UsageError
from foreman.model import ForgeKind, RepoRef
from foreman.values import dataclass

GITHUB, GITLAB = "https://api.github.com", "https://gitlab.com"
USUAL = {ForgeKind.GITHUB: GITHUB, ForgeKind.GITLAB: GITLAB}

_HOSTS = {
    "github.com": (ForgeKind.GITHUB, GITHUB),
    "www.github.com": (ForgeKind.GITHUB, GITHUB),
    "ssh.github.com": (ForgeKind.GITHUB, GITHUB),
    "gitlab.com": (ForgeKind.GITLAB, GITLAB),
    "www.gitlab.com": (ForgeKind.GITLAB, GITLAB),
    "altssh.gitlab.com": (ForgeKind.GITLAB, GITLAB),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A repository and where its forge is.

    Attributes:
        repo: Which.
        url: As `identity.github_api_url` or `identity.gitlab_url` has it.
        named: A person named the address, or everybody knows it: a token may go there. A remote's word for it is not
            enough, since whoever made the clone may have written it.
        remote: The remote that it was found by; empty for none.
    """

    repo: RepoRef
    url: str
    named: bool
    remote: str = ""

    @property
    def is_usual(self) -> bool:
        """Whether it is github.com or gitlab.com."""
        return self.url == USUAL[self.repo.forge]

    @property
    def web(self) -> str:
        """Where the forge's pages are, without a slash at the end."""
        if self.repo.forge is ForgeKind.GITLAB:
            return self.url
        if self.url == GITHUB:
            return "https://github.com"
        return self.url.removesuffix("/api/v3").replace("://api.", "://", 1)

    @property
    def host(self) -> str:
        """The host a person knows it by."""
        return urlsplit(self.web).netloc


def of_name(name: str, *, forge: ForgeKind | None, base_url: str) -> Spot:
    """Read what a person named.

    Args:
        name: `owner/name`, `gitlab:group/project`, or the address of a repository or of its remote.
        forge: Which forge, where it was said.
        base_url: Where it is, as it was said; empty for where it usually is.

    Returns:
        It.

    Raises:
        UsageError: It is none of these.
    """
    written = parse_name(name)
    if written is not None:
        found = of_remote(written, forge=forge, base_url=base_url)
        if found is None:
            raise UsageError(f"which forge is on {written.host}? add --forge github or --forge gitlab")
        return Spot(repo=found.repo, url=found.url, named=True)
    head, colon, rest = name.partition(":")
    if colon and head in ForgeKind.__members__.values():
        named = ForgeKind(head)
        if forge not in (None, named):
            raise UsageError(f"--repo says {named.value} and --forge {forge.value if forge else ''}")
        forge, name = named, rest
    if forge is None:
        forge = ForgeKind.GITLAB if name.count("/") > 1 or "gitlab" in base_url else ForgeKind.GITHUB
    return Spot(repo=_repo(forge, name), url=_address(forge, base_url), named=True)


def parse_name(name: str) -> Remote | None:
    """Return where an address points, None where a name is no address."""
    if "://" in name or "@" in name:
        found = parse(name)
        return found and Remote(
            host=found.host,
            port=found.port,
            secure=found.secure,
            path=found.path.partition("/-/")[0],
            by_web=found.by_web,
        )
    return None


def of_remote(remote: Remote, *, forge: ForgeKind | None, base_url: str) -> Spot | None:
    """Return where a remote's repository is.

    Args:
        remote: Of a clone.
        forge: Which forge, where it was said.
        base_url: Where it is, as it was said; empty where it was not.

    Returns:
        It; None where the host's name does not say which forge it is, or no repository's name is there.
    """
    kind, url = _HOSTS.get(remote.host, (None, ""))
    usual = kind is not None
    if kind is None:
        kind = forge or _by_name(remote.host)
    if kind is None or forge not in (None, kind):
        return None
    if base_url:
        url = _address(kind, base_url)
    path = _below(remote.path, url if base_url else "")
    if kind is ForgeKind.GITHUB:
        path = "/".join(path.split("/")[:2])
    if not RepoRef.is_path(kind, path):
        return None
    repo = RepoRef(kind, path)
    return Spot(repo=repo, url=url or _of_host(kind, remote), named=usual or bool(base_url), remote=remote.name)


def origin_of(remote: Remote) -> str:
    """Return scheme, host and port of the web server beside a remote."""
    host = f"[{remote.host}]" if ":" in remote.host else remote.host
    # In the clear only on this machine: everything else is asked as a browser would be.
    scheme = "http" if not remote.secure and is_loopback(remote.host) else "https"
    return f"{scheme}://{host}" + (f":{remote.port}" if remote.port else "")


def _by_name(host: str) -> ForgeKind | None:
    if host.endswith(".ghe.com") or "github" in host:
        return ForgeKind.GITHUB
    return ForgeKind.GITLAB if "gitlab" in host else None


def _of_host(kind: ForgeKind, remote: Remote) -> str:
    if kind is ForgeKind.GITLAB:
        return origin_of(remote)
    if remote.host.endswith(".ghe.com"):
        return f"https://api.{remote.host.removeprefix('api.')}"
    return f"{origin_of(remote)}/api/v3"


def _address(kind: ForgeKind, base_url: str) -> str:
    """Return the address as the configuration wants it, from however a person wrote it."""
    if not base_url:
        return USUAL[kind]
    url = (base_url if "://" in base_url else f"https://{base_url}").rstrip("/")
    known = _HOSTS.get(urlsplit(url).hostname or "")
    if known is not None and known[0] is kind:
        return known[1]
    if kind is ForgeKind.GITLAB:
        return url.removesuffix("/api/v4")
    parts = urlsplit(url)
    if parts.path or (parts.hostname or "").startswith("api."):
        return url
    return f"https://api.{parts.netloc}" if parts.netloc.endswith(".ghe.com") else f"{url}/api/v3"


def _below(path: str, url: str) -> str:
    """Take a forge's own path, where it lies below one, off a remote's."""
    own = urlsplit(url).path.strip("/").removesuffix("api/v3").strip("/")
    return path.removeprefix(f"{own}/") if own else path


def _repo(forge: ForgeKind, path: str) -> RepoRef:
    path = path.strip("/").removesuffix(".git")
    if not RepoRef.is_path(forge, path):
        shape = "owner/name" if forge is ForgeKind.GITHUB else "group/project"
        raise UsageError(f"--repo takes {shape}, not {path[:120]!r}")
    return RepoRef(forge, path)
