"""All verbs of `icn`, found by their words: the fixed ones, and with them those of the modules.

Where a fixed verb has the words of a declared one it stands in its place (`member invite` makes the one-time key).
"""

from __future__ import annotations

from icn_node.cli.failure import USAGE, Failure
from icn_node.cli.fixed import NOUNS, VERBS
from icn_node.cli.grammar import MOST_WORDS, Verb, did_you_mean, split_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from icn_node.cli.grammar import Param


class NounOnly(Exception):
    """Only a noun was typed (or a noun and --help)."""

    def __init__(self, noun: str) -> None:
        super().__init__(noun)
        self.noun = noun


class Grammar:
    """Verbs by their words. nouns: what each first word is about."""

    def __init__(self, verbs: Iterable[Verb], nouns: dict[str, str]) -> None:
        self.verbs: dict[tuple[str, ...], Verb] = {}
        for verb in verbs:
            self.verbs.setdefault(verb.words, verb)
        self.nouns = nouns

    def of(self, noun: str) -> list[Verb]:
        """The verbs of a noun, in their order."""
        return [v for words, v in self.verbs.items() if words[0] == noun]

    def match(self, words: Sequence[str]) -> Verb | None:
        """The verb with the most words that these begin with."""
        for count in range(min(len(words), MOST_WORDS), 0, -1):
            found = self.verbs.get(tuple(words[:count]))
            if found is not None:
                return found
        return None

    def find(self, tokens: Sequence[str], settings: Sequence[Param] = ()) -> tuple[Verb, list[str]]:
        """The verb that tokens begin with, and the other tokens. Raises NounOnly, Failure with the nearest words."""
        words, places = split_words(tokens, settings)
        verb = self.match(words)
        if verb is not None:
            taken = set(places[: len(verb.words)])
            return verb, [t for i, t in enumerate(tokens) if i not in taken]
        raise self.unknown(words, tokens)

    def unknown(self, words: Sequence[str], tokens: Sequence[str]) -> Exception:
        """Why no verb has these words."""
        if not words:
            first = next((t for t in tokens if t.startswith("-")), "")
            return Failure(USAGE, f"{first or 'nothing'} is no command", advice="see `icn --help`.")
        noun = words[0]
        verbs = self.of(noun)
        if not verbs:
            nouns = {w[0] for w in self.verbs}
            hint = did_you_mean(noun, nouns, "`icn ") if noun else ""
            hint = hint.rstrip("?") + "`?" if hint else ""
            return Failure(USAGE, f"there is no `icn {noun}`.{hint}", advice="see `icn --help`.")
        if len(words) == 1 or all(v.words[: len(words)] == tuple(words) for v in verbs):
            return NounOnly(noun)
        if any(v.words[:2] == tuple(words[:2]) for v in verbs) and len(words) == 2:
            return NounOnly(noun)
        known = [" ".join(v.words[1:]) for v in verbs]
        said = " ".join(words[1:])
        hint = did_you_mean(said, known) or did_you_mean(words[1], known)
        shown = ", ".join(known)
        return Failure(
            USAGE, f"there is no `icn {noun} {words[1]}`.{hint}", advice=f"`icn {noun}` has: {shown}.",
        )  # fmt: skip


_whole: Grammar | None = None


def fixed_grammar() -> Grammar:
    """The verbs that need no module."""
    return Grammar(VERBS, dict(NOUNS))


def whole_grammar() -> Grammar:
    """Every verb. Imports the modules."""
    global _whole  # noqa: PLW0603 - built once a process; it depends on nothing that changes
    if _whole is None:
        from icn_node.cli import declared

        _whole = Grammar([*VERBS, *declared.verbs()], {**declared.noun_docs(), **NOUNS})
    return _whole
