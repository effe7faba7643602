"""An explanation in words: "Refused under 4.2: you asked for 6.20 CREDIT, your limit is 5.00; 1.20 less would be
allowed."

The sentences are those of `ccl.phrases`, in the reader's language. What a contract says itself (its reasons, the text
of its clauses, what it calls its parameters) comes from its text catalogue in that language, else from the contract in
its own. It decides nothing and reads nothing: all it knows is in the explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ccl import locales, messages, readings, types, words
from ccl.messages import Message
from ccl.ops import TRAPS
from ccl.phrases import PHRASES
from ccl.readings import Reading, Voice
from ccl.types import Type

if TYPE_CHECKING:
    from ccl.explain import Asked, Explanation, Ground, Wanted
    from ccl.host import Host
    from ccl.texts import Catalogue

_SENTENCE_ENDS = (".", "!", "?", "…", "؟", "。")
_TIMES = (types.TIMESTAMP, types.DATE)


class Teller:
    """Tells one explanation to one reader."""

    def __init__(self, locale: str, catalogue: Catalogue | None, host: Host | None, person: Callable[[str], str],
                 explanation: Explanation) -> None:  # fmt: skip
        found = locales.locale(locale)
        self._phrases = PHRASES[found.tag.partition("-")[0]]
        decimals = {} if host is None else dict(host.units)
        self._voice = Voice(
            found,
            decimals | dict(explanation.decimals),
            explanation.timezone,
            person,
            self._phrases["yes"],
            self._phrases["no"],
        )
        self._catalogue = catalogue
        self._host = host
        self._it = explanation
        self._unit_said = ""

    def told(self) -> str:
        """All of it, a line each."""
        ground = self._it.ground
        if ground is None:
            lines = list(map(self._approval, self._it.approvals)) or [self._phrases["permitted"]]
        else:
            lines = [self.sentence()]
            text = self._clause_text(ground)
            if text and ground.kind != "role" and text not in lines[0]:
                lines.append(f"{ground.clause}: {text}")
        for other in self._it.others:
            self._unit_said = ""
            lines.append(self._other(other))
        return "\n".join(lines)

    def sentence(self) -> str:
        """What is ruled, why, and what would do, in one line."""
        ground = self._it.ground
        if ground is None:
            return self.told().partition("\n")[0]
        command = self._it.command
        if ground.kind == "none":
            return self._say("no_clause", command=command)
        if ground.kind == "role":
            return self._say("role_trap" if ground.trap else "role", command=command, roles=self._roles(ground))
        why = self._why(ground, self._it.change)
        if ground.instead and ground.instead != ground.clause:
            return self._say("refused_exception", clause=ground.clause, instead=ground.instead, why=why)
        return self._say("refused_under", clause=ground.clause, why=why)

    def _say(self, phrase: str, **parts: str) -> str:
        return self._phrases[phrase].format(**parts)

    def _roles(self, ground: Ground) -> str:
        return self._phrases["or"].join(ground.roles)

    # -- why --

    def _why(self, ground: Ground, change: Wanted | None) -> str:
        """The reason given, then the facts, then the change, as sentences."""
        if ground.kind == "trap":
            return _ended(self._say("untold", trap=self._trap(ground)))
        reason = self._reason(ground)
        told = self._told_by_reason(ground)
        number = self._number(ground, change)
        if number is not None and told & {number.name, f"{number.kind}.{number.name}"}:
            number = None
        if not reason and not number:
            reason = self._clause_text(ground)
        if not reason and not number and ground.condition:
            reason = self._say("requires", condition=ground.condition)
        details = self._details(ground, number, told)
        if change is not None:
            wish = self._change(change)
            details = f"{details}; {wish}" if details else wish
        if not reason:
            return _ended(details)
        return f"{_ended(reason)} {_ended(_capital(details))}" if details else _ended(reason)

    def _number(self, ground: Ground, change: Wanted | None) -> Reading | None:
        """The reading that the sentence begins with: what would have to be another, else the amount asked for."""
        if change is not None and change.reading.kind == "command":
            return change.reading
        amounts = [r for r in ground.readings if r.visible and r.kind == "command" and _is_money(r.type)]
        return amounts[0] if len(amounts) == 1 else None

    def _details(self, ground: Ground, first: Reading | None, told: frozenset[str]) -> str:
        """The readings that it went by, numbers first; not those told already, or seen in what a view is called."""
        args = {arg for r in ground.readings for arg in r.args}
        rest = [
            r
            for r in ground.readings
            if r.visible
            and (first is None or r.key != first.key)
            and not told & {r.name, f"{r.kind}.{r.name}"}
            and not (r.kind == "command" and isinstance(r.value, str) and r.value in args)
        ]
        said = [] if first is None else [self._stated(first)]
        said += [self._stated(r) for r in sorted(rest, key=lambda r: r.type == types.BOOL)]
        if not all(r.visible for r in ground.readings):
            said.append(self._phrases["hidden"])
        return ("، " if self._voice.locale.right_to_left else ", ").join(said)

    def _stated(self, reading: Reading) -> str:
        if reading.kind == "command" and _is_money(reading.type) and reading.value is not None:
            return self._say("you_asked", value=self._value(reading.type, reading.value))
        phrase = "yes_no" if reading.type == types.BOOL else "is"
        return self._say(phrase, name=self._name(reading), value=self._value(reading.type, reading.value))

    def _value(self, type_: Type, value: Any) -> str:
        """A value; an amount names its unit unless the amount before it was in the same."""
        inner = type_.item if isinstance(type_, types.Option) else type_
        if not isinstance(inner, types.Money | types.Exact):
            return readings.said(self._voice, type_, value)
        told = readings.said(self._voice, type_, value, unit=inner.unit != self._unit_said)
        self._unit_said = inner.unit
        return told

    def _change(self, change: Wanted) -> str:
        """What would do."""
        reading, by = change.reading, change.by
        type_ = reading.type.item if isinstance(reading.type, types.Option) else reading.type
        if reading.kind == "view" and reading.name == "now":
            wish = self._say("from" if by > 0 else "until", value=self._value(type_, change.then))
        elif reading.kind == "command" and type_ != types.TIMESTAMP:
            more, less = ("later", "earlier") if type_ in _TIMES else ("more", "less")
            step = types.DAYS if type_ == types.DATE else type_
            wish = self._say(more if by > 0 else less, by=self._value(step, abs(by)))
        else:
            wish = self._say("if", name=self._name(reading), value=self._value(type_, change.then))
        if change.ruling == "approvals":
            wish += self._voice.locale.comma + self._phrases["then_approved"]
        return wish

    # -- other clauses, approvals --

    def _other(self, ground: Ground) -> str:
        if ground.kind == "role":
            return self._say("also_role", roles=self._roles(ground))
        if ground.kind == "trap":
            return self._say("unevaluated", clause=ground.clause, trap=self._trap(ground))
        return self._say("also", clause=ground.clause, why=self._why(ground, None))

    def _approval(self, asked: Asked) -> str:
        within = words.span(self._voice.locale, "days", asked.days)
        need = words.number(self._voice.locale, asked.need) if isinstance(asked.need, int) else asked.need
        phrase = "approved_by_signers" if asked.by == "signers" else "approved_by_role"
        said = self._say(phrase, clause=asked.clause, need=need, whose=asked.whose, within=within)
        if not asked.above:
            return said
        return f"{said} {self._say('approved_above', field=_spaced(asked.of), setting=asked.above)}"

    # -- what the contract says, and calls things --

    def _reason(self, ground: Ground) -> str:
        return self._contracts(ground.key, ground.reason, ground)

    def _clause_text(self, ground: Ground) -> str:
        return self._contracts(f"clause.{ground.clause}", ground.text, ground)

    def _told_by_reason(self, ground: Ground) -> frozenset[str]:
        """The names of readings that the reason itself tells."""
        message = self._message(ground.key, ground.reason)
        return frozenset() if message is None else frozenset(p.name for p in message.placeholders())

    def _contracts(self, key: str, own: str, ground: Ground) -> str:
        """A text of the contract, with its values."""
        message = self._message(key, own)
        return "" if message is None else message.said(self._voice, self._values(ground))

    def _message(self, key: str, own: str) -> Message | None:
        """A text of the contract: from the catalogue, else its own."""
        found = None if self._catalogue is None or not key else self._catalogue.message(key)
        return messages.parse(own)[0] if found is None and own else found

    def _values(self, ground: Ground) -> Mapping[str, tuple[Type, object] | None]:
        """What a text may speak of, by plain and by qualified name; a plain name is of the first kind that has it."""
        changed = () if self._it.change is None else (self._it.change.reading,)
        found: dict[str, tuple[Type, object] | None] = {}
        known = (*ground.readings, *ground.mentioned, *changed, *self._it.asked)
        for reading in sorted(known, key=lambda r: _KINDS.index(r.kind)):
            value = (reading.type, reading.value) if reading.visible else None
            for name in (f"{reading.kind}.{reading.name}", reading.name):
                found.setdefault(name, value)
        return found

    def _name(self, reading: Reading) -> str:
        """What a reading is called."""
        args = [self._voice.person(a) if a.startswith("did:") else a for a in reading.args]
        message = None if self._catalogue is None else self._catalogue.message(f"name.{reading.kind}.{reading.name}")
        if message is not None:
            return message.said(self._voice, {str(i): (types.STRING, a) for i, a in enumerate(args)})
        view = None if self._host is None or reading.kind != "view" else self._host.views.get(reading.name)
        if view is not None and view.words:
            return _filled(view.words, args)
        if reading.kind == "view" and reading.name in ("caller", "now"):
            return self._phrases[reading.name]
        name = _spaced(reading.name)
        of = self._voice.locale.comma.join(args)
        return self._say("named_of", name=name, of=of) if of else self._say("named", name=name)

    def _trap(self, ground: Ground) -> str:
        if ground.trap_text:
            return ground.trap_text
        english = self._voice.locale.tag.startswith("en")
        return TRAPS.get(ground.trap, ground.trap) if english else self._say("trap", code=ground.trap)


_KINDS = ("command", "param", "state", "view", "record")


def _filled(text: str, args: list[str]) -> str:
    """A host's words with its {0}, {1}; one without an argument is left out."""
    for i in range(4):
        text = text.replace(f"{{{i}}}", args[i] if i < len(args) else "")
    return " ".join(text.split())


def _is_money(type_: Type) -> bool:
    return isinstance(type_.item if isinstance(type_, types.Option) else type_, types.Money)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _ended(sentence: str) -> str:
    return sentence if not sentence or sentence.endswith(_SENTENCE_ENDS) else f"{sentence}."
