"""Versions: which module rules are active. A command runs only under an active version, on every node alike."""

from __future__ import annotations

from typing import ClassVar

from icn_node.kernel.tables import Record, Tables


class Active(Record, frozen=True):
    """Version `version` of the module's rules accepts commands."""

    TABLE: ClassVar[str] = "active_version"
    KEY: ClassVar[tuple[str, ...]] = ("module", "version")
    module: str
    version: int
    since_ms: int


RECORDS = (Active,)


def is_active(tx: Tables, module: str, version: int) -> bool:
    """Whether commands of that module version run."""
    return tx.get(Active, module, version) is not None


def activate(tx: Tables, module: str, version: int, time_ms: int) -> None:
    """Switch it on."""
    tx.put(Active(module, version, time_ms))


def deactivate(tx: Tables, module: str, version: int) -> None:
    """Switch it off; its records stay, its commands are refused."""
    tx.delete(Active, module, version)
