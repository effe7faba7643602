"""Explanations of what can be wrong with a contract as a whole: CCL0300 to CCL0399.

Each says what is wrong in general, why it matters, and what to do; the example is CCL. Kept next to nothing else, so
that it is read only when somebody asks.
"""

from __future__ import annotations

from ccl.catalogue import Entry

_HEAD: dict[str, Entry] = {
    "CCL0300": Entry(
        "unknown edition",
        "A contract pins its edition: the meaning of the language, the fuel table and the time-zone data under "
        "which it "
        "was adopted and is replayed. The number here is none that this program knows. Use a known edition, or a newer "
        "program.",
        "contract Orchard { edition: 1; }",
    ),
    "CCL0301": Entry(
        "malformed version",
        "A contract's version is one to three numbers with dots between. People cite it; nothing is computed with it.",
        'contract Orchard { version: "1.2.0"; }',
    ),
    "CCL0302": Entry(
        "unknown time zone",
        "Days begin and end by the contract's time zone, named as in the IANA list. Abbreviations such as CET are "
        "ambiguous and not all known.",
        'contract Orchard { timezone: "Europe/Madrid"; }',
    ),
    "CCL0303": Entry("holiday listed twice", "The calendar lists days that are no working days. Once is enough."),
    "CCL0304": Entry(
        "unknown entry",
        "A declaration has the entries that its kind knows. One that nothing reads would look like a rule and be none, "
        "so it is an error. Remarks for people (title, description, author, notes and the like) may stand anywhere.",
        "role Steward { seats: 3; }   // not: seat: 3;",
    ),
    "CCL0305": Entry("said twice", "An entry or a field stands twice, and only one could hold. Leave one of them out."),
    "CCL0306": Entry(
        "editions differ",
        "A contract and the base that it extends are one program, so they pin one edition.",
    ),
    "CCL0307": Entry(
        "decimals differ",
        "A unit has the same number of decimals everywhere: in the ledger, in a base, and in this contract. Otherwise "
        "500 would mean one amount here and another there.",
        "unit CREDIT { decimals: 2; }",
    ),
    "CCL0308": Entry("value of the wrong kind", "The entry takes another kind of value; the message says which."),
    "CCL0309": Entry(
        "several contracts",
        "These sources hold several contracts of which none extends the others. All are checked; the last one is what "
        "runs. This is a warning.",
    ),
    "CCL0310": Entry(
        "import not found",
        "An import names another of the sources that were given together. Nothing is fetched from elsewhere: what a "
        "space is ruled by must be in its own record.",
        'import "fees.ccl" as fees;',
    ),
    "CCL0311": Entry("name not found in the import", "The source that is imported declares nothing of that name."),
    "CCL0312": Entry(
        "base not pinned",
        "A base is pinned by the SHA-256 of its text, so that the rules of a space never change because somebody "
        "else changed theirs.",
        'contract Orchard extends "space:regional@<64 hexadecimal digits>" { }',
    ),
    "CCL0313": Entry(
        "base not given",
        "The text of a base is handed over together with the contract. The one named here was not.",
    ),
    "CCL0314": Entry(
        "base has another hash",
        "The text that was given under this name is not the one that the contract pins: it has been changed since, or "
        "is another. Give the pinned text, or pin the new one in a new version of the contract.",
    ),
    "CCL0315": Entry("base without a contract", "The pinned text declares no contract, so there is nothing to extend."),
    "CCL0316": Entry(
        "circle of bases",
        "A contract extends itself, through another, or bases stand on bases too deep. Take one `extends` away.",
    ),
    "CCL0317": Entry(
        "unknown contract",
        "A name after `extends` is a contract of the same sources. One of another text is named and pinned in quotes.",
        'contract B extends A { }   contract C extends "space:a@<hash>" { }',
    ),
    "CCL0318": Entry("two contracts of one name", "Contracts of the same sources have different names."),
    "CCL0319": Entry(
        "no place here", "This declaration means nothing where it stands; the message says where it belongs."
    ),
}

_KEPT: dict[str, Entry] = {
    "CCL0320": Entry(
        "parameter without a value",
        "A parameter holds from the day on which the contract is adopted, so it begins with a value.",
        "param limit: Money<CREDIT> = 500 in 0..2000 changed by PolicyDecision;",
    ),
    "CCL0321": Entry(
        "value outside of the range", "A parameter's first value lies within its own range, both ends included."
    ),
    "CCL0322": Entry(
        "no range",
        "A parameter's range is written `low..high`; both ends belong to it, and either may be left out.",
        "param limit: Integer = 5 in 0..10;",
    ),
    "CCL0323": Entry("range of what has no order", "Only numbers, amounts, dates and spans of time have a range."),
    "CCL0324": Entry(
        "changed by an unknown proposal",
        "`changed by` names the type of decision that may set the parameter: a proposal of this contract, or a type "
        "of decision that the space has.",
        "proposal PolicyDecision { duration: 7 days; }   param limit: Integer = 5 changed by PolicyDecision;",
    ),
    "CCL0325": Entry(
        "wider than in the base",
        "A contract may give a base's parameter another value and a narrower range, of the same type. A wider range "
        "would allow what the base rules out.",
    ),
    "CCL0327": Entry(
        "state without a value",
        "A state begins with a value. What is empty in its type (0, false, no items) is meant where none is written; "
        "a person, a date or an enum has nothing empty, so write one.",
        "state treasurer: Option<Did> = None;",
    ),
    "CCL0328": Entry(
        "type that cannot be kept",
        "Parameters, states and fields of proposals are kept from one day to the next. A view of the host, a range and "
        "money of no named unit cannot be.",
        "state treasury: Money<CREDIT> = 0;",
    ),
}

_ROLES: dict[str, Entry] = {
    "CCL0329": Entry("command listed twice", "A role names a command once. This is a warning."),
    "CCL0330": Entry(
        "unknown command",
        "Clauses and roles speak of commands that the node has, by their whole name (`credit.transfer`), by what they "
        "begin with (`credit.*`), or of all (`*`).",
        'clause "4.1" on credit.transfer "Members pay." { require member(); }',
    ),
    "CCL0331": Entry(
        "module not switched on",
        "The command exists, but its module is not in use in this space. Switch the module on by a decision first, or "
        "leave the clause out until then.",
    ),
    "CCL0332": Entry(
        "not a command", "`can:` lists commands, by name.", "role Steward { can: [member.suspend, credit.*]; }"
    ),
    "CCL0333": Entry("unknown role to extend", "A role extends a role that this contract or the space has."),
    "CCL0334": Entry("circle of roles", "A role extends itself, through others. Take one `extends` away."),
    "CCL0335": Entry(
        "not a number of seats or terms", "Seats and terms are counted from 1; without the entry there is no limit."
    ),
    "CCL0336": Entry(
        "not a term of office", "A term is a span of days, months or years.", "role Steward { term: 2 years; }"
    ),
    "CCL0337": Entry(
        "chosen by an unknown proposal",
        "`chosen by` names a proposal of this contract or a type of decision of the space.",
    ),
    "CCL0338": Entry(
        "unknown end of a term",
        "Whose term is over stays until a successor is there (`until: successor`), or leaves at once (`until: "
        "term_end`).",
    ),
    "CCL0340": Entry(
        "no condition",
        "`requires:` lists conditions that a holder must meet. How a role is filled, and for how long, are entries of "
        "their own.",
        "role Steward { requires: [!suspended()]; chosen by: Election; term: 2 years; }",
    ),
    "CCL0341": Entry("declared twice", "Two declarations of one kind have the same name. Give one of them another."),
    "CCL0342": Entry(
        "unknown type of decision",
        '`decided("x")` holds when the space acts by a decision of that type. There is no such type, so it would never '
        "hold.",
        'require decided("bylaw");',
    ),
    "CCL0343": Entry(
        "not a bound",
        "A property is stated for members and values between bounds: comparisons with numbers, and ranges.",
        "property fair(n: Integer in 0..9) for members >= 5 { n >= 0 }",
    ),
}

_ROLES["CCL0344"] = Entry(
    "no value",
    "Classes of voters (`40% Workers + 60% Users`, `majority in each of [..]`) stand in a proposal's threshold, and "
    "`name: value` among entries or fields. Elsewhere they mean nothing.",
)

_CLAUSES: dict[str, Entry] = {
    "CCL0345": Entry("two clauses of one number", "A clause is cited by its number or name, so there is one of each."),
    "CCL0347": Entry(
        "clause without a command",
        "A clause judges the commands that stand after `on`. Without them it would judge nothing, and what it forbids "
        "would be allowed.",
        "rule adults on member.join { require registered(); }",
    ),
    "CCL0348": Entry(
        "unit that does not fit",
        "`in CREDIT` makes a clause govern only commands in that unit. The unit must exist, and the commands be in "
        "one.",
        'clause "4.2" on credit.transfer in CREDIT "Small payments." { require command.amount <= 50 CREDIT; }',
    ),
    "CCL0350": Entry(
        "unknown field or role of an approval",
        "An approval is asked of the signers of a party that the command names, or of the holders of a role; the "
        "amount "
        "that decides about it is a field of the command.",
        'approval by signers payer above "approval.above_minor" of amount_minor need 2;',
    ),
    "CCL0351": Entry(
        "unknown setting", "The limit above which, and the number of those who approve, may be settings of the space."
    ),
    "CCL0352": Entry("number out of bounds", "Approvals are asked of at least one person, and given within some days."),
    "CCL0353": Entry("half of a limit", "`above` says the limit and `of` what is compared with it: both, or neither."),
    "CCL0354": Entry(
        "exception to an unknown clause",
        "An exception names the clause that it stands in for, by its number or name.",
        'exception to "4.2" when decided("emergency") { require command.amount <= 10_000 CREDIT; }',
    ),
    "CCL0355": Entry(
        "two exceptions without an order",
        "Two exceptions to one clause could hold at once, and would say different things. Number them and say "
        "which goes "
        "before which, or give them guards that cannot hold together: different variants, amounts below and from a "
        "limit on, something and its opposite.",
        'exception to "4.2" as "4.2a" when decided() before "4.2b" { }',
    ),
    "CCL0356": Entry("circle of exceptions", "Exceptions go before each other in a circle. Take one `before` away."),
    "CCL0357": Entry(
        "before what?",
        "`before` names another exception to the same clause, by the number that it was given with `as`.",
    ),
    "CCL0358": Entry(
        "exception to what a base holds fast",
        "A base's `final` clause has no exceptions, and its `floor` may only be tightened; an exception would "
        "loosen it.",
    ),
    "CCL0359": Entry(
        "final clause replaced",
        "A base's `final` clause stands as it is. A clause of another number may ask for more, as all must hold.",
    ),
    "CCL0360": Entry(
        "clause of the base replaced",
        "The base does not mark this clause `default`, so no other takes its place. Give yours another number.",
    ),
    "CCL0361": Entry(
        "too many exceptions",
        "A clause with more than 100 exceptions is another rule. Write several clauses, each with the guard under "
        "which it speaks.",
    ),
    "CCL0362": Entry(
        "exception that always holds",
        "Without `when` an exception stands in place of its clause always, and the clause means nothing. This is a "
        "warning.",
    ),
    "CCL0363": Entry(
        "guard that never holds",
        "What stands after `when` can never be true, so the clause never speaks. This is a warning.",
    ),
}

_VOTES: dict[str, Entry] = {
    "CCL0371": Entry("not a quorum", "A quorum is a part of those who may vote, from 0% to 100%.", "quorum: 50%;"),
    "CCL0372": Entry(
        "not a threshold",
        "`majority` is more than half of the votes for and against; `supermajority(2/3)` at least that part of them; "
        "`consensus` at least 80%; `unanimous` nobody against and somebody for. A part (`60%`) means at least that "
        "part. The long form says of what: `approval of electorate more than 1/2`.",
        "threshold: supermajority(2/3);",
    ),
    "CCL0373": Entry(
        "threshold out of reach", "No vote could reach the threshold, or every vote would, even one without a yes."
    ),
    "CCL0374": Entry(
        "no duration",
        "A vote is open for a span of days or hours. Months and years differ in length, so they are none.",
        "proposal Budget { duration: 14 days; }",
    ),
    "CCL0375": Entry("unknown voters", "Who may vote is a role, an electorate, or all members.", "eligible: Member;"),
    "CCL0376": Entry(
        "unknown class of voters",
        "A vote counted by classes names electorates or roles, each once.",
        "threshold: majority in each of [Workers, Users];",
    ),
    "CCL0377": Entry(
        "weights that are not the whole",
        "The weights of the classes come to 100%.",
        "threshold: 40% Workers + 60% Users;",
    ),
    "CCL0378": Entry("unknown holder of a veto", "A veto is held by a role or an electorate."),
    "CCL0379": Entry(
        "quorum or approval said twice",
        "One of the two could not hold. A quorum by class stands once for each class, and is the same for each.",
    ),
    "CCL0380": Entry(
        "a tied vote passes",
        "At least half is reached by exactly half, so a motion with as many for as against passes. Usually `majority` "
        "is meant: more than half. This is a warning.",
    ),
    "CCL0381": Entry(
        "electorate of nobody",
        "An electorate is made of the holders of a role, or of all members.",
        "electorate Workers { of: role worker; weight: 1; }",
    ),
    "CCL0382": Entry("not a weight", "Each ballot of an electorate weighs a whole number from 1 on."),
    "CCL0383": Entry(
        "not a delegation",
        "A delegation goes through 1 to 100 hands and ends after a span of time.",
        'delegate scope "budget" depth 5 expires 1 year;',
    ),
    "CCL0384": Entry(
        "not a field",
        "What a proposer fills in has a name and a type, or a value.",
        "proposal Grant { amount: Money<CREDIT>; duration: 7 days; }",
    ),
    "CCL0385": Entry(
        "not an execution",
        "What is done when a proposal is accepted stands in braces.",
        "execution: { credit.transfer(payee: to, amount: amount); }",
    ),
    "CCL0386": Entry(
        "vote described in another way",
        "A proposal is decided by one vote on yes or no, with a quorum, a threshold and a duration. Several rounds are "
        "several proposals.",
    ),
}

_LATER: dict[str, Entry] = {
    "CCL0387": Entry(
        "circle of triggers",
        "What one trigger does sets off another, and so on, until the first is set off again: it would never end. The "
        "message names the triggers and the commands between them.",
    ),
    "CCL0388": Entry(
        "trigger without a limit",
        "A trigger acts without anybody deciding it each time, so it is known how many commands it gives and how much "
        "money it moves at most. Where that does not follow from constants and parameters, state it; the node holds "
        "the trigger to it.",
        "trigger dues every 1 month at most 50 commands, 1000 CREDIT { .. }",
    ),
    "CCL0389": Entry(
        "nothing sets it off", "A trigger goes off after a command (`on`) or every so often (`every`): one of them."
    ),
    "CCL0390": Entry(
        "transition left open",
        "A new version changes rules that proposals or terms of office under way stand on. It states what becomes of "
        "them, so that nobody is surprised.",
        "transition { open proposals: keep; terms of office: keep; }",
    ),
    "CCL0391": Entry(
        "unknown rule of a transition",
        "A transition decides about `open proposals` (keep, restart, lapse), `terms of office` (keep, restart, end), "
        "and says what is moved or dropped (`state old -> new`, `state old: drop`).",
    ),
    "CCL0392": Entry(
        "move of what is not there", "A move goes from a name of the version before to a name of this one."
    ),
    "CCL0393": Entry(
        "state or parameter lost",
        "The version before keeps something that this one does not have, or has in another type. Say what becomes "
        "of it.",
        "transition { state pool -> reserve: pool * 2; param old: drop; }",
    ),
    "CCL0394": Entry(
        "set outside of the new range",
        "The parameter is set to a value that its new range does not allow. Set it anew before, widen the range, or "
        "make its value in the transition.",
    ),
    "CCL0395": Entry(
        "role lost",
        "The version before has a role that this one has not. Its holders keep another, or none: say which.",
    ),
    "CCL0396": Entry(
        "bylaws that could never be changed again",
        "Bylaws are adopted only if there is a way to amend them: some decision by which the command that adopts "
        "bylaws "
        "is permitted. None was found. Let a clause permit it by a decision that members can take.",
        'clause "1.4" on bylaws.adopt "Changed by decision." { require decided("bylaw"); }',
    ),
    "CCL0397": Entry(
        "acceptance of nothing, or without a reason",
        "A property that is known to be false, one of the contract's own or a standard one, is accepted by its name, "
        "once, with the reason why.",
        'accept no_adds_quorum because "turnout is wanted";',
    ),
    "CCL0398": Entry(
        "form of the dialect without a meaning",
        "This stands in contracts of the Rust ICN and has no meaning here; without it something would be lost that "
        "its author meant. The message says how to write it.",
        "state treasury: Integer = 0;   // in place of init { treasury = 0; }",
    ),
    "CCL0399": Entry(
        "form of the dialect without an effect",
        "This stands in contracts of the Rust ICN, says something to their tools, and has no effect here. It may be "
        "left out. This is a warning.",
    ),
}

ENTRIES: dict[str, Entry] = {**_HEAD, **_KEPT, **_ROLES, **_CLAUSES, **_VOTES, **_LATER}
