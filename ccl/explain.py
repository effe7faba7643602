"""Explanations: why a command is permitted or refused, as data.

An explanation names what was asked, the clause that decided, the readings that its failed requirement depends on, and,
where it is exact, the smallest change that would do. On demand it names every other clause that refuses, and those that
could not be evaluated. It shows a reader only what that reader may see; what a hidden reading would give away is not
claimed. It is made from a verdict by `explain`, kept in a log as `facts()`, and comes back by `from_facts`; its words
are made by `ccl.telling`. It must not know how a host stores it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ccl import core, messages, types
from ccl.bearing import Bearings, Place
from ccl.evaluation import Fact
from ccl.host import Host, World
from ccl.least_change import least_change
from ccl.readings import Reading, storable
from ccl.rulebook import Rulebook, Ruling, Verdict, cited
from ccl.source import NOWHERE
from ccl.words import shortened

if TYPE_CHECKING:
    from ccl.texts import Catalogue

MaySee = Callable[[core.Site, tuple[Any, ...]], bool]
"""Whether the reader may see what a site read, for those arguments."""

MOST_READINGS = 16
"""So many readings of one requirement are kept; a member would not read more."""
LONGEST_TEXT = 120


def sees_all(site: core.Site, args: tuple[Any, ...]) -> bool:
    """A reader from whom nothing is hidden."""
    return True


@dataclass(frozen=True, slots=True)
class Ground:
    """Why something refuses. kind: "none" (no clause speaks), "role", "requirement" or "trap".

    clause: as cited; at: its place in the program. instead: the clause that it is an exception to, which it stands for.
    text: what the clause says. key: of the reason in a text catalogue; reason: as the contract words it, '' if only by
    the key; condition: as written. trap: the code, with the author's words if it was explicit. roles: of which one is
    needed. readings: what it went by. mentioned: parameters of which the clause's text speaks.
    """

    kind: str
    clause: str = ""
    at: int = -1
    instead: str = ""
    text: str = ""
    key: str = ""
    reason: str = ""
    condition: str = ""
    trap: str = ""
    trap_text: str = ""
    roles: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    mentioned: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The smallest change: the reading that would have to be `then`, and what is ruled then (permit or approvals)."""

    reading: Reading
    then: int
    ruling: str = "permit"

    @property
    def by(self) -> int:
        """How much more; negative: less."""
        now = self.reading.value
        return self.then - int(now[0] if isinstance(now, tuple) else now)


@dataclass(frozen=True, slots=True)
class Asked:
    """An approval that a clause asks for."""

    clause: str
    by: str
    whose: str
    need: int | str
    days: int
    above: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why. ruling: permit, approvals, refuse or trap. asked: the fields of the command. ground: what decided, None if
    it is permitted. others: every further clause that refuses or could not be evaluated, if they were asked for.
    spoke: the clauses that permit. decimals: of the units that it speaks of. timezone: the space's."""

    command: str
    ruling: str
    unit: str = ""
    asked: tuple[Reading, ...] = ()
    ground: Ground | None = None
    change: Wanted | None = None
    others: tuple[Ground, ...] = ()
    spoke: tuple[str, ...] = ()
    approvals: tuple[Asked, ...] = ()
    decimals: tuple[tuple[str, int], ...] = ()
    timezone: str = "UTC"

    def facts(self) -> dict[str, int | str]:
        """What a log keeps: integers and texts under fixed names. The fields asked and other clauses are left out."""
        kept: dict[str, int | str] = {"command": self.command, "ruling": self.ruling, "unit": self.unit}
        ground = self.ground
        if ground is not None:
            kept |= {name: getattr(ground, name) for name in _GROUND_TEXTS}
            kept |= {"ground": ground.kind, "at": ground.at, "roles": " ".join(ground.roles)}
            for i, reading in enumerate(ground.readings):
                kept[f"reading.{i}"] = reading.encoded()
            for i, reading in enumerate(ground.mentioned):
                kept[f"mentioned.{i}"] = reading.encoded()
        if self.change is not None:
            kept |= {"change.reading": self.change.reading.encoded(), "change.then": self.change.then}
            kept["change.ruling"] = self.change.ruling
        spoken = self._units()
        kept |= {f"decimals.{unit}": places for unit, places in self.decimals if unit in spoken}
        for i, asked in enumerate(self.approvals):
            kept[f"approval.{i}"] = "\t".join(str(getattr(asked, name)) for name in _ASKED)
        if any(r.type in _MOMENTS for r in self._readings()):
            kept["timezone"] = self.timezone
        return {name: value for name, value in kept.items() if value not in ("", -1)}

    def _readings(self) -> tuple[Reading, ...]:
        ground = () if self.ground is None else (*self.ground.readings, *self.ground.mentioned)
        return ground if self.change is None else (*ground, self.change.reading)

    def _units(self) -> frozenset[str]:
        """The units of its readings."""
        found = [r.type.item if isinstance(r.type, types.Option) else r.type for r in self._readings()]
        return frozenset(t.unit for t in found if isinstance(t, types.Money | types.Exact))

    def seen_by(self, may_see: MaySee) -> Explanation:
        """The same for a reader who may see less."""
        ground = None if self.ground is None else _seen(self.ground, may_see)
        change = self.change
        if change is not None and (ground is None or not all(r.visible for r in ground.readings)):
            change = None
        return replace(
            self,
            ground=ground,
            change=change,
            asked=tuple(_hidden_unless(r, may_see) for r in self.asked),
            others=tuple(_seen(other, may_see) for other in self.others),
        )

    def json(self) -> dict[str, Any]:
        """For machines; empty parts are left out."""
        said: dict[str, Any] = {"command": self.command, "ruling": self.ruling, "unit": self.unit}
        said["asked"] = [r.json() for r in self.asked]
        said["ground"] = None if self.ground is None else _ground_json(self.ground)
        if self.change is not None:
            said["change"] = {
                "reading": self.change.reading.json(),
                "then": str(self.change.then),
                "by": str(self.change.by),
                "ruling": self.change.ruling,
            }
        said["others"] = [_ground_json(g) for g in self.others]
        said["spoke"] = list(self.spoke)
        said["approvals"] = [{n: getattr(a, n) for n in _ASKED if getattr(a, n) != ""} for a in self.approvals]
        return {name: value for name, value in said.items() if value not in (None, "", [])}

    def words(self, locale: str = "en", catalogue: Catalogue | None = None, host: Host | None = None,
              person: Callable[[str], str] = shortened) -> str:  # fmt: skip
        """In the words of a language, a line each: what is ruled and why, the clause, what else refuses.

        catalogue: the contract's texts in that language. host: for what its views are called, and its units. person:
        what a DID is called.
        """
        from ccl.telling import Teller

        return Teller(locale, catalogue, host, person, self).told()


_MOMENTS = (types.TIMESTAMP, types.Option(types.TIMESTAMP))
_GROUND_TEXTS = ("clause", "instead", "key", "reason", "condition", "trap", "trap_text")
_ASKED = ("clause", "by", "whose", "need", "days", "above", "of")


def from_facts(facts: Mapping[str, int | str], program: core.Program | None = None) -> Explanation:
    """An explanation from a log. program: the contract then in force, for what its clauses say. The fields that were
    asked for are not in it: `replace(explanation, asked=asked_of(..))` puts them back from the event.

    Raises ValueError if the facts are no explanation's.
    """
    text = {name: str(value) for name, value in facts.items()}
    if "command" not in text or text.get("ruling") not in tuple(Ruling):
        raise ValueError("these facts explain no judgement")
    ground = None
    if "ground" in text:
        at = int(text.get("at", "-1"))
        clauses = () if program is None else program.clauses
        ground = Ground(
            text["ground"],
            at=at,
            text=clauses[at].text if 0 <= at < len(clauses) else "",
            roles=tuple(text.get("roles", "").split()),
            readings=tuple(map(Reading.decoded, _numbered(text, "reading."))),
            mentioned=tuple(map(Reading.decoded, _numbered(text, "mentioned."))),
            **{name: text.get(name, "") for name in _GROUND_TEXTS},
        )
    change = None
    if "change.reading" in text:
        reading = Reading.decoded(text["change.reading"])
        change = Wanted(reading, int(text["change.then"]), text.get("change.ruling", "permit"))
    approvals = []
    for encoded in _numbered(text, "approval."):
        clause, by, whose, need, days, above, of = encoded.split("\t")
        approvals.append(Asked(clause, by, whose, int(need) if need.isdecimal() else need, int(days), above, of))
    units = {name.removeprefix("decimals."): int(v) for name, v in text.items() if name.startswith("decimals.")}
    return Explanation(
        text["command"],
        text["ruling"],
        text.get("unit", ""),
        ground=ground,
        change=change,
        approvals=tuple(approvals),
        decimals=tuple(sorted(units.items())),
        timezone=text.get("timezone", "UTC"),
    )


def _numbered(text: Mapping[str, str], prefix: str) -> Iterable[str]:
    for i in range(len(text)):
        if f"{prefix}{i}" not in text:
            return
        yield text[f"{prefix}{i}"]


def _seen(ground: Ground, may_see: MaySee) -> Ground:
    return replace(
        ground,
        readings=tuple(_hidden_unless(r, may_see) for r in ground.readings),
        mentioned=tuple(_hidden_unless(r, may_see) for r in ground.mentioned),
    )


def _hidden_unless(reading: Reading, may_see: MaySee) -> Reading:
    site = core.Site(reading.kind, reading.name, reading.type, NOWHERE)
    return reading if not reading.visible or may_see(site, reading.args) else reading.hidden()


def _ground_json(ground: Ground) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": ground.kind, "text": ground.text}
    said |= {name: getattr(ground, name) for name in _GROUND_TEXTS}
    said |= {"roles": list(ground.roles), "readings": [r.json() for r in ground.readings]}
    return {name: value for name, value in said.items() if value not in ("", [])}


# -- from a verdict ----------------------------------------------------------------------------------------------------


class Explainer:
    """Explains verdicts of one rulebook; what it works out about the program is kept."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._bearings = Bearings(book.program)

    def explain(self, world: World, verdict: Verdict, *, all: bool = False,  # noqa: A002 - as an asker says it
                may_see: MaySee = sees_all) -> Explanation:  # fmt: skip
        """Explain a verdict that was just made in that world. all: every other clause too."""
        program = self._book.program
        ground = None if verdict.permitted else self._ground(verdict, world, may_see)
        change = None
        if ground is not None and ground.kind == "requirement" and all_visible(ground):
            found = least_change(self._book, self._bearings, verdict, world)
            if found is not None and may_see(self._site(found.fact), found.fact.args):
                change = Wanted(self._reading(found.fact, verdict.unit, sees_all), found.then, found.ruling.value)
        others: list[Ground] = []
        spoke: list[str] = []
        if all:
            for said in self._book.each(verdict.command, world, verdict.unit):
                if said.permitted:
                    spoke += [] if said.standing is None else [cited(said.standing)]
                elif (said.at, said.standing) != (verdict.at, verdict.standing):
                    others.append(self._ground(said, world, may_see))
        return Explanation(
            verdict.command,
            verdict.ruling.value,
            verdict.unit,
            asked_of(program, self._book.host, verdict.command, world.command, verdict.unit, may_see),
            ground,
            change,
            tuple(others),
            tuple(spoke),
            tuple(_approval(clause, asked) for clause, asked in verdict.approvals),
            tuple(sorted({**self._book.host.units, **program.units}.items())),
            program.timezone,
        )

    def _ground(self, verdict: Verdict, world: World, may_see: MaySee) -> Ground:
        clause = verdict.standing
        if verdict.roles:
            trap = "" if verdict.trap is None else verdict.trap.code
            return Ground("role", roles=verdict.roles, trap=trap)
        if clause is None:
            return Ground("none")
        assert verdict.at is not None
        at = next(i for i, c in enumerate(self._book.program.clauses) if c is clause)
        replaced = self._book.program.clauses[verdict.at]
        of_clause = Ground(
            "trap",
            cited(clause),
            at,
            cited(replaced) if replaced is not clause else "",
            clause.text,
            mentioned=self._mentioned(clause.text, world, verdict.unit, may_see),
        )
        if verdict.trap is not None:
            return replace(
                of_clause,
                trap=verdict.trap.code,
                trap_text=verdict.trap.text,
                readings=self._readings(verdict, None, may_see),
            )
        assert verdict.refusal is not None
        failed = self._book.program.functions[verdict.refusal.function].requirements[verdict.refusal.number]
        return replace(
            of_clause,
            kind="requirement",
            key=failed.reason if failed.keyed else reason_key(clause, verdict.refusal.function, verdict.refusal.number),
            reason="" if failed.keyed else failed.reason,
            condition=failed.condition,
            readings=self._readings(verdict, self._bearings.of(verdict.refusal), may_see),
        )

    def _readings(self, verdict: Verdict, places: frozenset[Place] | None, may_see: MaySee) -> tuple[Reading, ...]:
        """What was read, or of it what was read at these places; each once, by its last value."""
        kept: dict[tuple[str, str, tuple[str, ...]], Reading] = {}
        for fact in verdict.facts:
            bears = places is None or (fact.function, fact.site) in places
            if bears and not isinstance(self._site(fact).type, types.Record):
                kept[self._reading(fact, verdict.unit, sees_all).key] = self._reading(fact, verdict.unit, may_see)
        return tuple(kept.values())[:MOST_READINGS]

    def _site(self, fact: Fact) -> core.Site:
        return self._book.program.functions[fact.function].sites[fact.site]

    def _reading(self, fact: Fact, unit: str, may_see: MaySee) -> Reading:
        return _read(self._book.program, self._site(fact), fact.args, fact.value, unit, may_see)

    def _mentioned(self, text: str, world: World, unit: str, may_see: MaySee) -> tuple[Reading, ...]:
        """The parameters that a clause's text speaks of."""
        named = {place.name.removeprefix("param.") for place in messages.parse(text)[0].placeholders()}
        sites = [core.Site("param", p.name, p.type, NOWHERE) for p in self._book.program.params if p.name in named]
        return tuple(_read(self._book.program, s, (), world.params[s.name], unit, may_see) for s in sites)


def asked_of(program: core.Program, host: Host, name: str, command: Any, unit: str = "",
             may_see: MaySee = sees_all) -> tuple[Reading, ...]:  # fmt: skip
    """The fields of a command, as the host declares them; none if it does not."""
    spec = host.commands.get(name)
    if spec is None or command is None:
        return ()
    asked = []
    for field in spec.fields:
        value = getattr(command, field.read_as)
        if field.optional:
            if value is None:
                continue
            value = (value,)
        kind = types.Option(field.type) if field.optional else field.type
        asked.append(_read(program, core.Site("command", field.name, kind, NOWHERE), (), value, unit, may_see))
    return tuple(asked)


def _read(program: core.Program, site: core.Site, args: tuple[Any, ...], value: Any, unit: str,
          may_see: MaySee) -> Reading:  # fmt: skip
    kind, stored = storable(site.type, value, unit, program.enums)
    if isinstance(stored, str):
        stored = shortened(stored, LONGEST_TEXT)
    reading = Reading(site.kind, site.name, tuple(map(_argument, args)), kind, stored)
    return reading if may_see(site, args) else reading.hidden()


def explain(book: Rulebook, world: World, verdict: Verdict, *, all: bool = False,  # noqa: A002 - as an asker says it
            may_see: MaySee = sees_all) -> Explanation:  # fmt: skip
    """Explain one verdict; `Explainer` is faster for many."""
    return Explainer(book).explain(world, verdict, all=all, may_see=may_see)


def all_visible(ground: Ground) -> bool:
    """Whether the reader may see all that it went by."""
    return all(reading.visible for reading in ground.readings)


def _argument(value: Any) -> str:
    """An argument of a view as a plain text; of an Option what is in it, '' for nothing."""
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return "" if value is None else str(value)


def reason_key(clause: core.Clause, function: str, number: int) -> str:
    """The key of a reason that the contract words itself: "clause.4.2.1" for the first requirement of clause 4.2,
    "fn.solvent.1" for the first of a function."""
    return f"clause.{cited(clause)}.{number + 1}" if function == clause.body else f"fn.{function}.{number + 1}"


def _approval(clause: core.Clause, asked: core.Approval) -> Asked:
    return Asked(cited(clause), asked.by, asked.whose, asked.need, asked.days, asked.above, asked.of)
