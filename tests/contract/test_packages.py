"""What was fetched is used only when its checksum is right."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from tests.contract.packages import NotFetched, NpmPackage, SourcePackage

_CONTENT = b"an archive"


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        (
            "made-up-1.0.tgz",
            NpmPackage(
                name="@made/up", version="1.0", sha512=base64.b64encode(hashlib.sha512(_CONTENT).digest()).decode()
            ),
            NpmPackage(name="@made/up", version="1.0", sha512="AA=="),
        ),
        (
            "made-up-1.0.tar.gz",
            SourcePackage(name="made-up", version="1.0", sha256=hashlib.sha256(_CONTENT).hexdigest()),
            SourcePackage(name="made-up", version="1.0", sha256="00"),
        ),
    ],
)
def test_an_archive_with_another_checksum_is_thrown_away(
    tmp_path: Path, name: str, right: NpmPackage | SourcePackage, wrong: NpmPackage | SourcePackage
) -> None:
    archive = tmp_path / name
    archive.write_bytes(_CONTENT)

    assert right.archive(tmp_path) == archive
    with pytest.raises(NotFetched, match="checksum"):
        wrong.archive(tmp_path)
    assert not archive.exists()
