"""Write what is derived: the diagrams of lifecycles from their transition tables, the index of decisions, the tables
in the reference of CCL, and the declaration that `ccl` checks contracts against.

    .venv/bin/python scripts/docs.py            write them
    .venv/bin/icn reference --out docs/reference    the reference has a command of its own

tests/docs/test_docs.py and tests/cli/test_host.py compare the files with what this would write. It must not know what
the states mean.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import icn_node.kernel
import icn_node.modules
from icn_node.cli import host, reference_ccl

ROOT = Path(__file__).resolve().parent.parent
LIFECYCLES = ROOT / "docs" / "explanation" / "lifecycles.md"
DECISIONS = ROOT / "docs" / "decisions"
INDEX = DECISIONS / "README.md"
LANGUAGE = ROOT / "docs" / "reference" / "ccl.md"

Table = Mapping[str, Mapping[str, str]]
_MARK = re.compile(r"(<!-- drawn from ([a-z_.]+) ([A-Z_]+) -->\n)(?:```mermaid\n.*?\n```\n)?", re.DOTALL)
_TABLE = re.compile(r"(<!-- table: ([a-z ]+) -->\n)(?:(?!<!-- ).*\n)*(<!-- end of table -->\n)")
_HEADING = re.compile(r"# (\d{4}):? (.+)")

INTRODUCTION = """\
<!-- Written by scripts/docs.py from the headings of the records. -->
# Decision records

What a newcomer would ask "why?" about, a page each: the question, the choice, what it costs, what was rejected. A
record is not rewritten when a later one changes its mind; the later one says so. Numbers leave room between areas.

"""


def tables() -> dict[tuple[str, str], Table]:
    """Every transition table that the kernel and the modules define, by (module, name)."""
    found: dict[tuple[str, str], Table] = {}
    for package in (icn_node.kernel, icn_node.modules):
        for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            module = importlib.import_module(info.name)
            source = inspect.getsource(module)
            for name, value in vars(module).items():
                if _is_table(value) and re.search(rf"^{name}\b[^=\n]*= \{{", source, re.MULTILINE):
                    found[info.name, name] = value
    return found


def _is_table(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(events, Mapping) for events in value.values())
        and all(isinstance(after, str) for events in value.values() for after in events.values())
    )


def diagram(table: Table) -> str:
    """A table as a Mermaid state diagram. The empty state, or else the first, is where things begin."""
    begins = "" if "" in table else next(iter(table))
    lines = ["stateDiagram-v2"]
    if begins:
        lines.append(f"    [*] --> {begins}")
    for state, events in table.items():
        together: dict[str, list[str]] = {}
        for event, after in events.items():
            together.setdefault(after, []).append(event)
        for after, names in together.items():
            lines.append(f"    {state or '[*]'} --> {after}: {', '.join(names)}")
    states = dict.fromkeys([*table, *(after for events in table.values() for after in events.values())])
    lines += [f"    {state} --> [*]" for state in states if not table.get(state)]
    return "\n".join(lines)


def lifecycles(text: str) -> str:
    """The page with its diagrams drawn anew. Raises KeyError for a table that is not there."""
    found = tables()
    return _MARK.sub(lambda mark: f"{mark[1]}```mermaid\n{diagram(found[mark[2], mark[3]])}\n```\n", text)


def drawn(text: str) -> list[tuple[str, str]]:
    """The (module, name) of each table that the page draws."""
    return [(mark[2], mark[3]) for mark in _MARK.finditer(text)]


def records() -> Iterator[tuple[str, str, str]]:
    """(number, title, file name) of every decision record. Raises ValueError for one without a numbered heading."""
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        heading = _HEADING.match(path.read_text(encoding="utf-8"))
        if heading is None or not path.name.startswith(heading[1] + "-"):
            msg = f"{path.name} does not begin with `# {path.name[:4]} Title`"
            raise ValueError(msg)
        yield heading[1], heading[2].strip(), path.name


def index() -> str:
    """The index of decision records."""
    return INTRODUCTION + "".join(f"- [{number}]({name}) {title}\n" for number, title, name in records())


def language(text: str) -> str:
    """The reference of CCL with its tables drawn anew. Raises KeyError for a table that is not there."""
    drawn_tables = reference_ccl.tables()
    return _TABLE.sub(lambda mark: f"{mark[1]}\n{drawn_tables[mark[2]]}\n{mark[3]}", text)


def shown_tables(text: str) -> list[str]:
    """The tables that the page has a place for."""
    return [mark[2] for mark in _TABLE.finditer(text)]


def main() -> int:
    """Write all of them."""
    LIFECYCLES.write_text(lifecycles(LIFECYCLES.read_text(encoding="utf-8")), encoding="utf-8")
    INDEX.write_text(index(), encoding="utf-8")
    LANGUAGE.write_text(language(LANGUAGE.read_text(encoding="utf-8")), encoding="utf-8")
    host.DECLARATION.write_text(host.declaration(), encoding="utf-8")
    written = [path.relative_to(ROOT) for path in (LIFECYCLES, INDEX, LANGUAGE, host.DECLARATION)]
    print(f"Wrote {', '.join(map(str, written))}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
