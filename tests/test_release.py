"""What a release stands on: one version, a changelog in form, locks that hold, a workflow that gives nothing away."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from datetime import date
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from foreman import __version__

KINDS = ("Security", "Removed", "Deprecated", "Added", "Changed", "Fixed")
VERSIONED = {"pyproject.toml", "foreman/__init__.py", "agents/issue_triage/pyproject.toml", "CHANGELOG.md"}


def _toml(file: Path) -> dict:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _headings(changelog: str, level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", changelog, re.MULTILINE)


def test_every_place_that_names_the_version_names_the_same(project: Path) -> None:
    assert _toml(project / "pyproject.toml")["tool"]["bumpversion"]["current_version"] == __version__
    assert _toml(project / "agents/issue_triage/pyproject.toml")["project"]["version"] == __version__


@pytest.fixture
def released(project: Path, tmp_path: Path) -> Path:
    """A copy of the files with the version in them, as a new version's."""
    for name in (*sorted(VERSIONED), ".ci/release_notes", "foreman/agent/images.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / name, tmp_path / name)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    bump = [Path(sys.executable).with_name("bump-my-version"), "bump", "--no-commit", "--no-tag", "minor"]
    subprocess.run(bump, cwd=tmp_path, env=environment, check=True, capture_output=True)
    return tmp_path


def _next() -> str:
    version = Version(__version__)
    return f"{version.major}.{version.minor + 1}.0"


def test_a_new_version_changes_what_names_it_and_nothing_else(project: Path, released: Path) -> None:
    """One line in each, and in the changelog a heading: what was not released yet is now this version's."""
    names = [file.relative_to(released).as_posix() for file in released.rglob("*") if file.is_file()]
    before = {name: (project / name).read_text(encoding="utf-8").splitlines() for name in names}
    after = {name: (released / name).read_text(encoding="utf-8").splitlines() for name in names}

    assert {name for name in names if before[name] != after[name]} == VERSIONED
    for name in VERSIONED - {"CHANGELOG.md"}:
        changed = [(old, new) for old, new in zip(before[name], after[name], strict=True) if old != new]
        assert [old.replace(__version__, _next()) for old, _ in changed] == [new for _, new in changed], name
        assert len(changed) == 1, name
    added = [line for line in after["CHANGELOG.md"] if line not in before["CHANGELOG.md"]]
    assert len(added) == 1
    assert re.fullmatch(rf"## \[{re.escape(_next())}\] - \d{{4}}-\d\d-\d\d", added[0])


def test_the_notes_of_a_release_are_the_changelog_s(released: Path) -> None:
    """And there are none where tag, version and section are not one."""

    def notes(tag: str) -> tuple[int, str, str]:
        script = [sys.executable, released / ".ci/release_notes", tag]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    changelog = (released / "CHANGELOG.md").read_text(encoding="utf-8")
    code, text, _ = notes(f"v{_next()}")

    assert code == 0
    assert text.startswith("### ")
    assert text.strip() in changelog
    assert "\n## " not in text
    assert notes("v9.9.9") == (1, "", f"release_notes: the tag is v9.9.9, the version is {_next()}\n")
    (released / "CHANGELOG.md").write_text(changelog.replace(f"## [{_next()}] - ", f"## [{_next()}] "))
    assert notes(f"v{_next()}")[:2] == (1, "")


def test_the_changelog_keeps_its_form(project: Path) -> None:
    text = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased, *released = _headings(text, 2)
    dated = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in released]

    assert _headings(text, 1) == ["Changelog"]
    assert unreleased == "[Unreleased]"
    assert None not in dated, released
    versions = [Version(found[1]) for found in dated if found]
    days = [date.fromisoformat(found[2]) for found in dated if found]
    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        kinds = _headings(section, 3)
        assert kinds == [kind for kind in KINDS if kind in kinds], section.partition("\n")[0]


def test_a_file_too_many_or_too_few_in_a_package_is_found(project: Path, tmp_path: Path) -> None:
    """Control: the look into the packages fails on what it is there for."""
    info, dist = "foreman-1.2.3.dist-info", tmp_path / "dist"
    tracked = ["foreman/__init__.py", "foreman/py.typed", "agents/issue_triage/Dockerfile", "README.md"]
    for name in tracked:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    dist.mkdir()
    with zipfile.ZipFile(dist / "foreman-1.2.3-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tests/test_it.py", "")
        for name in (*tracked[:2], *(f"{info}/{each}" for each in ("RECORD", "WHEEL", "entry_points.txt"))):
            wheel.writestr(name, "")
        wheel.writestr(f"{info}/METADATA", "Name: foreman\nVersion: 1.2.3\n")
        wheel.writestr(f"{info}/licenses/LICENSE", "")
    with tarfile.open(dist / "foreman-1.2.3.tar.gz", "w:gz") as sdist:
        for name in (*tracked[:3], "PKG-INFO", "config.yaml"):
            sdist.addfile(tarfile.TarInfo(f"foreman-1.2.3/{name}"))
    script = [sys.executable, project / ".ci/package_contents", dist]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert set(done.stdout.splitlines()) >= {
        "wheel: agents/issue_triage/Dockerfile is missing",
        "wheel: tests/test_it.py should not be there",
        "wheel: foreman/app/report/page.css is not tracked",
        "sdist: README.md is missing",
        "sdist: config.yaml should not be there",
    }


def test_the_bill_of_materials_names_all_that_is_locked_with_its_hashes(project: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "foreman-1.2.3-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}
    script = [sys.executable, project / ".ci/sbom", wheel]
    done = subprocess.run(script, cwd=project, env=environment, capture_output=True, text=True, check=True)
    bill = json.loads(done.stdout)

    lock = (project / "requirements.lock").read_text(encoding="utf-8")
    assert {f"{each['name']}=={each['version']}" for each in bill["components"]} == set(
        re.findall(r"^[a-z0-9._-]+==[^ ;\\]+", lock, re.MULTILINE)
    )
    (litellm,) = (each for each in bill["components"] if each["name"] == "litellm")
    hashes = {each["content"] for each in litellm["externalReferences"][0]["hashes"]}
    assert hashes == set(re.findall(r"sha256:(\w+)", lock.split("\nlitellm==")[1].split("# via")[0]))
    assert bill["metadata"]["component"]["hashes"][0]["content"] == hashlib.sha256(b"a wheel").hexdigest()
    assert bill["metadata"]["timestamp"] == "2026-09-21T14:13:20Z"
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    reached, waiting = set(), [bill["metadata"]["component"]["bom-ref"]]
    while waiting:
        each = waiting.pop()
        waiting += [] if each in reached else needs[each]
        reached.add(each)
    assert reached == set(needs)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_satisfy_what_is_asked_for(project: Path, lock: str) -> None:
    meta = _toml(project / "pyproject.toml")["project"]
    asked = [Requirement(line) for line in meta["dependencies"]]
    if lock == "requirements-dev.lock":
        asked += [Requirement(line) for extra in meta["optional-dependencies"].values() for line in extra]
    entry = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
    locked = dict(entry.findall((project / lock).read_text(encoding="utf-8")))

    unmet = [str(each) for each in asked if not each.specifier.contains(locked.get(each.name.lower(), "0"))]
    assert unmet == []
    users = dict(entry.findall((project / "requirements.lock").read_text(encoding="utf-8")))
    assert {name: version for name, version in users.items() if name not in locked} == {}


def _workflows(project: Path) -> dict[str, dict]:
    files = sorted((project / ".github" / "workflows").glob("*.yml"))
    return {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def test_every_action_of_the_workflows_is_pinned_to_a_commit(project: Path) -> None:
    """A tag can be moved to other code by whoever holds the action's repository; a commit cannot."""
    for file in sorted((project / ".github" / "workflows").glob("*.yml")):
        used = re.findall(r"uses: (?!\./)(\S+)(.*)", file.read_text(encoding="utf-8"))
        loose = [
            action
            for action, comment in used
            if not re.search(r"@[0-9a-f]{40}$", action) or not re.search(r"# v\d+\.\d+\.\d+$", comment)
        ]
        assert used, file.name
        assert loose == [], file.name


def test_the_workflows_hold_no_token_and_give_no_more_than_needed(project: Path) -> None:
    """What runs the project's code may read it; only who signs, publishes or opens the release's page may do that."""
    workflows = _workflows(project)
    given = {
        f"{name}:{job}": {what for what, level in body["permissions"].items() if level == "write"}
        for name, workflow in workflows.items()
        for job, body in workflow["jobs"].items()
    }

    assert [name for name, workflow in workflows.items() if workflow["permissions"] != {}] == []
    assert {job: writes for job, writes in given.items() if writes} == {
        "release.yml:image": {"packages", "id-token", "attestations"},
        "release.yml:attest": {"id-token", "attestations"},
        "release.yml:publish": {"id-token"},
        "release.yml:release": {"contents"},
    }
    release = workflows["release.yml"]
    for job in ("publish", "attest", "release"):
        runs = " ".join(step.get("run", "") for step in release["jobs"][job]["steps"])
        assert not re.search(r"\.venv|\.ci/|bootstrap", runs), job
    assert release["jobs"]["publish"]["environment"] == "pypi"
    for file in (project / ".github" / "workflows").glob("*.yml"):
        assert "secrets." not in file.read_text(encoding="utf-8"), file.name


def test_the_release_goes_on_only_from_what_was_checked(project: Path) -> None:
    jobs = _workflows(project)["release.yml"]["jobs"]

    def before(job: str) -> set[str]:
        needed = jobs[job].get("needs", [])
        direct = {needed} if isinstance(needed, str) else set(needed)
        return direct.union(*(before(each) for each in direct))

    assert all("ci" in before(job) for job in jobs if job != "ci")
    assert {"packages", "attest", "image"} <= before("publish")
    assert "publish" in before("release")
    for script in re.findall(r"\.ci/\w+|deploy/\w+", str(jobs)):
        assert (project / script).is_file(), script
