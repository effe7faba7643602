"""What can go wrong with books that come in or go out, apart from single bad rows, which are in the report."""

from __future__ import annotations

from icn_node.kernel.refusal import Facts


class BooksError(Exception):
    """The import or export cannot be done as asked. Nothing was posted or written; the message says what to do."""


class BadOptions(BooksError):
    """The options contradict each other, or lack something."""


class BadFile(BooksError):
    """The file is missing, too large, or no table of text."""


class Unclear(BooksError):
    """The file can be read in two ways, and only its owner knows which: the message names the option that says so."""


class ImportRefused(BooksError):
    """A rule of the space refused an event of the import, which a plan should have foreseen. `code`, `facts`: its.

    What was posted before it stays; the same import run again goes on from there.
    """

    def __init__(self, code: str, facts: Facts, clause: str = "") -> None:
        told = ", ".join(f"{name}={value}" for name, value in sorted(facts.items()))
        super().__init__(f"the space refused the import: {code}" + (f" ({told})" if told else ""))
        self.code = code
        self.facts = facts
        self.clause = clause
