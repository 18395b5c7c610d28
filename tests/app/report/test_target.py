"""Where reports go: refused before the work, written whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from foreman.app.report import target
from foreman.errors import ForemanError, UsageError


def test_what_cannot_be_written_to_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder: name a file in it"):
        target.writable(tmp_path)
    with pytest.raises(UsageError, match=r"there is no folder .*missing: make it first"):
        target.writable(None, tmp_path / "missing" / "report.html")
    with pytest.raises(UsageError, match="named twice"):
        target.writable(tmp_path / "a", tmp_path / "." / "a")
    target.writable(tmp_path / "a", tmp_path / "b")
    target.writable(None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_report_replaces_the_one_before_and_keeps_who_may_read_it(tmp_path: Path) -> None:
    place = tmp_path / "a report.html"
    target.write(place, "first\r\n")
    fresh = stat.S_IMODE(place.stat().st_mode)
    place.chmod(0o600)
    link = tmp_path / "link.html"
    link.symlink_to(place)

    target.write(link, "zweitens: ü\ud800")

    mask = os.umask(0o077)
    os.umask(mask)
    assert fresh == 0o666 & ~mask
    assert place.read_bytes() == "zweitens: ü?".encode()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert link.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a report.html", "link.html"]


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()

    target.writable(pipe)
    target.write(pipe, "x\r\n")

    reader.join(60)
    assert got == [b"x\r\n"]
    assert pipe.is_fifo()


def test_a_folder_that_went_away_meanwhile_is_an_error_and_no_crash(tmp_path: Path) -> None:
    with pytest.raises(ForemanError, match=r"gone/x could not be written: No such file"):
        target.write(tmp_path / "gone" / "x", "x")
