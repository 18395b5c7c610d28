"""What a repository's own files say comes into the store, a few requests at a time, and nothing waits for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from foreman.errors import ForgeAuthError
from foreman.forge.base import Quota
from foreman.gate.secret_scan import NO_SECRETS
from foreman.guidance import security_policy
from foreman.poller import ProjectFiles, leisure, project_files
from foreman.sandbox import Fault, reply
from foreman.store import project_files as kept_files
from foreman.store.project_files import ProjectReading
from tests.rig import REPO, WIDGET, Rig, plan

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def stocked(bench: Rig) -> Rig:
    """A repository with files of every kind, looked at once."""
    files: dict[str, str | bytes] = {
        "MISSION.md": f"We make widgets. Our token was {TOKEN}.",
        "README.md": "# Widget\n",
        "readme.txt": "no",
        ".github/SECURITY.md": "Write to us.",
        ".github/ISSUE_TEMPLATE/bug.yml": "name: Bug\nbody: []",
        ".github/ISSUE_TEMPLATE/config.yml": "blank_issues_enabled: false",
        "docs/b.md": "# B\n",
        "docs/a.md": "# A\n",
        "docs/deep/c.md": "# C\n",
        "docs/logo.md": b"\x89PNG\xff",
        "docs/huge.md": "x" * (project_files.MOST_BYTES + 1),
        "src/main.py": "print()",
    }
    for path, content in files.items():
        bench.sandbox.write_file(REPO, path, content)
    bench.plans[WIDGET] = plan()
    bench.poller().poll(WIDGET)
    bench.sandbox.clear_ledger()
    return bench


def reader(bench: Rig) -> ProjectFiles:
    return ProjectFiles(
        db=bench.db,
        reader=bench.forge,
        plan=bench.plans.get,
        redact=NO_SECRETS.redact,
        now=bench.clock,
        monotonic=bench.clock.monotonic,
    )


def run(bench: Rig, files: ProjectFiles) -> list[int]:
    """Tend until nothing is asked any more; return how many requests each burst took."""
    bursts = []
    for _ in range(40):
        bench.clock.advance(leisure.SECONDS_BETWEEN)
        before = len(bench.sandbox.ledger)
        if not files.tend(tuple(bench.plans)):
            break
        bursts.append(len(bench.sandbox.ledger) - before)
    return bursts


def kept(bench: Rig) -> dict[str, str]:
    with bench.db.read() as connection:
        return {file.path: file.text for file in kept_files.all(connection, WIDGET)}


def reading(bench: Rig) -> ProjectReading | None:
    with bench.db.read() as connection:
        return kept_files.reading(connection, WIDGET)


def test_what_matters_is_read_in_small_bursts_and_kept_without_secrets(stocked: Rig) -> None:
    bursts = run(stocked, reader(stocked))

    assert kept(stocked) == {
        "MISSION.md": "We make widgets. Our token was [secret removed].",
        ".github/SECURITY.md": "Write to us.",
        ".github/ISSUE_TEMPLATE/bug.yml": "name: Bug\nbody: []",
        "README.md": "# Widget\n",
        "docs/a.md": "# A\n",
        "docs/b.md": "# B\n",
    }
    assert max(bursts) <= project_files.BURST
    assert sum(bursts) == 4 + 6 + 1, "four lists, six files, and one that turns out to be a picture"
    with stocked.db.read() as connection:
        policy = security_policy(connection, WIDGET)
    assert policy == (".github/SECURITY.md", f"{stocked.sandbox.url}/{REPO}/blob/main/.github/SECURITY.md")


def test_a_day_later_only_what_changed_is_read_again(stocked: Rig) -> None:
    files = reader(stocked)
    run(stocked, files)
    assert run(stocked, files) == []
    stocked.sandbox.write_file(REPO, "MISSION.md", "We make gadgets.")
    stocked.sandbox.remove_file(REPO, ".github/SECURITY.md")
    stocked.sandbox.remove_file(REPO, "docs/logo.md")
    stocked.clock.advance(project_files.EVERY.total_seconds())

    assert sum(run(stocked, files)) == 4 + 1
    assert kept(stocked)["MISSION.md"] == "We make gadgets."
    assert ".github/SECURITY.md" not in kept(stocked)

    stocked.plans[WIDGET] = replace(stocked.plans[WIDGET], docs=("docs/deep/*.md",))
    stocked.clock.advance(leisure.LOOK_SECONDS)
    assert sum(run(stocked, files)) == 5 + 1
    assert {path for path in kept(stocked) if path.startswith("docs")} == {"docs/deep/c.md"}


def test_what_the_token_may_not_read_is_told_and_harms_nothing(stocked: Rig) -> None:
    stocked.sandbox.inject(Fault(path=r"/contents", action=reply(403, {"message": "Resource not accessible"})))

    run(stocked, reader(stocked))

    found = reading(stocked)
    assert found is not None
    assert "403" in found.trouble
    assert kept(stocked) == {}
    stocked.clock.advance(project_files.EVERY.total_seconds())
    run(stocked, reader(stocked))
    assert len(kept(stocked)) == 6


@pytest.mark.parametrize("status", [500, 404, 401])
def test_trouble_leaves_what_is_kept_and_is_tried_again(stocked: Rig, status: int) -> None:
    files = reader(stocked)
    run(stocked, files)
    before = kept(stocked)
    stocked.sandbox.write_file(REPO, "MISSION.md", "We make gadgets.")
    stocked.clock.advance(project_files.EVERY.total_seconds())
    stocked.sandbox.inject(Fault(path=r"/contents/MISSION\.md", action=reply(status, {"message": "no"})))

    if status == 401:
        with pytest.raises(ForgeAuthError):
            run(stocked, files)
    else:
        run(stocked, files)

    assert kept(stocked) == before if status != 404 else "MISSION.md" not in kept(stocked)
    stocked.clock.advance(timedelta(days=1, hours=1).total_seconds())
    run(stocked, files)
    assert kept(stocked)["MISSION.md"] == "We make gadgets."


def test_nothing_is_asked_without_quota_nor_before_the_first_poll(stocked: Rig, bench: Rig) -> None:
    files = reader(stocked)
    stocked.forge._line.meter.quota = Quota(limit=5000, remaining=200, reset_at=stocked.clock() + timedelta(hours=1))
    assert run(stocked, files) == []
    stocked.plans.clear()
    assert run(stocked, reader(stocked)) == []


def test_a_command_reads_few_files_and_leaves_the_rest(stocked: Rig) -> None:
    reader(stocked).read(stocked.plans[WIDGET], most=2)

    assert list(kept(stocked)) == [".github/SECURITY.md", "MISSION.md"]
    assert reading(stocked) is None, "the daemon reads the rest"
    reader(stocked).read(stocked.plans[WIDGET], most=20)
    assert len(kept(stocked)) == 6
    stocked.sandbox.clear_ledger()
    reader(stocked).read(stocked.plans[WIDGET], most=20)
    assert len(stocked.sandbox.ledger) == 0


def test_no_more_is_kept_than_fits(stocked: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_files, "MOST_CHARS", 61)

    run(stocked, reader(stocked))

    assert sorted(kept(stocked)) == [".github/ISSUE_TEMPLATE/bug.yml", ".github/SECURITY.md", "MISSION.md"]
