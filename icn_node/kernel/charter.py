"""Charter: what the founders of a space stated, and what every module's rules read of it: its time zone.

The commands that write it are in `modules.space`. It knows no clock: the local day is that of a commit's time.
"""

from __future__ import annotations

from typing import ClassVar

from icn_node.kernel import calendar
from icn_node.kernel.tables import Record, Tables


class Charter(Record, frozen=True):
    """What the founders stated. Row 1 is the charter in force.

    timezone: IANA name. fiscal_year_start: "MM-DD". validators: DIDs of the nodes that order events; b may be
    Byzantine, c offline. recovery_keys: DIDs, of which `recovery_threshold` can sign a recovery epoch.
    """

    TABLE: ClassVar[str] = "charter"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    no: int
    name: str
    title: str
    timezone: str
    languages: tuple[str, ...]
    fiscal_year_start: str
    validators: tuple[str, ...]
    b: int
    c: int
    recovery_keys: tuple[str, ...]
    recovery_threshold: int
    sample: bool
    since_ms: int


def timezone(tx: Tables) -> str:
    """The space's IANA time zone; UTC before it is founded."""
    row = tx.get(Charter, 1)
    return "UTC" if row is None else row.timezone


def local_day(tx: Tables, time_ms: int) -> int:
    """The date in the space's time zone at that UTC time, as days since 1970-01-01."""
    return calendar.local_day(time_ms, timezone(tx))
