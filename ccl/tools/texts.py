"""Texts of a contract in further languages: `ccl texts check` tells what catalogues lack or get wrong.

Catalogues are the files `texts/*.toml` beside the contract, one a language, or those that --texts names. Keys: those of
`because KEY`, "clause.4.2" for a clause's text, "clause.4.2.1" for the first reason that it words itself,
"name.param.limit" for what a parameter is called. `ccl texts keys` prints all that a contract has a place for, as a
catalogue to be filled in. The exit status is 0 only if there is no error.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ccl import core
from ccl.diagnostics import Findings
from ccl.host import Host
from ccl.source import Sources
from ccl.tools import files


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, the contract, and its catalogues."""
    parser.add_argument("what", choices=("check", "keys"), help="check catalogues, or print an empty one")
    parser.add_argument("paths", metavar="FILE", nargs="+", help="the contract's .ccl or .md files")
    parser.add_argument("--texts", action="append", default=[], metavar="TOML", help="a catalogue, or their directory")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.add_argument("--host", default="", help="the installed host to check against")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in the text")


def run(args: argparse.Namespace) -> int:
    """0 without errors, 1 with, 2 if a file cannot be read, there is no catalogue, or there is no host."""
    from ccl.tools.check import show
    from ccl.tools.hosts import NoHost, host_of

    sources, findings = Sources(), Findings()
    try:
        numbers = [sources.add(path, files.text_of(path)) for path in files.found(args.paths)]
        catalogues = _catalogues(args, sources)
        host = host_of(args.given_host, args.host)
    except (files.Unreadable, NoHost) as error:
        sys.stderr.write(f"ccl texts: {error}\n")
        return 2
    if not numbers or (args.what == "check" and not catalogues):
        missing = "catalogue there: they are texts/LANGUAGE.toml beside the contract, or say --texts"
        sys.stderr.write(f"ccl texts: no {missing if numbers else '.ccl file there'}\n")
        return 2
    program = _program(sources, numbers, host, findings)
    if program is not None and args.what == "keys":
        sys.stdout.write(blank(program, host))
        return 0
    if program is not None:
        _check(program, host, sources, catalogues, findings)
    show(args, findings, sources)
    return 1 if findings.failed else 0


def _catalogues(args: argparse.Namespace, sources: Sources) -> list[int]:
    """The catalogues as sources: those named, else those beside the contract. Raises files.Unreadable."""
    named = [Path(p) for p in args.texts]
    beside = dict.fromkeys(Path(p) if Path(p).is_dir() else Path(p).parent for p in args.paths if p != files.STDIN)
    found: list[Path] = []
    for path in named or [directory / "texts" for directory in beside]:
        found += sorted(path.glob("*.toml")) if path.is_dir() else [path] if named else []
    return [sources.add(str(path), files.text_of(str(path))) for path in found]


def _program(sources: Sources, numbers: list[int], host: Host, findings: Findings) -> core.Program | None:
    from ccl.elaborate import check

    return check(sources, numbers, host, findings)


def _check(program: core.Program, host: Host, sources: Sources, numbers: list[int], findings: Findings) -> None:
    from ccl import texts, translation

    read = [texts.read(sources, number, findings) for number in numbers]
    translation.check(program, host, read, findings)


def blank(program: core.Program, host: Host) -> str:
    """A catalogue to be filled in: every key, with the contract's own words and what the text may speak of."""
    from ccl import translation

    lines = []
    for slot in translation.slots(program, host).values():
        plain = ", ".join(f"{{{name}}}" for name in slot.names if "." not in name)
        if slot.own:
            lines += [f"# {line}" for line in slot.own.splitlines()]
        if plain and not slot.key.startswith("name."):
            lines.append(f"# may speak of {plain}")
        optional = "" if slot.needed or slot.own else "# "
        lines += [f"{optional}{json.dumps(slot.key, ensure_ascii=False)} = {json.dumps('', ensure_ascii=False)}", ""]
    return "\n".join(lines)
