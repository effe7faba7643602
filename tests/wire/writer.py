"""A program that writes to a space as fast as it can and says what was acknowledged; made to be killed.

usage: python writer.py HOME SEED_HEX: mints in the space of HOME in small batches, and prints the CID of
each event, in hex, once `submit` has returned.
"""

from __future__ import annotations

import sys

from dag.event import sign_event
from dag.keys import SigningKey
from icn_node.clock import wall_clock_ms
from icn_node.home import Home
from icn_node.keystore import node_key
from icn_node.space import Space

BATCH = 3


def main() -> None:
    """Write until killed."""
    home = Home(sys.argv[1])
    key = SigningKey.from_seed(bytes.fromhex(sys.argv[2]))
    name = home.config().space
    home.lock()
    space = Space.open(home.space_path(name), home.guard_path(name), node_key(home.node_key_path))
    assert not space.stopped, space.stopped
    out = sys.stdout
    out.write("ready\n")
    out.flush()
    seq, prev = space.next_place(key.author)
    while True:
        blocks = []
        for _ in range(BATCH):
            op = {"op": "currency.mint", "ver": 1, "unit": "TOK", "payee": key.did, "amount_minor": 1}
            event = sign_event(
                key, space=space.cid, seq=seq, prev=prev, parents=(), at=wall_clock_ms(), until=None, ops=[op]
            )  # fmt: skip
            blocks.append(event.block)
            seq, prev = seq + 1, event.cid
        for receipt in space.submit(blocks, wall_clock_ms()):
            assert receipt.status == "executed", receipt
            out.write(receipt.cid.hex() + "\n")
        out.flush()


if __name__ == "__main__":
    main()
