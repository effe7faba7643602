"""Help pages: of everything, of a noun, of a verb. Derived from the grammar, so nothing that can be typed lacks."""

from __future__ import annotations

from icn_node.cli.failure import EXIT_CODES, OK
from icn_node.cli.fixed import GROUPS
from icn_node.cli.layout import columns_of, pad, wrap
from icn_node.cli.settings import GLOBAL
from icn_node.cli.tree import Grammar, NounOnly, fixed_grammar, whole_grammar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from icn_node.cli.grammar import Param, Verb
    from icn_node.cli.invocation import Invocation

PAGE = 80
_MOST_LEFT = 26


def help_page(call: Invocation) -> int:
    """`icn help [NOUN [VERB]]`. Raises Failure for words that are nothing."""
    width = min(call.out.width or PAGE, 100)
    words = call.many("words")
    lines = page_of(words, width)
    call.out.answer({"help": "\n".join(lines)}, lines)
    return OK


def page_of(words: Sequence[str], width: int) -> list[str]:
    """The page for these words. Raises Failure for words that are nothing."""
    if not words:
        return top(whole_grammar(), width)
    grammar = fixed_grammar()
    verb = grammar.verbs.get(tuple(words))
    if verb is None:
        grammar = whole_grammar()
        try:
            verb, _ = grammar.find(words)
        except NounOnly as noun:
            return noun_page(grammar, noun.noun, width)
    others = [v for v in grammar.of(verb.words[0]) if v is not verb] if len(verb.words) == 1 else []
    lines = verb_page(verb, width)
    if others:
        pairs = [("icn " + " ".join(v.words), v.summary) for v in others]
        lines = [*lines[:-1], "Also", *listed(pairs, width), "", lines[-1]]
    return lines


def listed(pairs: Sequence[tuple[str, str]], width: int, indent: int = 2) -> list[str]:
    """Names on the left, what they are on the right, wrapped."""
    left = min(_MOST_LEFT, max((columns_of(name) for name, _ in pairs), default=0))
    lines = []
    for name, about in pairs:
        parts = wrap(about, max(20, width - indent - left - 2))
        first = pad(name, left)
        if columns_of(name) > left:
            lines.append(" " * indent + name)
            first = " " * left
        lines.append((" " * indent + first + "  " + parts[0]).rstrip())
        lines += [" " * (indent + left + 2) + part for part in parts[1:]]
    return lines


def top(grammar: Grammar, width: int) -> list[str]:
    """The page of everything: every noun in its group, the options of every command, the exit codes."""
    lines = [
        "icn: a co-op's node. Members trade and decide; all is signed and can be proven.", "",
        "Usage: icn NOUN VERB [ARGUMENTS] [--OPTIONS]", "",
    ]  # fmt: skip
    nouns = list(dict.fromkeys(words[0] for words in grammar.verbs))
    left = list(nouns)
    for title, members in (*GROUPS, ("More", ())):
        inside = [n for n in members if n in left] if members else left
        left = [n for n in left if n not in inside]
        if inside:
            pairs = [(noun, first_sentence(grammar.nouns.get(noun, ""))) for noun in inside]
            lines += [title, *listed(pairs, width), ""]
    lines += ["Options of every command", *listed([option_line(p) for p in GLOBAL], width), ""]
    lines += ["Exit codes", *listed([(str(code), what) for code, what in EXIT_CODES], width), ""]
    lines += ["`icn NOUN` lists its verbs; `icn NOUN VERB --help` explains one."]
    return lines


def noun_page(grammar: Grammar, noun: str, width: int) -> list[str]:
    """The page of a noun: its verbs."""
    about = grammar.nouns.get(noun, "")
    lines = [*(wrap(f"icn {noun}: {about[:1].lower() + about[1:]}", width) if about else [f"icn {noun}"]), ""]
    pairs = [(" ".join(v.words[1:]) or "(alone)", v.summary) for v in grammar.of(noun)]
    lines += [*listed(pairs, width), "", f"`icn {noun} VERB --help` explains one."]
    return lines


def verb_page(verb: Verb, width: int) -> list[str]:
    """The page of a verb."""
    lines = [*wrap("Usage: " + verb.usage(), width), ""]
    for paragraph in verb.doc.split("\n\n"):
        lines += [*wrap(" ".join(paragraph.split()), width), ""]
    places = [p for p in verb.params if p.place and not p.secondary]
    options = sorted((p for p in verb.params if not p.place and not p.secondary), key=lambda p: not p.required)
    further = [p for p in verb.params if p.secondary]
    if places:
        lines += ["Arguments (or as options)", *listed([argument_line(p) for p in places], width), ""]
    if options:
        lines += ["Options", *listed([option_line(p) for p in options], width), ""]
    if further:
        lines += ["Further", *listed([option_line(p) for p in further], width), ""]
    if verb.example:
        lines += ["Example", *example_lines(verb.example, width), ""]
    lines += ["`icn --help` has the options of every command."]
    return lines


def example_lines(example: str, width: int) -> list[str]:
    """A command line, broken before options with a backslash where it is long, so that it can be copied."""
    lines = ["  "]
    for part in example.replace(" --", "\n--").split("\n"):
        if lines[-1].strip() and len(lines[-1]) + 1 + len(part) > width - 2:
            lines[-1] += " \\"
            lines.append("      " + part)
        else:
            lines[-1] += (" " if lines[-1].strip() else "") + part
    return lines


def argument_line(param: Param) -> tuple[str, str]:
    """An argument and what it is."""
    shown = param.shown + ("..." if param.many else "")
    return (shown if param.required else f"[{shown}]"), about(param)


def option_line(param: Param) -> tuple[str, str]:
    """An option and what it is."""
    if param.flag:
        name = f"--no-{param.option}" if param.default == "yes" else f"--{param.option}"
        return (f"--[no-]{param.option}" if param.default == "either" else name), about(param)
    return f"--{param.option} {param.shown}", ("required: " if param.required else "") + about(param)


def about(param: Param) -> str:
    """What a parameter is, its choices and its default."""
    text = param.doc
    if param.choices and not any(choice in text for choice in param.choices):
        text = f"{text}: {', '.join(param.choices)}" if text else "one of " + ", ".join(param.choices)
    if param.default and not param.flag:
        text += f" (default {param.default})"
    return text.strip()


def first_sentence(text: str) -> str:
    """Up to the first full stop or semicolon, with a capital."""
    for mark in (". ", "; "):
        text = text.partition(mark)[0]
    text = text.rstrip(".")
    return text[:1].upper() + text[1:] + "." if text else ""
