"""Voting methods against counts made by hand, one ballot at a time, with exact fractions."""

from __future__ import annotations

import hashlib
import string
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.kernel import tally
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tally import Standard, canonical, fraction, share

# -- an oracle that knows nothing of the code under test ---------------------------------------------------------------


def hand_count(
    method: str, options: int, quorum: Fraction, base: str, threshold: str, people: list[str], silent: int
) -> tuple[str, set[int]]:
    """The outcome, and who could win: people are single ballots, `silent` electors cast none."""
    defaults = {
        "majority": ("more than", Fraction(1, 2)), "supermajority": ("at least", Fraction(2, 3)),
        "consensus": ("at least", Fraction(80, 100)), "unanimous": ("at least", Fraction(1)),
        "quadratic": ("more than", Fraction(1, 2)),
    }  # fmt: skip
    word, limit = defaults[method]
    if options and method in ("majority", "quadratic"):
        word, limit = "at least", Fraction(0)
    if threshold:
        word, number = threshold.rsplit(" ", 1)
        limit = Fraction(number)
    total: dict[str, int] = {}
    for ballot in people:
        if ballot == "abstain":
            continue
        for piece in ballot.split(","):
            what, _, votes = piece.partition("=")
            total[what] = total.get(what, 0) + int(votes or "1")
    electors = len(people) + silent
    if Fraction(len(people)) < quorum * electors:
        return "inquorate", set()
    against = total.pop("no", 0)
    best = max(total.values(), default=0)
    if best == 0:
        return "rejected", set()
    whole = {"cast": sum(total.values()) + against, "ballots": len(people), "electorate": electors}[base]
    part = Fraction(best, whole)
    if not (part > limit if word == "more than" else part >= limit):
        return "rejected", set()
    if options and against >= best:
        return "rejected", set()
    return "accepted", {1 if what == "yes" else int(what) for what, votes in total.items() if votes == best}


def count(standard: Standard, people: list[str], silent: int, seed: bytes | None = bytes(32)) -> tally.Tally:
    choices: dict[str, int] = {}
    for ballot in people:
        choices[ballot] = choices.get(ballot, 0) + 1
    n = len(people) + silent
    return tally.tally(standard, choices, electors=n, weight=n, seed=seed)


plain_ballots = st.sampled_from(["yes", "no", "abstain"])
option_ballots = st.sampled_from(["1", "2", "3", "no", "abstain"])
quadratic_yes_no = st.sampled_from(["yes=1", "yes=3", "yes=10", "no=1", "no=4", "no=10", "abstain"])
quadratic_options = st.sampled_from(["1=10", "1=6,2=8", "2=9", "no=5,3=5", "no=7", "3=1", "abstain", "1=1,2=1,3=1"])
thresholds = st.sampled_from(["", "more than 1/2", "at least 1/2", "at least 2/3", "more than 1/3", "at least 3/4"])


@given(
    st.sampled_from(["majority", "supermajority", "consensus", "unanimous", "quadratic"]),
    st.sampled_from([0, 3]),
    st.data(),
)
def test_every_method_agrees_with_a_count_by_hand(method: str, options: int, data: st.DataObject) -> None:
    if method == "quadratic":
        ballots = quadratic_options if options else quadratic_yes_no
    else:
        ballots = option_ballots if options else plain_ballots
    people = data.draw(st.lists(ballots, max_size=14))
    silent = data.draw(st.integers(0, 14))
    free = method in ("majority", "supermajority", "consensus")
    base = data.draw(st.sampled_from(["cast", "ballots", "electorate"])) if free else "cast"
    threshold = "" if method == "unanimous" else data.draw(thresholds)
    quorum = data.draw(st.sampled_from([(0, 1), (1, 4), (1, 2), (2, 3), (1, 1)]))
    result = count(Standard(method, options, quorum, base, threshold, 100), people, silent)
    outcome, winners = hand_count(method, options, Fraction(*quorum), base, threshold, people, silent)
    assert result.outcome == outcome
    assert (result.winner in winners) if outcome == "accepted" else result.winner == 0
    assert (set(result.tied) == winners) if len(winners) > 1 else result.tied == ()
    assert (result.seed != "") == (len(winners) > 1)
    assert result.participating == len(people)
    assert result.abstaining == people.count("abstain")
    assert sum(result.totals) == result.cast


# One case a line: method, threshold, base, quorum, ballots (yes no abstain silent), outcome.
CASES = """
majority      |               | cast       | 0/1 | 3 2 0 0    | accepted
majority      |               | cast       | 0/1 | 2 2 0 0    | rejected
majority      | at least 1/2  | cast       | 0/1 | 2 2 0 0    | accepted
majority      |               | cast       | 0/1 | 1 0 9 0    | accepted
majority      |               | ballots    | 0/1 | 1 0 9 0    | rejected
majority      |               | ballots    | 0/1 | 6 0 4 0    | accepted
majority      |               | electorate | 0/1 | 5 0 0 5    | rejected
majority      |               | electorate | 0/1 | 6 0 0 4    | accepted
majority      |               | cast       | 1/4 | 1 0 0 3    | accepted
majority      |               | cast       | 1/4 | 1 0 0 4    | inquorate
majority      |               | cast       | 1/4 | 1 0 1 4    | accepted
majority      |               | cast       | 1/2 | 0 0 5 5    | rejected
majority      |               | cast       | 0/1 | 0 0 0 9    | rejected
supermajority |               | cast       | 0/1 | 2 1 0 0    | accepted
supermajority |               | cast       | 0/1 | 199 100 0 0| rejected
supermajority | at least 3/4  | cast       | 0/1 | 3 1 0 0    | accepted
supermajority | more than 2/3 | cast       | 0/1 | 2 1 0 0    | rejected
consensus     |               | cast       | 0/1 | 8 2 0 0    | accepted
consensus     |               | cast       | 0/1 | 79 20 0 0  | rejected
consensus     |               | cast       | 0/1 | 4 1 9 0    | accepted
unanimous     |               | cast       | 0/1 | 1 0 9 0    | accepted
unanimous     |               | cast       | 0/1 | 99 1 0 0   | rejected
unanimous     |               | cast       | 0/1 | 0 0 9 0    | rejected
"""


@pytest.mark.parametrize("line", CASES.strip().splitlines())
def test_thresholds_at_their_edges(line: str) -> None:
    method, threshold, base, quorum, ballots, outcome = (cell.strip() for cell in line.split("|"))
    yes, no, abstain, silent = ballots.split()
    people = ["yes"] * int(yes) + ["no"] * int(no) + ["abstain"] * int(abstain)
    part, whole = quorum.split("/")
    standard = Standard(method, 0, (int(part), int(whole)), base, threshold, 100)
    assert count(standard, people, int(silent)).outcome == outcome


def test_none_of_the_options_must_be_beaten() -> None:
    standard = Standard("majority", 3, (0, 1), "cast", "", 100)
    assert count(standard, ["1", "1", "no", "no"], 0).outcome == "rejected"
    assert count(standard, ["1", "1", "no", "2"], 0).winner == 1


def test_weights_count_once_for_quorum_and_for_votes() -> None:
    standard = Standard("majority", 0, (1, 2), "cast", "", 100)
    result = tally.tally(standard, {"yes": 5, "no": 4, "abstain": 1}, electors=3, weight=20, seed=bytes(32))
    assert (result.quorum, result.participating, result.outcome) == (10, 10, "accepted")


# -- ballots -----------------------------------------------------------------------------------------------------------

BALLOTS = """
majority   0  yes          yes
majority   0  no           no
majority   0  abstain      abstain
majority   0  1            not_yes_or_no
majority   0  maybe        not_yes_or_no
majority   3  3            3
majority   3  no           no
majority   3  4            not_an_option
majority   3  0            not_an_option
majority   3  yes          not_an_option
majority   3  01           not_an_option
majority   3  1=1          not_an_option
quadratic  0  yes          yes=1
quadratic  0  yes=10       yes=10
quadratic  0  yes=11       over_budget
quadratic  0  no=3         no=3
quadratic  0  yes=1,no=1   bad_votes
quadratic  0  abstain      abstain
quadratic  3  3=5,1=9      over_budget
quadratic  3  3=4,1=8      1=8,3=4
quadratic  3  no=6,2=8     no=6,2=8
quadratic  3  1=1,1=1      bad_votes
quadratic  3  1=0          bad_votes
quadratic  3  1=           bad_votes
quadratic  3  1=1.5        bad_votes
quadratic  3  4=1          bad_votes
quadratic  3  2=1,         bad_votes
"""


@pytest.mark.parametrize("line", BALLOTS.strip().splitlines())
def test_ballots_are_read_into_one_spelling_or_refused(line: str) -> None:
    method, options, choice, expected = line.split()
    if "_" not in expected:
        assert canonical(method, choice, int(options), 100) == expected
        assert canonical(method, expected, int(options), 100) == expected
        return
    with pytest.raises(Refusal) as refused:
        canonical(method, choice, int(options), 100)
    assert refused.value.code == expected
    wanted = {name for _, name, _, _ in string.Formatter().parse(refused.value.text) if name}
    assert wanted == refused.value.facts.keys()


@given(st.dictionaries(st.integers(1, 8), st.integers(1, 12), min_size=1), st.integers(1, 300))
def test_a_quadratic_ballot_costs_the_sum_of_squares(votes: dict[int, int], budget: int) -> None:
    text = ",".join(f"{o}={v}" for o, v in votes.items())
    cost = 0
    for v in votes.values():
        for _ in range(v):
            cost += v
    if cost <= budget:
        assert canonical("quadratic", text, 8, budget) == ",".join(f"{o}={v}" for o, v in sorted(votes.items()))
    else:
        with pytest.raises(tally.OverBudget) as refused:
            canonical("quadratic", text, 8, budget)
        assert refused.value.facts == {"cost": cost, "credits": budget}


# -- thresholds, draws -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("more than 1/2", (1, 2, True)), ("at least 2/3", (2, 3, False)), ("at least 1/1", (1, 1, False)),
        ("at least 0/1", (0, 1, False)), ("more than 1/1", None), ("at least 3/2", None), ("at least 1/0", None),
        ("1/2", None), ("at least 1/\u0662", None), ("At least 1/2", None), ("at least 01/2", None),
        ("at least 1/2 ", None),
    ],
)  # fmt: skip
def test_a_threshold_in_words(text: str, expected: tuple[int, int, bool] | None) -> None:
    found = share(text)
    assert (None if found is None else (found.part, found.whole, found.strict)) == expected


@pytest.mark.parametrize(("text", "expected"), [("1/4", (1, 4)), ("1/1", (1, 1)), ("5/4", None), ("25%", None)])
def test_a_fraction(text: str, expected: tuple[int, int] | None) -> None:
    assert fraction(text) == expected


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 30), st.integers(1, 30), st.booleans())
def test_shares_compare_as_fractions_do(part: int, whole: int, n: int, d: int, strict: bool) -> None:
    met = tally.Share(n, d, strict).met(part, whole)
    assert met == (Fraction(part, whole) > Fraction(n, d) if strict else Fraction(part, whole) >= Fraction(n, d))


def test_a_draw_can_be_repeated_by_anybody() -> None:
    seed = tally.draw_seed("tie", b"space", 7, 1_700_000_000_000, b"")
    # DAG-CBOR of ["tie", h'7370616365', 7, 1700000000000, h''] written out by hand.
    cbor = bytes.fromhex("85 63746965 457370616365 07 1b0000018bcfe56800 40")
    assert seed == hashlib.sha256(b"icn-draw-v1\0" + cbor).digest()
    ranked = sorted((2, 5, 9), key=lambda o: hashlib.sha256(seed + o.to_bytes(8, "big")).hexdigest())
    assert tally.draw(seed, (2, 5, 9)) == tally.draw(seed, (9, 5, 2)) == ranked[0]


def test_a_draw_is_even() -> None:
    wins = [0, 0, 0]
    for no in range(3000):
        wins[tally.draw(tally.draw_seed("tie", b"s", no, 0, b""), (0, 1, 2))] += 1
    assert all(900 < w < 1100 for w in wins)


def test_while_voting_runs_a_tie_is_not_drawn() -> None:
    result = count(Standard("majority", 2, (0, 1), "cast", "", 100), ["1", "2"], 0, seed=None)
    assert (result.outcome, result.winner, result.tied, result.seed) == ("", 0, (1, 2), "")


def test_a_further_method_is_one_function_and_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Approval: any number of options, one vote each. It only has to read what `canonical` writes."""

    def approvals(choice: str, options: int, budget: int) -> tally.Marks:
        return tuple(sorted((int(piece.partition("=")[0]), 1) for piece in choice.split(",")))

    method = tally.Method("approval", approvals, tally.most_votes, "more than 1/2", "at least 1/2")
    monkeypatch.setitem(tally.METHODS, "approval", method)
    assert canonical("approval", "3,1", 3, 0) == "1=1,3=1"
    standard = Standard("approval", 3, (0, 1), "ballots", "", 0)
    result = count(standard, ["1=1,3=1", "1=1", "2=1"], 1)
    assert (result.totals, result.winner, result.outcome) == ((0, 2, 1, 1), 1, "accepted")
