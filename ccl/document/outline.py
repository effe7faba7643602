"""A contract as a document for those whom it binds: parameters, roles, clauses with their exceptions, proposals.

Made from the syntax tree, so that a draft with errors in it can be read too. A plain source is ordered by kind; of a
Markdown source the prose stands as written and what each fence declares is woven in where the fence was. What it takes
over from the contracts that it extends stands after it, for that binds members as much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ccl.diagnostics import Findings
from ccl.document.declarations import Declarations, anchor_of
from ccl.document.model import Block, Document, Heading, Inline, Paragraph, Prose, plain, runs
from ccl.document.phrases import Wording
from ccl.document.steps import Steps
from ccl.host import Host
from ccl.load import MOST_BASES, extends_of
from ccl.source import Sources, fences
from ccl.syntax import parse, tree

_SECTIONS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("Parameters", (tree.ParamDecl,)),
    ("Units", (tree.UnitDecl,)),
    ("Roles", (tree.RoleDecl,)),
    ("Clauses", (tree.ClauseDecl,)),
    ("Decisions", (tree.ProposalDecl, tree.ElectorateDecl, tree.DelegateDecl)),
    ("What happens by itself", (tree.TriggerDecl,)),
    ("What is kept", (tree.StateDecl,)),
    ("Definitions", (tree.ConstDecl, tree.FnDecl, tree.StructDecl, tree.EnumDecl)),
    ("From the version before", (tree.TransitionDecl,)),
    ("Properties", (tree.PropertyDecl, tree.AcceptDecl)),
)

_LASTING = tuple(section for section in _SECTIONS if section[0] not in ("From the version before", "Properties"))
"""What a contract has of its bases."""


@dataclass(frozen=True)
class Given:
    """What the reader of a document is told beside the source.

    values: parameters as they are in force, as texts. texts: of a catalogue, by key ("clause.4.2" for a clause's own).
    language: of those texts, as BCP 47 has it. bases: texts of contracts that may be extended, by "name@hash".
    """

    host: Host = field(default_factory=Host)
    values: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    bases: Mapping[str, str] = field(default_factory=dict)


def document(sources: Sources, number: int, file: tree.File, given: Given | None = None) -> Document:
    """The document of one source."""
    given = given or Given()
    source = sources[number]
    items = list(_unwrapped(file.items))
    wording = Wording(sources, given.host, _anchors(items))
    declarations = Declarations(wording, Steps(wording, dict(given.texts)), given.values, given.texts, items)
    contracts = [node for node, _ in items if isinstance(node, tree.ContractDecl)]
    title = _title(contracts, source.name)
    if source.markdown:
        woven = _woven(source.text, declarations, items)
        title = _prose_title(source.text) or title
        return Document(title, given.language, _apart((*woven, *_taken_over(sources, items, given))))
    blocks: list[Block] = [Heading(1, runs(title), "top")]
    for contract in contracts:
        if len(contracts) > 1:
            blocks.append(Heading(2, runs(contract.name.text), anchor_of("contract", contract.name.text)))
        blocks += declarations.contract(contract)
    blocks += _by_kind(declarations, items)
    blocks += _taken_over(sources, items, given)
    return Document(title, given.language, _apart(blocks))


def _apart(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks, no two headings with one anchor: a draft may have a number twice."""
    taken: Counter[str] = Counter()
    out: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading):
            taken[block.anchor] += 1
            if taken[block.anchor] > 1:
                block = replace(block, anchor=f"{block.anchor}-{taken[block.anchor]}")
        out.append(block)
    return tuple(out)


def _taken_over(sources: Sources, items: list[tuple[tree.Node, str]], given: Given) -> list[Block]:
    """What holds of the contracts that it extends, the nearest first: all that no later one declares anew."""
    blocks: list[Block] = []
    said = {_declared(node) for node, _ in items}
    for _ in range(MOST_BASES):
        contracts = [node for node, _ in items if isinstance(node, tree.ContractDecl)]
        base = extends_of(contracts[-1]) if contracts else None
        name = base.value if isinstance(base, tree.StringLit) else ""
        text = given.bases.get(name) or given.bases.get(name.partition(":")[2])
        if not text:
            break
        items = _unwrapped(parse(sources, sources.add(name, text), Findings()).items)
        kept = [(node, doc) for node, doc in items if _stays(node, said)]
        wording = Wording(sources, given.host, _anchors(kept))
        declarations = Declarations(wording, Steps(wording, dict(given.texts)), given.values, given.texts, kept)
        title = _title([node for node, _ in items if isinstance(node, tree.ContractDecl)], name)
        short = name.partition("@")[0]
        blocks.append(Heading(2, runs(f"Taken over: {title}"), anchor_of("base", short)))
        blocks.append(Paragraph(runs(f"These hold as well, as they stand in {short}."), "note"))
        blocks += _by_kind(declarations, kept, 3, _LASTING)
        said |= {_declared(node) for node, _ in items}
    return blocks


def _declared(node: tree.Node) -> tuple[type, str]:
    """What a declaration is cited by."""
    if isinstance(node, tree.ClauseDecl) and node.number is not None:
        return type(node), node.number.value
    name = getattr(node, "name", None)
    return type(node), name.text if isinstance(name, tree.Name) else ""


def _stays(node: tree.Node, said: set[tuple[type, str]]) -> bool:
    """Whether a base's declaration holds beside those: of clauses, a `floor` does."""
    return _declared(node) not in said or (isinstance(node, tree.ClauseDecl) and node.strength == "floor")


def _by_kind(declarations: Declarations, items: list[tuple[tree.Node, str]], level: int = 2,
             sections: Iterable[tuple[str, tuple[type, ...]]] = _SECTIONS) -> list[Block]:  # fmt: skip
    blocks: list[Block] = []
    for name, kinds in sections:
        inside = [(node, doc) for node, doc in items if isinstance(node, kinds)]
        made = declarations.blocks(inside, level + 1, apart=False)
        if made:
            blocks.append(Heading(level, runs(name), anchor_of("section", name)))
            blocks += made
    return blocks


def _woven(text: str, declarations: Declarations, items: list[tuple[tree.Node, str]]) -> tuple[Block, ...]:
    """Prose as it stands, and in place of each fence what it declares."""
    blocks: list[Block] = []
    at = 0
    level = 1
    for start, end in fences(text):
        opening = text.rfind("\n", 0, start) + 1
        prose = text[at:opening]
        level = _level_after(prose, level)
        if prose.strip():
            blocks.append(Prose(prose.strip("\n")))
        inside = [(node, doc) for node, doc in items if start <= node.span.start < end]
        for node, _ in inside:
            if isinstance(node, tree.ContractDecl):
                blocks += declarations.contract(node)
        blocks += declarations.blocks(inside, min(level + 1, 6), apart=True)
        line = text.find("\n", end + 1)
        at = len(text) if line < 0 or end >= len(text) else line + 1
    if text[at:].strip():
        blocks.append(Prose(text[at:].strip("\n")))
    return tuple(blocks)


def _level_after(prose: str, level: int) -> int:
    for line in prose.splitlines():
        hashes = len(line) - len(line.lstrip("#"))
        if 0 < hashes <= 6 and line[hashes:].startswith(" "):
            level = hashes
    return level


def _prose_title(text: str) -> str:
    return next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), "")


def _unwrapped(items: tuple[tree.Node, ...], doc: str = "") -> list[tuple[tree.Node, str]]:
    """All items, those of contracts after them, each with its doc comment."""
    out: list[tuple[tree.Node, str]] = []
    for item in items:
        node, said = item, doc
        while isinstance(node, tree.Described):
            said, node = node.doc, node.item
        out.append((node, said))
        if isinstance(node, tree.ContractDecl | tree.BlockItem):
            out += _unwrapped(node.items)
    return out


def _title(contracts: list[tree.ContractDecl], name: str) -> str:
    for contract in contracts:
        for entry in contract.entries:
            if entry.name.text in ("title", "name") and isinstance(entry.value, tree.StringLit):
                return entry.value.value
    if contracts:
        return contracts[0].name.text
    return name.rpartition("/")[2].partition(".")[0]


def _anchors(items: list[tuple[tree.Node, str]]) -> dict[str, str]:
    """Where the document explains each name; the first declaration of a name has it."""
    anchors: dict[str, str] = {}
    for node, _ in items:
        kind = _ANCHORED.get(type(node))
        name = getattr(node, "name", None)
        if kind and isinstance(name, tree.Name):
            anchors.setdefault(name.text, anchor_of(kind, name.text))
    return anchors


_ANCHORED: dict[type, str] = {
    tree.ParamDecl: "param", tree.RoleDecl: "role", tree.ProposalDecl: "proposal", tree.StateDecl: "state",
    tree.ConstDecl: "definition", tree.FnDecl: "definition", tree.ElectorateDecl: "electorate",
}  # fmt: skip


def contents(document_: Document) -> list[tuple[int, Inline, str]]:
    """What a table of contents lists: level, heading and anchor, of the levels 2 and 3."""
    return [(b.level, b.text, b.anchor) for b in document_.blocks
            if isinstance(b, Heading) and 2 <= b.level <= 3 and plain(b.text)]  # fmt: skip
