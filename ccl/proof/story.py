"""Examples in words: the values of a counterexample as a person would tell them.

It makes words of what it is given and decides nothing. Words are English, numbers and dates as `ccl.words` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ccl import core, types, words
from ccl.evaluation import Outcome
from ccl.host import Host
from ccl.locales import LOCALES
from ccl.ops import TRAPS
from ccl.proof.replay import Read
from ccl.proof.symbols import ExampleRecord

ENGLISH = LOCALES["en"]
MOST_SAID = 12
"""So many values of an example are told; the rest are counted."""
_DAY_MS = 86_400_000


class Teller:
    """Tells of a program's values. unit: the code of the command's own unit in the example, '' if none was read."""

    def __init__(self, program: core.Program, host: Host, unit: str = "") -> None:
        self.program = program
        self.host = host
        self.unit = unit

    def of(self, read: Sequence[Read]) -> Teller:
        """The same for an example that says in what unit the command is."""
        codes = [one for one in read if one.kind == "command" and isinstance(one.type, types.UnitCode)]
        return Teller(self.program, self.host, codes[0].value if codes else "")

    # -- values --------------------------------------------------------------------------------------------------------

    def value(self, value: Any, type_: types.Type) -> str:
        """A value of that type."""
        if isinstance(type_, types.Money | types.Exact):
            return self._money(value, type_.unit)
        if isinstance(type_, types.Plain):
            return _plain(value, type_)
        if isinstance(type_, types.Option):
            return "nothing" if value is None else self.value(value[0], type_.item)
        if isinstance(type_, types.Result):
            return self.value(value[1], type_.value if value[0] else type_.error)
        if isinstance(type_, types.Array):
            return f"[{', '.join(self.value(v, type_.item) for v in value)}]"
        if isinstance(type_, types.Map):
            pairs = (f"{self.value(k, type_.key)}: {self.value(v, type_.value)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        if isinstance(value, ExampleRecord):
            return self._record(value, type_)
        return self._nominal(value, type_)

    def _nominal(self, value: Any, type_: types.Type) -> str:
        if isinstance(type_, types.Enum):
            variant = self.program.enums[type_.name].variants[value[0]]
            inside = ", ".join(self.value(v, t) for v, t in zip(value[1:], variant.items, strict=True))
            return f"{type_.name}::{variant.name}" + (f"({inside})" if inside else "")
        if isinstance(type_, types.Struct):
            shape = self.program.structs[type_.name]
            inside = ", ".join(f"{n}: {self.value(v, t)}" for (n, t), v in zip(shape.fields, value, strict=True))
            return f"{type_.name} {{ {inside} }}"
        if isinstance(type_, types.Tuple):
            return f"({', '.join(self.value(v, t) for v, t in zip(value, type_.items, strict=True))})"
        return words.plain(value)

    def _record(self, value: ExampleRecord, type_: types.Type) -> str:
        spec = self.host.records.get(type_.name) if isinstance(type_, types.Record) else None
        declared = {f.read_as: f for f in spec.fields} if spec else {}
        parts = []
        for name, part in value.fields().items():
            if name in declared:
                said = "nothing" if part is None else self.value(part, declared[name].type)
                parts.append(f"{declared[name].name}: {said}")
        return f"{type_} {{ {', '.join(parts)} }}"

    def _money(self, value: int | Fraction, unit: str) -> str:
        code = self.unit if unit == types.OWN_UNIT else unit
        decimals = self.program.units.get(code, self.host.units.get(code))
        if decimals is None:
            return f"{words.plain(value)} minor units"
        return words.money(ENGLISH, value, decimals, code)

    # -- what was read -------------------------------------------------------------------------------------------------

    def sentences(self, read: Iterable[Read], subject: str = "command") -> list[str]:
        """What an example reads, a sentence each, without what tells nothing."""
        said = list(dict.fromkeys(self.sentence(one, subject) for one in _once(read)))
        if len(said) > MOST_SAID:
            return [*said[:MOST_SAID], f"({len(said) - MOST_SAID} more values play a part.)"]
        return said

    def sentence(self, read: Read, subject: str = "command") -> str:
        """One reading as a sentence."""
        own = read.kind == "command" and isinstance(read.type, types.Money) and self.unit
        shown = self.value(read.value, types.Money(types.OWN_UNIT) if own else read.type)
        if read.kind == "view":
            return self._view(read, shown)
        of = {
            "command": f"`{self.field(read.name)}` of the {subject}",
            "param": f"The parameter `{read.name}`",
            "state": f"The state `{read.name}`",
            "argument": f"`{read.name}`",
            "approvals": f"The number of approvals ({read.name})",
        }[read.kind]
        return f"{of[0].upper()}{of[1:]} is {shown}."

    def field(self, attribute: str) -> str:
        """What authors call a field of a command that the host's object calls so."""
        fields = (f for _, spec in sorted(self.host.commands.items()) for f in spec.fields if f.read_as == attribute)
        return next((f.name for f in fields), attribute)

    def _view(self, read: Read, shown: str) -> str:
        args = [self.value(a, t) for a, t in zip(read.args, read.arg_types, strict=True)]
        spec = self.host.views.get(read.name)
        if read.name == "caller" and not args:
            return f"{shown} asks." if read.value else "The space itself asks."
        if read.name == "now" and not args:
            return f"It is {shown}."
        asked = f"`{read.name}({', '.join(args)})`"
        if read.type == types.BOOL:
            return f"{asked} is {'true' if read.value else 'false'}."
        if spec is not None and spec.words:
            try:
                return f"{_capital(spec.words.format(*args))} is {shown}."
            except (IndexError, KeyError, ValueError):
                return f"{asked} is {shown}."
        return f"{asked} is {shown}."

    def values(self, read: Iterable[Read]) -> Mapping[str, Any]:
        """The same for a machine: name to a value that JSON can hold, numbers as text."""
        found: dict[str, Any] = {}
        for one in _once(read):
            args = ", ".join(self.value(a, t) for a, t in zip(one.args, one.arg_types, strict=True))
            name = f"{one.name}({args})" if one.kind == "view" else f"{one.kind}.{one.name}"
            found[name] = one.value if isinstance(one.value, bool) else self.value(one.value, one.type)
        return found

    def outcome(self, outcome: Outcome, result: types.Type) -> str:
        """How an evaluation ended."""
        if outcome.trap is not None:
            return f"it traps: {outcome.trap.text or TRAPS.get(outcome.trap.code, outcome.trap.code)}"
        if outcome.refusal is not None:
            return f"it refuses: {self.requirement(outcome.refusal.function, outcome.refusal.number)}"
        return "it ends well" if result == types.NOTHING else f"it is {self.value(outcome.value, result)}"

    def requirement(self, function: str, number: int) -> str:
        """A requirement as its author wrote it."""
        stated = self.program.functions[function].requirements
        if number >= len(stated):
            return "a requirement does not hold"
        one = stated[number]
        reason = f" ({one.reason})" if one.reason else ""
        return f"`{words.shortened(one.condition, 100)}` does not hold{reason}" if one.condition else f"denied{reason}"


def _once(read: Iterable[Read]) -> list[Read]:
    """Each reading once: two clauses may see the same amount with different types."""
    found: dict[str, Read] = {}
    for one in read:
        found.setdefault(repr((one.kind, one.name, one.args, one.value)), one)
    return list(found.values())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(value: Any, type_: types.Plain) -> str:
    say = _PLAIN.get(type_.name)
    return words.plain(value) if say is None else say(value)


def _moment(ms: int) -> str:
    day, rest = divmod(ms, _DAY_MS)
    return f"{words.moment(ENGLISH, day, rest // 60_000)} UTC"


_PLAIN: Mapping[str, Any] = {
    "Integer": lambda value: words.number(ENGLISH, value),
    "Bool": lambda value: "true" if value else "false",
    "Timestamp": _moment,
    "Date": lambda value: words.date(ENGLISH, value),
    "Duration": lambda value: words.duration(ENGLISH, value),
    "Days": lambda value: words.span(ENGLISH, "days", value),
    "ClearDays": lambda value: words.span(ENGLISH, "clear days", value),
    "WorkingDays": lambda value: words.span(ENGLISH, "working days", value),
    "Months": lambda value: words.months(ENGLISH, value),
    "Ratio": lambda value: words.fraction(ENGLISH, value),
    "String": lambda value: f'"{words.shortened(value)}"',
    "Did": lambda value: words.shortened(value) if value else "nobody",
}


def count(number: int, one: str, many: str = "") -> str:
    """A number of something: "1 member", "2 members"."""
    return f"{words.number(ENGLISH, number)} {one if number == 1 else many or one + 's'}"
