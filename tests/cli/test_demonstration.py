from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from foreman.cli.output import width_of


def _told(answer: str) -> dict[str, str]:
    """Return the text about each issue, by its number."""
    table = answer.split("\n\n")[0]
    return {part.split()[0]: part for part in re.split(r"\n(?=#)", table)[1:]}


def test_the_demo_shows_each_issue_what_was_decided_why_what_changed_and_what_was_refused(demo) -> None:
    told = _told(demo.answer)

    assert demo.code == 0
    assert len(told) >= 25
    assert told["#2"].split("\n")[0].split()[-1] == "+bug"
    assert "label_and_respond: keywords speak for bug" in told["#2"]
    assert told["#1"].split("\n")[0].endswith(" -")
    assert "skip: A maintainer opened the issue. (author_is_insider)" in told["#1"]
    assert "+needs-info, comment" in told["#12"]
    assert "1 hidden part" in told["#13"]
    assert "REFUSED +bug: A person took this label off." in told["#29"]
    assert "#21" not in told, "a pull request"
    assert told["#23"].rstrip().endswith("Nothing is written there."), "what follows is in `explain` alone"


def test_the_demo_fits_eighty_columns_and_no_title_breaks_it(demo) -> None:
    lines = demo.answer.split("Try next:")[0].splitlines()

    assert max(map(width_of, lines)) <= 80
    assert not [line for line in lines if not line.isprintable()]
    starts = {width_of(line[: line.rindex("  ")]) for line in lines if line.startswith("#")}
    assert len(starts) == 1, "what changed stands in one column, behind wide characters too"


def test_the_demo_compares_the_log_with_the_ledger_of_the_forge(demo) -> None:
    words = " ".join(demo.answer.split())

    sent, done = map(int, re.search(r"action log agree: (\d+) writes sent, (\d+) actions done", words).groups())  # type: ignore[union-attr]
    assert sent == done > 10
    assert f"{sent} writes, 1 refused" in words


def test_the_demo_as_json_has_the_same_facts(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))

    done = run("demo", "--json")

    facts = json.loads(done.answer)
    assert done.code == 0
    assert facts["log_agrees_with_forge"]
    sent = [action for entry in facts["decisions"] for action in entry["actions"] if action["attempts"]]
    assert facts["writes"] == len(sent) > 10
    assert facts["config"] == str(tmp_path / "data/demo/config.yaml")


def test_each_command_the_demo_names_works(own_demo, demo, run) -> None:
    named = [shlex.split(line)[1:] for line in demo.answer.splitlines() if line.startswith("  foreman ")]

    assert [words[2] for words in named] == ["explain", "triage", "undo"]
    answers = [run(*words[2:], config=own_demo.config) for words in named]
    assert [(done.code, done.story) for done in answers] == [(0, "")] * 3
    explained, tried, undone = (done.answer for done in answers)
    assert "comment: done\n              | " in explained
    assert "add_label bug: deny (person_removed_label), would be denied" in tried
    assert "take label needs-info off" in undone
    assert "nothing was changed yet" in undone


def test_the_demo_shows_the_same_on_gitlab_and_every_command_works_there(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path))
    done = run("demo", "--forge", "gitlab")
    words = " ".join(done.answer.split())
    told = _told(done.answer)

    assert done.code == 0
    sent, carried_out = re.search(r"action log agree: (\d+) writes sent, (\d+) actions done", words).groups()  # type: ignore[union-attr]
    assert sent == carried_out
    assert (len(told), int(sent) > 10, "pull requests" in words) == (28, True, False)
    assert "+needs-info, comment" in told["#12"]
    assert "1 hidden part" in told["#13"]
    assert "REFUSED +bug: A person took this label off." in told["#29"]
    config = tmp_path / "demo" / "config.yaml"
    page = "http://127.0.0.1:1/acme/tools/widget/-/issues/12"
    config.write_text(re.sub(r"(gitlab_url:) .*", r"\1 http://127.0.0.1:1", config.read_text()))

    named = [shlex.split(line)[1:] for line in done.answer.splitlines() if line.startswith("  foreman ")]
    explained, tried, undone = (run(*words[2:], config=config) for words in named)
    assert "comment: done" in explained.answer
    assert "add_label bug: deny (person_removed_label), would be denied" in tried.answer
    assert "take label needs-info off" in undone.answer
    assert run(*named[2][2:], "--yes", config=config).code == 0
    assert "widget#12" in run("log", page, config=config).answer
    assert "comment posted, taken back since" in run("memory", "show", page, config=config).answer
    left = run("status", config=config)
    (escalated,) = re.findall(r"#23 may report a security hole in public .*foreman seen (\d+)", left.answer)
    assert (left.code, run("seen", escalated, config=config).code) == (1, 0)
    for words_ in (["status"], ["check"], ["pending", "gitlab:acme/tools/widget"], ["dead"], ["memory", "export"]):
        assert run(*words_, config=config).code == 0, words_


def test_the_demo_calls_the_program_as_it_was_called(tmp_path) -> None:
    """Straight after an install `foreman` is on no one's path."""
    program = Path(sys.executable).with_name("foreman")
    environment = {"FOREMAN_DATA_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([program, "demo"], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)

    commands = done.stdout.split("Try next:\n")[1].splitlines()
    assert [shlex.split(line)[0] for line in commands] == [str(program)] * 3
    assert "--config ~/demo/config.yaml explain" in commands[0]


def test_a_folder_that_is_no_demo_is_left_alone(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path))
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("mine")

    done = run("demo")

    assert done.code == 1
    assert "holds something that is not a demo" in done.story
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "mine"
