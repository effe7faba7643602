"""What was probably meant: the nearest of some words by Damerau and Levenshtein's distance (optimal alignment)."""

from __future__ import annotations

from collections.abc import Iterable


def distance(one: str, other: str) -> int:
    """How many letters must be added, dropped, changed or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


def alike(one: str, other: str) -> int:
    """With how many equal letters both begin."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to this one, if it is near: at most a third of its letters wrong.

    Of those equally near the one that begins alike for longest, then by the alphabet.
    """
    most = max(1, len(word) // 3)
    if len(word) < 2 or len(word) > 60:
        return None
    lowered = word.lower()
    near = [
        (distance(lowered, candidate.lower()), -alike(lowered, candidate.lower()), candidate)
        for candidate in known
        if abs(len(candidate) - len(word)) <= most and candidate != word
    ]
    found = min(near, default=None)
    return found[2] if found is not None and found[0] <= most else None
