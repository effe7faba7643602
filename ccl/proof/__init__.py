"""Proofs about contracts: core as terms of an SMT solver, the properties to be proved, and stories of what breaks them.

The solver (z3) is imported by the modules of this package and by nothing else of `ccl`; whoever uses the package runs
it in a child process with limits (`ccl.tools.limited`). Nothing here decides what a contract does: every
counterexample is played again by the reference interpreter before it is told.
"""
