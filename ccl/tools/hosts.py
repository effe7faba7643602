"""The host that contracts are checked against: what the program was given, or what an installed package offers.

A package offers its host as an entry point of the group `ccl.hosts`, a function without arguments. So the language
knows no host, and a program that has one need not be told.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ccl.host import Host

GROUP: Final = "ccl.hosts"


class NoHost(Exception):
    """There is no host, or several: says what to do."""


def host_of(given: Callable[[], Host] | None, name: str = "") -> Host:
    """The host given, or the installed one of that name, or the only one there is. Raises NoHost."""
    if given is not None:
        return given()
    offered = _offered()
    if name and name not in offered:
        raise NoHost(f"no host `{name}` is installed; there are: {', '.join(sorted(offered)) or 'none'}")
    if not name and len(offered) != 1:
        known = ", ".join(sorted(offered))
        raise NoHost(f"which host? say --host NAME, one of: {known}" if offered else
                     "no host is installed, so only the syntax can be checked: `ccl check --syntax`")  # fmt: skip
    module, _, function = offered[name or next(iter(offered))].partition(":")
    host: Host = getattr(importlib.import_module(module), function)()
    return host


def _offered() -> Mapping[str, str]:
    """The hosts that installed packages offer: name to "module:function"."""
    found: dict[str, str] = {}
    for folder in sys.path:
        for name, value in _written_in(folder).items():
            found.setdefault(name, value)
    if not found:
        # Packages that are no files in a folder, such as those within an archive. Not asked first, because what it
        # imports would take longer than a check does.
        from importlib.metadata import entry_points

        found = {point.name: point.value for point in entry_points(group=GROUP)}
    return found


def _written_in(folder: str) -> dict[str, str]:
    """The entry points of the group that packages in a folder of the path state in their `entry_points.txt`."""
    try:
        with os.scandir(folder or ".") as entries:
            packages = sorted(e.path for e in entries if e.name.endswith((".dist-info", ".egg-info")))
    except OSError:
        return {}
    found: dict[str, str] = {}
    for package in packages:
        try:
            text = Path(package, "entry_points.txt").read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        if f"[{GROUP}]" in text:
            for line in text.partition(f"[{GROUP}]")[2].partition("\n[")[0].splitlines():
                name, separator, value = line.partition("=")
                if separator and not name.lstrip().startswith(("#", ";")):
                    found[name.strip()] = value.partition("[")[0].strip()
    return found
