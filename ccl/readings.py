"""Readings: what a judgement went by, as values that can be stored, shown and said.

A `Reading` is one fact of a trace freed of the program: what was read (a field of the command, a parameter, a view, a
state, a field of a record), of which type, and its value, which is a scalar, an Option of one, or the plain words of
anything larger. It encodes to one string for a node's log and decodes from it. `Voice` is who hears it: language,
units, time zone, and what people are called.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from ccl import dates, words
from ccl import types as t
from ccl.locales import Locale
from ccl.types import EnumShape, Type

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_WHOLE = frozenset((
    t.INTEGER, t.TIMESTAMP, t.DURATION, t.DAYS, t.CLEAR_DAYS, t.WORKING_DAYS, t.MONTHS, t.DATE,
))  # fmt: skip
_SCALAR = frozenset((*_WHOLE, t.STRING, t.DID, t.BOOL, t.RATIO))
_PLAIN = {p.name: p for p in _SCALAR}
_WITH_UNIT: Mapping[str, Callable[[str], Type]] = {"Money": t.Money, "Exact": t.Exact, "UnitCode": t.UnitCode}


@dataclass(frozen=True, slots=True)
class Reading:
    """One fact. kind: "command", "param", "view", "state" or "record"; name: as the contract writes it.

    args: of a view, as plain texts. visible: false where the reader may not see it; then there is no value.
    """

    kind: str
    name: str
    args: tuple[str, ...]
    type: Type
    value: Any
    visible: bool = True

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What it is a reading of."""
        return self.kind, self.name, self.args

    def hidden(self) -> Reading:
        """The same without its type and value, and without whom it is about."""
        return replace(self, args=(), type=t.ANY, value=None, visible=False)

    def encoded(self) -> str:
        """One line of JSON: [kind, name, args, type, value], or without the last two if it may not be seen."""
        head: list[Any] = [self.kind, self.name, list(self.args)]
        if self.visible:
            head += [str(self.type), _encoded(self.value)]
        return json.dumps(head, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def decoded(text: str) -> Reading:
        """From `encoded`. Raises ValueError on anything else."""
        try:
            kind, name, args, *rest = json.loads(text)
        except (TypeError, ValueError) as error:
            raise ValueError("this is no reading of a judgement") from error
        if not (isinstance(kind, str) and isinstance(name, str) and isinstance(args, list) and len(rest) in (0, 2)):
            raise ValueError("this is no reading of a judgement")
        if not rest:
            return Reading(kind, name, tuple(map(str, args)), t.ANY, None, False)
        found = _type(str(rest[0]))
        return Reading(kind, name, tuple(map(str, args)), found, _decoded(found, rest[1]))

    def json(self) -> dict[str, Any]:
        """For machines: numbers and moments as they are counted, never rounded; amounts of minor units as texts."""
        said: dict[str, Any] = {"kind": self.kind, "name": self.name}
        if self.args:
            said["args"] = list(self.args)
        if not self.visible:
            return {**said, "visible": False}
        value = str(self.value) if isinstance(self.type, t.Money) else _encoded(self.value)
        return {**said, "type": str(self.type), "value": value}


@dataclass(frozen=True, slots=True)
class Voice:
    """In whose words: a language, the decimals of units, the space's time zone, and what a DID is called there."""

    locale: Locale
    decimals: Mapping[str, int]
    timezone: str = "UTC"
    person: Callable[[str], str] = words.shortened
    yes: str = "yes"
    no: str = "no"
    nothing: str = "—"


def storable(type_: Type, value: Any, unit: str, enums: Mapping[str, EnumShape]) -> tuple[Type, Any]:
    """A type and value that a reading can hold. unit: what the rigid unit of the command stands for."""
    if isinstance(type_, t.Option):
        inner, inside = storable(type_.item, value[0], unit, enums) if value is not None else (t.STRING, None)
        if value is None:
            inner = of_unit(type_.item, unit) if scalar(type_.item) else t.STRING
        return t.Option(inner), None if value is None else (inside,)
    if isinstance(type_, t.Enum) and type_.name in enums and isinstance(value, tuple):
        shape = enums[type_.name].variants[value[0]]
        return t.STRING, shape.name + (f"({', '.join(map(words.plain, value[1:]))})" if len(value) > 1 else "")
    if scalar(type_):
        return of_unit(type_, unit), value
    return t.STRING, words.plain(value)


def scalar(type_: Type) -> bool:
    """Whether values of that type have words of their own."""
    return type_ in _SCALAR or isinstance(type_, t.Money | t.Exact | t.UnitCode)


def of_unit(type_: Type, unit: str) -> Type:
    """The type with the command's own unit put for the rigid one."""
    if isinstance(type_, t.Money | t.Exact | t.UnitCode) and type_.unit == t.OWN_UNIT and unit:
        return replace(type_, unit=unit)
    return type_


def said(voice: Voice, type_: Type, value: Any, kind: str = "", *, unit: bool = True) -> str:
    """A value in words. kind: of a placeholder, where it asks for another form; unit: whether an amount names its."""
    if isinstance(type_, t.Option):
        return voice.nothing if value is None else said(voice, type_.item, value[0], kind, unit=unit)
    if isinstance(type_, t.Money | t.Exact):
        code = "" if type_.unit == t.OWN_UNIT else type_.unit
        return words.money(voice.locale, value, voice.decimals.get(type_.unit, 0), code if unit else "")
    if kind == "percent":
        return words.percent(voice.locale, value)
    if type_ == t.TIMESTAMP:
        return _moment(voice, value, kind)
    form = _SAID.get(type_)
    return words.plain(value) if form is None else form(voice, value)


def _moment(voice: Voice, time_ms: int, kind: str) -> str:
    try:
        wall = (_EPOCH + datetime.timedelta(milliseconds=time_ms)).astimezone(dates.zone(voice.timezone))
    except (OverflowError, ValueError):  # beyond the calendar, in which nobody makes an appointment
        return str(time_ms)
    day = wall.toordinal() - _EPOCH.toordinal()
    if kind == "date":
        return words.date(voice.locale, day)
    return words.moment(voice.locale, day, wall.hour * 60 + wall.minute)


_SAID: Mapping[Type, Callable[[Voice, Any], str]] = {
    t.BOOL: lambda voice, value: voice.yes if value else voice.no,
    t.INTEGER: lambda voice, value: words.number(voice.locale, value),
    t.RATIO: lambda voice, value: words.fraction(voice.locale, value),
    t.DATE: lambda voice, value: words.date(voice.locale, value),
    t.DURATION: lambda voice, value: words.duration(voice.locale, value),
    t.DAYS: lambda voice, value: words.span(voice.locale, "days", value),
    t.CLEAR_DAYS: lambda voice, value: words.span(voice.locale, "clear days", value),
    t.WORKING_DAYS: lambda voice, value: words.span(voice.locale, "working days", value),
    t.MONTHS: lambda voice, value: words.months(voice.locale, value),
    t.DID: lambda voice, value: voice.person(value),
}


def _encoded(value: Any) -> Any:
    if isinstance(value, Fraction):  # a machine reads it exactly
        return f"{value.numerator}/{value.denominator}"
    return list(map(_encoded, value)) if isinstance(value, tuple) else value


def _decoded(type_: Type, value: Any) -> Any:
    """A value of that type. Raises ValueError if it is none."""
    if isinstance(type_, t.Option):
        return None if value is None else (_decoded(type_.item, *_listed(value)),)
    if type_ == t.RATIO or isinstance(type_, t.Exact):
        return _fraction(value) if isinstance(value, str) else _none_of(type_)
    if type_ in _WHOLE or isinstance(type_, t.Money):
        return value if isinstance(value, int) and not isinstance(value, bool) else _none_of(type_)
    if type_ == t.BOOL:
        return value if isinstance(value, bool) else _none_of(type_)
    return value if isinstance(value, str) else _none_of(type_)


def _fraction(text: str) -> Fraction:
    over, _, under = text.partition("/")
    if not under or int(under) <= 0:
        raise ValueError("this is no ratio")
    return Fraction(int(over), int(under))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) and len(value) == 1 else _none_of(t.Option(t.ANY))


def _none_of(type_: Type) -> Any:
    raise ValueError(f"this is no value of {type_}")


def _type(text: str) -> Type:
    """A type as `str` of it writes it, of those that a reading may have. Raises ValueError."""
    if text in _PLAIN:
        return _PLAIN[text]
    head, _, rest = text.partition("<")
    if head == "Option" and rest.endswith(">"):
        return t.Option(_type(rest[:-1]))
    if head in _WITH_UNIT:
        return _WITH_UNIT[head](rest.removesuffix(">") or t.OWN_UNIT)
    raise ValueError(f"a reading has no type {text}")
