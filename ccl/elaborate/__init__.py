"""From the syntax tree to the core: names resolved, types checked, effects inferred, in one pass over each body."""

from __future__ import annotations

from ccl.elaborate.program import check, check_text

__all__ = ["check", "check_text"]
