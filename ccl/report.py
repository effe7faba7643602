"""Diagnostics shown: to people, with the lines they are about and what to do; to machines, as JSON.

For people, the line with the primary span is underlined with `^`, further ones with `-`, each with what is to be said
there; then come notes, and each fix as the line would read after it. Lines and columns count from 1, columns in
characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ccl.diagnostics import MOST_SHOWN, Diagnostic, Edit, Fix, Label, Severity
from ccl.source import Source, Sources, Span

_WIDEST: Final = 160
_TAB: Final = "    "
_COLOURS: Final = {
    Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.HINT: "\x1b[1;36m",
}  # fmt: skip
_BLUE: Final = "\x1b[1;34m"
_BOLD: Final = "\x1b[1m"
_PLAIN: Final = "\x1b[0m"


def for_people(diagnostics: Iterable[Diagnostic], sources: Sources, *, colour: bool = False) -> str:
    """All of them as text, with a line at the end that counts them; of many errors only the first are shown."""
    found = list(diagnostics)
    shown = _Shown(sources, colour)
    parts = [shown.diagnostic(one) for one in found[:MOST_SHOWN]]
    counts = summary(found)
    if len(found) > MOST_SHOWN:
        counts += f"; only the first {MOST_SHOWN} are shown"
    return "\n".join((*parts, counts)) + "\n" if found else ""


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    parts = []
    for severity in Severity:
        count = sum(d.severity is severity for d in diagnostics)
        if count:
            parts.append(f"{count} {severity.value}{'s' if count > 1 else ''}")
    return ", ".join(parts) or "no errors"


class _Shown:
    """Renders diagnostics of one compilation."""

    def __init__(self, sources: Sources, colour: bool) -> None:
        self.sources = sources
        self.colour = colour

    def paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self.colour and text else text

    def diagnostic(self, one: Diagnostic) -> str:
        paint = self.paint
        code = paint(_COLOURS[one.severity], f"{one.severity.value}[{one.code}]")
        head = code + paint(_BOLD, f": {_flat(one.message)}")
        if one.span.source < 0:
            return "\n".join((head, *self._notes(one, 1))) + "\n"
        width = len(str(max(self._place(label.span)[0] for label in one.labels if label.span.source >= 0)))
        lines = [head]
        for number, labels in self._by_source(one.labels):
            source = self.sources[number]
            line, column = source.place(labels[0][1].span.start)
            lines.append(" " * width + paint(_BLUE, "--> ") + f"{_flat(source.name)}:{line}:{column}")
            lines.append(" " * width + paint(_BLUE, " |"))
            lines.extend(self._excerpt(source, labels, width, one.severity))
        lines.extend(self._notes(one, width))
        for fix in one.fixes:
            lines.extend(self._fix(fix, width))
        return "\n".join(lines) + "\n"

    def _place(self, span: Span) -> tuple[int, int]:
        return self.sources[span.source].place(span.start)

    def _by_source(self, labels: tuple[Label, ...]) -> list[tuple[int, list[tuple[bool, Label]]]]:
        """The labels of each source, the primary one's source first; True marks the primary one."""
        grouped: dict[int, list[tuple[bool, Label]]] = {}
        for index, label in enumerate(labels):
            if label.span.source >= 0:
                grouped.setdefault(label.span.source, []).append((index == 0, label))
        return list(grouped.items())

    def _excerpt(
        self, source: Source, labels: list[tuple[bool, Label]], width: int, severity: Severity
    ) -> Iterable[str]:
        """The lines with labels, each underlined; between lines that do not follow on each other, an ellipsis."""
        at: dict[int, list[tuple[bool, Label]]] = {}
        for primary, label in labels:
            at.setdefault(source.place(label.span.start)[0], []).append((primary, label))
        last = 0
        for line in sorted(at):
            if last and line > last + 1:
                yield self.paint(_BLUE, "...")
            last = line
            text = source.line(line)
            first = min(source.place(label.span.start)[1] for _, label in at[line])
            cut = max(0, first - 1 - _WIDEST // 2) if len(text) > _WIDEST else 0
            yield self.paint(_BLUE, f"{line:>{width}} | ") + _flat(text[cut : cut + _WIDEST])
            for primary, label in sorted(at[line], key=lambda pair: -pair[1].span.start):
                yield self._underline(source, primary, label, text, cut, width, severity)

    def _underline(
        self, source: Source, primary: bool, label: Label, text: str, cut: int, width: int, severity: Severity
    ) -> str:
        line, column = source.place(label.span.start)
        last, end = source.place(label.span.end)
        if last > line:
            end = len(text) + 1
        before = _flat(text[cut : column - 1])
        marked = _flat(text[column - 1 : min(end - 1, cut + _WIDEST)])
        mark = ("^" if primary else "-") * max(1, len(marked))
        said = _flat(label.text)
        if last > line:
            said = f"{said} (to line {last})".strip()
        colour = _COLOURS[severity] if primary else _BLUE
        gutter = self.paint(_BLUE, " " * width + " | ")
        return f"{gutter}{' ' * len(before)}{self.paint(colour, f'{mark} {said}'.rstrip())}"

    def _notes(self, one: Diagnostic, width: int) -> Iterable[str]:
        for note in one.notes:
            yield " " * width + self.paint(_BLUE, " = ") + f"note: {_flat(note)}"

    def _fix(self, fix: Fix, width: int) -> Iterable[str]:
        """The title, and of an edit within one line that line as it would read."""
        yield " " * width + self.paint(_BLUE, " = ") + f"help: {_flat(fix.title)}"
        line = self._after(fix.edits)
        if line is not None:
            yield self.paint(_BLUE, f"{line[0]:>{width}} | ") + _flat(line[1])

    def _after(self, edits: tuple[Edit, ...]) -> tuple[int, str] | None:
        """The line that all edits are in, edited; None if they are in several, or the line is long."""
        if not edits or len({edit.span.source for edit in edits}) > 1 or edits[0].span.source < 0:
            return None
        source = self.sources[edits[0].span.source]
        numbers = {source.place(at)[0] for edit in edits for at in (edit.span.start, edit.span.end)}
        if len(numbers) > 1 or any("\n" in edit.text for edit in edits):
            return None
        number = numbers.pop()
        text = source.line(number)
        for edit in sorted(edits, key=lambda e: -e.span.start):
            start, end = source.place(edit.span.start)[1] - 1, source.place(edit.span.end)[1] - 1
            text = text[:start] + edit.text + text[end:]
        return (number, text) if len(text) <= _WIDEST else None


def _flat(text: str) -> str:
    """With tabs as blanks, and what is invisible or moves the cursor made visible."""
    text = text.replace("\t", _TAB)
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def for_machines(diagnostics: Iterable[Diagnostic], sources: Sources) -> list[dict[str, object]]:
    """Each as an object that JSON can hold; the format is described by the keys it has, all of them always there."""
    return [_as_object(one, sources) for one in diagnostics]


def as_json(diagnostics: Iterable[Diagnostic], sources: Sources) -> str:
    """All of them as one line of JSON, `{"diagnostics": [..], "summary": ".."}`."""
    import json

    found = list(diagnostics)
    whole = {"diagnostics": for_machines(found[:MOST_SHOWN], sources), "total": len(found), "summary": summary(found)}
    return json.dumps(whole, ensure_ascii=False)


def _as_object(one: Diagnostic, sources: Sources) -> dict[str, object]:
    return {
        "code": one.code,
        "severity": one.severity.value,
        "message": one.message,
        **_where(one.span, sources),
        "labels": [{**_where(label.span, sources), "text": label.text} for label in one.labels],
        "notes": list(one.notes),
        "fixes": [
            {
                "title": fix.title,
                "applicable": fix.applicable,
                "dialect": fix.dialect,
                "edits": [{**_where(edit.span, sources), "text": edit.text} for edit in fix.edits],
            }
            for fix in one.fixes
        ],
    }


def _where(span: Span, sources: Sources) -> dict[str, object]:
    """The file and the range; of what no file says, neither."""
    if span.source < 0:
        return {"file": None, "range": None}
    source = sources[span.source]
    start, end = source.place(span.start), source.place(span.end)
    return {
        "file": source.name,
        "range": {
            "start": {"line": start[0], "column": start[1]},
            "end": {"line": end[0], "column": end[1]},
        },
    }
