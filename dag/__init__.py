"""Content-addressed, signed events; their order; the log.

Purpose: everything by which a stranger can check what happened in a space, from bytes alone.

Invariants: the same bytes give the same verdict on every node and for ever, so nothing here but `store` reads a
file, and nothing reads a clock, draws randomness or depends on a locale. Formats are pinned by golden vectors.

It must not know what a command means: `ops` are maps with a name and a version, and who may do what is the
kernel's business.
"""
