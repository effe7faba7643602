"""Long explanations of CCL0400 to CCL0499: what an evaluation may cost."""

from __future__ import annotations

from ccl.catalogue import Entry

ENTRIES: dict[str, Entry] = {
    "CCL0401": Entry(
        "a loop without a bound",
        "Every rule and action must have a worst case that is known before it is adopted, so that no bylaw can make a "
        "node work without end. How often this loop runs, or over how many items this goes, is not known. Declare a "
        "maximum where the collection is declared, or count: `while c limit 100 { .. }`.",
        "fn total(xs: Array<Integer>) -> Integer { xs.sum() }            // no maximum\n"
        "fn total(xs: Array<Integer, max 500>) -> Integer { xs.sum() }",
    ),
    "CCL0402": Entry(
        "work on a collection without a declared maximum",
        "What this does takes longer the longer the collection is, and its type declares no maximum. Declare one where "
        "the collection is declared.",
        "fn sorted(xs: Array<Integer>) -> Array<Integer> { xs.sort() }\n"
        "fn sorted(xs: Array<Integer, max 100>) -> Array<Integer, max 100> { xs.sort() }",
    ),
    "CCL0403": Entry(
        "the worst case is more than one evaluation may use",
        "If every collection were as long as it declares, this would use more fuel than a node gives one evaluation, "
        "and it would then be refused in the middle. `ccl cost` shows the sum and what it grows with. Lower a maximum, "
        "or do not go over one collection inside a loop over another.",
        "for a in members { for b in members { .. } }      // members: max 5000, so 25,000,000 rounds",
    ),
    "CCL0404": Entry(
        "loops nest too deep",
        "Loops, and `map`, `all`, `sum` and their like, stand in each other more than 12 deep in one function. Move "
        "the inner ones into a function with a name that says what they find.",
    ),
    "CCL0405": Entry(
        "calls nest too deep",
        "Functions call functions that call functions, more than 64 deep. Let one do what several only pass on.",
    ),
    "CCL0430": Entry(
        "the check took too much",
        "`ccl check` gives a check 2 seconds of a processor and 256 MiB of memory, in a process of its own, so that no "
        "text can hold a machine up. Bylaws that people can read take a small part of that: divide the text, simplify "
        "its types, or declare less.",
    ),
}
