"""Explanations of what `ccl prove` and `ccl diff` answer: CCL0600 to CCL0699.

Each says what the answer means, how far it can be relied on, and what to do; the example is CCL.
"""

from __future__ import annotations

from ccl.catalogue import Entry

ENTRIES: dict[str, Entry] = {
    "CCL0601": Entry(
        "the solver is not installed",
        "Proofs and comparisons need z3, which is not installed with the node itself. Install it with "
        "`pip install 'icn-node[prove]'`. Checking, testing and running contracts need no solver.",
    ),
    "CCL0602": Entry(
        "a property does not hold",
        "There are values for which the property is false, and they are told: put them in, and the contract does what "
        "the story says, since the reference interpreter has played it. Either the contract is wrong, or the property "
        "asks too much: mend the rule, narrow the property's ranges to what can happen, or, if it is one of the "
        "standard properties and its failure is meant, accept it by name and say why.",
        'accept no_adds_quorum because "those against take part as well; that is wanted";',
    ),
    "CCL0603": Entry(
        "it is not known whether a property holds",
        "The solver found neither a proof nor an example that stands up, within its time and memory, or the contract "
        "does something that cannot be turned into terms. Nothing is claimed. Products and quotients of two unknown "
        "numbers are hard; ranges for parameters and arguments, and maxima for collections, make it easier. "
        "`ccl test` tries the property on samples all the same.",
        "property fee_below(a: Money<CREDIT> in 0..1_000_000) { fee(a) <= a }",
    ),
    "CCL0604": Entry(
        "proved up to a number of items or rounds",
        "The property holds for all values as long as no collection has more items, and no loop goes on for more "
        "rounds, than the number told. Beyond that nothing was looked at. A maximum in the collection's type that is "
        "not above the number makes it a proof without such a limit.",
        "fn total(shares: Array<Integer, max 5>) -> Integer { shares.sum() }",
    ),
    "CCL0605": Entry(
        "a property does not hold, and the contract accepts that",
        "The contract says `accept NAME because ..`, so that everybody who reads it knows: the story that breaks the "
        "property is one that its members live with.",
        'accept no_adds_quorum because "turnout is wanted";',
    ),
    "CCL0606": Entry(
        "a property of that name does not exist",
        "`accept` and `--property` take the name of a standard property or of one that the contract states. The "
        "standard ones are no_member_alone, yes_never_unpasses, no_never_passes (accepted as no_adds_quorum), "
        "not_both_ways (accepted as tie_passes), limits_never_negative, payouts_within_pool and no_overflow.",
        'accept no_adds_quorum because "turnout is wanted";',
    ),
    "CCL0610": Entry(
        "the new version is stricter",
        "Something that the old version permits is refused by the new one, and the other way round there is nothing. "
        "The example is such a case, judged by both versions.",
    ),
    "CCL0611": Entry(
        "the new version is looser",
        "Something that the old version refuses is permitted by the new one. Those who adopt it have to acknowledge "
        "that in the proposal, so that no power is widened unseen. The example is such a case, judged by both.",
    ),
    "CCL0612": Entry(
        "the new version is neither stricter nor looser",
        "It refuses something that the old version permits, and permits something that the old version refuses. Two "
        "examples show one of each. It has to be acknowledged like a looser version.",
    ),
    "CCL0613": Entry(
        "it is not known how the new version differs",
        "The solver could not compare the two within its limits, they agree only as far as was looked at, or what is "
        "compared has no stricter and looser, as what an action does. Read the two texts; it has to be acknowledged "
        "like a looser version.",
    ),
}
