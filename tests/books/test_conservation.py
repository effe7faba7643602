"""Whatever the file: what comes in is what stands on the accounts, sums stay zero, and a second run changes nothing."""

from __future__ import annotations

import datetime
import random
import tempfile
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from icn_node.books import exporting, sheet
from icn_node.books.identity import label_of
from icn_node.books.options import export_options
from icn_node.kernel import ledger
from tests.books.coop import Coop, quiet
from tests.books.test_exporting import accounts, by_beancount

LABELS = ("ann", "Bob B.", 'Zoë, "Z"', "李", "=cmd", "  d ", "e;f")  # fmt: skip

_ROWS = st.lists(
    st.tuples(
        st.dates(datetime.date(1995, 1, 1), datetime.date(2025, 12, 31)),
        st.sampled_from(LABELS), st.sampled_from(LABELS),
        st.decimals("0.01", "99999", places=3, allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "bread", 'a "quote"\nand a line', "ünïcode"]),
    ).filter(lambda row: label_of(row[1]) != label_of(row[2])),
    min_size=1, max_size=25,
)  # fmt: skip


def written(rows: list[tuple[Any, ...]], mark: str, comma: bool) -> str:
    """The rows as some system writes them."""
    cells = []
    for day, payer, payee, amount, memo in rows:
        figure = f"{amount:.3f}".replace(".", ",") if comma else f"{amount:.3f}"
        cells.append((day.strftime("%d.%m.%Y" if comma else "%Y-%m-%d"), payer, payee, figure, memo))
    return sheet.written(("day", "payer", "payee", "amount", "memo"), cells, mark)


def expected(rows: list[tuple[Any, ...]], decimals: int) -> dict[str, int]:
    """An oracle: decimal arithmetic of the standard library, half to even."""
    found: Counter[str] = Counter()
    for _, payer, payee, amount, _ in rows:
        minor = int(amount.scaleb(decimals).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
        found[label_of(payer)] -= minor
        found[label_of(payee)] += minor
    return dict(found)


@settings(max_examples=25, deadline=None)
@given(
    _ROWS, st.sampled_from(["comma", "semicolon", "tab"]), st.booleans(), st.sampled_from([None, 2, 3]),
    st.booleans(), st.integers(0, 2**32),
)  # fmt: skip
def test_what_comes_in_is_what_stands_there(
    rows: list[tuple[Any, ...]], mark: str, comma: bool, decimals: int | None, memo: bool, seed: int
) -> None:
    columns = "date=day,from=payer,to=payee,amount=amount" + (",memo=memo" if memo else "")
    more: dict[str, Any] = {} if decimals is None else {"decimals": decimals}
    more["decimal_mark"] = "," if comma else "."  # three places alone could be thousands
    with tempfile.TemporaryDirectory() as folder:
        coop = Coop(Path(folder))
        report = coop.load(written(rows, mark, comma), unit="SUN", map=columns, skip_bad=True, **more)
        good = [r for r in rows if r[3].scaleb(report.decimals).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)]
        assert (report.posted, report.skipped) == (len(good), len(rows) - len(good))
        assert report.rounded == sum(1 for r in good if r[3] != round(r[3], report.decimals))
        if decimals is None:
            assert report.rounded == 0
        if good:
            assert coop.balances("SUN") == expected(good, report.decimals)
            assert report.amount_minor == sum(
                int(r[3].scaleb(report.decimals).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for r in good
            )
            below = {b.account: b.balance_minor for b in report.breaches.below_floor}
            assert below == {label: minor for label, minor in expected(good, report.decimals).items() if minor < 0}
            journal = coop.folder / "out.beancount"
            options = export_options({"what": "ledger", "format": "beancount", "path": str(journal)})
            exporting.run(coop.session(), options, quiet)
            assert by_beancount(journal) == accounts(coop)
        assert set(ledger.sums(coop.space.tables).values()) <= {0}
        leaves = coop.space.head()["leaves"]
        shuffled = random.Random(seed).sample(rows, len(rows))
        more.pop("decimals", None)
        again = coop.load(written(shuffled, mark, comma), unit="SUN", map=columns, skip_bad=True,
                          decimals=report.decimals, **more)  # fmt: skip
        assert (again.outcome, again.posted, again.known) == ("nothing_new", 0, len(good))
        assert coop.space.head()["leaves"] == leaves
        coop.close()
