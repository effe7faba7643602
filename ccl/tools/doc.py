"""Write bylaws as a document for members: parameters, roles, clauses with their conditions in words, decisions.

HTML stands alone (no script, nothing loaded) and prints well; Markdown has the same anchors. Of a Markdown source the
prose is kept and what its fences declare is woven in. An error in the source does not keep it from being read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from ccl.diagnostics import Findings
from ccl.document.html import html
from ccl.document.markdown import markdown
from ccl.document.outline import Given, document
from ccl.host import Host
from ccl.source import Sources
from ccl.syntax import parse
from ccl.tools import contracts, files
from ccl.tools.hosts import NoHost, host_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """The file, and what to make of it."""
    parser.add_argument("path", metavar="FILE", help="a .ccl or .md file, or - for stdin")
    parser.add_argument("--format", choices=("html", "markdown"), default="html", help="what to write (default: html)")
    parser.add_argument("--out", metavar="FILE", help="where to; stdout if not given")
    parser.add_argument("--language", default="", help="language of the text, such as es; of --texts if not given")
    parser.add_argument("--texts", metavar="TOML", help="a text catalogue, texts/es.toml, for clauses and reasons")
    parser.add_argument("--values", metavar="JSON", help='parameters in force: a file with {"limit": "800 CREDIT"}')
    parser.add_argument("--base", metavar="FILE", action="append", default=[],
                        help="a contract that it extends, as NAME.ccl; may be given again")  # fmt: skip
    parser.add_argument("--host", default="", help="the installed host whose words are used")


def run(args: argparse.Namespace) -> int:
    """0, or 1 if the source has syntax errors (the document is written all the same), 2 if a file cannot be read."""
    try:
        text = files.text_of(args.path)
        host = _host(args)
        bases = {**host.bases, **contracts.bases_of(args.base)}
        given = Given(host, values_of(args.values), texts_of(args.texts), _language(args), bases)
    except files.Unreadable as error:
        sys.stderr.write(f"ccl doc: {error}\n")
        return 2
    sources, findings = Sources(), Findings()
    number = sources.add("stdin.ccl" if args.path == files.STDIN else args.path, text)
    made = document(sources, number, parse(sources, number, findings), given)
    written = html(made) if args.format == "html" else markdown(made)
    try:
        if args.out:
            files.put(args.out, written)
        else:
            sys.stdout.write(written)
    except files.Unreadable as error:
        sys.stderr.write(f"ccl doc: {error}\n")
        return 2
    if findings.failed:
        sys.stderr.write(f"ccl doc: {args.path} has errors, which `ccl check` shows; what could be read is written\n")
    return int(findings.failed)


def _host(args: argparse.Namespace) -> Host:
    """The host for its words; a document without them is plainer."""
    try:
        return host_of(getattr(args, "given_host", None), args.host)
    except NoHost:
        if args.host:
            raise files.Unreadable(f"no host `{args.host}` is installed") from None
        return Host()


def _language(args: argparse.Namespace) -> str:
    named: str = args.language
    return named or (Path(args.texts).stem if args.texts else "en")


def values_of(path: str | None) -> Mapping[str, str]:
    """Parameters in force, from a JSON object of texts or numbers. Raises Unreadable."""
    if path is None:
        return {}
    try:
        held = json.loads(files.text_of(path))
    except ValueError as error:
        raise files.Unreadable(f"{path}: no JSON: {error}") from error
    if not isinstance(held, dict):
        raise files.Unreadable(f'{path}: write an object, {{"limit": "800 CREDIT"}}')
    return {str(name): str(value) for name, value in held.items()}


def texts_of(path: str | None) -> Mapping[str, str]:
    """The plain texts of a catalogue, by key; tables within tables have dotted keys. Raises Unreadable."""
    if path is None:
        return {}
    import tomllib

    try:
        held = tomllib.loads(files.text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise files.Unreadable(f"{path}: no TOML: {error}") from error
    texts: dict[str, str] = {}
    todo: list[tuple[str, object]] = [("", held)]
    while todo:
        prefix, value = todo.pop()
        if isinstance(value, dict):
            todo += [(f"{prefix}.{key}" if prefix else str(key), each) for key, each in value.items()]
        elif isinstance(value, str):
            texts[prefix] = value
    return texts
