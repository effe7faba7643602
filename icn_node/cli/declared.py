"""Verbs from the modules' declarations: every command and query is typed as it is declared, with nothing said twice.

The kind of a field says how its value is written and how it goes to the node; what a value means (who "bob" is, what
"12.50" comes to) the node decides. It is imported only when a module's verb, or all of them, are wanted.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from icn_node.cli.failure import USAGE, Failure
from icn_node.cli.grammar import Param, Verb, written
from icn_node.cli.values import csv_rows, json_value, read_text, toml_value
from icn_node.kernel.fields import description_of, element_of, kind_of
from icn_node.kernel.module import CommandSpec, Module, QuerySpec
from icn_node.modules import MODULES

if typing.TYPE_CHECKING:
    from icn_node.cli.grammar import Value
    from icn_node.cli.tree import Grammar

# How a value of each kind is described to whoever types it, and how it stands in usage lines. A field's own description
# goes before, but for amounts and times, which are typed otherwise than events hold them.
_SAID = {
    "who": ("a handle, or a did:key", "MEMBER"),
    "key": ("the DID of a key", "DID"),
    "handle": ("", "NAME"),
    "name": ("", "NAME"),
    "unit": ("", "CODE"),
    "amount": ("an amount such as 12.50; hours as 1:30", "AMOUNT"),
    "limit": ("an amount of either sign, such as -100.00", "AMOUNT"),
    "minutes": ("minutes, or 1h30 or 1:30", "MINUTES"),
    "time": ("a date or time such as 2026-05-01 or 2026-05-01T18:00+02:00", "TIME"),
    "duration": ("a duration such as 14d, 36h or 90m", "DURATION"),
    "day": ("a date such as 2026-05-01", "DATE"),
    "no": ("", "NO"),
    "int": ("", "N"),
    "text": ("", "TEXT"),
    "title": ("", "TEXT"),
    "private": ("", "TEXT"),
    "str": ("", "TEXT"),
    "hash": ("32 bytes in hex", "HEX"),
    "signature": ("64 bytes in hex", "HEX"),
    "ops": (
        "a command line without `icn`, such as 'credit limit SUN --party bob --floor -200'; repeat it for more",
        "COMMAND",
    ),
    "map": ("", "JSON"),
    "pairs": ("values by name; repeat it for more", "NAME=VALUE"),
}  # fmt: skip
_TYPED_OTHERWISE = frozenset(("amount", "limit", "minutes", "time", "duration", "day", "ops", "hash", "signature"))
_SUFFIX = {"amount": "_minor", "limit": "_minor", "time": "_ms", "duration": "_ms", "day": "_day", "pairs": "s"}
_NAMES = frozenset(("who", "no", "handle", "unit", "key", "name"))  # kinds by which a query is narrowed by place
NOT_TYPED = frozenset(("space.found",))
"""Commands that no verb of their own stands for: a space is founded by `icn init`."""

DRY_RUN = Param("dry_run", "say what would happen; change nothing", kind="flag", secondary=True)
EXPIRES = Param("expires", "refuse it if it is committed later than that", shown="TIME", secondary=True)


class FieldSpec:
    """A declared field: its wire name and type, and whether it is private (then for whom by default)."""

    __slots__ = ("audience", "declared", "kind", "wire")

    def __init__(self, wire: str, declared: Any, audience: str | None) -> None:
        self.wire = wire
        self.declared = declared
        self.kind = kind_of(declared)
        self.audience = audience


def said_name(wire: str, kind: str) -> str:
    """The name by which people give a field: amount_minor is `amount`, until_ms `until`, from_day `from`."""
    return wire.removesuffix(_SUFFIX.get(kind, "\0"))


def verbs(modules: tuple[Module, ...] = MODULES) -> Iterator[Verb]:
    """A verb for every command and query."""
    for module in modules:
        for spec in module.commands:
            if spec.op not in NOT_TYPED:
                yield _command_verb(spec)
        for query in module.queries:
            yield _query_verb(query)


def noun_docs(modules: tuple[Module, ...] = MODULES) -> dict[str, str]:
    """What each noun is about: the module of that name, else the first that has verbs under it."""
    found: dict[str, str] = {}
    for module in modules:
        line = module.doc.strip().split("\n\n")[0].replace("\n", " ")
        about = line.partition(": ")[2] or line
        for words in [*(s.cli for s in module.commands if s.op not in NOT_TYPED), *(q.cli for q in module.queries)]:
            noun = words.split()[0]
            if noun == module.name or noun not in found:
                found[noun] = about
    return found


def _command_verb(spec: CommandSpec) -> Verb:
    return Verb(
        spec.cli,
        spec.doc,
        "icn_node.cli.calls:command",
        lambda: _command_params(spec),
        example=lambda verb: example_line(verb, spec.example),
        method=spec.op,
        spec=spec,
    )


def _command_params(spec: CommandSpec) -> list[Param]:
    params = list(fields(spec.cls, spec.private))
    names = {p.name for p in params}
    for param in list(params):
        if param.field.kind == "private":
            params.append(
                Param(f"{param.name}:audience", f"who may read the {param.option}, instead of: {param.field.audience}",
                      option=f"{param.option}-audience", shown="AUDIENCE", secondary=True)
            )  # fmt: skip
    params.append(DRY_RUN)
    if not names & {"until", "until_ms", "expires", "expires_ms"}:
        params.append(EXPIRES)
    return params


def _query_verb(spec: QuerySpec) -> Verb:
    return Verb(
        spec.cli,
        spec.doc,
        "icn_node.cli.calls:query",
        lambda: fields(spec.cls, {}, query=True),
        example=lambda verb: example_line(verb, spec.example),
        method=spec.name,
        spec=spec,
    )


def fields(cls: type[Any], private: Mapping[str, str], *, query: bool = False) -> Iterator[Param]:
    """The parameters of a command's or query's fields, in their order."""
    hints = typing.get_type_hints(cls, include_extras=True)
    every = msgspec.structs.fields(cls)
    taken = {f.name for f in every}
    told = field_docs(cls, taken)
    for field in every:
        spec = FieldSpec(field.name, hints[field.name], private.get(field.name))
        name = said_name(field.name, spec.kind)
        if name in taken and name != field.name:
            name = field.name
        paging = query and field.name in ("after", "limit")
        yield Param(
            field.name,
            _about(spec, told.get(field.name, "")),
            kind=_cli_kind(spec),
            option=name.replace("_", "-"),
            required=field.required,
            place=field.required or (query and spec.kind in _NAMES),
            many=spec.kind in ("list", "ops", "pairs"),
            shown="" if field.required or (query and spec.kind in _NAMES) else _shown(spec),
            default=_default(field.default, spec),
            choices=choices_of(spec.declared),
            field=spec,
            secondary=paging,
        )


def _cli_kind(spec: FieldSpec) -> str:
    if spec.kind == "bool":
        return "flag"
    if spec.kind == "ops":
        return "command"
    if spec.kind == "pairs":
        return "json"
    inner = element_of(spec.declared) if spec.kind == "list" else spec.declared
    if kind_of(inner) == "map" and not _is_scalar(inner):
        return "json"
    return spec.kind


def field_docs(cls: type[Any], names: set[str]) -> dict[str, str]:
    """What docstrings say of single fields: the sentences of the form "payer: whom you sign for."."""
    found: dict[str, str] = {}
    for base in cls.__mro__:
        text = " ".join((base.__dict__.get("__doc__") or "").split())
        for name, said in re.findall(r"(?:^|[.;] )(\w+): (.+?)(?=[.;] |\.?$)", text):
            if name in names:
                found.setdefault(name, said)
        # "`open` starts its discussion at once" and the like
        for sentence in re.split(r"[.;] ", text):
            for name in re.findall(r"`(\w+)`", sentence):
                if name in names and len(re.findall(r"`\w+`", sentence)) == 1:
                    found.setdefault(name, sentence.rstrip("."))
    return found


def _shown(spec: FieldSpec) -> str:
    inner = element_of(spec.declared) if spec.kind == "list" else spec.declared
    if spec.kind == "map" and _is_scalar(inner):
        return "VALUE"
    return _SAID.get(kind_of(inner), ("", ""))[1]


def _about(spec: FieldSpec, told: str) -> str:
    """What a field is: what the docstring says of it, else its type; then how a value is written."""
    text = _described(spec)
    if not told:
        return text
    kind = spec.kind
    hint = text if kind in ("private", "ops", "list", "int") else _SAID.get(kind, ("", ""))[0]
    return f"{told} ({hint})" if hint and hint not in told else told


def _described(spec: FieldSpec) -> str:
    inner = element_of(spec.declared) if spec.kind == "list" else spec.declared
    kind = kind_of(inner)
    own = description_of(spec.declared)
    if kind == "bool" and spec.wire.startswith("no_"):
        return own or f"no {spec.wire[3:].replace('_', ' ')}"
    if kind == "private":
        return f"a private text, for: {spec.audience}; @FILE or - reads it from there"
    if kind == "map":
        if _is_scalar(inner):
            return own or "a number, a text, true or false"
        names = _struct_names(inner)
        if spec.kind == "list" and names:
            return own or f"{'='.join(names)}, comma-separated, or a CSV or JSON file as @FILE"
        return own or "JSON, or a file as @FILE, which may be TOML"
    said = _SAID.get(kind, ("", ""))[0]
    text = said if kind in _TYPED_OTHERWISE else own or said
    choices = choices_of(inner)
    if choices and not own:
        text = "one of " + ", ".join(choices)
    if kind == "text":
        text += "; @FILE or - reads it from there"
    bounds = _bounds(inner)
    if bounds and kind == "int" and bounds.split()[-1] not in text:
        text = f"{text}, {bounds}" if text else bounds
    return text + ("; comma-separated, or repeated" if spec.kind == "list" else "")


def _metas(declared: Any) -> Iterator[Meta]:
    origin = typing.get_origin(declared)
    if origin is Annotated:
        inner, *notes = typing.get_args(declared)
        yield from (n for n in notes if isinstance(n, Meta))
        yield from _metas(inner)
    elif origin in (typing.Union, types.UnionType):
        for inner in typing.get_args(declared):
            yield from _metas(inner)


def choices_of(declared: Any) -> tuple[str, ...]:
    """The words that a pattern such as ^(self|node)$ allows; () for other fields."""
    for meta in _metas(declared):
        found = re.fullmatch(r"\^\(([a-z0-9_|-]+)\)\$", meta.pattern or "")
        if found:
            return tuple(word for word in found[1].split("|") if word)
    return ()


def _bounds(declared: Any) -> str:
    for meta in _metas(declared):
        if meta.ge is not None and meta.le is not None and abs(meta.le) < 2**53:
            return f"{meta.ge} to {meta.le}"
        if meta.ge is not None and meta.ge > 0:
            return f"{meta.ge} or more"
    return ""


def _is_scalar(declared: Any) -> bool:
    """Whether the field takes a number or a text or a truth, whichever is written."""
    if typing.get_origin(declared) in (typing.Union, types.UnionType):
        return {a for a in typing.get_args(declared) if a is not type(None)} <= {int, str, bool}
    return False


def _struct_names(declared: Any) -> list[str]:
    """The names of a struct's required fields, as people give them."""
    if not (isinstance(declared, type) and issubclass(declared, msgspec.Struct)):
        return []
    hints = typing.get_type_hints(declared, include_extras=True)
    return [said_name(f.name, kind_of(hints[f.name])) for f in msgspec.structs.fields(declared) if f.required]


def _default(value: Any, spec: FieldSpec) -> str:
    """A default as help shows it; of flags `yes`, or `either` where both ways differ from giving none."""
    if spec.kind == "bool":
        return "yes" if value is True else "either" if value is None else ""
    if value is None or value is msgspec.NODEFAULT or value in ("", ()) or spec.kind in _TYPED_OTHERWISE:
        return ""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


# -- values to the node ------------------------------------------------------------------------------------------


def wire(verb: Verb, values: Mapping[str, Value]) -> dict[str, Any]:
    """The method's parameters for what was typed. Raises Failure for files and JSON that do not read."""
    params: dict[str, Any] = {}
    for param in verb.params:
        value = values.get(param.name)
        if value is None or param.field is None:
            continue
        spec: FieldSpec = param.field
        name = said_name(spec.wire, spec.kind) if spec.kind in ("amount", "limit") else spec.wire
        params[name] = _wired(param, spec.declared, spec.kind, value)
        audience = values.get(f"{param.name}:audience")
        if audience is not None:
            params[name] = {"text": params[name], "audience": audience}
    if values.get("dry_run"):
        params["dry_run"] = True
    if values.get("expires"):
        params["until"] = values["expires"]
    return params


def _wired(param: Param, declared: Any, kind: str, value: Value) -> Any:
    if kind == "list":
        assert isinstance(value, list)
        inner = element_of(declared)
        inner_kind = kind_of(inner)
        if inner_kind == "map":
            return [row for part in value for row in _rows(param, inner, part)]
        return [_wired(param, inner, inner_kind, part) for part in value]
    if kind == "ops":
        assert isinstance(value, list)
        return [op for part in value for op in _ops(param, part)]
    if kind == "pairs":
        assert isinstance(value, list)
        return dict([_pair(param, part) for part in value])
    if not isinstance(value, str):
        return value
    if kind in ("private", "text"):
        return read_text(param.option, value)
    if kind == "map":
        return _scalar(value) if _is_scalar(declared) else _object(param, declared, value)
    return value


def _pair(param: Param, text: str) -> tuple[str, str]:
    """NAME=VALUE; the value as typed, or from @FILE or standard input."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Failure(USAGE, f"--{param.option} is NAME=VALUE, not {text!r}")
    return name.strip(), read_text(param.option, value)


def _fields_of(declared: Any) -> list[str]:
    is_struct = isinstance(declared, type) and issubclass(declared, msgspec.Struct)
    return [field.name for field in msgspec.structs.fields(declared)] if is_struct else []


def _object(param: Param, declared: Any, text: str) -> Any:
    """An object: JSON, or a TOML file, which names the entries of a list one by one: [[clause]] for `clauses`."""
    if not text.startswith("@") or not text.endswith(".toml"):
        return json_value(param.option, text)
    found = toml_value(param.option, text)
    for name in set(_fields_of(declared)) - found.keys():
        if name.removesuffix("s") in found:
            found[name] = found.pop(name.removesuffix("s"))
    return found


def _scalar(text: str) -> int | str | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d{1,19}", text) else text


def _rows(param: Param, inner: Any, text: str) -> list[Any]:
    """Objects of a list: JSON, a CSV file, or the short form VALUE=VALUE of the required fields."""
    if text.startswith("@"):
        content = read_text(param.option, text)
        if content.lstrip().startswith(("[", "{")):
            found = json_value(param.option, content)
            return found if isinstance(found, list) else [found]
        return csv_rows(param.option, content)
    if text.startswith(("{", "[")):
        found = json_value(param.option, text)
        return found if isinstance(found, list) else [found]
    names = _struct_names(inner)
    rows = []
    for part in text.split(","):
        values = [v.strip() for v in part.split("=")]
        if len(values) != len(names) or not all(values):
            said = "=".join(names) or "a JSON object"
            raise Failure(USAGE, f"--{param.option}: {part.strip()!r} is not of the form {said}")
        rows.append(dict(zip(names, values, strict=True)))
    return rows


def _ops(param: Param, text: str) -> list[Any]:
    """Commands inside a command: JSON, or command lines as one would type them."""
    if text.lstrip().startswith(("[", "{", "@")):
        found = json_value(param.option, text)
        return found if isinstance(found, list) else [found]
    import shlex

    from icn_node.cli.tree import whole_grammar

    try:
        tokens = shlex.split(text)
    except ValueError as error:
        raise Failure(USAGE, f"--{param.option}: {error}") from None
    return [op_of(whole_grammar(), tokens, f"--{param.option}")]


def op_of(grammar: Grammar, tokens: list[str], where: str) -> dict[str, Any]:
    """A command line as an op: its name and its fields as people write them. Raises Failure for what is no command."""
    from icn_node.cli.grammar import read

    verb, rest = grammar.find(tokens[1:] if tokens[:1] == ["icn"] else tokens)
    if not isinstance(getattr(verb, "spec", None), CommandSpec):
        raise Failure(USAGE, f"{where}: `{' '.join(tokens)}` is no command of a module")
    reading = read(verb, rest, ())
    if reading.help or reading.values.keys() & {"dry_run", "expires"}:
        raise Failure(USAGE, f"{where}: a command inside another takes its own fields only")
    return {"op": verb.method, **wire(verb, reading.values)}


# -- examples ----------------------------------------------------------------------------------------------------


def typed(verb: Verb, example: Mapping[str, Any]) -> dict[str, Value]:
    """An example's fields, as a program gives them over RPC, as values of the verb's parameters."""
    values: dict[str, Value] = {}
    for param in verb.params:
        if param.field is None:
            continue
        spec: FieldSpec = param.field
        for name in (spec.wire, said_name(spec.wire, spec.kind)):
            if name in example:
                values[param.name] = _typed(param, spec, example[name])
                break
    return values


def _typed(param: Param, spec: FieldSpec, value: Any) -> Value:
    if isinstance(value, bool):
        return value if param.flag else str(value).lower()
    if spec.kind == "ops":
        return [_op_typed(op) for op in value]
    if isinstance(value, list | tuple):
        return [_part_typed(spec, part) for part in value]
    if spec.kind == "pairs":
        return [f"{name}={part}" for name, part in value.items()]
    if isinstance(value, dict):
        return str(value["text"]) if set(value) <= {"text", "audience"} else _json(value)
    return str(value)


def _part_typed(spec: FieldSpec, part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    names = _struct_names(element_of(spec.declared))
    by_name = {k.removesuffix("_minor"): v for k, v in part.items()}
    return "=".join(str(by_name[n]) for n in names) if set(by_name) == set(names) else _json(part)


def _op_typed(op: Any) -> str:
    from icn_node.cli.tree import whole_grammar

    for verb in whole_grammar().verbs.values():
        if isinstance(verb.spec, CommandSpec) and isinstance(op, dict) and verb.method == op.get("op"):
            return written(verb, typed(verb, op)).removeprefix("icn ")
    return _json(op)


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def example_line(verb: Verb, example: Mapping[str, Any]) -> str:
    """The example as one types it, '' where there is none and fields are required."""
    if not example and any(p.required for p in verb.params):
        return ""
    return written(verb, typed(verb, example))
