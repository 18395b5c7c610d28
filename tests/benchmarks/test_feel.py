"""The benchmark of how Foreman feels runs; its numbers are nobody's business here."""

from __future__ import annotations

from tests.benchmarks import feel, feel_cli


def test_the_table_is_printed_with_the_machine_above_it_and_fails_on_no_number(capsys) -> None:
    code = feel.main(["--quick", "--only", "foreman --help", "--only", "foreman log"])

    told = capsys.readouterr().out
    assert code == 0
    assert told.startswith("machine: ")
    assert "\nload: " in told
    assert "SQLite " in told
    for name in ("foreman --help", "foreman log, a million logged actions"):
        assert name in feel_cli.NAMES
        assert f"\n{name}\n    " in told
    assert "times `import typer`" in told
    assert "\n3 rows, " in told
