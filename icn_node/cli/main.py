"""The way in: `icn` and `icn-node`. Reads the command line, calls the verb, and turns what went wrong into words.

Invariant: the fast path (a fixed verb, answered by a daemon) imports sys, os, socket, json and small files of this
package, and nothing else; tests/cli/test_startup.py holds it to that.
"""

from __future__ import annotations

import os
import sys

from icn_node.cli.failure import INTERNAL, INTERRUPTED, OK, USAGE, Failure
from icn_node.cli.grammar import Reading, read, split_words
from icn_node.cli.output import Output
from icn_node.cli.settings import GLOBAL
from icn_node.cli.tree import NounOnly, fixed_grammar, whole_grammar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from icn_node.cli.grammar import Verb
    from icn_node.cli.invocation import Invocation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `icn` with these arguments (sys.argv); the exit code."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    options = tokens[: tokens.index("--")] if "--" in tokens else tokens
    out = Output(as_json="--json" in options)
    try:
        status = _run(tokens, out)
        sys.stdout.flush()
    except Failure as failure:
        return _failed(out, failure)
    except KeyboardInterrupt:
        return _failed(out, Failure(INTERRUPTED, "interrupted")) if out.json else INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`icn ... | head`): no reason for a word, or for Python's own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return OK
    except Exception as error:
        if "--debug" in options:
            raise
        return _failed(out, _fault(error))
    return status


def daemon(arguments: Sequence[str] | None = None) -> int:
    """Run `icn-node`: `icn node run`."""
    return main(["node", "run", *(sys.argv[1:] if arguments is None else arguments)])


def _failed(out: Output, failure: Failure) -> int:
    out.failed(failure)
    sys.stdout.flush()
    return failure.status


def _fault(error: Exception) -> Failure:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
    said = " ".join(str(error).split())
    return Failure(
        INTERNAL,
        f"a fault of the program: {type(error).__name__}{': ' if said else ''}{said}{where}",
        code="fault",
        advice="please report it; --debug shows the trace.",
    )


def _run(tokens: list[str], out: Output) -> int:
    for token in tokens:
        try:
            token.encode()
        except UnicodeEncodeError:
            raise Failure(USAGE, f"{token!r} is not UTF-8 text") from None
    if not split_words(tokens, GLOBAL)[0]:
        for option, noun in (("--help", "help"), ("-h", "help"), ("--version", "version")):
            if option in tokens or (not tokens and noun == "help"):
                tokens = [noun, *(t for t in tokens if t != option)]
                break
    fixed = fixed_grammar()
    try:
        verb, rest = fixed.find(tokens, GLOBAL)
    except (NounOnly, Failure):
        try:
            verb, rest = whole_grammar().find(tokens, GLOBAL)
        except NounOnly as noun:
            places = split_words(tokens, GLOBAL)[1]
            verb, rest = fixed.verbs["help",], [noun.noun, *(t for i, t in enumerate(tokens) if i not in places)]
    reading = read(verb, rest, GLOBAL)
    if reading.help:
        words = list(verb.words) if verb.words != ("help",) else [t for t in rest[:1] if not t.startswith("-")]
        reading = Reading(fixed.verbs["help",], {"words": words}, reading.settings, False)
    from icn_node.cli.invocation import Invocation

    call = Invocation(reading, out)
    try:
        return function_of(reading.verb)(call)
    finally:
        call.node.close()


def function_of(verb: Verb) -> _Run:
    """What a verb does, imported if need be."""
    if not isinstance(verb.run, str):
        return verb.run
    module, _, name = verb.run.partition(":")
    found: _Run = getattr(__import__(module, fromlist=[name]), name)
    return found


if TYPE_CHECKING:
    from collections.abc import Callable

    _Run = Callable[[Invocation], int]
