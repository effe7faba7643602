"""Towns for the tests of the node: founded once, copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.town import LEAF, OPS, Town


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town of ann, bob and cid, closed."""
    folder = tmp_path_factory.mktemp("template")
    Town(folder).space.close()
    return folder


@pytest.fixture
def town(template: Path, tmp_path: Path) -> Iterator[Town]:
    """A town of this test's own."""
    made = Town.copied(template, tmp_path / "town")
    yield made
    made.space.close()


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town of four with a minted currency, whose founder holds every role that there is, closed."""
    folder = tmp_path_factory.mktemp("people")
    Town(
        folder, ("bob", "cid", "dan"), ops=(*OPS, LEAF), roles=("steward", "issuer", "broker", "arbiter")
    ).space.close()
    return folder
