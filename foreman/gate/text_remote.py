"""Commands that run what the network gives, or run as root: who follows such a line hands over the machine. Pure.

A comment may repeat such a line where the project itself says it, in its documentation or in a maintainer's comment.
Line by line, and each line a few searches: no text takes long.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from foreman.patterns import late

_FETCH = late(r"(?<![\w-])(?:curl|wget|fetch|aria2c|iwr|irm|invoke-webrequest|invoke-restmethod)\b", re.IGNORECASE)
_SHELL = r"(?:(?:ba|z|da|k|fi|c)?sh|python[\d.]*|perl|ruby|node|php|pwsh|powershell|iex|invoke-expression)(?![\w-])"
_AS = r"\s*(?:[$#>%]\s)?(?:(?:sudo|doas|env|exec|nohup)\s(?:(?:-\S+|\w+=\S*)\s){0,5}){0,3}(?:/[\w./-]{0,50}/)?"
_PIPED = late(_AS + _SHELL, re.IGNORECASE)
_RUNS = late(rf"(?<![\w./-])(?:{_SHELL}|eval\b|source\b|\.(?=\s))", re.IGNORECASE)
_SUBSTITUTED = late(r"(?:\$\(|<\(|`)\s?(?:curl|wget|fetch)\b", re.IGNORECASE)
_EXPRESSION = late(r"(?<![\w-])(?:iex|invoke-expression)\b", re.IGNORECASE)
_DOWNLOADS = late(
    r"(?<![\w-])(?:iwr|irm|invoke-webrequest|invoke-restmethod|curl|wget)\b|downloadstring", re.IGNORECASE
)
_STARTED = rf"{_AS}(?:(?:ba|z|da)?sh\s\S|chmod\s|\./\S)"
_AFTERWARDS = late(rf"(?:&&|;){_STARTED}", re.IGNORECASE)
_NEXT_LINE = late(_STARTED, re.IGNORECASE)
_INSTALLS = late(
    r"(?<![\w-])(?:(?:pip[\d.]*|pipx|uv|poetry|conda|npm|pnpm|yarn|bun|gem|cargo|brew|dnf|yum|rpm|snap|go)\s(?:pip\s|tool\s)?"
    r"(?:install|add|i|run|exec|dlx|-i|-U)|npx|uvx|bunx)\s",
    re.IGNORECASE,
)
_REMOTE = late(r"(?:\S{0,200}=)?[\"'(]?(?:git\+|https?://|ftp://|git@|github:)", re.IGNORECASE)
_GLOBAL = late(r"(?<![\w-])(?:(?:npm|pnpm|bun)\s(?:i|install|add)\s|yarn\sglobal\sadd\s)", re.IGNORECASE)
_AS_ROOT = late(r"(?:[$#>%]\s?)?(?:sudo|doas)\s\S", re.IGNORECASE)
_PROSE = frozenset({"and", "see", "then", "or", "with", "the", "as", "is", "of", "described", "per", "documented"})

_MOST_CHARS = 70_000
_LINES_AFTER = 3
_WORDS_AFTER = 8
_MOST_IN_A_LINE = 50


def commands(text: str) -> tuple[str, ...]:
    """Return the commands in a text that run what the network gives, or run as root, each to the end of its line."""
    lines = _lines(text)
    found = [line[at:] for line in lines if (at := _begin(line)) is not None]
    for place, line in enumerate(lines):
        fetch = _FETCH.search(line)
        if fetch is not None:
            after = lines[place + 1 : place + 1 + _LINES_AFTER]
            found += [f"{line[fetch.start() :]}\n{one}" for one in after if _NEXT_LINE.match(one)]
    return tuple(found)


def unsaid(text: str, said: Collection[str]) -> str:
    """Return the first such command that none of these texts says in the same words; empty for none."""
    wanted = commands(text)
    if not wanted:
        return ""
    known = ["\n".join(_lines(one)) for one in said]
    return next((command for command in wanted if not _is_said(command, known)), "")


def _is_said(command: str, known: Collection[str]) -> bool:
    """Return whether one text holds every line of a command, and none of them goes on there."""
    return any(all(_holds(one, line) for line in command.split("\n")) for one in known)


def _holds(known: str, line: str) -> bool:
    at = known.find(line)
    while at >= 0:
        end = at + len(line)
        if (end == len(known) or known[end] in "\n`") and (at == 0 or known[at - 1] in "\n` $#>"):
            return True
        at = known.find(line, at + 1)
    return False


def _lines(text: str) -> list[str]:
    """Split a text into lines as a shell takes them: what goes on in the next one is one line."""
    joined = re.sub(r"\\[ \t]*\n|(?<=\|)[ \t]*\n", " ", text[:_MOST_CHARS])
    return [" ".join(line.split()) for line in joined.split("\n")]


def _begin(line: str) -> int | None:
    """Return where in a line such a command begins, None where there is none."""
    return next((at for at in _begins(line) if at is not None), None)


def _begins(line: str) -> Iterator[int | None]:
    yield _piped(line)
    yield _first_before_last(_RUNS, _SUBSTITUTED, line)
    yield _first_before_last(_EXPRESSION, _DOWNLOADS, line)
    yield _first_before_last(_FETCH, _AFTERWARDS, line)
    yield _installed(line)
    if (at := _GLOBAL.search(line)) and (at[0].lower().startswith("yarn") or {"-g", "--global"} & {*line.split()}):
        yield at.start()
    yield 0 if _AS_ROOT.match(line) else None


def _piped(line: str) -> int | None:
    first = _FETCH.search(line)
    if first is None:
        return None
    rest = line[first.start() :].split("|")[1:]
    return first.start() if any(_PIPED.match(part) for part in rest) else None


def _installed(line: str) -> int | None:
    for count, found in enumerate(_INSTALLS.finditer(line)):
        if count >= _MOST_IN_A_LINE:
            return found.start()
        for word in line[found.end() : found.end() + 2_000].split()[:_WORDS_AFTER]:
            if _REMOTE.match(word):
                return found.start()
            if word.casefold() in _PROSE or word[-1] in ",.;:":
                break
    return None


def _first_before_last(first: re.Pattern[str], last: re.Pattern[str], line: str) -> int | None:
    begin = first.search(line)
    if begin is None:
        return None
    return begin.start() if last.search(line, begin.end() - 1) else None
