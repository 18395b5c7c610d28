"""Fetches what others published about the forges, pinned by version and checksum, through the registries' own clients.

Everything is kept in one folder and used as data alone: no code of these packages runs, not even to be built.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path


class NotFetched(Exception):
    """The package is not to be had; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmPackage:
    """A package of npm's.

    Attributes:
        name: As npm knows it.
        version: Exactly.
        sha512: Of the archive, base64 as npm writes it.
    """

    name: str
    version: str
    sha512: str

    def archive(self, folder: Path) -> Path:
        """Return the archive, fetched once.

        Raises:
            NotFetched: npm is missing, fails, or brings something else.
        """
        path = folder / f"{self.name.strip('@').replace('/', '-')}-{self.version}.tgz"
        if not path.exists():
            npm = shutil.which("npm")
            if npm is None:
                raise NotFetched(f"npm is needed to fetch {self.name}")
            with tempfile.TemporaryDirectory(dir=_made(folder)) as place:
                wanted = f"{self.name}@{self.version}"
                _run([npm, "pack", wanted, "--pack-destination", place, "--silent"], place, {})
                next(Path(place).glob("*.tgz")).replace(path)
        if base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode() != self.sha512:
            path.unlink()
            raise NotFetched(f"the checksum of {self.name} {self.version} is wrong; nothing of it was used")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePackage:
    """The source archive of a Python package: it holds the tests, which a wheel does not.

    Attributes:
        name: As its index knows it.
        version: Exactly.
        sha256: Of the archive, in hex.
    """

    name: str
    version: str
    sha256: str

    def archive(self, folder: Path) -> Path:
        """Return the archive, fetched once.

        Raises:
            NotFetched: pip fails or brings something else.
        """
        path = folder / f"{self.name}-{self.version}.tar.gz"
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=_made(folder)) as place:
                backend = _stand_in(Path(place) / "backend")
                wanted = Path(place) / "wanted"
                wanted.write_text(f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n")
                pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
                chosen = ["--no-binary", ":all:", "--no-build-isolation", "--require-hashes", "-r", str(wanted)]
                _run([*pip, *chosen, "--dest", place], place, {"PYTHONPATH": str(backend)})
                next(Path(place).glob("*.tar.gz")).replace(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.sha256:
            path.unlink()
            raise NotFetched(f"the checksum of {self.name} {self.version} is wrong; nothing of it was used")
        return path


_METADATA_AS_IT_CAME = """
from pathlib import Path


def prepare_metadata_for_build_wheel(folder, settings=None):
    info = Path(folder, "fetched.dist-info")
    info.mkdir()
    (info / "METADATA").write_bytes(Path("PKG-INFO").read_bytes())
    return info.name
"""
_BACKENDS = ("hatchling/build.py", "setuptools/build_meta.py", "poetry/core/masonry/api.py")


def _stand_in(folder: Path) -> Path:
    """Take the place of the packages' build backends: pip builds what it downloads as source, to learn its name."""
    for backend in _BACKENDS:
        module = folder / backend
        module.parent.mkdir(parents=True)
        module.write_text(_METADATA_AS_IT_CAME)
        for parent in module.parents:
            if parent == folder:
                break
            (parent / "__init__.py").touch()
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(command: list[str], folder: str, extra: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | extra, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise NotFetched(f"{Path(command[0]).name} failed:\n{done.stderr[-1500:]}")
