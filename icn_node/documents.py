"""Bylaws documents made from files: a contract in CCL (`.ccl`, `.bylaws.md`), or clauses of words (`.toml`).

What comes out is what stands in an event: `space.found` and `bylaws.adopt` take it. A contract is checked against what
this node's modules declare, as adoption will check it; the bases that it extends are looked up among those given and
those that ship with the node, and travel with it. It must not know a space, nor how its outcome is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccl import core
    from ccl.diagnostics import Findings
    from ccl.host import Host
    from ccl.source import Sources

SHIPPED = ("default.ccl",)
"""Contracts that ship with the node, and can be extended as "base:default@HASH"."""
TEMPLATES = "templates"
"""The folder beside them of templates, each the bylaws of a kind of co-op, to found with or to start from."""
PIECE_BYTES = 48_000
"""Bytes of a text in one event; longer ones are published in pieces first."""


class BadDocument(Exception):
    """A document that does not read or does not hold together; the message says why, and where, in several lines."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A contract as it was checked: None for a program with errors. sources, findings: what a report needs."""

    program: core.Program | None
    sources: Sources
    findings: Findings
    texts: tuple[tuple[str, str], ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)

    def report(self, *, colour: bool = False) -> str:
        """Everything that was found, for people; '' if nothing was."""
        from ccl.report import for_people

        return for_people(self.findings.sorted(), self.sources, colour=colour)

    def machine_report(self) -> list[dict[str, object]]:
        """The same for programs."""
        from ccl.report import for_machines

        return for_machines(self.findings.sorted(), self.sources)


def host() -> Host:
    """What this node's modules declare to the language; `ccl check` has it in writing (`icn_node.cli.host`)."""
    # Imported where used, as elsewhere here: `ccl check` asks only for the texts of bases, and starts fast.
    from icn_node.kernel.language import language_of
    from icn_node.modules import MODULES

    return language_of(MODULES).host


def shipped(name: str) -> str:
    """The text of a contract that ships with the node."""
    return resources.files("icn_node.bylaws").joinpath(name).read_text(encoding="utf-8")


def templates() -> dict[str, str]:
    """The file of each template that ships with the node, by its name, sorted."""
    folder = resources.files("icn_node.bylaws").joinpath(TEMPLATES)
    files = sorted(file.name for file in folder.iterdir() if is_contract(file.name))
    return {name.partition(".")[0]: f"{TEMPLATES}/{name}" for name in files}


def known_bases(given: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """The texts that a contract here can extend, by name and hash: those given (name, text), and those that ship."""
    found = {}
    for name, text in (*((n.removesuffix(".ccl"), shipped(n)) for n in SHIPPED), *given):
        found[f"{name}@{hashlib.sha256(text.encode()).hexdigest()}"] = text
    return found


def read_texts(paths: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The files as (name, text). Raises BadDocument."""
    found = []
    for path in paths:
        try:
            found.append((Path(path).name, Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            msg = f"{path} does not read: {error.strerror}"
            raise BadDocument(msg) from None
        except UnicodeDecodeError:
            msg = f"{path} is not UTF-8 text"
            raise BadDocument(msg) from None
    return tuple(found)


def is_contract(name: str) -> bool:
    """Whether a file of that name holds a contract in CCL."""
    return name.endswith((".ccl", ".md"))


def check(texts: tuple[tuple[str, str], ...], bases: Mapping[str, str]) -> Checked:
    """Check a contract as adoption will. bases: texts by "name@hash"."""
    from ccl import cost
    from ccl.diagnostics import Findings
    from ccl.elaborate.program import check as elaborated
    from ccl.elaborate.witness import amendable
    from ccl.source import Sources

    sources, findings = Sources(), Findings()
    numbers = [sources.add(name, text) for name, text in texts]
    program = elaborated(sources, numbers, host(), findings, bases=bases)
    if program is not None:
        cost.check(program, findings)
        stuck = amendable(program, host())
        if stuck is not None:
            findings.add(stuck)
    return Checked(None if findings.failed else program, sources, findings, texts, bases)


def document_of(texts: tuple[tuple[str, str], ...], *, title: str = "",
                bases: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:  # fmt: skip
    """The document as it stands in an event. Raises BadDocument with what is wrong.

    title: of the whole; by default what the contract says (`title:`), else its name.
    """
    kinds = {is_contract(name) for name, _ in texts}
    if kinds == {False} and len(texts) == 1:
        return _of_clauses(*texts[0])
    if kinds != {True}:
        raise BadDocument("give one TOML file, or the .ccl and .bylaws.md files of one contract")
    found = check(texts, known_bases(bases))
    if found.program is None:
        raise BadDocument(found.report().rstrip())
    return contract_document(found, title)


def contract_document(found: Checked, title: str = "") -> dict[str, Any]:
    """A contract that was checked, as it stands in an event, with the bases that it needs."""
    assert found.program is not None
    used = {name.partition(":")[2] or name for name in (*found.program.extends, *found.program.bases)}
    document: dict[str, Any] = {
        "title": title or dict(found.program.facts).get("title", "").strip('"') or found.program.name or "Bylaws",
        "clauses": [], "sources": [{"name": name, "text": text} for name, text in found.texts],
    }  # fmt: skip
    bases = [{"name": name, "text": text} for name, text in found.bases.items() if name in used]
    return {**document, "bases": bases} if bases else document


def _of_clauses(name: str, text: str) -> dict[str, Any]:
    import tomllib

    import msgspec

    from icn_node.kernel.bylaws import BylawsInvalid, Document, Rulebook

    try:
        raw = tomllib.loads(text)
        raw["clauses"] = raw.pop("clause", [])
        document = msgspec.convert(raw, Document)
        Rulebook(document)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        msg = f"the bylaws do not read: {error}"
        raise BadDocument(msg) from None
    except BylawsInvalid as error:
        raise BadDocument(str(error)) from None
    found: dict[str, Any] = msgspec.to_builtins(document)
    return found


def pieces(text: str) -> list[str]:
    """A text cut so that each piece fits into an event, at the ends of lines where there are any."""
    found: list[str] = []
    kept: list[str] = []
    size = 0
    for line in text.splitlines(keepends=True):
        while line:
            room = PIECE_BYTES - size
            part = line.encode()[:room].decode(errors="ignore")
            if part == line or not kept:
                kept.append(part)
                size += len(part.encode())
                line = line[len(part) :]
            if line or size >= PIECE_BYTES:
                found.append("".join(kept))
                kept, size = [], 0
    return found + (["".join(kept)] if kept else [])
