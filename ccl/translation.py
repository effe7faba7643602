"""What a text catalogue has to say for a contract, and whether it does: the checks of `ccl texts check`.

Every key that a requirement names must be there, no key may be there that the contract has not, and a placeholder must
be something that the text may speak of, said as its type can be said, in all the plural forms of the language. A reason
may speak of the fields of the command and of what its condition reads; the text of a clause of the parameters that the
contract's own text of it names, since it is also read where nobody has asked for anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ccl import core, locales, messages, types
from ccl.bearing import Bearings
from ccl.diagnostics import Findings, Label
from ccl.evaluation import Refusal
from ccl.explain import reason_key
from ccl.host import Host
from ccl.messages import KINDS, Message, Placeholder
from ccl.rulebook import cited
from ccl.source import NOWHERE, Span
from ccl.syntax.spelling import closest
from ccl.texts import Catalogue, Entry
from ccl.types import Type

MOST_LISTED = 5
_ORDER = ("command", "param", "state", "view", "record")


@dataclass(frozen=True, slots=True)
class Slot:
    """A text that a contract has a place for. needed: the contract has no words of its own for it. own: those it has.

    names: what it may speak of. at: where the contract speaks of it.
    """

    key: str
    needed: bool
    own: str
    names: Mapping[str, Type]
    at: Span


@dataclass
class _Slots:
    """The places for texts of one program, collected clause by clause."""

    program: core.Program
    host: Host
    bearings: Bearings
    found: dict[str, Slot] = field(default_factory=dict)

    def add(self, slot: Slot) -> None:
        """A key named twice may speak of what both places know."""
        before = self.found.get(slot.key)
        if before is not None:
            names = {n: both for n, t in before.names.items() if (both := _common(t, slot.names.get(n))) is not None}
            slot = replace(before, names=names, needed=before.needed or slot.needed)
        self.found[slot.key] = slot

    def clause(self, clause: core.Clause) -> None:
        if clause.text:
            own = {p.name for p in messages.parse(clause.text)[0].placeholders()}
            names = {n: t for p in self.program.params for n, t in ((p.name, p.type), (f"param.{p.name}", p.type))}
            said = {n: t for n, t in names.items() if n in own}
            self.add(Slot(f"clause.{cited(clause)}", False, clause.text, said, clause.span))
        asked = self.asked(clause)
        for path in self.paths(clause.body):
            function = self.program.functions[path[-1]]
            for number, requirement in enumerate(function.requirements):
                if not requirement.reason:
                    continue
                names = self.readings(Refusal(function.name, number, path))
                names |= {n: t for n, t in asked.items() if n not in names or n.startswith("command.")}
                key = requirement.reason if requirement.keyed else reason_key(clause, function.name, number)
                own_words = "" if requirement.keyed else requirement.reason
                self.add(Slot(key, requirement.keyed, own_words, names, requirement.span))

    def paths(self, body: str) -> Iterable[tuple[str, ...]]:
        """Each function that a clause reaches, by one way of calls to it."""
        waiting: list[tuple[str, ...]] = [(body,)]
        seen = {body}
        while waiting:
            path = waiting.pop(0)
            yield path
            for called in self.bearings.calls(path[-1]):
                if called not in seen:
                    seen.add(called)
                    waiting.append((*path, called))

    def asked(self, clause: core.Clause) -> dict[str, Type]:
        """The fields that all commands have that the clause speaks of."""
        specs = [s for s in self.host.commands.values() if any(_names(t, s.name) for t in clause.targets)]
        common: dict[str, Type] = {}
        for at, spec in enumerate(specs):
            types_ = {f.name: types.Option(f.type) if f.optional else f.type for f in spec.fields}
            common = types_ if at == 0 else {n: t for n, t in common.items() if types_.get(n) == t}
        return {name: t for n, t in common.items() for name in (f"command.{n}", n)}

    def readings(self, refusal: Refusal) -> dict[str, Type]:
        """What the condition reads, by plain and by qualified name; not a view that it reads at several places."""
        sites = [self.program.functions[f].sites[site] for f, site in sorted(self.bearings.of(refusal))]
        names: dict[str, Type] = {}
        for site in sorted(sites, key=lambda s: _ORDER.index(s.kind)):
            doubtful = site.kind in ("view", "record") and sum(o.name == site.name for o in sites) > 1
            if doubtful or isinstance(site.type, types.Record):
                continue
            names[f"{site.kind}.{site.name}"] = site.type
            names.setdefault(site.name, site.type)
        return names


def _common(one: Type, other: Type | None) -> Type | None:
    """What values of both types can be said as: amounts of any units alike."""
    if isinstance(one, types.Money) and isinstance(other, types.Money) and one != other:
        return types.Money(types.OWN_UNIT)
    return one if one == other else None


def slots(program: core.Program, host: Host) -> dict[str, Slot]:
    """All texts that a contract has a place for, by key."""
    collected = _Slots(program, host, Bearings(program))
    for clause in program.clauses:
        collected.clause(clause)
    named = {(s.kind, s.name): s for f in program.functions.values() for s in f.sites}
    for (kind, name), site in named.items():
        view = host.views.get(name) if kind == "view" else None
        args = {} if view is None else {str(i): types.STRING for i in range(len(view.params))}
        collected.add(Slot(f"name.{kind}.{name}", False, "", args, site.span))
    for param in program.params:
        collected.add(Slot(f"name.param.{param.name}", False, "", {}, param.span))
    return collected.found


def check(program: core.Program, host: Host, catalogues: Sequence[Catalogue], findings: Findings) -> None:
    """Check catalogues against a contract. Errors: CCL0506, CCL0508 to CCL0512, CCL0514. Warnings: CCL0507, CCL0515,
    CCL0516."""
    wanted = slots(program, host)
    _own_words(wanted.values(), findings)
    for catalogue in catalogues:
        if not catalogue.readable:
            continue
        _complete(catalogue, wanted, findings)
        for entry in catalogue.entries.values():
            slot = wanted.get(entry.key)
            if slot is None:
                _unknown_key(entry, wanted, findings)
                continue
            _placeholders(entry, slot, catalogue, findings)
            _left_out(entry, slot, catalogues, findings)


def _own_words(wanted: Iterable[Slot], findings: Findings) -> None:
    """What the contract says itself is a text with placeholders too."""
    for slot in wanted:
        message, slips = messages.parse(slot.own)
        wrong = [slip.message for slip in slips]
        unknown = [name for name in _said_in(message) if name not in slot.names]
        wrong += [f"`{name}` is nothing that it may speak of" for name in unknown]
        for each in wrong:
            findings.warning("CCL0516", slot.at, f"in the text of `{slot.key}`: {each}", notes=_may_speak_of(slot))


def _complete(catalogue: Catalogue, wanted: Mapping[str, Slot], findings: Findings) -> None:
    missing = [slot for slot in wanted.values() if slot.key not in catalogue.entries]
    for slot in missing:
        if slot.needed:
            findings.error(
                "CCL0506", catalogue.at, f"`{catalogue.language}` has no text for `{slot.key}`",
                also=() if slot.at == NOWHERE else (Label(slot.at, "it is the reason given here"),),
                notes=(f'add the line: {_toml_key(slot.key)} = "..."', *_may_speak_of(slot)),
            )  # fmt: skip
    untold = [slot.key for slot in missing if slot.own]
    if untold:
        listed = ", ".join(f"`{key}`" for key in untold[:MOST_LISTED])
        more = f" and {len(untold) - MOST_LISTED} more" if len(untold) > MOST_LISTED else ""
        findings.warning(
            "CCL0507", catalogue.at, f"`{catalogue.language}` does not translate {listed}{more}",
            notes=("readers of that language will see the contract's own words there",),
        )  # fmt: skip


def _unknown_key(entry: Entry, wanted: Mapping[str, Slot], findings: Findings) -> None:
    near = closest(entry.key, wanted)
    findings.error(
        "CCL0508", entry.at, f"the contract has no text `{entry.key}`", label=f"did you mean `{near}`?" if near else "",
        notes=("keys are those of `because KEY`, clause.NUMBER, clause.NUMBER.1, name.param.NAME",),
    )  # fmt: skip


def _placeholders(entry: Entry, slot: Slot, catalogue: Catalogue, findings: Findings) -> None:
    for place in entry.message.placeholders():
        found = slot.names.get(place.name)
        if found is None:
            near = closest(place.name, slot.names)
            message = f"`{place.source}`: the text of `{entry.key}` cannot speak of `{place.name}`"
            label = f"did you mean `{near}`?" if near else ""
            findings.error("CCL0509", entry.value_at, message, label=label, notes=_may_speak_of(slot))
        else:
            _fits(entry, place, found, findings)
        if place.kind == "plural":
            _forms(entry, place, catalogue, findings)


def _fits(entry: Entry, place: Placeholder, found: Type, findings: Findings) -> None:
    if not place.kind:
        return
    kind = KINDS.get(place.kind)
    if kind is None:
        near = closest(place.kind, KINDS)
        findings.error(
            "CCL0510", entry.value_at, f"`{place.source}`: there is no placeholder of the kind `{place.kind}`",
            label=f"did you mean `{near}`?" if near else "", notes=(f"there are {', '.join(KINDS)}",),
        )  # fmt: skip
        return
    inner = found.item if isinstance(found, types.Option) else found
    if not kind[1](inner):
        fitting = [name for name, (_, test) in KINDS.items() if test(inner)]
        how = f"`{place.name}` can be said as {' or '.join(fitting)}" if fitting else f"write `{{{place.name}}}`"
        message = f"`{place.source}`: `{place.kind}` is for {kind[0]}, and `{place.name}` is of type {found}"
        findings.error("CCL0511", entry.value_at, message, notes=(how,))


def _forms(entry: Entry, place: Placeholder, catalogue: Catalogue, findings: Findings) -> None:
    if not locales.known(catalogue.language):
        return
    locale = locales.locale(catalogue.language)
    missing = [c for c in locale.categories if c not in place.forms]
    if missing and place.forms:
        has = f"`{catalogue.language}` has also the form{_s(missing)} {_listed(missing)}"
        message = f"`{{{place.name}: plural}}`: {has}"
        findings.error("CCL0512", entry.value_at, message, notes=(_when(locale, missing),))
    other = [c for c in place.forms if c not in locale.categories and c not in locale.rare]
    if other:
        notes = (f"its forms are {_listed(locale.categories)}",)
        message = f"`{{{place.name}: plural}}`: `{catalogue.language}` has no form{_s(other)} {_listed(other)}"
        findings.error("CCL0514", entry.value_at, message, notes=notes)


def _left_out(entry: Entry, slot: Slot, catalogues: Sequence[Catalogue], findings: Findings) -> None:
    """A placeholder that the contract's own text, or else the first catalogue that has the key, speaks of."""
    first = next((c.entries[slot.key] for c in catalogues if slot.key in c.entries), entry)
    model = messages.parse(slot.own)[0] if slot.own else first.message
    there = {p.name for p in entry.message.placeholders()}
    left = [name for name in dict.fromkeys(_said_in(model)) if name not in there and name in slot.names]
    if left:
        whose = "the contract's own text" if slot.own else "the text in another language"
        findings.warning(
            "CCL0515", entry.value_at, f"the text of `{entry.key}` leaves out {_listed(left)}, of which {whose} speaks"
        )


def _said_in(message: Message) -> Iterable[str]:
    return (place.name for place in message.placeholders())


def _may_speak_of(slot: Slot) -> tuple[str, ...]:
    plain = [n for n in slot.names if "." not in n]
    return (f"it may speak of {', '.join(f'{{{n}}}' for n in plain)}",) if plain else ("it has nothing to speak of",)


def _when(locale: locales.Locale, missing: Sequence[str]) -> str:
    """For which numbers the missing forms are."""
    examples = {c: [n for n in range(200) if locale.plural(n) == c][:4] for c in missing}
    return "; ".join(f"`{c}` is for {', '.join(map(str, n))}" for c, n in examples.items())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _s(names: Sequence[str]) -> str:
    return "s" if len(names) > 1 else ""


def _toml_key(key: str) -> str:
    return key if "." not in key else f'"{key}"'


def _names(pattern: str, name: str) -> bool:
    return pattern in ("*", name) or (pattern.endswith(".*") and name.startswith(pattern[:-1]))
