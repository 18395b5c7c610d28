"""`foreman.values.dataclass` makes what the standard library's makes, only later."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from foreman import values


def _made(dataclass: Callable[..., Any], **asked: bool) -> Any:
    @dataclass(**asked)
    class Place:
        """A place."""

        KINDS: ClassVar[tuple[str, ...]] = ("town",)
        name: str
        people: int = 0
        streets: list[str] = field(default_factory=list)
        secret: str = field(default="", repr=False, compare=False)

        def shout(self) -> str:
            return self.name.upper()

    return Place


def _checked(dataclass: Callable[..., Any], **asked: bool) -> Any:
    @dataclass(**asked)
    class Even:
        """A number that is checked."""

        number: int

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError("odd")

    return Even


def _opinionated(dataclass: Callable[..., Any], **asked: bool) -> Any:
    @dataclass(**asked)
    class Name:
        """Equal whatever the case."""

        text: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Name) and other.text.lower() == self.text.lower()

        def __hash__(self) -> int:
            return hash(self.text.lower())

        def __repr__(self) -> str:
            return "a name"

    return Name


def _equal_alone(dataclass: Callable[..., Any], **asked: bool) -> Any:
    @dataclass(**asked)
    class Lonely:
        """Has an `__eq__` and no `__hash__`."""

        text: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Lonely)

    return Lonely


KINDS = [
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True},
    {"slots": True, "kw_only": True},
    {"slots": True},
    {"frozen": True, "slots": True, "order": True},
    {"slots": True, "eq": False},
    {"frozen": True},
    {},
]


def _tried(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception as error:
        # How many arguments were given is told with the name of the class where it was defined.
        return type(error).__name__, str(error).replace("_made.<locals>.", "")


ASKED: list[Callable[[Any], Any]] = [
    lambda made: repr(made(name="a", people=2)),
    lambda made: made(name="a", people=2, streets=["x"], secret="s").secret,
    lambda made: made(name="a") == made(name="a", secret="other"),
    lambda made: made(name="a") == made(name="b"),
    lambda made: made(name="a") == "a",
    lambda made: made(name="a") != made(name="a"),
    lambda made: made(name="a").streets is made(name="a").streets,
    lambda made: made("a").name,
    lambda made: made(),
    lambda made: made(name="a", more=1),
    lambda made: made(name="a").shout(),
    lambda made: made.KINDS,
    lambda made: made.__match_args__,
    lambda made: made.__slots__,
    lambda made: [each.name for each in dataclasses.fields(made)],
    lambda made: dataclasses.asdict(made(name="a")),
    lambda made: dataclasses.astuple(made(name="a")),
    lambda made: repr(dataclasses.replace(made(name="a"), people=7)),
    lambda made: setattr(made(name="a"), "name", "b"),
    lambda made: delattr(made(name="a"), "name"),
    lambda made: isinstance(hash(made(name="a", streets=())), int),
    lambda made: hash(made(name="a", streets=())) == hash(made(name="a", streets=(), secret="other")),
    lambda made: copy.copy(made(name="a")) == made(name="a"),
    lambda made: copy.deepcopy(made(name="a", streets=["x"])).streets,
    lambda made: made(name="a") < made(name="b"),
    lambda made: made(name="a") <= made(name="a"),
    lambda made: made(name="a", people=2) > made(name="a", people=1),
    lambda made: made(name="a") >= made(name="b", people=1),
    lambda made: made(name="a") < "a",
    lambda made: hasattr(made(name="a"), "__dict__"),
    lambda made: made.__doc__,
    lambda made: made.__init__.__annotations__,
    lambda made: bool(made(name="a") and list(inspect.signature(made).parameters)),
]
"""Questions with one answer, whoever made the class; asked of a class of its own each, so that each is the first."""


@pytest.mark.parametrize("asked", KINDS, ids=lambda asked: " ".join(asked) or "plain")
def test_every_answer_is_that_of_the_standard_library(asked: dict[str, bool]) -> None:
    for ask in ASKED[:-2]:
        theirs = _tried(lambda: ask(_made(dataclasses.dataclass, **asked)))  # noqa: B023 - called at once
        ours = _tried(lambda: ask(_made(values.dataclass, **asked)))  # noqa: B023 - called at once
        assert ours == theirs, inspect.getsource(ask)
    used = _made(values.dataclass, **asked), _made(dataclasses.dataclass, **asked)
    for made in used:
        made(name="a")
    for ask in ASKED:
        assert _tried(lambda: ask(used[0])) == _tried(lambda: ask(used[1]))  # noqa: B023 - called at once


@pytest.mark.parametrize("asked", KINDS[:4], ids=" ".join)
def test_what_an_author_wrote_stays(asked: dict[str, bool]) -> None:
    name = _opinionated(values.dataclass, **asked)
    assert repr(name(text="Ann")) == "a name"
    assert name(text="Ann") == name(text="ANN")
    assert hash(name(text="Ann")) == hash(name(text="ANN"))
    for make in (values.dataclass, dataclasses.dataclass):
        lonely = _equal_alone(make, **asked)
        assert lonely(text="a") == lonely(text="b")
        assert (lonely.__hash__ is None) is ("frozen" not in asked)
    if "frozen" in asked:
        assert hash(_equal_alone(values.dataclass, **asked)(text="a")) == hash(("a",))


@pytest.mark.parametrize("asked", KINDS[:4], ids=" ".join)
def test_a_value_is_checked_as_soon_as_it_is_made(asked: dict[str, bool]) -> None:
    even = _checked(values.dataclass, **asked)
    assert even(number=2).number == 2
    with pytest.raises(ValueError, match="odd"):
        even(number=3)


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A value of a module, as pickle needs it."""

    name: str
    people: int = 0


def test_a_frozen_value_comes_back_from_a_pickle() -> None:
    kept = Kept(name="a", people=3)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(kept, protocol)) == kept
    with pytest.raises(FrozenInstanceError):
        pickle.loads(pickle.dumps(kept)).name = "b"


def test_threads_that_come_at_once_get_the_same_class() -> None:
    for _ in range(20):
        made = _made(values.dataclass, frozen=True, slots=True, kw_only=True)
        begin, found = threading.Barrier(4), []

        def use(made: Any = made, begin: Any = begin, found: Any = found) -> None:
            begin.wait(60)
            found.append(made(name="a", streets=()))

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(found) == 4
        assert len(set(found)) == 1


def test_a_class_nobody_uses_is_never_written() -> None:
    program = "import builtins\nreal = builtins.exec\nwritten = []\n"
    program += "builtins.exec = lambda source, *rest: (written.append(source), real(source, *rest))[1]\n"
    program += "from foreman import values\nmake = values.dataclass(frozen=True, slots=True)\n"
    program += "cls = make(type('A', (), {'__annotations__': {'a': int}, '__doc__': 'A.'}))\n"
    program += "before = [s for s in written if isinstance(s, str) and '__init__' in s]\nassert before == [], before\n"
    program += "assert cls(1).a == 1\nassert [s for s in written if isinstance(s, str) and '__init__' in s]\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
