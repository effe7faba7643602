"""Text catalogues: what a contract says, in further languages.

A catalogue is a TOML file for one language, `texts/es.toml`: keys and texts with typed placeholders (`ccl.messages`).
Keys are those of `because KEY`; "clause.4.2" the text of a clause; "clause.4.2.1" the first reason that clause 4.2
words itself; "fn.solvent.1" the same of a function; "name.param.limit", "name.view.balance" what a reading is called.
A TOML table is a prefix: `[clause]` with "4.2" is "clause.4.2". Catalogues stand outside of the semantic hash: no
verdict depends on them. This reads and checks texts that it is given; files are the tool's business.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccl import locales, messages
from ccl.diagnostics import Findings
from ccl.messages import Message
from ccl.source import NOWHERE, Sources, Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A text of a catalogue: where its key stands, where the text stands, and what it says."""

    key: str
    text: str
    message: Message
    at: Span
    value_at: Span


@dataclass(frozen=True)
class Catalogue:
    """The texts of one language. fallback: asked for a key that this one has not (the contract's first language).

    readable: whether the file could be read at all; of one that could not, nothing more is said.
    """

    language: str
    entries: Mapping[str, Entry] = field(default_factory=dict)
    at: Span = NOWHERE
    fallback: Catalogue | None = None
    readable: bool = True

    def message(self, key: str) -> Message | None:
        """The text of a key, if there is one."""
        found = self.entries.get(key)
        if found is not None:
            return found.message
        return None if self.fallback is None else self.fallback.message(key)


def read(sources: Sources, number: int, findings: Findings, language: str = "") -> Catalogue:
    """Read a catalogue from a source. language: if not given, what the file says (`language = "es"`) or is called.

    What is wrong is told, and the rest is kept.
    """
    source = sources[number]
    whole = Span(number, 0, 0)
    try:
        table = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        at = _toml_place(str(error), source.text, number)
        findings.error("CCL0500", at, f"this is no TOML: {_plain(str(error))}")
        return Catalogue(language or _called(source.name), at=whole, readable=False)
    stated = table.pop("language", "")
    said = language or _called(source.name)
    if stated and said and str(stated) != said:
        message = f"the file is of `{said}` by its name, and says that its language is `{stated}`"
        findings.error("CCL0513", _key_place(source.text, "language", number)[0], message)
    language = str(stated) or said
    if not locales.known(language):
        known = ", ".join(sorted(tag for tag in locales.LOCALES if "-" not in tag))
        notes = (f"plural forms, dates and numbers are known for {known}",)
        findings.error("CCL0501", whole, f"how `{language}` writes numbers and plurals is not known", notes=notes)
    entries: dict[str, Entry] = {}
    for key, value in _flat(table, ""):
        at, value_at = _key_place(source.text, key, number)
        if not isinstance(value, str):
            findings.error("CCL0502", at, f"`{key}` is no text", notes=('write it between quotes: key = "text"',))
            continue
        if key in entries:
            findings.error("CCL0503", at, f"the key `{key}` stands twice, once in a table and once with its prefix")
            continue
        if not value.strip():
            findings.warning("CCL0504", at, f"the text of `{key}` is empty", notes=("leave the key out instead",))
            continue
        parsed, slips = messages.parse(value)
        for slip in slips:
            label = _around(value, slip.at)
            findings.error("CCL0505", value_at, f"in the text of `{key}`: {slip.message}", label=label)
        entries[key] = Entry(key, value, parsed, at, value_at)
    return Catalogue(language, entries, whole)


def _called(name: str) -> str:
    """The language by a file's name: "texts/es.toml" is es."""
    return re.split(r"[/\\]", name)[-1].removesuffix(".toml")


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


# -- places in TOML ----------------------------------------------------------------------------------------------------

_PART = r"""(?:"[^"\r\n]*"|'[^'\r\n]*'|[\w-]+)"""
_LINE = re.compile(
    rf"""^[ \t]*(?:\[(?P<table>[^\[\]\r\n]+)\]|(?P<key>{_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*=[ \t]*"""
    r"""(?P<value>\"{3}(?:.|\n)*?\"{3}|[^\r\n]*))""",
    re.MULTILINE,
)


def _key_place(text: str, key: str, number: int) -> tuple[Span, Span]:
    """Where a key and its text stand; the start of the file if they are not found."""
    prefix = ""
    for line in _LINE.finditer(text):
        if line["table"] is not None:
            prefix = _unquoted(line["table"]) + "."
        elif prefix + _unquoted(line["key"]) == key:
            value = line["value"].rstrip()
            begin = line.start("value")
            return Span(number, *line.span("key")), Span(number, begin, begin + len(value))
    return Span(number, 0, 0), Span(number, 0, 0)


def _unquoted(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', key))


_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")


def _toml_place(error: str, text: str, number: int) -> Span:
    found = _AT.search(error)
    if found is None or found[1] is None:
        return Span(number, len(text), len(text))
    starts = [0, *(m.end() for m in re.finditer(r"\n", text))]
    at = min(starts[int(found[1]) - 1] + int(found[2]) - 1, len(text))
    return Span(number, at, min(at + 1, len(text)))


def _plain(error: str) -> str:
    return _AT.sub("", error)[:1].lower() + _AT.sub("", error)[1:]


def _around(text: str, at: int) -> str:
    """The part of a text where it is wrong."""
    return f"at “{text[at : at + 20].splitlines()[0] if text[at:] else ''}”"
