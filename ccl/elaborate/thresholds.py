"""Quorum and threshold as a proposal writes them, into the standards of the core.

`majority` is more than half of the votes for and against; `supermajority(p/q)` at least that part of them (two thirds
if no part is named), `consensus` at least four fifths, `unanimous` nobody against and somebody for. A bare part (`60%`)
is at least that part. The long forms say it all: `approval of electorate more than 1/2`. What a vote then comes to is
in `ccl.thresholds`; a standard that no vote can meet is an error here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ccl import core
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import entries
from ccl.elaborate.contract import Contract
from ccl.source import Span
from ccl.syntax import tree

MAJORITY = core.Threshold("part", (1, 2), True)
NAMED: Mapping[str, core.Threshold] = {
    "majority": MAJORITY,
    "supermajority": core.Threshold("part", (2, 3), False),
    "consensus": core.Threshold("part", (4, 5), False),
    "unanimous": core.Threshold("unanimous"),
}
BASES = ("cast", "ballots", "electorate")
"""Of what an approval is a part: votes for and against, all ballots, everybody who may vote."""
LARGEST = 1_000_000
"""Numerators and denominators of a quorum or threshold, at most."""
_FORMS = "`majority`, `supermajority(2/3)`, `consensus`, `unanimous`, or a part such as `60%`"


def threshold(contract: Contract, value: tree.Expr) -> core.Threshold | None:
    """The standard that an expression states; None where it states none (told). Errors: CCL0372 to CCL0377."""
    read = _READ.get(type(value))
    if read is not None:
        return read(contract, value)
    return None if isinstance(value, tree.Wrong) else _bare(contract, value)


def _word(contract: Contract, value: tree.PathExpr) -> core.Threshold | None:
    name = value.path.text
    found = NAMED.get(name)
    if found is not None:
        return found
    if name in contract.names.constants:
        return _bare(contract, value)
    near = contract.near(name, NAMED)
    contract.findings.error(
        "CCL0372", value.span, f"there is no threshold `{name}`",
        label=f"did you mean `{near}`?" if near else "unknown threshold", notes=(f"a threshold is {_FORMS}",),
        fixes=(Fix(f"write `{near}`", (Edit(value.span, near),)),) if near else (),
    )  # fmt: skip
    return None


def _call(contract: Contract, value: tree.CallExpr) -> core.Threshold | None:
    name = entries.dotted(value.target)
    if name != "supermajority" or len(value.args) != 1:
        contract.findings.error("CCL0372", value.span, f"a threshold is {_FORMS}", label="not one of them")
        return None
    part = _part(contract, value.args[0].value, strict=False)
    return None if part is None else core.Threshold("part", part, False)


def _bare(contract: Contract, value: tree.Expr) -> core.Threshold | None:
    part = _part(contract, value, strict=False)
    if part is None:
        return None
    if part == (1, 2):
        contract.findings.warning(
            "CCL0380", value.span, "at least half: a vote that is tied passes", label="is that meant?",
            notes=("`majority` is more than half; to mean this, write `approval of cast at least 1/2`",),
            fixes=(Fix("write `majority`", (Edit(value.span, "majority"),), applicable=False),),
        )  # fmt: skip
    return core.Threshold("part", part, False)


def _part(contract: Contract, value: tree.Expr, strict: bool) -> tuple[int, int] | None:
    """A part that a vote can reach, as numerator and denominator."""
    part = entries.part(contract, value)
    if part is None:
        contract.findings.error("CCL0372", value.span, f"a threshold is {_FORMS}", label="not one of them")
        return None
    if part > 1 or (strict and part == 1):
        contract.findings.error("CCL0373", value.span, "no vote can ever reach this",
                                label="more than all of them" if not strict else "more than all there are")  # fmt: skip
        return None
    if part < 0 or (part == 0 and not strict) or max(part.numerator, part.denominator) > LARGEST:
        contract.findings.error("CCL0373", value.span, "this asks nothing of a vote, or is no part of one",
                                label="write a part above 0")  # fmt: skip
        return None
    return part.numerator, part.denominator


def _in_each(contract: Contract, value: tree.InEachExpr) -> core.Threshold | None:
    inner = threshold(contract, value.standard)
    classes = _classes(contract, value.classes, value.span)
    if inner is None or classes is None:
        return None
    if inner.kind not in ("part", "unanimous"):
        contract.findings.error("CCL0372", value.standard.span, "in each class, one simple standard must hold",
                                label="such as `majority`")  # fmt: skip
        return None
    return core.Threshold("each", inner.part, inner.strict, inner.base, classes, inner=inner)


def _blend(contract: Contract, value: tree.BlendExpr) -> core.Threshold | None:
    """Classes by weight: more than half of the parts for it, each class's part times its weight, added up."""
    classes = _classes(contract, tuple(path for _, path in value.parts), value.span)
    weights: list[Fraction] = []
    for expr, _ in value.parts:
        part = entries.part(contract, expr)
        if part is None or part <= 0 or max(part.numerator, part.denominator) > LARGEST:
            contract.findings.error("CCL0377", expr.span, "the weight of a class is a part above 0, such as `40%`")
            return None
        weights.append(part)
    total = sum(weights)
    if total != 1:
        contract.findings.error(
            "CCL0377", value.span, f"the weights of the classes come to {_percent(total)}, not 100%",
            label="they must be the whole",
        )  # fmt: skip
        return None
    if classes is None:
        return None
    pairs = tuple((w.numerator, w.denominator) for w in weights)
    return core.Threshold("blend", (1, 2), True, "cast", classes, pairs)


def _classes(contract: Contract, paths: Sequence[tree.Path], span: Span) -> tuple[str, ...] | None:
    """Classes of voters, each once."""
    if not paths:
        contract.findings.error("CCL0376", span, "in each of which classes?", label="name at least one")
        return None
    seen: dict[str, Span] = {}
    complete = True
    for path in paths:
        name = contract.voters(tree.Name(path.span, path.text), "CCL0376", "the vote is counted by")
        if name in seen:
            contract.findings.error("CCL0376", path.span, f"the class `{path.text}` stands here twice",
                                    label="again", also=(Label(seen[name], "first here"),))  # fmt: skip
            complete = False
        complete = complete and bool(name)
        seen.setdefault(name, path.span)
    return tuple(seen) if complete else None


def _percent(part: Fraction | int) -> str:
    percent = Fraction(part) * 100
    if percent.denominator == 1:
        return f"{percent.numerator}%"
    return f"{percent.numerator}/{percent.denominator}%"


_READ: Mapping[type, Callable[[Contract, Any], core.Threshold | None]] = {
    tree.PathExpr: _word,
    tree.CallExpr: _call,
    tree.InEachExpr: _in_each,
    tree.BlendExpr: _blend,
}


# -- long forms and quorum ---------------------------------------------------------------------------------------------


def approval(contract: Contract, decl: tree.StandardDecl) -> core.Threshold | None:
    """`approval of cast more than 1/2`. Errors: CCL0372, CCL0373."""
    strict = decl.word == "more than"
    base = decl.base.text
    if base not in BASES:
        near = contract.near(base, BASES)
        contract.findings.error(
            "CCL0372", decl.base.span, f"an approval is of `cast`, `ballots` or `electorate`, not of `{base}`",
            label=f"did you mean `{near}`?" if near else "for and against; with abstentions; everybody",
        )  # fmt: skip
        return None
    part = _part(contract, decl.part, strict)
    return None if part is None else core.Threshold("part", part, strict, base)


def quorum_part(contract: Contract, value: tree.Expr, strict: bool = False) -> tuple[int, int] | None:
    """The part of the electorate that must take part. Errors: CCL0371."""
    part = entries.part(contract, value)
    fits = part is not None and 0 <= part <= 1 and part.denominator <= LARGEST
    if part is None or not fits or (strict and part == 1):
        contract.findings.error("CCL0371", value.span, "a quorum is a part of those who may vote, from 0% to 100%",
                                label="such as `50%` or `1/3`")  # fmt: skip
        return None
    return part.numerator, part.denominator
