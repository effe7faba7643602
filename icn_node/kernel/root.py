"""The root of the state: a Merkle root over every current record, for balances and snapshots.

Leaves are the DAG-CBOR of each record's canonical form (as in effects), sorted by table and key; history and
projections are left out: history is in the log itself, projections follow from the rest.
"""

from __future__ import annotations

from dag import codec, merkle
from icn_node.kernel.tables import Tables, schema_of


def state_root(tx: Tables) -> tuple[bytes, int]:
    """The 32-byte root and the number of records under it."""
    hashes = []
    for record in sorted(tx.records, key=lambda r: r.TABLE):
        if record.HISTORY or record.PROJECTION:
            continue
        schema = schema_of(record)
        for row in tx.scan(record):
            hashes.append(merkle.leaf_hash(codec.encode(schema.effect(schema.key(row), row))))
    return merkle.root_of(hashes), len(hashes)
