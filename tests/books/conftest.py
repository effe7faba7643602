"""A co-op for each test, closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.books.coop import Coop


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    found = Coop(tmp_path)
    yield found
    found.close()
