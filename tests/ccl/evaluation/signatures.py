"""What types the operations of the core take, for the generator of programs.

A letter is a type: I Integer, B Bool, S String, R Ratio, M Money, X Exact, D Date, T Timestamp, U Duration, Y Days,
N Months, A array of I, P array of M, Q array of S, C array of pairs (I, I), E array of pairs (S, I), O Option<I>,
V Option<D>, W Result<I, S>, K Map<S, I>, G Range; and constants: z a time zone, h holidays, m a declared maximum,
k the kind of a value to print. The last letter is the result.
"""

from __future__ import annotations

from ccl import types as t

MOST = 6
"""The declared maximum of every collection that is generated."""

LETTERS: dict[str, t.Type] = {
    "I": t.INTEGER, "B": t.BOOL, "S": t.STRING, "R": t.RATIO, "M": t.Money("$"), "X": t.Exact("$"), "D": t.DATE,
    "T": t.TIMESTAMP, "U": t.DURATION, "Y": t.DAYS, "N": t.MONTHS, "A": t.Array(t.INTEGER, MOST),
    "P": t.Array(t.Money("$"), MOST), "Q": t.Array(t.STRING, MOST),
    "C": t.Array(t.Tuple((t.INTEGER, t.INTEGER)), MOST), "E": t.Array(t.Tuple((t.STRING, t.INTEGER)), MOST),
    "O": t.Option(t.INTEGER), "V": t.Option(t.DATE), "W": t.Result(t.INTEGER, t.STRING),
    "K": t.Map(t.STRING, t.INTEGER, MOST), "G": t.Range(t.INTEGER, None),
}  # fmt: skip

COMPARED = ["I", "S", "R", "M", "X", "D", "T", "U", "Y", "N"]

_TABLE = """
integer.add III   integer.sub III   integer.mul III   integer.neg II    integer.rem III   integer.pow III
integer.abs II    integer.min III   integer.max III   integer.clamp IIII integer.parse SO
ratio.make IIR    ratio.of_integer IR ratio.add RRR   ratio.sub RRR     ratio.mul RRR     ratio.div RRR
ratio.pow RIR     ratio.neg RR      ratio.abs RR      ratio.min RRR     ratio.max RRR     ratio.numerator RI
ratio.denominator RI
round.down RI     round.up RI       round.to_zero RI  round.from_zero RI round.half_up RI round.half_even RI
round.half_down RI
round.down XM     round.up XM       round.to_zero XM  round.from_zero XM round.half_up XM round.half_even XM
round.half_down XM
money.add MMM     money.sub MMM     money.neg MM      money.times MIM   money.scale MRX   money.ratio MMR
money.share MIX   money.to_exact MX money.min MMM     money.max MMM     money.abs MM      money.clamp MMMM
money.minor MI    money.of_minor IM exact.add XXX     exact.sub XXX     exact.neg XX      exact.scale XRX
exact.div XRX     exact.min XXX     exact.max XXX     exact.abs XX      split MAP
string.concat SSS string.length SI  string.contains SSB string.starts_with SSB string.ends_with SSB
string.lower SS   string.upper SS   string.trim SS    string.slice SIIS string.replace SSSS string.of IkS
string.join QSS
array.length AI   array.get AII     array.get_option AIO array.push AImA array.concat AAmA array.insert AIImA
array.slice AIIA  array.reverse AA  array.contains AIB array.first AO   array.last AO     array.set AIIA
array.remove_at AIA array.sort AA   array.repeat IImA array.take AIA    array.skip AIA    array.index_of AIO
array.distinct AA array.enumerate AC array.zip AAC
map.get KSI       map.get_option KSO map.get_or KSII  map.set KSImK     map.remove KSK    map.contains KSB
map.length KI     map.keys KQ       map.values KA     map.entries KE
range.make IIG    range.make_inclusive IIG range.contains GIB range.length GI
option.unwrap OI  option.or OII     option.ok_or OSW  result.unwrap WI  result.or WII     result.option WO
date.make IIIV    date.of_timestamp TzD date.start DzT date.add_days DYD date.sub DDY     date.add_months DND
date.add_clear_days DYD date.add_working_days DYhD date.working_days_between DDhI date.is_working_day DhB
date.year DI      date.month DI     date.day DI       date.weekday DI   date.months_between DDI
date.act_365 DDR  date.thirty_360 DDR
timestamp.add_duration TUT timestamp.sub_duration TUT timestamp.add_days TYzT timestamp.add_months TNzT
timestamp.add_clear_days TYzT timestamp.add_working_days TYzhT timestamp.sub TTU timestamp.by TDzB
timestamp.before TDzB timestamp.after TDzB timestamp.ms TI timestamp.of_ms IT
duration.add UUU  duration.sub UUU  duration.times UIU duration.div UUR duration.neg UU   duration.ms UI
duration.of_ms IU
days.add YYY      days.sub YYY      days.times YIY    days.neg YY       days.count YI     days.of IY
months.add NNN    months.sub NNN    months.times NIN  months.neg NN     months.count NI   months.of IN
"""


def _rows() -> list[tuple[str, str, str]]:
    words = _TABLE.split()
    rows = [(op, letters[:-1], letters[-1]) for op, letters in zip(words[::2], words[1::2], strict=True)]
    for op in ("eq", "ne", "lt", "le", "gt", "ge"):
        rows += [(op, letter * 2, "B") for letter in COMPARED]
    rows += [(op, letter * 2, "B") for op in ("eq", "ne") for letter in "BAOWKV"]
    rows += [(f"round.{m}", "X", "M") for m in ("half_even", "half_up")]  # these most of all
    return rows


ROWS = _rows()
BY_RESULT: dict[str, list[tuple[str, str]]] = {}
for _op, _args, _result in ROWS:
    BY_RESULT.setdefault(_result, []).append((_op, _args))
