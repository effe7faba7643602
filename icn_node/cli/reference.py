"""The reference, as Markdown, from the declarations: nothing in it is written by hand, and a test compares the files.

`docs/reference/` holds: `command-line.md` (the verbs that are not a module's), `methods.md` (the node's own RPC methods
and all error codes), a page for each module with its commands, queries, refusals, parameters and notices, and of the
language of bylaws `ccl-errors.md` and `ccl-host.md` (`icn_node.cli.reference_ccl`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from icn_node.cli import host, reference_ccl
from icn_node.cli.declared import NOT_TYPED, typed
from icn_node.cli.failure import EXIT_CODES, INVALID, OK, Failure
from icn_node.cli.grammar import Param, Verb, written
from icn_node.cli.invocation import Invocation
from icn_node.cli.manual import about
from icn_node.cli.settings import GLOBAL
from icn_node.cli.tree import Grammar, whole_grammar
from icn_node.kernel.module import CommandSpec, Module, QuerySpec
from icn_node.kernel.refusal import Refusal
from icn_node.modules import MODULES
from icn_node.rpc import jsonrpc
from icn_node.rpc.node_methods import NODE_METHODS

NOTICE = "<!-- Written by `icn reference --out docs/reference`; change the declarations, not this page. -->"
ERRORS = (
    (jsonrpc.PARSE_ERROR, "The line is no JSON."),
    (jsonrpc.INVALID_REQUEST, "The JSON is no request, or a batch that is empty or too long."),
    (jsonrpc.METHOD_NOT_FOUND, "There is no such method; `data.near` has similar names."),
    (jsonrpc.INVALID_PARAMS, "A parameter is missing, unknown or wrong; `data.field` says which."),
    (jsonrpc.INTERNAL_ERROR, "A fault of the node; its log has the trace."),
    (jsonrpc.REFUSED, "A rule said no; `data` has code, facts, text, advice, and the clause with its text if one did."),
    (jsonrpc.INVALID_EVENT, "A submitted event is invalid, or lacks ancestors; `data.code` and `data.facts` say how."),
    (jsonrpc.LOCKED, "A key is locked: its secret is missing or wrong."),
    (jsonrpc.OVERLOADED, "Too much waits; try again after `data.retry_after_ms`."),
    (jsonrpc.NOT_FOUND, "What was asked for is not here."),
    (jsonrpc.STOPPED, "The node executes nothing now; the message says why and what to do."),
)


def run(call: Invocation) -> int:
    """Print the pages, or write them into a folder."""
    found = pages()
    target = call.text("out")
    if not target:
        call.out.answer({"pages": found}, ["\n".join(found.values()).rstrip("\n")])
        return OK
    folder = Path(target)
    try:
        for name, text in found.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(INVALID, f"{error.filename} cannot be written: {error.strerror}", code="file") from None
    call.out.answer({"folder": target, "pages": list(found)}, [f"Wrote {len(found)} pages into {target}."])
    return OK


def pages() -> dict[str, str]:
    """Every page by its name."""
    grammar = whole_grammar()
    found = {
        "README.md": _index(),
        "command-line.md": _command_line(grammar),
        "methods.md": _methods(),
        "ccl-errors.md": reference_ccl.errors(),
        "ccl-host.md": reference_ccl.host(host.host()),
    }
    for module in MODULES:
        found[f"modules/{module.name}.md"] = _module(grammar, module)
    return {name: _joined(lines) for name, lines in found.items()}


def _joined(lines: Iterator[str]) -> str:
    return "\n".join([NOTICE, "", *lines]).rstrip("\n") + "\n"


def _index() -> Iterator[str]:
    yield from ["# Reference", ""]
    yield "- [Command line](command-line.md): starting and looking after a node, keys, proofs, books, signing elsewhere"
    yield "- [Methods](methods.md): the control socket's own methods, and its error codes"
    yield "- [CCL](ccl.md): the language in which bylaws are written"
    yield "- [What bylaws may speak of](ccl-host.md): commands and reads with their fields, facts, settings"
    yield "- [Errors and warnings of CCL](ccl-errors.md), by their codes"
    yield from ["", "The modules, each with its commands, queries, refusals, parameters and notices:", ""]
    for module in MODULES:
        yield f"- [{module.name}](modules/{module.name}.md): {_sentence(module.doc)}"


def _sentence(doc: str) -> str:
    first = " ".join(doc.strip().split("\n\n")[0].split())
    return first.rstrip(".")


def _paragraphs(doc: str) -> Iterator[str]:
    for paragraph in doc.strip().split("\n\n"):
        yield " ".join(paragraph.split())
        yield ""


# -- the command line -------------------------------------------------------------------------------------------------


def _command_line(grammar: Grammar) -> Iterator[str]:
    yield from ["# Command line", "", "`icn NOUN VERB [ARGUMENTS] [--OPTIONS]`", ""]
    yield "Required parameters may stand by place, in the order in which they are listed; every parameter has its"
    yield "option. A list is given by repeating its option, or once with commas (a comma of its own is written `\\,`)."
    yield "A flag is turned off with `--no-` before its name. `--` ends the options."
    yield ""
    yield from ["## Options of every command", ""]
    yield from reference_ccl.table(("option", "meaning"), [(_option(p), about(p)) for p in GLOBAL])
    yield from ["## Exit codes", ""]
    yield from reference_ccl.table(("code", "meaning"), [(str(code), what) for code, what in EXIT_CODES])
    yield "With `--json` exactly one JSON document goes to standard output. A failure is"
    yield '`{"error": {"code", "message", "exit", ...}}`, with `clause`, `clause_text`, `advice`, `usage` and `data`'
    yield "where there are any. `icn watch` prints a document a line."
    yield ""
    for verb in grammar.verbs.values():
        if verb.spec is None:
            yield from _verb(verb)


def _verb(verb: Verb) -> Iterator[str]:
    yield from [f"## icn {' '.join(verb.words)}", "", f"`{verb.usage()}`", ""]
    yield from _paragraphs(verb.doc)
    yield from _params(verb)
    if verb.example:
        yield from ["```sh", verb.example, "```", ""]


def _option(param: Param) -> str:
    if not param.flag:
        return f"`--{param.option} {param.shown}`"
    prefix = {"yes": "no-", "either": "[no-]"}.get(param.default, "")
    return f"`--{prefix}{param.option}`"


def _params(verb: Verb) -> Iterator[str]:
    rows = [(_option(p), "yes" if p.required else "", about(p)) for p in verb.params]
    yield from reference_ccl.table(("parameter", "required", "meaning"), rows)


# -- methods -----------------------------------------------------------------------------------------------------------


def _methods() -> Iterator[str]:
    yield from ["# Methods of the control socket", ""]
    yield "JSON-RPC 2.0 on `node.sock` in the node's home: one JSON object, or a batch, a line, at most 1 MiB. Every"
    yield "command and query of a module is a method by its name (see the modules' pages); a command takes `as` (who"
    yield "acts, a handle or DID), `dry_run` and `until` besides its fields. `rpc.discover` answers with the OpenRPC"
    yield "description of all."
    yield ""
    yield from ["## Errors", ""]
    yield from reference_ccl.table(("code", "meaning"), [(str(code), meaning) for code, meaning in ERRORS])
    for name, method in sorted(NODE_METHODS.items()):
        yield from [f"## {name}", "", method.doc + (" Only with a running daemon." if method.online else ""), ""]
        rows = [(f"`{param}`", kind, meaning) for param, (kind, meaning) in method.params.items()]
        yield from reference_ccl.table(("parameter", "type", "meaning"), rows)


# -- modules ----------------------------------------------------------------------------------------------------------


def _module(grammar: Grammar, module: Module) -> Iterator[str]:
    by_method: dict[str, Verb] = {}
    for verb in grammar.verbs.values():
        if verb.method:
            by_method.setdefault(verb.method, verb)
    yield from [f"# Module {module.name}", ""]
    yield from _paragraphs(module.doc)
    yield f"Rules version {module.version}." + (" It is always on." if module.always_on else "")
    yield ""
    if module.commands:
        yield from ["## Commands", ""]
        for spec in module.commands:
            yield from _command(spec, by_method.get(spec.op))
    if module.queries:
        yield from ["## Queries", ""]
        for query in module.queries:
            yield from _query(query, by_method.get(query.name))
    yield from _refusals(module)
    if module.params:
        yield from ["## Parameters", "", "A decision changes them with `bylaws.set`.", ""]
        rows = [
            (f"`{p.name}`", f"`{json.dumps(p.default)}`", _range(p.low, p.high, p.choices, p.default), p.unit, p.doc)
            for p in module.params
        ]
        yield from reference_ccl.table(("parameter", "default", "range", "unit", "meaning"), rows)
    if module.notices:
        yield from ["## Notices", ""]
        yield from reference_ccl.table(("notice", "text"), [(f"`{n.code}`", n.text) for n in module.notices])


def _range(low: int, high: int, choices: Sequence[str], default: object) -> str:
    if choices:
        return ", ".join(choices)
    if isinstance(default, bool) or not isinstance(default, int):
        return ""
    return f"{low} or more" if high >= 2**53 else f"{low} to {high}"


def _command(spec: CommandSpec, verb: Verb | None) -> Iterator[str]:
    yield from [f"### {spec.op}", ""]
    yield from _paragraphs(spec.doc)
    if verb is None:
        said = "By `icn init` only." if spec.op in NOT_TYPED else "Over RPC only."
        yield from [said, ""]
    else:
        yield from [f"`{verb.usage()}`", ""]
        if verb.spec is not spec:
            link = f"[`icn {' '.join(verb.words)}`](../command-line.md)"
            yield from [f"The command line makes the keys and proofs that it needs: see {link}.", ""]
        else:
            yield from _params(verb)
    if spec.result:
        yield from [f"Result: {spec.result}.", ""]
    if spec.refuses:
        codes = ", ".join(f"`{code}`" for code in sorted({r.code for r in spec.refuses}))
        yield from [f"Refused with: {codes}.", ""]
    yield from _examples(spec.op, spec.example, verb if verb is not None and verb.spec is spec else None, acts=True)


def _query(spec: QuerySpec, verb: Verb | None) -> Iterator[str]:
    yield from [f"### {spec.name}", ""]
    yield from _paragraphs(spec.doc)
    if verb is not None:
        yield from [f"`{verb.usage()}`", ""]
        yield from _params(verb)
    if spec.refuses:
        codes = ", ".join(f"`{code}`" for code in sorted({r.code for r in spec.refuses}))
        yield from [f"Refused with: {codes}.", ""]
    yield from _examples(spec.name, spec.example, verb, acts=False)


def _examples(method: str, example: object, verb: Verb | None, *, acts: bool) -> Iterator[str]:
    if not isinstance(example, dict) or (not example and verb is not None and any(p.required for p in verb.params)):
        return
    if verb is not None:
        yield from ["```sh", written(verb, typed(verb, example)), "```", ""]
    params = {"as": "ann", **example} if acts else example
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    yield from ["```json", json.dumps(request, ensure_ascii=False), "```", ""]


def _refusals(module: Module) -> Iterator[str]:
    found: dict[str, type[Refusal]] = {}
    for refuses in [*(c.refuses for c in module.commands), *(q.refuses for q in module.queries)]:
        for refusal in refuses:
            found.setdefault(refusal.code, refusal)
    if found:
        yield from ["## Refusals", ""]
        rows = [(f"`{code}`", r.text, r.advice) for code, r in sorted(found.items())]
        yield from reference_ccl.table(("code", "in words", "what to do"), rows)
