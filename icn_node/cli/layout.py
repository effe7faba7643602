"""Text that fits a terminal: tables, records, and text from strangers made harmless. Pure.

Widths count columns as terminals do: wide East Asian characters take two, combining ones none. Whatever was written by
somebody else goes through `clean`: control characters (with which a memo could rewrite the screen or its title) and
characters that reorder text become visible. It must not know what the values mean.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "
LEAST = 8  # columns to which a text column is narrowed before a whole column is left out
ENOUGH = 24  # columns that are enough for a name, and to which texts are narrowed first
CELL_LINES = 8  # lines that a cell may take
# Marks that reorder or hide text in a terminal (Unicode Technical Report 36, "bidirectional text spoofing").
_UNSEEN = {
    *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x200B, 0x2060, 0xFEFF, 0x2028, 0x2029,
}  # fmt: skip


def clean(text: str) -> str:
    """The text with control, reordering and invisible characters shown as \\xNN or \\uNNNN; tabs become a space."""
    if text.isascii() and text.isprintable():
        return text
    out = []
    for char in text:
        code = ord(char)
        if char == "\t":
            out.append(" ")
        elif (code < 32 and char != "\n") or 127 <= code < 160 or 0xD800 <= code < 0xE000:
            out.append(f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
        elif code in _UNSEEN:
            out.append(f"\\u{code:04x}")
        else:
            out.append(char)
    return "".join(out)


def one_line(text: str) -> str:
    """Clean text whose line breaks stand as a return sign."""
    return clean(text).replace("\n", "⏎")


def columns_of(text: str) -> int:
    """How many columns the text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    none = sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
    return len(text) + wide - none


def clip(text: str, width: int) -> str:
    """The text, cut to at most `width` columns with an ellipsis."""
    if columns_of(text) <= width:
        return text
    kept = ""
    taken = 0
    for char in text:
        size = columns_of(char)
        if taken + size > width - 1:
            break
        kept += char
        taken += size
    return kept + "…" if width > 0 else ""


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text filled up to `width` columns; `right`: it stands on the right."""
    fill = " " * max(0, width - columns_of(text))
    return fill + text if right else text + fill


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken at spaces where there are any."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            while columns_of(word) > width:
                room = width - columns_of(line) - 1 if line else width
                if room < min(LEAST, width):
                    lines.append(line)
                    line, room = "", width
                head = word[: _fits(word, room)]
                lines.append(f"{line} {head}" if line else head)
                line, word = "", word[len(head) :]
            if line and columns_of(line) + 1 + columns_of(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def _fits(text: str, width: int) -> int:
    """How many characters of the text take at most `width` columns, at least one."""
    taken = 0
    for at, char in enumerate(text):
        taken += columns_of(char)
        if taken > width:
            return max(1, at)
    return len(text)


def is_number(text: str) -> bool:
    """Whether a cell holds an amount, a count or a time of day, which stand on the right."""
    plain = text.lstrip("-+").replace(".", "", 1).replace(":", "", 1).replace(" ", "").rstrip("%")
    return plain.isdigit() and plain.isascii()


def is_moment(text: str) -> bool:
    """Whether a cell holds a date, or a date and a time."""
    return len(text) in (10, 16) and text[4] == text[7] == "-" and text[:4].isdigit() and text[8:10].isdigit()


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int = 0) -> tuple[list[str], list[str]]:
    """A table's lines, its header first, and the headers of columns that did not fit.

    width: columns there are, 0 for as many as needed. Texts are narrowed, the widest first and the first column last,
    and wrapped in up to CELL_LINES lines; numbers stand on the right, and neither they nor dates are ever cut. What
    does not fit even so is left out from the end.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    kept = list(range(len(headers)))
    right = [any(r[i] for r in cells) and all(is_number(r[i]) for r in cells if r[i]) for i in kept]
    natural = [max([columns_of(headers[i]), *(columns_of(r[i]) for r in cells)]) for i in kept]
    whole = [right[i] or all(is_moment(r[i]) for r in cells if r[i]) for i in kept]
    least = [n if whole[i] else min(n, LEAST) for i, n in enumerate(natural)]
    hidden: list[str] = []
    while width and len(kept) > 1 and sum(least[i] for i in kept) + len(GAP) * (len(kept) - 1) > width:
        hidden.insert(0, headers[kept.pop()])
    sizes = _narrowed([natural[i] for i in kept], [least[i] for i in kept], width)
    lines = []
    for row in [list(headers), *cells]:
        parts = [cell_lines(row[i], size) for i, size in zip(kept, sizes, strict=True)]
        for at in range(max(map(len, parts))):
            texts = [
                pad(part[at] if at < len(part) else "", size, right=right[i])
                for i, size, part in zip(kept, sizes, parts, strict=True)
            ]
            lines.append(GAP.join(texts).rstrip())
    return lines, hidden


def cell_lines(text: str, size: int) -> list[str]:
    """A cell in lines of at most `size` columns: sentences are wrapped, words (a DID, a code) cut."""
    if columns_of(text) <= size or " " not in text:
        return [clip(text, size)]
    lines = wrap(text, size)
    if len(lines) > CELL_LINES:
        lines = [*lines[: CELL_LINES - 1], clip(" ".join(lines[CELL_LINES - 1 :]), size)]
    return lines


def _narrowed(natural: list[int], least: list[int], width: int) -> list[int]:
    """Column sizes within `width`: first none below ENOUGH, then the first column kept, then none below its least."""
    sizes = list(natural)
    room = width - len(GAP) * (len(sizes) - 1)
    if not width or sum(sizes) <= room:
        return sizes
    for floors in (
        [max(low, min(n, ENOUGH)) for n, low in zip(natural, least, strict=True)],
        [min(natural[0], max(least[0], ENOUGH)), *least[1:]],
        least,
    ):
        while sum(sizes) > room:
            most = max((s for s, low in zip(sizes, floors, strict=True) if s > low), default=0)
            if not most:
                break
            sizes[sizes.index(most, next(i for i, s in enumerate(sizes) if s == most and s > floors[i]))] -= 1
    if sum(sizes) > room:
        sizes[-1] = max(1, sizes[-1] - (sum(sizes) - room))
    return sizes


def record(pairs: Sequence[tuple[str, str]], width: int = 0, indent: int = 0) -> list[str]:
    """Aligned `key: value` lines; long values are wrapped under themselves."""
    if not pairs:
        return []
    left = " " * indent
    size = max(columns_of(key) for key, _ in pairs) + 1
    room = width - indent - size - 1 if width else 0
    lines = []
    for key, value in pairs:
        text = clean(value)
        if room < LEAST:
            parts = text.split("\n")
        else:
            parts = wrap(text, room)
        lines.append(f"{left}{pad(key + ':', size)} {parts[0]}".rstrip())
        lines += [f"{left}{' ' * size} {part}".rstrip() for part in parts[1:]]
    return lines
