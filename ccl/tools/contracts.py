"""Contracts loaded for the tools that run them: files, the host, the bases they extend, and what was found wrong."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ccl import core
from ccl.diagnostics import Findings
from ccl.elaborate.bodies import Bodies
from ccl.elaborate.program import elaborated
from ccl.host import Host
from ccl.report import for_people
from ccl.source import Sources
from ccl.tools import files
from ccl.tools.hosts import NoHost, host_of


@dataclass(frozen=True)
class Contract:
    """A checked contract, ready to be run: its program, and what elaborates further expressions in its names."""

    program: core.Program
    bodies: Bodies
    host: Host
    sources: Sources
    findings: Findings
    names: tuple[str, ...]
    """Of its files; the first sources are theirs, bases come after them."""

    @property
    def name(self) -> str:
        """What to call it: its first file."""
        return self.names[0]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What says which contract and against what."""
    parser.add_argument("--host", default="", help="the installed host to check against")
    parser.add_argument(
        "--no-host", action="store_true", help="against no host: functions alone, no commands, no views"
    )
    parser.add_argument("--base", metavar="FILE", action="append", default=[],
                        help="a contract that these extend, as NAME.ccl; may be given again")  # fmt: skip


def loaded(args: argparse.Namespace, paths: Sequence[str]) -> Contract | None:
    """The contract that these files make; None if it has errors, which are then shown. Raises Unreadable."""
    texts = [(path, files.text_of(path)) for path in paths]
    if not texts:
        raise files.Unreadable("no .ccl file there")
    return made_of(args, texts)


def made_of(args: argparse.Namespace, texts: Sequence[tuple[str, str]]) -> Contract | None:
    """The contract that these texts make, by name; None if it has errors, which are then shown. Raises Unreadable."""
    host = host_for(args)
    sources, findings = Sources(), Findings()
    numbers = [sources.add(name, text) for name, text in texts]
    made = elaborated(sources, numbers, host, findings, bases=bases_of(args.base))
    if made is None:
        sys.stderr.write(for_people(findings.sorted(), sources))
        return None
    return Contract(made[0], made[1], host, sources, made[1].findings, tuple(name for name, _ in texts))


def host_for(args: argparse.Namespace) -> Host:
    """The host that was asked for. Raises Unreadable if it is not there."""
    if args.no_host:
        return Host()
    try:
        return host_of(getattr(args, "given_host", None), args.host)
    except NoHost as error:
        raise files.Unreadable(f"{error}; or check functions alone with --no-host") from error


def bases_of(paths: Sequence[str]) -> dict[str, str]:
    """The texts of these files, by "name@hash". Raises Unreadable."""
    bases: dict[str, str] = {}
    for path in paths:
        text = files.text_of(path)
        bases[f"{Path(path).name.partition('.')[0]}@{hashlib.sha256(text.encode()).hexdigest()}"] = text
    return bases
