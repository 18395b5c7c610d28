from __future__ import annotations

import contextlib
import errno
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from foreman import __main__, __version__
from foreman.cli import calling, exits
from foreman.cli.main import FAMILIES, command_names, main
from foreman.errors import ConfigError, ForemanError, ForgeAuthError, Problem, StoreError, StoreTaken, UsageError
from foreman.secrets import KnownSecrets


def test_version_is_printed(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"foreman {__version__}\n"


def test_help_lists_the_groups_and_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom foreman.cli.main import main\ncode = main(['--help'])\n"
        "names = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(names), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "config" in done.stdout
    heavy = {"pydantic", "yaml", "rich", "structlog", "sqlalchemy", "httpx", "github", "docker", "fastapi", "litellm"}
    assert not {name for name in heavy if f"'{name}'" in done.stderr}


def test_help_builds_no_command_and_a_command_builds_no_other() -> None:
    """What Typer does with one signature takes a millisecond; with all of them it was half of `--help`."""
    script = (
        "import sys\nfrom foreman.cli.main import main\n"
        "main(['--help'])\nassert 'foreman.cli.shape' not in sys.modules\n"
        "assert 'foreman.model' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
    script = (
        "import sys\nfrom foreman.cli.main import main\n"
        "main(['version'])\nassert 'foreman.cli.about' in sys.modules\n"
        "assert 'foreman.cli.status' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_the_help_of_a_command_is_its_docstring_without_the_sections(capsys) -> None:
    for module, group, functions in FAMILIES:
        assert module
        for function in functions:
            name = (function.partition("=")[0]).rstrip("_").replace("_", "-")
            assert main([*([group] if group else []), name, "--help"]) == 0
            text = capsys.readouterr().out
            assert "Args:" not in text
            assert "Returns:" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["confg"], "No such command 'confg'"),
        (["config", "show", "--jsn"], "No such option: --jsn"),
        (["--log-level", "chatty", "config", "show"], "--log-level"),
        (["config", "schema", "other"], "other"),
        (["--config"], "--config"),
        ([], "Commands:"),
        (["config"], "Commands:"),
    ],
)
def test_wrong_usage_is_code_2_and_no_traceback(arguments: list[str], message: str, capsys) -> None:
    assert main(arguments) == 2

    answer, story = capsys.readouterr()
    assert not answer
    assert message in story
    assert "Traceback" not in story


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            ConfigError([Problem(path="a", message="b"), Problem(path="", message="c")], source="f"),
            2,
            "foreman: f: a: b\nforeman: f: c\n",
        ),
        (UsageError("no such issue"), 2, "foreman: no such issue\n"),
        (StoreTaken("another daemon works on it"), 2, "foreman: another daemon works on it\n"),
        (StoreError("damaged: restore it"), 1, "foreman: damaged: restore it\n"),
        (ForgeAuthError("expired", repo="a/b", operation="poll"), 1, "foreman: poll a/b: expired\n"),
        (ForemanError("a secret-secret-secret \x1b[31m"), 1, "foreman: a [NAME] \\x1b[31m\n"),
        (KeyboardInterrupt(), 130, "foreman: interrupted\n"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/a b/c"),
            1,
            "foreman: /a b/c: Permission denied; `ls -ld` tells whose it is\n",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "foreman: No space left on device; make room, or name another folder by FOREMAN_DATA_DIR\n",
        ),
    ],
)
def test_each_error_has_its_code_and_its_line(error: BaseException, code: int, text: str, capsys) -> None:
    secrets = KnownSecrets()
    secrets.add("secret-secret-secret", "NAME")

    assert exits.report(error, secrets) == code
    assert capsys.readouterr().err == text


def test_a_bug_is_one_line_and_a_traceback_in_the_crash_log(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "data"))
    secrets = KnownSecrets()
    secrets.add("secret-secret-secret", "NAME")
    log = tmp_path / "data" / "crash.log"

    for _ in range(2):
        try:
            raise ZeroDivisionError("with secret-secret-secret\x1b[31m in it")
        except ZeroDivisionError as error:
            assert exits.report(error, secrets) == 3

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "this is a bug in Foreman: ZeroDivisionError: with [NAME]" in lines[0]
    assert str(log) in lines[0]
    text = log.read_text()
    assert text.count("Traceback") == 2
    assert "secret-secret-secret" not in text
    assert "\x1b" not in text
    assert log.stat().st_mode & 0o777 == 0o600

    log.write_text("x" * (exits.MAX_CRASH_LOG_BYTES + 1))
    assert exits.report(ValueError("again"), secrets) == 3
    assert log.stat().st_size < 10_000


def test_a_bug_whose_log_cannot_be_written_is_told_whole(capsys, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "file"))

    assert exits.report(ValueError("x"), KnownSecrets()) == 3

    assert "ValueError: x" in capsys.readouterr().err.splitlines()[-1]
    monkeypatch.setenv("FOREMAN_DATA_DIR", "~nobody-of-that-name/data")
    assert exits.report(ValueError("y"), KnownSecrets()) == 3
    assert "ValueError: y" in capsys.readouterr().err.splitlines()[-1]


def test_a_home_that_may_not_be_written_is_no_bug(run, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FOREMAN_DATA_DIR", str(tmp_path / "file"))

    done = run("demo")

    assert done.code == 1
    assert done.story == (
        f"foreman: {tmp_path}/file/demo cannot be made or emptied: Not a directory; "
        "name another folder by FOREMAN_DATA_DIR\n"
    )


def test_an_interrupted_command_ends_with_130(tmp_path) -> None:
    """A real SIGINT in the middle of a command: the configuration is a pipe that nobody writes to."""
    import os
    import signal
    import time

    pipe = tmp_path / "config.yaml"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "foreman.cli.main", "--config", str(pipe), "config", "validate"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell starts what it puts into the background with the signal switched off, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    story: bytes | None = None
    with process:
        writer = -1
        while writer < 0 and time.monotonic() < deadline:
            try:
                writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # succeeds once the command has it open
            except OSError:
                time.sleep(0.02)
        while story is None and time.monotonic() < deadline:
            # A signal between CPython's last look for one and the read is lost: pressed a moment later, and again.
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                _, story = process.communicate(timeout=10)
        process.kill()
        os.close(writer)

    assert story is not None, "nothing ended it"
    assert process.returncode == 130
    assert b"Traceback" not in story


def test_every_family_imports_only_typer_at_its_top() -> None:
    folder = Path(exits.__file__).parent
    heavy = ("github", "litellm", "docker", "fastapi", "sqlalchemy", "httpx", "rich", "yaml", "pydantic", "structlog")

    for module in folder.glob("*.py"):
        tops = [line for line in module.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in tops if line.split()[1].partition(".")[0] in heavy], module.name


def test_the_level_on_the_command_line_goes_before_the_environment(tmp_path) -> None:
    script = (
        "import typer, structlog\nfrom foreman.cli import main\nfrom foreman.cli.context import Context\n"
        "context = Context(log_level={level!r})\ncontext.start_logging({default!r})\n"
        "for level in ('debug', 'info', 'warning', 'error'):\n"
        "    getattr(structlog.get_logger(), level)(level + '_said')\n"
    )

    def said(level: str | None, default: str, **environ: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", script.format(level=level, default=default)],
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        assert not done.stdout
        return [json.loads(line)["event"] for line in done.stderr.splitlines()]

    assert said(None, "warning") == ["warning_said", "error_said"]
    assert said("error", "info", FOREMAN_LOG_LEVEL="debug") == ["error_said"]


def test_a_reader_that_goes_away_is_no_bug(project) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "foreman.cli.main", "config", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=project,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        story = process.stderr.read()
        process.wait(60)

    assert process.returncode in {0, 1}
    assert b"Traceback" not in story
    assert b"bug" not in story


def test_every_command_name_is_known_with_its_group() -> None:
    assert {"config", "config show", "config validate", "config schema"} <= command_names()


def test_the_program_is_a_module_too(tmp_path, monkeypatch) -> None:
    """Where an environment's scripts are on no one's path; what it says to type next is called the same way."""
    done = subprocess.run([sys.executable, "-m", "foreman", "--version"], capture_output=True, text=True, cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [__main__.__file__, "demo"])

    assert (done.returncode, done.stdout) == (0, f"foreman {__version__}\n")
    assert calling.program() == f"{shlex.quote(sys.executable)} -m foreman"
