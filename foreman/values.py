"""`dataclass`, whose methods are made when a class is first used instead of when it is imported.

The standard library writes and compiles five or six methods for each class at import: a tenth of a second for each
hundred classes, and a process uses few of those it imports. Everything else is the standard library's own: what a
class is made of, `field`, `fields`, `replace`, `asdict`, matching. A class that asks for what few do (fields that
are not arguments or inherited, no slots) is made by the standard library, at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True, order=False):
        """Make a class of values, as `dataclasses.dataclass` does."""

        def make(cls):
            if not eq or not slots or _is_unusual(cls):
                make_now = dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, order=order)
                return make_now(cls)
            own = frozenset(vars(cls))
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
            _promise(made, own, frozen=frozen, order=order)
            return made

        return make if cls is None else make(cls)


_Writer = Callable[[Any, dict[str, Any]], Iterator[str]]

_SIGNS = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


def _is_unusual(cls: type) -> bool:
    """Tell whether a class has a field that is no argument, or inherits fields."""
    return any(isinstance(each, dataclasses.Field) and not each.init for each in vars(cls).values()) or any(
        dataclasses.is_dataclass(base) for base in cls.__mro__[1:]
    )


def _promise(cls: Any, own: frozenset[str], *, frozen: bool, order: bool) -> None:
    """Give a class methods that make the real ones when one of them is first called.

    Args:
        cls: Made, without methods.
        own: What its author wrote, which stays.
        frozen: Whether its values never change.
        order: Whether one can be less than another.
    """

    def make_init(self: Any, *args: Any, **named: Any) -> None:
        _keep(cls, "__init__")
        cls.__init__(self, *args, **named)

    def make_repr(self: Any) -> str:
        _keep(cls, "__repr__")
        return str(cls.__repr__(self))

    def make_eq(self: Any, other: object) -> Any:
        _keep(cls, "__eq__")
        return cls.__eq__(self, other)

    def make_hash(self: Any) -> int:
        _keep(cls, "__hash__")
        return int(cls.__hash__(self))

    promised: dict[str, Callable[..., Any]] = {"__init__": make_init, "__repr__": make_repr, "__eq__": make_eq}
    promised = {name: method for name, method in promised.items() if name == "__init__" or name not in own}
    if "__hash__" not in own or cls.__dict__["__hash__"] is None:  # None: Python's own, beside an `__eq__`
        if frozen:
            promised["__hash__"] = make_hash
        else:
            cls.__hash__ = None
    if order:
        promised |= {name: _compare_first(cls, name) for name in _SIGNS}
    for name, method in promised.items():
        setattr(cls, name, method)
    if frozen:
        cls.__setattr__, cls.__delattr__ = _refuse_setting, _refuse_deleting
        cls.__getstate__, cls.__setstate__ = _state, _set_state


def _compare_first(cls: Any, name: str) -> Callable[[Any, object], Any]:
    def make_comparison(self: Any, other: object) -> Any:
        _keep(cls, name)
        return getattr(cls, name)(self, other)

    return make_comparison


def _keep(cls: Any, name: str) -> None:
    """Make a real method; two threads that come at once make the same one."""
    known: dict[str, Any] = {"MISSING": dataclasses.MISSING}
    made: dict[str, Callable[..., Any]] = {}
    exec("\n".join(_METHODS[name](cls, known)), known, made)  # noqa: S102 - names of fields and nothing else
    method = made[name]
    method.__module__, method.__qualname__ = cls.__module__, f"{cls.__qualname__}.{name}"
    if name == "__init__":
        method.__annotations__ = {each.name: each.type for each in dataclasses.fields(cls)} | {"return": None}
    setattr(cls, name, method)


def _init(cls: Any, known: dict[str, Any]) -> Iterator[str]:
    arguments: dict[bool, list[str]] = {False: [], True: []}
    body = []
    for field in dataclasses.fields(cls):
        name, value, default = field.name, field.name, ""
        if field.default is not dataclasses.MISSING:
            known[f"__default_{name}"] = field.default
            default = f"=__default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"__factory_{name}"] = field.default_factory
            default = "=MISSING"
            value = f"__factory_{name}() if {name} is MISSING else {name}"
        arguments[bool(field.kw_only)].append(name + default)
        known[f"__set_{name}"] = getattr(cls, name).__set__  # of the slot: past `__setattr__`, which refuses
        body.append(f"  __set_{name}(self, {value})")
    taken = ["self", *arguments[False], *(["*", *arguments[True]] if arguments[True] else [])]
    yield f"def __init__({', '.join(taken)}):"
    if hasattr(cls, "__post_init__"):
        body.append("  self.__post_init__()")
    yield from body or ["  return"]


def _repr(cls: Any, _known: dict[str, Any]) -> Iterator[str]:
    shown = ", ".join(f"{field.name}={{self.{field.name}!r}}" for field in dataclasses.fields(cls) if field.repr)
    yield "def __repr__(self):"
    yield f"  return self.__class__.__qualname__ + f'({shown})'"


def _comparison(name: str, sign: str) -> _Writer:
    def write(cls: Any, _known: dict[str, Any]) -> Iterator[str]:
        compared = [field.name for field in dataclasses.fields(cls) if field.compare]
        yield f"def {name}(self, other):"
        yield "  if other.__class__ is self.__class__:"
        yield f"    return {_each('self', compared)} {sign} {_each('other', compared)}"
        yield "  return NotImplemented"

    return write


def _hash(cls: Any, _known: dict[str, Any]) -> Iterator[str]:
    fields = dataclasses.fields(cls)
    hashed = [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
    yield "def __hash__(self):"
    yield f"  return hash({_each('self', hashed)})"


def _each(whose: str, names: list[str]) -> str:
    return "(" + "".join(f"{whose}.{name}," for name in names) + ")"


_METHODS: dict[str, _Writer] = {
    "__init__": _init,
    "__repr__": _repr,
    "__hash__": _hash,
    "__eq__": _comparison("__eq__", "=="),
    **{name: _comparison(name, sign) for name, sign in _SIGNS.items()},
}


def _refuse_setting(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
