"""The ordering rule: how the validators of one space agree on one order of its events.

Purpose: sans-IO. Blocks and clock readings go in; blocks to send, a time to be woken at and a decided prefix come
out. It is Mysticeti-C's commit rule (Babel et al., arXiv 2310.14821) with one leader a round, and a gate that keeps
an idle space silent, in the spirit of Constitutional Consensus (arXiv 2505.19216). The gate and the clock rule are
compositions of this project. A lone validator (n = 1) runs the same code; nothing here asks for n.

    config     an epoch: validators, b, c, quorum, leaders        decide    which leader blocks are committed
    block      the signed ordering block                          linear    the events of a commit, in order
    held       held blocks, their votes, certificates and cones   backlog   admitted events not yet committed
    intake     validity that needs history; what waits for it     guard     never two blocks for one round
    pacing     rounds, the right moment to propose, clock rule    recovery  a new epoch when a quorum is lost
    state      what a database must keep to go on                 orderer   all of it together; start reading there

It must not know a socket, a database, a clock of its own, or what an event means.
"""
