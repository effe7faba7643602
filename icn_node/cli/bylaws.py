"""`icn bylaws` and `icn why`: the rules of a space read, checked, compared and proposed, and refusals explained."""

from __future__ import annotations

from typing import Any

from icn_node import differences, documents
from icn_node.cli import answers
from icn_node.cli.display import told
from icn_node.cli.failure import INVALID, OK, REFUSED, USAGE, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.layout import wrap
from icn_node.cli.progress import Progress
from icn_node.cli.values import read_text, whole_number, write_file
from icn_node.kernel import offices

_LEAST_WIDTH = 60
_MOST_LOOSER = 256


def show_bylaws(call: Invocation) -> int:
    """The bylaws in force, or an earlier version."""
    answer = _version(call)
    wanted = call.text("clause")
    clauses = [c for c in answer["clauses"] if wanted in ("", c["id"])]
    if not clauses and wanted:
        raise Failure(USAGE, f"version {answer['version']} has no clause {wanted}", advice="see `icn bylaws show`.")
    if call.flag("source"):
        texts = answer.get("sources")
        if not texts:
            raise Failure(USAGE, "these bylaws are clauses of words, and have no source", advice="leave --source out.")
        call.out.answer(answer, ["\n".join(s["text"] for s in texts).rstrip("\n")])
        return OK
    shown = {**answer, "clauses": clauses}
    call.out.answer(shown, lambda: _document_lines(shown, call.out.width))
    return OK


def _version(call: Invocation) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if call.text("version"):
        params["version"] = whole_number("version", call.text("version"), 1)
    call.node.read()
    answer: dict[str, Any] = call.node.call("space.bylaws", params)
    return answer


def _document_lines(answer: dict[str, Any], width: int) -> list[str]:
    form = "a contract in CCL" if answer["form"] == "ccl" else "clauses of words"
    since = answers.shown(answer, "since_ms") or str(answer.get("since", ""))
    lines = [answer["title"], f"Version {answer['version']}, {form}, in force since {since}."]
    room = max(_LEAST_WIDTH, width) - 4
    for clause in answer["clauses"]:
        lines += ["", f"{clause['id']}  {', '.join(clause['on'])}"]
        lines += [f"    {line}" for line in wrap(clause["text"], room)]
        for said, word in (("exception_to", "an exception to"), ("unit", "only in"), ("strength", "a clause that is")):
            if clause.get(said):
                lines.append(f"    ({word} {clause[said]})")
        lines += [f"    - {line}" for entry in clause["require"] for line in wrap(f"it takes {entry}", room)]
        asked = clause.get("approvals") or ([_approval(clause["approval"])] if clause.get("approval") else [])
        lines += [f"    - approval {line}" for entry in asked for line in wrap(entry, room)]
    return lines


def _approval(approval: dict[str, Any]) -> str:
    above = f" above {approval['above']} of {approval['field']}" if approval.get("field") else ""
    return f"by {approval['by']}{above} need {approval.get('need', 2)} within {approval.get('days', 14)} days"


def _bases(call: Invocation) -> tuple[tuple[str, str], ...]:
    """The contracts given with --base."""
    found = []
    for given in call.many("base"):
        name, equals, path = given.partition("=")
        if not equals:
            raise Failure(USAGE, f"--base is NAME=FILE, not {given!r}")
        found.append((name, _texts([path])[0][1]))
    return tuple(found)


def _texts(paths: list[str]) -> tuple[tuple[str, str], ...]:
    try:
        return documents.read_texts(paths)
    except documents.BadDocument as error:
        raise Failure(INVALID, str(error), code="file") from None


def _contract(call: Invocation) -> documents.Checked | None:
    """The contract in the files, checked; None for one TOML file. Raises Failure if it has errors."""
    texts = _texts(call.many("files"))
    if not any(documents.is_contract(name) for name, _ in texts):
        return None
    checked = documents.check(texts, documents.known_bases(_bases(call)))
    if checked.program is None:
        raise _faulty(checked)
    return checked


def _faulty(checked: documents.Checked) -> Failure:
    return Failure(
        INVALID, f"the contract has errors:\n{checked.report(colour=False).rstrip()}", code="bylaws_invalid",
        advice="`ccl explain CODE` says more of a code.", data={"report": checked.machine_report()},
    )  # fmt: skip


def check(call: Invocation) -> int:
    """Check a contract; INVALID if there is an error."""
    found = _contract(call)
    if found is None:
        document = _document(call, None)
        count, report = len(document["clauses"]), ""
    else:
        assert found.program is not None
        count, report = len(found.program.clauses), found.report().rstrip()
    notes = [] if found is None or found.program is None else list(offices.beyond(found.program))
    answer = {"ok": True, "clauses": count, "report": [] if found is None else found.machine_report(), "notes": notes}
    lines = [*report.splitlines(), *(f"Note: {note}." for note in notes), f"{count} clauses; nothing is wrong."]
    call.out.answer(answer, lines, "ok")
    return OK


def _document(call: Invocation, checked: documents.Checked | None) -> dict[str, Any]:
    if checked is not None:
        return documents.contract_document(checked)
    try:
        return documents.document_of(_texts(call.many("files")))
    except documents.BadDocument as error:
        raise Failure(INVALID, str(error), code="bylaws_invalid") from None


def propose(call: Invocation) -> int:
    """Propose to adopt a document."""
    checked = _contract(call)
    document = _document(call, checked)
    member = call.node.act()
    found = [] if checked is None else _changes(call, checked, succeeds=True)
    freed = differences.looser(found)
    if freed and not call.flag("looser"):
        raise Failure(
            REFUSED, "these bylaws may allow what those in force do not: " + ", ".join(freed), code="looser",
            advice="see `icn bylaws diff`; if that is meant, propose them with --looser, and the proposal says so.",
        )  # fmt: skip
    execute: dict[str, Any] = {"op": "bylaws.adopt", "document": _published(call, member, document)}
    if freed:
        execute["looser"] = freed[:_MOST_LOOSER]
    params: dict[str, Any] = {
        "as": member, "type": call.text("type", "bylaw"), "title": call.text("title") or f"Adopt {document['title']}",
        "execute": [execute], "open": not call.flag("draft"),
    }  # fmt: skip
    if call.text("rationale"):
        params["rationale"] = read_text("rationale", call.text("rationale"))
    told(call, call.node.call("governance.propose", params), "the proposal's number")
    if checked is not None and checked.program is not None:
        for note in offices.beyond(checked.program):
            call.out.note(f"Note: {note}.")
    return OK


def _changes(call: Invocation, checked: documents.Checked, *, succeeds: bool = False) -> list[dict[str, Any]]:
    """What the contract would change of the bylaws in force (or of --version); nothing is known of clauses of words.

    succeeds: it is to take their place, and what it leaves open of what is under way fails here, with its place: the
    node's refusal, which stands in the record, has but the code.
    """
    assert checked.program is not None
    try:
        old = differences.program_of(_version(call))
    except documents.BadDocument as error:
        raise Failure(INVALID, f"the other version does not hold together here:\n{error}", code="bylaws_invalid",
                      advice="its modules may have changed; upgrade the node.") from None  # fmt: skip
    if old is None:
        return []
    if succeeds and not checked.program.migrations:  # those are checked by the node, which knows what they move
        from ccl.elaborate.versions import transition_errors  # loads the compiler, which `icn why` does without

        left_open = transition_errors(old, checked.program)
        for slip in left_open:
            checked.findings.add(slip)
        if left_open:
            raise _faulty(checked)
    return differences.changes(old, checked.program)


def diff(call: Invocation) -> int:
    """What a contract would change."""
    checked = _contract(call)
    if checked is None:
        raise Failure(USAGE, "clauses of words cannot be compared", advice="give the files of a contract in CCL.")
    found = _changes(call, checked)

    def lines() -> list[str]:
        said = []
        for change in found:
            reason = f" ({change['reason']})" if change["reason"] else ""
            said.append(f"{change['name']}: {change['relation']}{reason}")
            said += [f"    {line}" for witness in change["witnesses"] for line in _witness_lines(witness)]
            said += [f"    {note}" for note in change["notes"]]
        return said or ["Nothing would change."]

    answer: dict[str, Any] = {"changes": found, "looser": differences.looser(found)}
    if call.flag("past"):
        with Progress(quiet=call.out.quiet or call.out.json) as progress:
            answer["past"] = call.node.call("bylaws.compare", {"document": _document(call, checked)}, progress)
    call.out.answer(answer, lambda: [*lines(), *_past_lines(answer.get("past"))])
    return OK


def _past_lines(past: dict[str, Any] | None) -> list[str]:
    """What would have been judged otherwise, the latest first."""
    if past is None:
        return []
    said = [f"Of {past['judged']} commands of the past, {past['otherwise']} would have been judged otherwise."]
    for one in past["shown"]:
        said.append(f"    {one['time'][:16]} {one['op']} by {one['by']}: {one['was']}; then: {one['would']}")
    return said


def _witness_lines(witness: dict[str, Any]) -> list[str]:
    """A case that shows a change, in words."""
    return [*witness["case"], f"before: {witness['old']}", f"then: {witness['new']}"]


def _published(call: Invocation, member: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document, texts too long for one event published in pieces and named by their hashes."""
    texts = [*document.get("sources", ()), *document.get("bases", ())]
    if sum(len(t["text"].encode()) for t in texts) <= documents.PIECE_BYTES:
        return document
    named: dict[str, list[dict[str, Any]]] = {}
    for kind in ("sources", "bases"):
        for source in document.get(kind, ()):
            parts = []
            for piece in documents.pieces(source["text"]):
                parts.append(call.node.call("bylaws.publish", {"as": member, "text": piece})["result"])
            named.setdefault(kind, []).append({"name": source["name"], "parts": parts})
    return {**document, **named}


def doc(call: Invocation) -> int:
    """The bylaws as a document to read."""
    from ccl.diagnostics import Findings
    from ccl.document.html import html
    from ccl.document.markdown import markdown
    from ccl.document.outline import Given, document
    from ccl.source import Sources
    from ccl.syntax import parse

    if call.many("files"):
        texts, bases = _texts(call.many("files")), dict(documents.host().bases)
    else:
        version = _version(call)
        texts = tuple((s["name"], s["text"]) for s in version.get("sources", ()))
        bases = {b["name"]: b["text"] for b in version.get("bases", ())}
        if not texts:
            raise Failure(USAGE, "these bylaws are clauses of words", advice="`icn bylaws show` lists them.")
    written = []
    for name, text in texts:
        sources, findings = Sources(), Findings()
        number = sources.add(name, text)
        made = document(sources, number, parse(sources, number, findings), Given(documents.host(), bases=bases))
        written.append(html(made) if call.text("format") == "html" else markdown(made))
    content = "\n".join(written)
    target = call.text("out")
    if target:
        write_file(target, content.encode())
        call.out.answer({"file": target}, [f"Wrote {target}."], target)
    else:
        call.out.answer({"document": content}, [content.rstrip("\n")])
    return OK


def why(call: Invocation) -> int:
    """Why an event was refused."""
    call.node.read()
    answer = call.node.call("event.explain", {"event": call.text("event"), "locale": call.text("language", "en")})

    def lines() -> list[str]:
        asked = ", ".join(answer.get("asked", ())) or "it"
        by = f" by {answer['by']}" if answer.get("by") else ""
        if answer["status"] != "refused":
            return [f"{asked}{by}: {answer['status']}, not refused."]
        told = answer.get("explanation") or [answer["text"]]
        said = [f"{asked}{by} was refused, {answer['time']}.", "", *told]
        clause, text = answer.get("clause"), answer.get("clause_text")
        if clause and text and not any(text in line for line in said):
            said.append(f"{clause}: {text}")
        if answer.get("bylaws"):
            said.append(f"(Version {answer['bylaws']} of the bylaws was in force.)")
        if answer.get("advice"):
            said.append(f"What to do: {answer['advice']}")
        return said

    call.out.answer(answer, lines, str(answer.get("text", answer["status"])))
    return OK
