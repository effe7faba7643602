"""Pin the templates in configs/bylaws/templates to the default bylaws as they stand, after those have changed.

    .venv/bin/python scripts/pin_templates.py

A base never changes under a contract that extends it, so the templates name the default bylaws by the hash of their
text. Whoever changes the default bylaws runs this, and then tests/ccl/templates, which says whether the templates still
hold. It must not know what either of them says.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

BYLAWS = Path(__file__).resolve().parent.parent / "configs" / "bylaws"
PINNED = re.compile(r'(extends "base:default@)[0-9a-f]{64}"')


def main() -> int:
    """Pin each of them."""
    digest = hashlib.sha256((BYLAWS / "default.ccl").read_bytes()).hexdigest()
    for path in sorted((BYLAWS / "templates").glob("*.ccl*")):
        text = path.read_text(encoding="utf-8")
        pinned = PINNED.sub(rf'\g<1>{digest}"', text)
        if pinned != text:
            path.write_text(pinned, encoding="utf-8")
            print(f"Pinned {path.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
