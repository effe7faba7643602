"""What is allowed in a contract and probably not meant: `names` unused, `conditions` that decide nothing, `style`."""

from __future__ import annotations

from collections.abc import Iterable

from ccl import core
from ccl.diagnostics import Diagnostic, Findings
from ccl.host import Host
from ccl.lint.conditions import conditions
from ccl.lint.contract import clauses
from ccl.lint.names import unused
from ccl.lint.style import style
from ccl.source import Sources
from ccl.syntax import tree


def linted(program: core.Program, files: Iterable[tree.File], sources: Sources, host: Host) -> list[Diagnostic]:
    """All that was found in the files that a checked contract was made of, by place; nothing of its bases."""
    findings = Findings()
    trees = list(files)
    unused(trees, program, sources, findings)
    conditions(program, sources, host, findings)
    clauses(program, host, findings)
    style(trees, findings, sources)
    own = {file.span.source for file in trees}
    return [found for found in findings.sorted() if found.span.source in own]
