"""The words of a command, and what one line with them means."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from foreman.patterns import late
from foreman.values import dataclass

MAX_BECAUSE_CHARS = 500
"""Longest reason kept, characters."""

MAX_NAMED = 10
"""Most labels or hashes in one line."""


class Verb(StrEnum):
    """What can be ordered."""

    TRIAGE = "triage"
    LABEL = "label"
    WHY = "why"
    UNDO = "undo"
    HOLD = "hold"
    PAUSE = "pause"
    RESUME = "resume"
    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line that orders something.

    Attributes:
        line: Its number in the comment, from 1.
        verb: What to do.
        add: For `label`: names as they were written.
        remove: For `label`: names as they were written.
        hashes: For `approve` and `reject`: 8 to 64 hex digits each, in small letters.
        because: For `reject`: the person's own words; empty when there are none.
        fault: Why it cannot be understood, for the person; empty when it can.
    """

    line: int
    verb: Verb
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    because: str = ""
    fault: str = ""

    def in_words(self) -> str:
        """Return it as a person might write it, without the name before it."""
        labels = [f"{sign}{name}" for sign, names in (("+", self.add), ("-", self.remove)) for name in names]
        because = f" because {self.because}" if self.because else ""
        fault = f" (not understood: {self.fault})" if self.fault else ""
        return " ".join([self.verb.value, *labels, ", ".join(self.hashes)]).strip() + because + fault

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {**asdict(self), "verb": self.verb.value}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Command:
        """Read what `as_json` wrote."""
        lists = {name: tuple(kept[name]) for name in ("add", "remove", "hashes")}
        return cls(line=kept["line"], verb=Verb(kept["verb"]), because=kept["because"], fault=kept["fault"], **lists)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a comment orders.

    Attributes:
        commands: In the order of the text.
        cut: There were more than are taken from one comment.
        only: Nothing else is said in it.
    """

    commands: tuple[Command, ...] = ()
    cut: bool = False
    only: bool = False


# ASCII alone: with other letters a name that only looks like ours would be folded into it.
_LINE = late(
    r"@(?P<bot>[a-z0-9_][a-z0-9_.-]{0,254}(?:\[bot\])?)[:,]? +(?P<verb>[a-z]{3,8})(?P<rest>(?: .*)?[.!?]?)",
    re.ASCII | re.IGNORECASE,
)
_BARE = late(r" *[.!?]?")
_LABEL = late(r"([+-])(?:\"([^\"]{1,100})\"|`([^`]{1,100})`|([^\s\"`,]{1,100}))(?:,|(?= )|$)")
_HASHES = late(
    r"(?P<hashes>`?[0-9a-f]{8,64}`?(?:(?:, |,| )`?[0-9a-f]{8,64}`?)*)(?:[:,.]? because (?P<because>\S.*?))?[.!]?",
    re.ASCII | re.IGNORECASE,
)


def meaning(text: str, names: Collection[str], *, line: int) -> Command | None:
    """Return what one line orders.

    Args:
        text: The line, without the space around it.
        names: What we are called, in small letters.
        line: Its number.

    Returns:
        None for a line that orders nothing: one that does not begin with our name and a known word, or goes on after a
        word that stands alone.
    """
    found = _LINE.fullmatch(" ".join(text.split()))
    if found is None or found["bot"].lower() not in names or found["verb"].lower() not in Verb.__members__.values():
        return None
    verb, rest = Verb(found["verb"].lower()), found["rest"].strip()
    match verb:
        case Verb.LABEL:
            return _label(rest, line)
        case Verb.APPROVE | Verb.REJECT:
            return _settle(verb, rest, line)
        case _:
            return Command(line=line, verb=verb) if _BARE.fullmatch(rest) else None


def _label(rest: str, line: int) -> Command:
    wanted: dict[str, list[str]] = {"+": [], "-": []}
    position, rest = 0, rest.strip()
    while position < len(rest):
        found = _LABEL.match(rest, position)
        if found is None:
            break
        wanted[found[1]].append(found[2] or found[3] or found[4])
        position = found.end()
        while rest[position : position + 1] == " ":
            position += 1
    add, remove = (tuple(dict.fromkeys(names)) for names in wanted.values())
    if position < len(rest) or not (add or remove):
        return Command(
            line=line, verb=Verb.LABEL, fault='name labels as in `label +bug -question +"good first issue"`'
        )
    if len(add) + len(remove) > MAX_NAMED:
        return Command(line=line, verb=Verb.LABEL, fault=f"more than {MAX_NAMED} labels")
    if {name.casefold() for name in add} & {name.casefold() for name in remove}:
        return Command(line=line, verb=Verb.LABEL, fault="a label cannot go on and off at once")
    return Command(line=line, verb=Verb.LABEL, add=add, remove=remove)


def _settle(verb: Verb, rest: str, line: int) -> Command:
    found = _HASHES.fullmatch(rest)
    if found is None:
        return Command(line=line, verb=verb, fault="name what waits by 8 or more characters of its hash")
    hashes = tuple(dict.fromkeys(re.findall(r"[0-9a-f]{8,64}", found["hashes"].lower())))
    if len(hashes) > MAX_NAMED:
        return Command(line=line, verb=verb, fault=f"more than {MAX_NAMED} hashes")
    because = (found["because"] or "").strip()[:MAX_BECAUSE_CHARS] if verb is Verb.REJECT else ""
    return Command(line=line, verb=verb, hashes=hashes, because=because)
