from __future__ import annotations

import pytest

from foreman.config.document import render
from foreman.config.reader import MAX_BYTES, MAX_NODES, parse, read
from foreman.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("010", 10),
        ("-3", -3),
        ("1:30", "1:30"),
        ("2026-11-01", "2026-11-01"),
        ("0x1f", "0x1f"),
        (".5", 0.5),
        ("1e400", "1e400"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_plain_values_mean_what_they_look_like(text: str, value: object) -> None:
    document = parse(f"key: {text}".encode())

    assert document.data == {"key": value}
    assert type(document.data["key"]) in {type(value), *type(value).__subclasses__()}
    assert not document.problems


def test_keys_are_always_text() -> None:
    assert parse(b"{on: 1, 404: 2, null: 3, 1.5: 4}").data == {"on": 1, "404": 2, "null": 3, "1.5": 4}


def test_a_key_that_is_there_twice_names_the_second_line() -> None:
    document = parse(b"a:\n  b: 1\n  c: 2\n  b: 3\n")

    assert [str(problem) for problem in document.problems] == ["a.b: is there twice (line 4)"]


def test_aliases_and_merges_share_settings() -> None:
    document = parse(b"a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, x: 3}\nd: {<<: [*a, {y: 5, z: 6}]}")

    assert document.data["b"] == {"x": 1, "y": 2}
    assert document.data["c"] == {"x": 3, "y": 2}
    assert document.data["d"] == {"x": 1, "y": 2, "z": 6}


def test_aliases_that_multiply_are_stopped_early() -> None:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)]

    document = parse(b"\n".join(lines))

    assert len(document.problems) == 1
    assert "aliases that multiply" in document.problems[0].message
    assert len(document.lines) <= MAX_NODES + 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: &a [*a]", "an alias that contains itself"),
        (b"a: &a {b: *a}", "an alias that contains itself"),
        (b"a: !!python/object/apply:os.system [ls]", "tags"),
        (b"a: !!python/name:os.system x", "tags"),
        (b"a: !!binary aGVsbG8=", "tags"),
        (b"a: !mine x", "tags"),
        (b"{[a, b]: 1}", "a key must be text"),
        (b"{<<: 5}", "`<<` takes a mapping"),
    ],
)
def test_what_is_not_plain_data_is_a_problem(text: bytes, message: str) -> None:
    found = [problem.message for problem in parse(text).problems]

    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: [", "(line 1, column 5)"),
        (b"a:\n\tb: 1", "indented with spaces, not tabs (line 2, column 1)"),
        (b"a: b: c", "(line 1, column 5)"),
        (b"---\na: 1\n---\nb: 2", "expected a single document"),
        (b"a: \x00", "a character that may not stand in it"),
        (b"ok: 1\nbad: \xff", "not UTF-8 (line 2)"),
        (b"[" * 100_000, "nested more than"),
        (b"a: " * 100_000, "not YAML"),
        (b"a: *nowhere", "undefined alias"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_is_not_yaml_says_where(text: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, source="config.yaml")

    assert message in str(caught.value)
    assert str(caught.value).startswith("config.yaml: ")


@pytest.mark.parametrize(
    "text", [b"token: *sk-verysecretvalue0123456789", b"token: 'sk-verysecret\nx: ", b"? sk-verysecret: x: y"]
)
def test_errors_show_nothing_of_the_file(text: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert "verysecret" not in str(caught.value)


def test_a_file_that_cannot_be_read_says_why(tmp_path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        read(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse(b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_odd_keys_are_quoted_in_paths() -> None:
    assert render(("repos", 0, "agents", 12, "type")) == "repos[0].agents[12].type"
    assert render(("labels", "help wanted\n\x1b[31m")) == r"labels['help wanted\n\x1b[31m']"
