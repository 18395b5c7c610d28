from __future__ import annotations

import json
import subprocess
import sys

import pytest


def test_the_log_shows_the_newest_decisions_first_and_pages(demo, run) -> None:
    everything = json.loads(run("log", "--json", "--limit", 1000, config=demo.config).answer)
    first = run("log", "--limit", 5, config=demo.config)
    ids = _ids(first.answer)
    older = run("log", "--limit", 5, "--before", ids[-1], config=demo.config)

    assert first.code == 0
    assert first.answer.splitlines()[-1] == f"older ones: --before {ids[-1]}"
    # By time: of two decisions at once the one with the lower number may be the later.
    assert everything == sorted(everything, key=lambda entry: (entry["timestamp"], entry["id"]), reverse=True)
    assert ids + _ids(older.answer) == [entry["id"] for entry in everything[:10]]


def _ids(table: str) -> list[int]:
    return [int(line.split()[0]) for line in table.splitlines()[1:-1]]


@pytest.mark.parametrize(
    ("arguments", "claim"),
    [
        (["acme/widget#2"], lambda entry: entry["issue"] == "acme/widget#2"),
        (["--status", "done"], lambda entry: any(action["state"] == "done" for action in entry["actions"])),
        (["acme/widget", "--since", "2h"], lambda entry: entry["issue"].startswith("acme/widget#")),
    ],
)
def test_the_log_can_be_narrowed(arguments, claim, demo, run) -> None:
    found = json.loads(run("log", *arguments, "--json", config=demo.config).answer)

    assert found
    assert all(claim(entry) for entry in found)


def test_the_log_says_that_nothing_fits(demo, run) -> None:
    assert run("log", "acme/other", config=demo.config).answer == "nothing is in the log for that\n"
    assert run("log", "--status", "unknown", "--json", config=demo.config).answer == "[]\n"


def test_the_log_shows_cost(demo, run) -> None:
    done = run("log", "--cost", "--limit", 2, config=demo.config)

    assert done.answer.splitlines()[0].split() == ["ID", "WHEN", "ISSUE", "MODEL", "IN", "OUT", "USD"]
    assert done.answer.splitlines()[-1] == "spent  USD 0.0000: 0 model calls, 0 + 0 tokens"


def test_explain_shows_a_decision_whole_in_both_forms(demo, run) -> None:
    (entry,) = json.loads(run("log", "acme/widget#12", "--json", config=demo.config).answer)

    people = run("explain", entry["id"], config=demo.config)
    document = json.loads(run("inspect", entry["id"], "--json", config=demo.config).answer)

    told = {key: document.pop(key) for key in ("changes", "timeline")}
    assert document == {**entry, "reactions": [], "draft": ""}
    assert told["changes"] == []
    moments = [moment["what"] for moment in told["timeline"]]
    assert moments[:2] == ["opened on the forge", "decided"]
    assert moments.count("sent") == moments.count("done") == len(document["actions"])
    assert "time line" in people.answer
    known = document["seen"]["known"]
    assert known["mission"] is True
    kept = {"number", "score", "state", "state_reason", "labels"}
    assert all(set(one) == kept for one in known["similar"]), "which, and nobody's words"
    for hit in known["similar"]:
        assert f"#{hit['number']} ({hit['score']:.2f}, {hit['state']})" in people.answer
    assert {action["type"] for action in document["actions"]} == {"add_label", "comment"}
    (comment,) = [action for action in document["actions"] if action["type"] == "comment"]
    assert "  allowed     +bug, +needs-info, comment: no rule of the gate objected\n" in people.answer
    for part in ("+needs-info: done", "comment: done", "it doesnt work", "rationale", "model       none"):
        assert part in people.answer
    for line in comment["payload"]["body"].splitlines():
        assert f"| {line}" in people.answer


def test_explain_tells_the_rule_and_the_remedy_of_what_was_refused(world, run) -> None:
    number = world.forge.open_issue("acme/widget", title="It crashes", author="kim")
    world.agent.answer = lambda task: {
        "task_id": task["task_id"],
        "decision": "label_and_respond",
        "rationale": "forged\x1b[31m",
        "actions": [{"type": "add_label", "label": "not-a-label"}],
    }
    run("triage", f"acme/widget#{number}", config=world.file)

    (entry,) = json.loads(run("log", "--json", config=world.file).answer)
    people = run("explain", entry["id"], config=world.file)

    (action,) = entry["actions"]
    assert action["state"] == "denied"
    assert action["reason"]
    assert len(action["explanation"]) > 20
    assert f"+not-a-label: denied, {action['reason']}" in people.answer
    (change,) = json.loads(run("explain", entry["id"], "--json", config=world.file).answer)["changes"]
    assert change["action"] == action["id"]
    assert (change["kind"], change["key"], change["op"], change["value"]) == (
        "config",
        "policy.labels.add",
        "add",
        "not-a-label",
    )
    assert "what would have changed that: `policy.labels.add` with `not-a-label`" in people.answer
    assert "\x1b" not in people.answer


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["log", "--status", "finished"], 2, "'finished' is no state: planned, sent, done"),
        (["log", "--since", "yesterday"], 2, "'yesterday' is no time: write 30m, 2h, 7d, 4w or 2026-01-31"),
        (["log", "not a repo"], 2, "is no repository: write owner/repo or gitlab:group/project"),
        (["log", "--limit", "0"], 2, "--limit"),
        (["explain", "9999"], 2, "there is no decision 9999 in the log: `foreman log` shows which there are"),
        (["explain", "9" * 30], 2, "ID"),
        (["log", "--before", "9" * 30], 2, "--before"),
        (["explain", "first"], 2, "ID"),
        (["memory", "show", "nonsense!"], 2, "is no repository"),
    ],
)
def test_what_cannot_be_read_is_one_line(arguments, code, message, demo, run) -> None:
    done = run(*arguments, config=demo.config)

    assert done.code == code
    assert not done.answer
    assert message in done.story


def test_without_a_database_every_reading_command_says_how_to_make_one(world, run) -> None:
    for words in (["log"], ["explain", "1"], ["status"], ["pending"], ["dead"], ["memory", "export"], ["undo", "1"]):
        done = run(*words, config=world.file)
        assert done.code == 1, words
        assert "there is no database at" in done.story
        assert "`foreman run` or `foreman triage` makes it" in done.story


def test_what_was_taken_back_is_remembered_explained_and_exported(own_demo, run) -> None:
    config = own_demo.config
    taken = json.loads(run("log", "acme/widget#12", "--json", config=config).answer)[0]["id"]
    assert run("undo", taken, "--yes", config=config).code == 0

    shown = run("memory", "show", "acme/widget", config=config)
    back = json.loads(run("log", "acme/widget#12", "--json", config=config).answer)[0]["id"]
    explained = run("explain", back, config=config)

    assert (shown.code, explained.code) == (0, 0)
    assert "label needs-info added, taken back since" in shown.answer
    assert f"takes back  decision {taken}" in explained.answer
    assert "seen" not in explained.answer, "an undo looks at nothing"
    exported = json.loads(run("memory", "export", config=config).answer)
    assert {row["kind"] for row in exported} == {"summary", "correction"}


def test_memory_is_shown_forgotten_and_exported(own_demo, run) -> None:
    config = own_demo.config
    shown = run("memory", "show", "acme/widget#2", config=config)
    whole = json.loads(run("memory", "show", "acme/widget", "--json", config=config).answer)
    exported = json.loads(run("memory", "export", config=config).answer)

    assert "label bug added" in shown.answer
    assert len(whole["memories"]) > 10
    assert {row["kind"] for row in exported} == {"summary"}

    plan = run("memory", "forget", "acme/widget#2", config=config)
    assert (plan.code, plan.answer) == (
        0,
        "would forget what is remembered of acme/widget#2: say --yes to do it\n",
    )
    assert run("memory", "show", "acme/widget#2", config=config).answer == shown.answer
    assert run("memory", "forget", "acme/widget#2", "--yes", config=config).answer == (
        "forgot 1 memory of acme/widget#2\nand the text of 1 issue\n"
    )
    assert run("memory", "show", "acme/widget#2", config=config).answer == ("nothing is remembered of acme/widget#2\n")
    assert json.loads(run("log", "acme/widget#2", "--json", config=config).answer)


def test_what_only_reads_the_store_loads_no_part_of_the_daemon(demo) -> None:
    """They are typed often; the whole daemon takes a second to import."""
    commands = (["log"], ["explain", "1"], ["memory", "show", "acme/widget#2"], ["dead"])
    heavy = ("github", "apscheduler", "docker", "fastapi", "httpx", "litellm", "markdown_it", "foreman.sandbox")
    code = (
        "import sys\nfrom foreman.cli.main import main\n"
        f"assert not any(main(['--config', {demo.config!r}, *words]) for words in {commands!r})\n"
        f"sys.exit(','.join(name for name in {heavy!r} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


QUICK = (["log"], ["explain", "1"], ["memory", "show", "acme/widget#2"], ["log", "--json"], ["pending"])


@pytest.mark.parametrize("words", [["status"], ["digest"]])
def test_what_tells_how_everything_stands_loads_neither_forges_nor_agents_nor_the_daemon(demo, words) -> None:
    slow = ("apscheduler", "requests", "httpx", "markdown_it", "foreman.pipeline", "foreman.app.doctor")
    code = (
        "import sys\nfrom foreman.cli.main import main\n"
        f"assert main(['--config', {demo.config!r}, *{words!r}]) in (0, 1)\n"
        f"sys.exit(','.join(name for name in {slow!r} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", QUICK)
def test_what_only_shows_something_loads_neither_the_configuration_nor_sqlalchemy(demo, words, tmp_path) -> None:
    """Each of the two takes longer to import than such a command may take as a whole."""
    file = tmp_path / "config.yaml"
    file.write_text(f"repos: []\nstorage:\n  path: {demo.folder}/memory.db\n")
    slow = ("sqlalchemy", "pydantic", "yaml", "rich", "markdown_it", "structlog")
    code = (
        "import sys\nfrom foreman.cli.main import main\n"
        f"assert not main(['--config', {str(file)!r}, *{words!r}])\n"
        f"sys.exit(','.join(name for name in {slow!r} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_what_has_to_be_done_first_is_done_first(demo, run, tmp_path) -> None:
    """A file that others may read is closed to them, and an unreadable one is told as ever."""
    copy = tmp_path / "memory.db"
    copy.write_bytes((demo.folder / "memory.db").read_bytes())
    copy.chmod(0o644)
    file = tmp_path / "config.yaml"
    file.write_text(f"repos: []\nstorage:\n  path: {copy}\n")

    assert run("log", config=file).answer == run("log", config=demo.config).answer
    assert copy.stat().st_mode & 0o777 == 0o600
    copy.write_bytes(b"no database " * 1000)
    assert "damaged" in run("log", config=file).story
    copy.unlink()
    assert "there is no database at" in run("log", config=file).story
