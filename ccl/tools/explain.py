"""What an error's code means, why it is an error, and what to do."""

from __future__ import annotations

import argparse
import sys

from ccl import catalogue


def arguments(parser: argparse.ArgumentParser) -> None:
    """The codes."""
    parser.add_argument("codes", metavar="CODE", nargs="+", help="such as CCL0012, or just 12")


def run(args: argparse.Namespace) -> int:
    """Print each code's entry; 1 if one is not there."""
    status = 0
    for written in args.codes:
        code = catalogue.code_of(written)
        entry = catalogue.entry(code) if code else None
        if code is None or entry is None:
            sys.stderr.write(f"ccl: there is no code `{written}`; codes are CCL0001 to CCL0899\n")
            status = 1
            continue
        sys.stdout.write(f"{code}: {entry.title}\n\n{entry.text.strip()}\n")
        if entry.example:
            sys.stdout.write("\n" + "".join(f"    {line}\n" for line in entry.example.strip("\n").split("\n")))
        sys.stdout.write("\n")
    return status
