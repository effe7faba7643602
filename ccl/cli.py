"""The program `ccl`: its verbs, each in a module of `ccl.tools` that is imported only when it is called.

A verb's module has `arguments(parser)`, which says what it takes, and `run(args)`, whose result is the exit status:
0 if all is well, 1 if something was found, 2 if it was called wrongly.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ccl.host import Host

VERBS: Final = {
    "check": "find what is wrong in contracts, and how to mend it",
    "fix": "apply the fixes that errors bring",
    "fmt": "lay sources out the one way",
    "lint": "point out what is allowed and probably not meant",
    "test": "run the tests that stand in contracts",
    "cover": "say what the tests have not seen",
    "run": "evaluate a function",
    "repl": "evaluate expressions, one after the other",
    "doc": "write bylaws as a document for members",
    "explain": "what an error's code means, and what to do",
    "texts": "check a contract's texts in further languages",
    "bench": "time the judgements that a contract's tests ask for",
    "cost": "the most that each clause, action and function may cost",
    "prove": "prove what a contract promises, or tell how it fails",
    "diff": "compare two versions: stricter, looser, and in which case",
    "lsp": "serve an editor: findings, completion, renaming, layout",
}
"""Each verb, and what it does."""

_TROUBLE: Final = 2


def main(argv: Sequence[str] | None = None, host: Callable[[], Host] | None = None) -> int:
    """Run a verb; the exit status. host: what contracts are checked against, else an installed one (`ccl.tools.hosts`);
    a verb finds it in `args.given_host`."""
    if argv is None:
        # A tree is many objects and no cycles; looking for these takes a tenth of a start.
        gc.set_threshold(50_000, 20, 50)
    words = list(sys.argv[1:] if argv is None else argv)
    verb = words[0] if words else ""
    if verb in ("", "-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0 if verb else _TROUBLE
    if verb not in VERBS:
        sys.stderr.write(f"ccl: there is no `{verb}`.{_meant(verb)}\n\n{usage()}")
        return _TROUBLE
    module = importlib.import_module(f"ccl.tools.{verb}")
    parser = argparse.ArgumentParser(prog=f"ccl {verb}", description=module.__doc__)
    module.arguments(parser)
    args = parser.parse_args(words[1:])
    args.given_host = host
    try:
        status = int(module.run(args))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has read enough; what is still to be flushed goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def usage() -> str:
    """What there is to call."""
    width = max(map(len, VERBS))
    lines = [f"  ccl {verb:<{width}}  {what}" for verb, what in VERBS.items()]
    return "\n".join(("usage: ccl VERB ...", "", *lines, "", "`ccl VERB --help` says what each takes.")) + "\n"


def _meant(verb: str) -> str:
    from ccl.syntax.spelling import closest

    near = closest(verb, VERBS)
    return f" Did you mean `{near}`?" if near else ""


if __name__ == "__main__":
    sys.exit(main())
