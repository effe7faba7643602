"""Frozen dataclasses that cost little to define: a program of many small classes starts at once.

`frozen` makes what `dataclass(frozen=True, slots=True)` makes: fields, `replace`, matching, equality, hash, repr and
pickling are the same. The standard decorator compiles six methods for each class when it is defined; here they are
shared, but for `__init__`, which is compiled when the first object of its class is made.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, field
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """The class as a frozen dataclass with slots. What has a `__post_init__` or keyword-only fields is not for it."""
    assert not hasattr(cls, "__post_init__"), f"{cls.__name__}: use dataclass"
    own = cls.__dict__
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    names = [f.name for f in dataclasses.fields(made)]
    made._parts = staticmethod(_getter(names))
    made.__init__ = _first_init(made)
    made.__setattr__, made.__delattr__ = _set, _delete
    made.__getstate__, made.__setstate__ = _state, _restore
    if "__repr__" not in own:
        made.__repr__ = _repr
    if "__eq__" not in own:
        made.__eq__, made.__hash__ = _eq, _hash
    return made  # type: ignore[no-any-return]  # the class, built again with its slots


def _getter(names: list[str]) -> Callable[[Any], Any]:
    """All fields of an object as one value."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return operator.attrgetter(names[0]) if names else lambda self: ()


def _first_init(made: Any) -> Callable[..., None]:
    """An `__init__` that compiles the real one, puts it in its own place and calls it."""

    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        made.__init__ = _init(made)
        made.__init__(self, *args, **kwargs)

    return first


def _init(made: Any) -> Callable[..., None]:
    """`__init__` for its fields: each is put into its slot directly, past `__setattr__`."""
    known: dict[str, Any] = {"__builtins__": {}, "missing": MISSING}
    params, body = [], []
    for number, one in enumerate(dataclasses.fields(made)):
        slot = next(c.__dict__[one.name] for c in made.__mro__ if one.name in c.__dict__.get("__slots__", ()))
        known[f"put{number}"] = slot.__set__
        value = param = one.name
        if one.default is not MISSING:
            known[f"default{number}"] = one.default
            param += f"=default{number}"
        elif one.default_factory is not MISSING:
            known[f"make{number}"] = one.default_factory
            param += "=missing"
            value = f"make{number}() if {one.name} is missing else {one.name}"
        params.append(param)
        body.append(f"    put{number}(self, {value})")
    text = f"def __init__({', '.join(['self', *params])}):\n" + ("\n".join(body) or "    pass")
    exec(text, known)  # noqa: S102  # of the field names of our own classes, when a module is loaded
    return known["__init__"]  # type: ignore[no-any-return]  # the function just made


def _repr(self: Any) -> str:
    inner = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({inner})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._parts(self) == self._parts(other)


def _hash(self: Any) -> int:
    return hash(self._parts(self))


def _set(self: Any, name: str, value: object) -> NoReturn:
    msg = f"cannot assign to field {name!r}"
    raise FrozenInstanceError(msg)


def _delete(self: Any, name: str) -> NoReturn:
    msg = f"cannot delete field {name!r}"
    raise FrozenInstanceError(msg)


def _state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
