"""The space itself: its founding, charter, bylaws, parameters, and which modules are switched on.

The genesis event's first op is `space.found`. What the founders sign there, and in the further ops of that event, is
the founding act: it needs no permission, because there are no bylaws yet. All later changes are decisions.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from dag.keys import public_of
from icn_node.kernel import actions, adoption, bylaws, calendar, contract_params, contract_views, registry, versions
from icn_node.kernel.bylaws import BylawsInvalid, Document
from icn_node.kernel.charter import Charter
from icn_node.kernel.context import Context
from icn_node.kernel.contract import Contract
from icn_node.kernel.contract_params import ParameterKept
from icn_node.kernel.fields import Handle, Name, Private, Title, Who
from icn_node.kernel.module import Command, Module, NoticeSpec, Query, command, query
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables


class Founded(Refusal):
    """`space.found` stands anywhere but first in the genesis event."""

    code = "already_founded"
    text = "A space is founded once, by the first command of its genesis event."


class UnknownModule(Refusal):
    """No module of that name and version on this node."""

    code = "unknown_module"
    text = "There is no module {module} version {version}."
    advice = "See `icn module list`."


class ModuleNeeded(Refusal):
    """The module cannot be switched off."""

    code = "module_needed"
    text = "The module {module} cannot be switched off: the space needs it."


class UnknownParameter(Refusal):
    """No module declares that parameter."""

    code = "unknown_parameter"
    text = "There is no parameter {name}."
    advice = "See `icn space params`."


class BadParameter(Refusal):
    """The value is not of the parameter's type or range."""

    code = "bad_parameter"
    text = "{name} takes {wanted}."


class BadTimeZone(Refusal):
    """The time zone is not in the IANA database that the rules' edition pins."""

    code = "bad_timezone"
    text = "{timezone} is not a known IANA time zone."


class Found(Command, frozen=True):
    """Found a space: its charter, its bylaws, its first member, and the modules that are on from the start."""

    OP: ClassVar[str] = "space.found"
    name: Handle
    title: Title
    founder: Handle
    timezone: Annotated[str, Meta(max_length=64)]
    bylaws: Document
    validators: Annotated[tuple[Who, ...], Meta(min_length=1, max_length=64)]
    recovery: Annotated[tuple[Who, ...], Meta(max_length=16)]
    recovery_threshold: Annotated[int, Meta(ge=0, le=16)]
    modules: tuple[Name, ...]
    b: Annotated[int, Meta(ge=0, le=21)] = 0
    c: Annotated[int, Meta(ge=0, le=31)] = 0
    languages: tuple[Annotated[str, Meta(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], ...] = ("en",)
    fiscal_year_start: Annotated[str, Meta(pattern="^[01][0-9]-[0-3][0-9]$")] = "01-01"
    founder_name: Private | None = None
    founder_custody: Annotated[str, Meta(pattern="^(self|node)$")] = "self"
    roles: tuple[Name, ...] = ("steward",)
    sample: bool = False


class Activate(Command, frozen=True):
    """Switch a module on, in a version of its rules."""

    OP: ClassVar[str] = "module.activate"
    module: Name
    version: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class Deactivate(Command, frozen=True):
    """Switch a version of a module's rules off. Its records stay and can be read."""

    OP: ClassVar[str] = "module.deactivate"
    module: Name
    version: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class Adopt(Command, frozen=True):
    """Adopt new bylaws, whole: a contract in CCL, or clauses of words. What was committed before stays as it was judged
    by those in force then.

    looser: what they allow that those in force do not, as far as whoever proposes them has found, for all to see.
    """

    OP: ClassVar[str] = "bylaws.adopt"
    document: Document
    looser: Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=256)] = ()


class Publish(Command, frozen=True):
    """Publish a piece of a text that is too long for one event; a document of bylaws then names it by its hash."""

    OP: ClassVar[str] = "bylaws.publish"
    text: Annotated[str, Meta(min_length=1, max_length=49_152)]


class Run(Command, frozen=True):
    """Carry out an action of the bylaws in force, with its arguments: numbers, texts, true or false; amounts in
    whole units. What it does is judged like anything else."""

    OP: ClassVar[str] = "bylaws.run"
    action: Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
    arguments: dict[str, int | str | bool] = msgspec.field(default_factory=dict)


class SetParameter(Command, frozen=True):
    """Change one parameter of the bylaws, or one setting of a module. An amount is in whole units, as
    where the contract states it: 700, "12.50"."""

    OP: ClassVar[str] = "bylaws.set"
    name: Name
    value: int | str | bool


def found(tx: Tables, cmd: Found, ctx: Context) -> None:
    if ctx.origin != "founding" or ctx.op_index != 0 or tx.get(Charter, 1) is not None:
        raise Founded
    if not calendar.known(cmd.timezone):
        raise BadTimeZone(timezone=cmd.timezone)
    tx.put(
        Charter(
            1,
            cmd.name,
            cmd.title,
            cmd.timezone,
            cmd.languages,
            cmd.fiscal_year_start,
            cmd.validators,
            cmd.b,
            cmd.c,
            cmd.recovery,
            cmd.recovery_threshold,
            cmd.sample,
            ctx.time_ms,
        )
    )
    active = frozenset(m.name for m in ctx.kernel.modules if m.always_on or m.name in cmd.modules)
    _put_into_force(tx, ctx, cmd.bylaws, active)
    for module in ctx.kernel.modules:
        if module.always_on or module.name in cmd.modules:
            versions.activate(tx, module.name, module.version, ctx.time_ms)
    for name in cmd.modules:
        if all(m.name != name for m in ctx.kernel.modules):
            raise UnknownModule(module=name, version=1)
    no = tx.next_no("party")
    did, key = ctx.actor.did, ctx.actor.key
    assert public_of(did) == key  # the founder is known by the key that signs the genesis
    registry.enter(
        tx, registry.Party(no, did, cmd.founder, "person", registry.ACTIVE, ctx.time_ms, ctx.time_ms, cmd.founder_name)
    )
    tx.put(registry.Device(key, no, cmd.founder_custody, ctx.time_ms))
    for role in cmd.roles:
        tx.put(registry.Holding(role, no, ctx.time_ms, None))


def activate(tx: Tables, cmd: Activate, ctx: Context) -> None:
    _module(ctx, cmd.module, cmd.version)
    versions.activate(tx, cmd.module, cmd.version, ctx.time_ms)


def deactivate(tx: Tables, cmd: Deactivate, ctx: Context) -> None:
    if _module(ctx, cmd.module, cmd.version).always_on:
        raise ModuleNeeded(module=cmd.module)
    versions.deactivate(tx, cmd.module, cmd.version)


def _module(ctx: Context, name: str, version: int) -> Module:
    for module in ctx.kernel.modules:
        if module.name == name and version in [c.cls.VER for c in module.commands]:
            return module
    raise UnknownModule(module=name, version=version)


def adopt(tx: Tables, cmd: Adopt, ctx: Context) -> int:
    return _put_into_force(tx, ctx, cmd.document, None)


def _put_into_force(tx: Tables, ctx: Context, document: Document, active: frozenset[str] | None) -> int:
    for name in sorted(document.params):
        _set(tx, ctx, name, document.params[name])
    return adoption.adopt(tx, ctx, document, active)


def publish(tx: Tables, cmd: Publish, ctx: Context) -> str:
    return bylaws.publish(tx, cmd.text)


def run(tx: Tables, cmd: Run, ctx: Context) -> None:
    book = ctx.kernel.policy.book(tx)
    if not isinstance(book, Contract):
        raise actions.UnknownAction(action=cmd.action)
    actions.run(tx, ctx, book, cmd.action, cmd.arguments)


def set_parameter(tx: Tables, cmd: SetParameter, ctx: Context) -> None:
    book = ctx.kernel.policy.book(tx)
    declared = book.params.get(cmd.name) if isinstance(book, Contract) else None
    if not isinstance(book, Contract) or declared is None:
        _set(tx, ctx, cmd.name, cmd.value)
        return
    try:
        contract_params.set_param(tx, ctx, declared, book.program.units, cmd.value)
    except ValueError as error:
        raise BadParameter(name=cmd.name, wanted=str(error)) from None


def _set(tx: Tables, ctx: Context, name: str, value: int | str | bool) -> None:
    spec = ctx.kernel.params.get(name)
    if spec is None:
        raise UnknownParameter(name=name)
    if type(value) is not type(spec.default):
        raise BadParameter(
            name=name, wanted={int: "a whole number", str: "a text", bool: "true or false"}[type(spec.default)]
        )
    if isinstance(value, int) and not isinstance(value, bool) and not spec.low <= value <= spec.high:
        raise BadParameter(name=name, wanted=f"a number from {spec.low} to {spec.high}")
    if spec.choices and value not in spec.choices:
        raise BadParameter(name=name, wanted="one of " + ", ".join(spec.choices))
    tx.put(bylaws.Param(name, value, ctx.time_ms))


class CharterQuery(Query, frozen=True):
    """The space's charter: its name, time zone, languages, validators and recovery keys."""


class BylawsQuery(Query, frozen=True):
    """The bylaws in force, clause by clause; or an earlier version, by its number."""

    version: int = 0


class BylawsVersionsQuery(Query, frozen=True):
    """Every version of the bylaws that was in force, the latest first. after: below that number; limit: how many."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ParamsQuery(Query, frozen=True):
    """Every parameter of the bylaws and every setting of a module: its value in force, its default, what it means."""


class ModulesQuery(Query, frozen=True):
    """Every module of this node and the versions of its rules that are active in the space."""


def charter(tx: Tables, q: CharterQuery, reader: Context) -> dict[str, Any]:
    row = tx.get(Charter, 1)
    assert row is not None
    return {
        **{k: v for k, v in msgspec.structs.asdict(row).items() if k != "no"},
        "bylaws_version": tx.last_no("bylaws"),
    }


def read_bylaws(tx: Tables, q: BylawsQuery, reader: Context) -> dict[str, Any]:
    row = tx.get(bylaws.Bylaws, q.version) if q.version else bylaws.in_force(tx)
    if row is None:
        raise BylawsInvalid(reason=f"there is no version {q.version}")
    document = row.document
    answer: dict[str, Any] = {
        "version": row.no, "since_ms": row.since_ms, "decision": row.decision, "title": document.title,
        "form": "ccl" if document.sources else "clauses",
    }  # fmt: skip
    if not document.sources:
        return {**answer, "clauses": [msgspec.to_builtins(c) for c in document.clauses]}
    book = reader.kernel.policy.book_of(tx, document)
    assert isinstance(book, Contract)
    sources, bases = bylaws.texts_of(tx, document)
    return {
        **answer, "clauses": list(contract_views.clauses(book.program)),
        "sources": [{"name": name, "text": text} for name, text in sources],
        "bases": [{"name": name, "text": text} for name, text in bases],
    }  # fmt: skip


def bylaws_versions(tx: Tables, q: BylawsVersionsQuery, reader: Context) -> list[dict[str, Any]]:
    last = tx.last_no("bylaws")
    first = min(last, q.after - 1) if q.after else last
    found = []
    for no in range(first, max(0, first - q.limit), -1):
        row = tx.get(bylaws.Bylaws, no)
        assert row is not None, no
        found.append({
            "version": no, "since_ms": row.since_ms, "decision": row.decision, "title": row.document.title,
            "form": "ccl" if row.document.sources else "clauses", "in_force": no == last,
        })  # fmt: skip
    return found


def params(tx: Tables, q: ParamsQuery, reader: Context) -> list[dict[str, Any]]:
    book = reader.kernel.policy.book(tx)
    own = contract_views.params(tx, book) if isinstance(book, Contract) else []
    return own + [
        {"name": s.name, "value": reader.param(tx, s.name), "default": s.default, "unit": s.unit, "meaning": s.doc}
        for s in sorted(reader.kernel.params.values(), key=lambda s: s.name)
    ]


def modules(tx: Tables, q: ModulesQuery, reader: Context) -> list[dict[str, Any]]:
    return [
        {
            "module": m.name,
            "active": [v.version for v in tx.scan(versions.Active, "key", m.name)],
            "commands": len(m.commands),
            "about": m.doc.strip().split("\n")[0],
        }
        for m in reader.kernel.modules
    ]


_ADOPTS = (BylawsInvalid, UnknownParameter, BadParameter)
_DID = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
_BYLAWS = {
    "title": "Bylaws of the garden co-op",
    "clauses": [{"id": "1", "on": ["*"], "require": ["member or decision"], "text": "Members may do everything."}],
}

MODULE = Module(
    name="space",
    doc=__doc__,
    always_on=True,
    primitives=(("set_policy", "bylaws.set"),),
    records=(Charter,),
    commands=(
        command(Found, found, refuses=(Founded, UnknownModule, BadTimeZone, *_ADOPTS),
                private={"founder_name": "members"},
                example={"name": "garden", "title": "Garden co-op", "founder": "ann", "timezone": "Europe/Amsterdam",
                         "bylaws": _BYLAWS, "validators": [_DID], "recovery": [_DID], "recovery_threshold": 1,
                         "modules": ["credit", "timebank", "governance"], "founder_name": "Ann de Wit"}),
        command(Activate, activate, refuses=(UnknownModule,), example={"module": "timebank"}),
        command(Deactivate, deactivate, refuses=(UnknownModule, ModuleNeeded), example={"module": "timebank"}),
        command(Adopt, adopt, refuses=_ADOPTS, result="the version's number", example={"document": _BYLAWS}),
        command(Publish, publish, result="the text's SHA-256 in hex", example={"text": "contract Garden { .. }"}),
        command(Run, run, refuses=actions.REFUSALS, example={"action": "pay_wages", "arguments": {"to": _DID}}),
        command(SetParameter, set_parameter, refuses=(UnknownParameter, BadParameter, ParameterKept),
                example={"name": "timebank.norm_minutes", "value": 600}),
    ),
    notices=(NoticeSpec("space.parameter_reset", "The parameter {name} is as the bylaws in force declare it: what was "
                        "set before does not fit them."),
             NoticeSpec("space.said", "{action} of the bylaws says {what} ({facts}).")),
    queries=(
        query("space.charter", CharterQuery, charter),
        query("space.bylaws", BylawsQuery, read_bylaws),
        query("space.bylaws_versions", BylawsVersionsQuery, bylaws_versions, cli="bylaws history",
              columns=("version", "since_ms", "decision", "form", "title", "in_force")),
        query("space.params", ParamsQuery, params, columns=("name", "value", "default", "unit", "meaning")),
        query("module.list", ModulesQuery, modules, columns=("module", "active", "commands", "about")),
    ),
)  # fmt: skip
