"""Source files: found, read and replaced. A file is replaced whole or not at all, and keeps its permissions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ccl.source import MOST_CHARACTERS

SUFFIXES = (".ccl", ".ccl.md", ".bylaws.md")
STDIN = "-"


class Unreadable(Exception):
    """A file that cannot be read or written as a source: says which, why, and what to do."""


def found(paths: Iterable[str]) -> Iterator[str]:
    """The source files among paths: a file as it is, of a directory all within it by name, in order. `-` is stdin."""
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            yield from sorted(str(p) for p in Path(path).rglob("*") if p.name.endswith(SUFFIXES) and p.is_file())
        else:
            yield path


def text_of(path: str) -> str:
    """The text of a file, or of stdin for `-`, line ends as they are. Raises Unreadable."""
    try:
        data = sys.stdin.buffer.read(4 * MOST_CHARACTERS) if path == STDIN else _bytes_of(Path(path))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}; check the name and that you may read it") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4 * MOST_CHARACTERS)


def replace(path: str, text: str) -> None:
    """Put a text in the place of a file's. Raises Unreadable."""
    try:
        mode = Path(path).stat().st_mode & 0o7777
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error
    put(path, text, mode)


def put(path: str, text: str, mode: int = 0o644) -> None:
    """Write a file, new or in the place of another, whole or not at all. Raises Unreadable."""
    import tempfile

    target = Path(path).resolve()
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise Unreadable(f"{path}: {error.strerror or error}; it was left as it was") from error
