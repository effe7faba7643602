"""The sample co-op: clearly named as one, with four members, a currency, hours and one open proposal.

It is made through the same method table that every user has, by members who join with their own keys (hosted here,
secret `sample`), so it shows nothing that a real co-op could not do. It must not be used for anything real.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from icn_node.founding import QUICK, Choices, found
from icn_node.home import Home
from icn_node.keystore import write_private
from icn_node.rpc import local
from icn_node.rpc.session import Session

SECRET = "sample"  # noqa: S105 - of the sample's members, printed for whoever tries it
_SECRET_FILE = "sample-secret"  # noqa: S105 - a file's name
_RECOVERY_FILE = "sample-recovery-key"  # of a real co-op it is on paper, and in no file
TITLE = "SAMPLE co-op, to try things out"
MEMBERS = (("anna", "Anna Vermeer"), ("ben", "Ben Okafor"), ("chloe", "Chloé Martin"), ("dmitri", "Dmitri Petrov"))
FOUNDING_OPS: tuple[dict[str, Any], ...] = (
    {"op": "credit.create", "ver": 1, "unit": "SUN", "decimals": 2, "floor_minor": -10_000, "ceiling_minor": 50_000},
    {"op": "timebank.set_up", "ver": 1},
    QUICK,
)  # fmt: skip
Tell = Callable[[str], None]


def make(home: Home, now_ms: int, tell: Tell) -> None:
    """Found the sample in an empty home and let its members join, trade and propose. The home must not be locked."""
    founder, name = MEMBERS[0]
    tell(f"Making the {TITLE} in {home.path} ...")
    made = found(
        home,
        Choices(
            name="sample", title=TITLE, handle=founder, founder_name=name, secret=SECRET, custody="node", sample=True,
            roles=("steward", "issuer", "broker"),
        ),
        now_ms=now_ms,
        ops=FOUNDING_OPS,
    )  # fmt: skip
    write_private(home.path / _SECRET_FILE, SECRET.encode() + b"\n")
    write_private(home.path / _RECOVERY_FILE, made.recovery_key.encode() + b"\n")
    home.write_config("sample", default=founder, secret_file=_SECRET_FILE, sample=True)
    with local.opened(home) as methods:
        trio.run(_live, methods.call, tell)


async def _live(call: Callable[..., Any], tell: Tell) -> None:
    sessions = {name: Session() for name, _ in MEMBERS}

    async def do(who: str, method: str, **params: Any) -> Any:
        return await call(sessions[who], method, params)

    await do("anna", "session.open", member="anna", secret=SECRET)
    for handle, name in MEMBERS[1:]:
        tell(f"  {name} joins ...")
        invited = await do("anna", "member.invite", handle=handle)
        await do(handle, "member.join", code=invited["code"], secret=SECRET, handle=handle, name=name)
    tell("  They trade, give hours, and open a vote ...")
    await do("anna", "credit.transfer", payee="ben", amount="12.50", unit="SUN", memo="Two crates of apples")
    await do("ben", "credit.transfer", payee="chloe", amount="4.00", unit="SUN", memo="Bread for the week")
    logged = await do("chloe", "timebank.log", receiver="dmitri", minutes=90, category="gardening", note="Pruning")
    await do("dmitri", "timebank.confirm", exchange=logged["result"])
    waiting = await do("ben", "timebank.log", receiver="anna", minutes=60, category="transport", note="Moving a table")
    assert waiting["status"] == "executed"
    await do(
        "ben", "governance.propose", type="quick", title="Buy a second-hand cargo bike for the co-op",
        description="About 900 SUN from the maintenance budget; Chloé keeps it at the garden.", open=True,
    )  # fmt: skip
