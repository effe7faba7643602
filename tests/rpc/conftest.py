"""Offices for the tests of methods, over copies of one town."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.town import LEAF, OPS, Town
from tests.rpc.office import Office


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town of ann, bob, cid and dan, closed."""
    folder = tmp_path_factory.mktemp("template")
    Town(folder, ("bob", "cid", "dan"), ops=(*OPS, LEAF), roles=("steward", "issuer")).space.close()
    return folder


@pytest.fixture
def office(template: Path, tmp_path: Path) -> Iterator[Office]:
    """An office of this test's own."""
    made = Office(template, tmp_path)
    yield made
    made.town.space.close()
