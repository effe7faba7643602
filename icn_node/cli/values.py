"""Values that are read from elsewhere than the command line: @FILE, standard input, JSON, CSV.

It must not know fields.
"""

from __future__ import annotations

import sys

from icn_node.cli.failure import INVALID, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_file(path: str) -> bytes:
    """A file's bytes; `-` is standard input. Raises Failure."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - short commands do without pathlib
            return file.read()
    except OSError as error:
        raise Failure(INVALID, f"{path} does not read: {error.strerror}", code="file") from None


def read_text(option: str, text: str) -> str:
    """A text as typed; @FILE and - are read from there without the last line break; @@ stands for one @."""
    if text.startswith("@@"):
        return text[1:]
    if text != "-" and not text.startswith("@"):
        return text
    try:
        return read_file(text if text == "-" else text[1:]).decode().removesuffix("\n")
    except Failure as failure:
        failure.advice = "a text that begins with @ is written with two: @@."
        raise
    except UnicodeDecodeError:
        raise Failure(INVALID, f"--{option}: {text} is not UTF-8 text", code="file") from None


def json_value(option: str, text: str) -> Any:
    """JSON as typed, or in @FILE or on standard input. Raises Failure."""
    import json

    content = read_text(option, text)
    try:
        return json.loads(content)
    except ValueError as error:
        raise Failure(USAGE, f"--{option} is not JSON: {error}") from None


def toml_value(option: str, text: str) -> dict[str, Any]:
    """What a TOML file, named as @FILE, holds. Raises Failure."""
    import tomllib

    try:
        return tomllib.loads(read_text(option, text))
    except tomllib.TOMLDecodeError as error:
        raise Failure(INVALID, f"--{option}: {text[1:]} is not TOML: {error}", code="file") from None


def csv_rows(option: str, content: str) -> list[dict[str, str]]:
    """The rows of a CSV text by the names of its first line; empty cells are left out. Raises Failure."""
    import csv
    import io

    try:
        rows = list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff")), strict=True))
    except csv.Error as error:
        raise Failure(INVALID, f"--{option} is not CSV: {error}", code="file") from None
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise Failure(INVALID, f"--{option}: line {number} has another number of cells than the first", code="file")
    return [{k.strip(): v.strip() for k, v in row.items() if v and v.strip()} for row in rows]


def write_file(path: str, data: bytes, *, private: bool = False, replace: bool = True) -> None:
    """Write a file whole. private: readable by the owner alone. replace: over one that is there. Raises Failure."""
    import os

    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replace else os.O_EXCL)
    try:
        descriptor = os.open(path, flags, 0o600 if private else 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except FileExistsError:
        raise Failure(INVALID, f"{path} is there already", code="file", advice="choose another name.") from None
    except OSError as error:
        raise Failure(INVALID, f"{path} cannot be written: {error.strerror}", code="file") from None


def whole_number(option: str, text: str, low: int = 0, high: int = 2**53) -> int:
    """The number that was typed. Raises Failure."""
    if not text.removeprefix("-").isdigit() or not text.isascii() or not low <= int(text) <= high:
        raise Failure(USAGE, f"--{option} is a whole number from {low} to {high}, not {text!r}")
    return int(text)
