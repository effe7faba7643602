"""From characters to a syntax tree: `lexer`, `parser` and its parts, `tree`. It resolves no name and knows no type."""

from ccl.syntax.parser import parse

__all__ = ["parse"]
