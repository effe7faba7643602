"""The reference of the language CCL, as Markdown: what stands in tables in the code.

`ccl-errors.md` is the catalogue of diagnostics, `ccl-host.md` what a contract may speak of on this node. The language
itself is described by hand in docs/reference/ccl.md, whose tables `tables` draws: `scripts/docs.py` puts them in place.
It must not know what any word of the language means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from ccl import arithmetic, catalogue
from ccl.diagnostics import Findings
from ccl.elaborate import builtins, methods
from ccl.elaborate.operators import OPERANDS
from ccl.elaborate.program import elaborated
from ccl.fuel import STATEMENTS
from ccl.host import CommandSpec, FieldSpec, Host, ViewSpec
from ccl.messages import KINDS
from ccl.ops import OPS, TRAPS
from ccl.proof.standard import STANDARD
from ccl.source import Sources
from ccl.syntax import parse, tree
from ccl.syntax.lexer import RESERVED
from ccl.syntax.literals import TIME_UNITS
from ccl.syntax.operators import FOREIGN, PRECEDENCE
from ccl.types import I64_MAX, INTEGER, Array, Exact, Money, Plain, Type, UnitCode

_BLOCKS: Mapping[str, str] = {
    "syntax": "Characters, words and layout",
    "types": "Names, types and values",
    "contract": "Contracts: clauses, roles, proposals, parameters, versions",
    "cost": "What a contract may cost",
    "texts": "Texts in further languages",
    "proof": "Proof and comparison",
    "lint": "Allowed, and probably not meant",
    "tests": "Tests",
}
_OPERANDS: Mapping[str, Type] = {
    "Money": Money("CREDIT"),
    "Exact": Exact("CREDIT"),
    "Array": Array(INTEGER),
}
"""A type of each kind that has parts; the others are `Plain`."""
_HALVES = (Fraction(5, 2), Fraction(-5, 2), Fraction(13, 5), Fraction(-13, 5), Fraction(7, 2))


def table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> Iterator[str]:
    """A table's lines, with an empty one behind it; nothing if it has no rows."""
    listed = list(rows)
    if not listed:
        return
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in listed:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


# -- diagnostics -------------------------------------------------------------------------------------------------------


def errors() -> Iterator[str]:
    """Every diagnostic by its code: `ccl explain` prints the same."""
    yield from ["# Errors and warnings of CCL", ""]
    yield "Every error that `ccl` and `icn bylaws` tell has a code. `ccl explain CCL0153` prints what stands here."
    yield ""
    for title in _BLOCKS.values():
        yield f"- [{title}](#{_anchor(title)})"
    yield ""
    for block, title in _BLOCKS.items():
        first, last = catalogue.BLOCKS[block]
        yield from [f"## {title}", "", f"CCL{first:04d} to CCL{last:04d}.", ""]
        for code, entry in sorted(catalogue.entries_of(block).items()):
            yield from [f"### {code}: {entry.title}", "", entry.text, ""]
            if entry.example:
                yield from ["```text", entry.example.strip("\n"), "```", ""]


def _anchor(title: str) -> str:
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


# -- the host ----------------------------------------------------------------------------------------------------------


def host(declared: Host) -> Iterator[str]:
    """Commands, reads, views, settings and records that a contract may name."""
    yield from ["# What bylaws may speak of", ""]
    yield "The commands and reads that a clause may govern, with the fields of `command`; the facts that it may ask"
    yield "for; the settings that it may read. [The language](ccl.md) says how. Private texts are no fields: no clause"
    yield "can read them. Money is of the command's own unit. A field that may be absent is an `Option`; one marked"
    yield "*computed* follows from the others, and cannot be given in a call."
    yield ""
    yield "- [Facts](#facts)\n- [Settings](#settings)\n- [Names for what is often done](#names-for-what-is-often-done)"
    yield "- [Roles and types of decision](#roles-and-types-of-decision)\n- [Commands](#commands)\n- [Reads](#reads)"
    yield "- [Records](#records)"
    yield ""
    yield from ["## Facts", ""]
    yield "`fuel` is what one reading costs. A fact of a module can be asked for only where that module is switched on."
    yield ""
    yield from table(("fact", "gives", "what", "module", "fuel"), [_fact(v) for v in declared.views.values()])
    yield from ["## Settings", "", "`setting(member.rename_days)` reads one.", ""]
    yield from table(
        ("setting", "type", "what"), [(f"`{s.name}`", f"`{s.type}`", s.doc) for s in declared.settings.values()]
    )
    yield from _names(declared)
    yield from ["## Commands", ""]
    for command in declared.commands.values():
        if not command.read:
            yield from _command(command)
    yield from ["## Reads", "", "A clause governs who may read as it governs who may act.", ""]
    for command in declared.commands.values():
        if command.read:
            yield from _command(command)
    yield from ["## Records", "", "Fields of commands that have fields of their own.", ""]
    for record in declared.records.values():
        yield from [f"### {record.name}", "", record.doc, ""]
        yield from table(("field", "type", "what"), [_field(f) for f in record.fields])


def _fact(view: ViewSpec) -> tuple[str, ...]:
    taken = [f"{name}: {_shown(type_)}" for name, type_ in view.params]
    must = len(taken) - view.optional
    written = ", ".join([*taken[:must], *(f"[{one}]" for one in taken[must:])])
    return f"`{view.name}({written})`", f"`{view.result}`", view.doc, view.module, str(view.fuel)


def _shown(type_: object) -> str:
    return "unit" if isinstance(type_, UnitCode) else str(type_)


def _names(declared: Host) -> Iterator[str]:
    yield from ["## Names for what is often done", ""]
    yield "Functions that authors of other contracts know; each is a command or a fact by another name."
    yield ""
    rows = [
        (f"`{p.name}`", f"`{p.target}`" if p.target else "not in this version of the node", p.module)
        for p in sorted(declared.primitives.values(), key=lambda p: (not p.target, p.name))
    ]
    yield from table(("name", "is", "module"), rows)
    yield from ["## Roles and types of decision", ""]
    yield "Besides those that a contract declares, and others that a space has set up:"
    yield ""
    yield f"- roles: {', '.join(f'`{name}`' for name in sorted(declared.roles))}"
    plain = sorted(name for name in declared.decision_types if name.islower())
    yield f"- types of decision: {', '.join(f'`{name}`' for name in plain)}"
    yield ""


def _command(command: CommandSpec) -> Iterator[str]:
    yield from [f"### {command.name}", ""]
    if command.doc:
        yield from [command.doc, ""]
    yield from table(("field", "type", "what"), [_field(f) for f in command.fields])


def _field(field: FieldSpec) -> tuple[str, str, str]:
    plain = str(field.type).replace("<$>", "")
    type_ = f"Option<{plain}>" if field.optional else plain
    doc = field.doc.replace(", in the unit's smallest part", "") if isinstance(field.type, Money) else field.doc
    notes = [doc] if doc else []
    bounds = _bounds(field)
    if bounds:
        notes.append(bounds)
    if field.computed:
        notes.append("*computed*")
    elif field.omittable:
        notes.append("may be left out")
    return f"`{field.name}`", f"`{type_}`", "; ".join(notes)


def _bounds(field: FieldSpec) -> str:
    if field.high in (None, I64_MAX):
        return "" if field.low is None or "above zero" in field.doc else f"at least {field.low}"
    return f"{field.low} to {field.high}" if field.low is not None else f"at most {field.high}"


# -- the tables of the language ----------------------------------------------------------------------------------------


def tables() -> dict[str, str]:
    """The tables of docs/reference/ccl.md, by the names of their marks."""
    return {name: "\n".join(draw()).rstrip("\n") + "\n" for name, draw in _TABLES.items()}


def _reserved() -> Iterator[str]:
    yield ", ".join(f"`{word}`" for word in sorted(RESERVED))


def _time_units() -> Iterator[str]:
    yield ", ".join(f"`{unit}`" for unit in dict.fromkeys(TIME_UNITS.values()))


def _precedence() -> Iterator[str]:
    levels = [[one for one in names if one not in FOREIGN] for names in PRECEDENCE]
    yield from table(("", "operators"), [
        (str(rank), " ".join(f"`{one}`" for one in names)) for rank, names in enumerate(filter(None, levels), 1)
    ])  # fmt: skip


def _operators() -> Iterator[str]:
    rows: dict[tuple[str, str], list[str]] = {}
    for (sign, left, right), result in _results():
        rows.setdefault((sign, result), []).append(f"{left} {sign} {right}")
    yield from table(("operator", "of", "gives"), [
        (f"`{sign}`", ", ".join(f"`{one}`" for one in ways), f"`{result}`") for (sign, result), ways in rows.items()
    ])  # fmt: skip


def _results() -> Iterator[tuple[tuple[str, str, str], str]]:
    """Every operator of arithmetic with what it takes, and the type that checking finds for what it gives."""
    sources, findings = Sources(), Findings()
    made = elaborated(sources, [sources.add("units", "unit CREDIT { decimals: 2; }")], Host(), findings)
    assert made is not None, "a unit is a contract"
    for number, (sign, left, right) in enumerate(OPERANDS):
        typed = parse(sources, sources.add(f"{number}", f"const it = a {sign} b;"), findings).items[0]
        assert isinstance(typed, tree.ConstDecl)
        assert typed.value is not None
        params = (("a", _OPERANDS.get(left, Plain(left))), ("b", _OPERANDS.get(right, Plain(right))))
        result = str(made[1].expression(f"{number}", typed.value, None, params).result)
        yield (sign, left, right), result.replace("<CREDIT>", "").replace("<Integer>", "")
    assert not findings.all


def _rounding() -> Iterator[str]:
    heads = ["mode", *(_decimal(value) for value in _HALVES)]
    yield from table(heads, [
        (f"`{mode}`", *(str(getattr(arithmetic, mode)(value)) for value in _HALVES))
        for mode in arithmetic.ROUNDING_MODES
    ])  # fmt: skip


def _decimal(value: Fraction) -> str:
    tenths = abs(value) * 10
    assert tenths.denominator == 1, value
    whole, rest = divmod(tenths.numerator, 10)
    return f"{'-' if value < 0 else ''}{whole}.{rest}"


def _methods() -> Iterator[str]:
    rows = []
    for type_, named in methods.METHODS.items():
        together: dict[int, list[str]] = {}
        for name, rule in named.items():
            together.setdefault(id(rule), []).append(name)
        rows.append((f"`{type_}`", ", ".join(f"`{name}`" for names in together.values() for name in names)))
    yield from table(("of", "methods"), rows)


def _functions() -> Iterator[str]:
    yield ", ".join(f"`{name}`" for name in sorted(builtins.FREE.keys() - builtins.FREE_METHODS.keys()))


def _placeholders() -> Iterator[str]:
    yield from table(("kind", "of"), [(f"`{name}`", what) for name, (what, _) in KINDS.items()])


def _standards() -> Iterator[str]:
    yield from table(("property", "says", "asked of", "accepted as"), [
        (f"`{one.name}`", one.text, "" if one.members < 2 else f"{one.members} members or more",
         " ".join(f"`{name}`" for name in (one.name, one.accepted_as) if name))
        for one in STANDARD.values()
    ])  # fmt: skip


def _traps() -> Iterator[str]:
    yield from table(("trap", "when"), [(f"`{code}`", text) for code, text in TRAPS.items()])


def _statements() -> Iterator[str]:
    rows = [(name.lower(), str(cost)) for name, cost in STATEMENTS.items()]
    yield from table(("statement of the core", "fuel"), rows)


def _operations() -> Iterator[str]:
    yield from table(("operation", "fuel", "for each item", "traps"), [
        (f"`{op.name}`", str(op.fuel), _eighths(op.eighths if op.sized else 0), ", ".join(f"`{t}`" for t in op.traps))
        for op in OPS.values()
    ])  # fmt: skip


def _eighths(count: int) -> str:
    each = Fraction(count, 8)
    return "" if not each else str(each)


_TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "reserved words": _reserved,
    "units of time": _time_units,
    "precedence": _precedence,
    "operators": _operators,
    "rounding": _rounding,
    "methods": _methods,
    "functions": _functions,
    "placeholders": _placeholders,
    "standard properties": _standards,
    "traps": _traps,
    "statements": _statements,
    "operations": _operations,
}
