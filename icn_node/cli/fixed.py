"""The verbs that are not a module's: starting and looking after a node, keys, proofs, books, events signed elsewhere.

Only declarations, because every start of `icn` reads them; what a verb does is imported when it is called.
"""

from __future__ import annotations

from icn_node.cli.grammar import Param, Verb

GROUPS = (
    ("Start here", ("init", "node", "status", "help")),
    ("Members", ("member", "organisation", "mandate", "role", "group", "conduct", "key")),
    ("Economy", ("credit", "timebank", "exchange", "currency", "unit")),
    ("Decisions", ("governance", "approval", "bylaws", "why", "module", "space")),
    ("One's own affairs", ("notice", "privacy", "watch")),
    ("Books and proofs", ("dag", "check-proof", "books", "import", "export", "backup", "restore")),
    ("Signing elsewhere, programs", ("prepare", "sign", "submit", "rpc", "completion", "reference", "version")),
)
"""How `icn --help` groups its nouns. One that stands nowhere here is listed under "More"."""

NOUNS = {
    "init": "Found a space: a node's home, its keys, and the co-op's charter and bylaws.",
    "node": "Run the daemon, stop it, read what it has to tell its operators.",
    "status": "What the node and its space are doing.",
    "help": "This page, or the page of a noun or a verb.",
    "key": "The keys in this home, made, listed, moved, and sealed by another secret.",
    "dag": "The signed record: its log, its events, proofs, verification, archives.",
    "check-proof": "Check a proof file with nothing but the space's CID; needs no node.",
    "import": "Bring in books: history, members, opening balances.",
    "export": "Write statements and ledgers for spreadsheets, hledger and beancount.",
    "backup": "Write an encrypted backup.",
    "restore": "Make a home from a backup.",
    "watch": "Follow commits and notices as they come.",
    "prepare": "Write an event to a file, to be signed on another machine.",
    "sign": "Sign a prepared event with a key of this home; needs no node.",
    "submit": "Hand signed events in.",
    "rpc": "Call any method of the node's socket.",
    "completion": "Completion for bash, zsh or fish.",
    "reference": "Every command, query, parameter and refusal, as Markdown.",
    "version": "The version of the program, and of each module's rules.",
    "why": "Why an event was refused: the clause, what it went by, what would be allowed.",
    "module": "Which modules are switched on; switching them (by decision).",
    "bylaws": "The bylaws in force and those before; checking, comparing and proposing others.",
    "mandate": "Who signs for an organisation or a joint account.",
    "unit": "The units of account there are, and their terms.",
}

_FILE = "file"
_HANDLE = "the public short name: a-z, 0-9, _ and -, at most 32"
_PRIVATE = "; @FILE or - reads it from there"
_CLI = "icn_node.cli."

_START = (
    Verb(
        "init",
        "Found a space in a new home: the node's keys, the founder's key, a recovery key, the charter and the bylaws."
        "\n\nThe founder's secret is taken from --secret-file, ICN_SECRET, or asked for twice. The printed recovery "
        "key is shown once and kept nowhere: write it down. Only its DID goes into the charter.",
        _CLI + "start:init",
        (
            Param("name", "a short name of the space: a-z, 0-9, _ and -, at most 32", place=True),
            Param("title", "the name of the co-op in full (the short name)"),
            Param("handle", "the founder's handle (the short name's, else asked for)", shown="NAME"),
            Param("founder_name", "the founder's full name, private to members"),
            Param("timezone", "its IANA time zone, such as Europe/Amsterdam (this machine's)", shown="ZONE"),
            Param("language", "languages of its texts", many=True, default="en", shown="CODE"),
            Param("bylaws", "its bylaws, a file in CCL or TOML (those that ship with the node)", kind=_FILE,
                  shown="FILE"),
            Param("template", "its bylaws by the kind of co-op: worker, consumer, housing, producer, timebank, "
                  "multi-stakeholder, community or federation", shown="NAME"),
            Param("module", "modules that are on from the start (all)", many=True, shown="NAME"),
            Param("role", "roles that the founder holds", many=True, default="steward", shown="NAME"),
            Param("credit", "begin with a mutual-credit unit of this code", shown="CODE"),
            Param("floor", "how far its members may go below zero, in whole units", default="100"),
            Param("ceiling", "how far above", default="500"),
            Param("hours", "begin with the time bank set up: hours, one for one", kind="flag"),
            Param("quick", "begin with `quick`, a type of proposal for a group in one room: voting opens at once, and "
                  "ends as soon as everybody has voted", kind="flag"),
            Param("recovery_key", "`print` one, or the DID of a key made elsewhere (repeat for several)", many=True,
                  default="print", shown="DID"),
            Param("recovery_threshold", "how many recovery keys must sign a recovery", default="1", shown="N"),
            Param("books", "units into which the founder may import the history of another system for 90 days (made if "
                  "they are not there), and its members", many=True, shown="CODE"),
            Param("hosted", "the node holds the founder's key, as it does for members without a device", kind="flag"),
            Param("sample", "make the ready-made sample co-op instead, to try things out; takes no other choices",
                  kind="flag"),
        ),
        example="icn init riverside --title 'Riverside Co-op' --handle ann --credit SUN --hours",
    ),
    Verb("node run", "Run the node of this home until Ctrl-C or `icn node stop`. `icn-node` does the same.",
         _CLI + "daemon:run", (Param("log", "how much is logged (icn.toml)", choices=("debug", "info", "warning")),
          Param("sample", "make the sample co-op first, if this home has no node yet", kind="flag")),
         example="icn node run"),
    Verb("node stop", "Stop the running node cleanly: what it has taken is committed first.", _CLI + "daemon:stop",
         example="icn node stop", method="node.stop"),
    Verb("node notices", "What the node has to tell its operators.", _CLI + "daemon:notices",
         (Param("after", "only notices with a higher number", shown="NO"),), example="icn node notices",
         method="node.notices"),
    Verb("status", "What the node and its space are doing. Ends with 3 if the node does not run.",
         _CLI + "status:status", example="icn status", method="node.status"),
    Verb("version", "The version of the program, and of each module's rules.", _CLI + "status:version",
         example="icn version"),
    Verb("help", "The page of all commands, of a noun, or of a verb.", _CLI + "manual:help_page",
         (Param("words", "a noun, and perhaps a verb", place=True, many=True, shown="WORD", kind="command"),),
         example="icn help credit transfer"),
)  # fmt: skip

_JOINING = (
    Param("name", "your full name, private to members" + _PRIVATE, kind="private"),
    Param("contact", "how to reach you, private to you and the stewards" + _PRIVATE, kind="private"),
    Param("self", "make the key in this home's keys/, for yourself alone; else the node holds it for you", kind="flag"),
)  # fmt: skip

_MEMBERS = (
    Verb("member invite", "Invite somebody. The code that is printed is for them alone, and works once.",
         _CLI + "joining:invite",
         (Param("handle", "a handle to keep for them"),
          Param("days", "how long the code works", default="14"),
          Param("role", "roles they will hold", option="role", many=True, shown="NAME"),
          Param("label", "the account of imported books that they take over", shown="NO"),
          Param("note", "a private note to yourself" + _PRIVATE, kind="private")),
         example="icn member invite --handle carol", method="member.invite"),
    Verb("member join", "Become a member with an invitation's code, with a new key.\n\nThe node makes and holds the "
         "key, sealed by a secret of yours (asked for twice, or --secret-file, ICN_SECRET). With --self the key is "
         "made in this home, and no node need run here: "
         "--out writes the signed event, for `icn submit` on a machine with the node.",
         _CLI + "joining:join",
         (Param("code", "what the inviter handed over", required=True),
          Param("handle", _HANDLE + " (the one kept for you)"),
          *_JOINING,
          Param("out", "with --self: write the signed event to this file instead of submitting it", kind=_FILE,
                shown="FILE")),
         example="icn member join icn-aezd-... --handle carol --name 'Carol Jansen'", method="member.join"),
    Verb("member apply", "Apply for membership, with a new key (as `member join` makes it).", _CLI + "joining:apply",
         (Param("handle", _HANDLE, required=True),
          Param("statement", "what you want to say for yourself, private to members" + _PRIVATE, kind="private"),
          *_JOINING),
         example="icn member apply dave --name 'Dave de Boer' --statement 'I moved here last month.'",
         method="member.apply"),
    Verb("organisation create", "Create an organisation or joint account with yourself and others as signers.",
         _CLI + "joining:organisation",
         (Param("handle", _HANDLE, required=True),
          Param("signers", "the other signers, who must accept", many=True, shown="MEMBER"),
          Param("need", "how many must sign what none may do alone", default="1", shown="N"),
          Param("kind", "what it is", choices=("organisation", "joint"), default="organisation"),
          Param("name", "its full name, private to members" + _PRIVATE, kind="private"),
          Param("contact", "how to reach it, private to its signers and the stewards" + _PRIVATE, kind="private")),
         example="icn organisation create bakery --signers bob,carol --need 2", method="organisation.create"),
    Verb("key create", "Make a key in this home's keys/, sealed by a secret (asked for twice, or --secret-file, "
         "ICN_SECRET). It signs events on this machine; no node is needed.", _CLI + "keys:create",
         (Param("hosted", "the node holds it for a member, in keystore/", kind="flag"),), example="icn key create"),
    Verb("key list", "The keys that this home holds, and whose they are.", _CLI + "keys:listing",
         example="icn key list", method="key.list"),
    Verb("key export", "Write a key's file, still sealed by its secret, to move it to another machine.",
         _CLI + "keys:export",
         (Param("key", "the key's DID", required=True, shown="DID"),
          Param("out", "the file (standard output)", kind=_FILE, shown="FILE")),
         example="icn key export did:key:z6Mk... --out ann.key"),
    Verb("key import", "Take a key's file into this home.", _CLI + "keys:take",
         (Param("file", "what `key export` wrote", required=True, kind=_FILE, shown="FILE"),
          Param("hosted", "into keystore/, as a key that the node holds for a member", kind="flag")),
         example="icn key import ann.key"),
    Verb("key secret", "Seal a key by another secret. The old one comes as always, the new one from --new-secret-file "
         "or the terminal.", _CLI + "keys:secret",
         (Param("key", "the key's DID", required=True, shown="DID"),
          Param("new_secret_file", "file with the new secret", kind=_FILE, shown="FILE")),
         example="icn key secret did:key:z6Mk..."),
    Verb("key bind", "Sign with a key of this home that it may stand for a member: the proof for `icn member key add`, "
         "`rotate` and `recover`. No node is needed.", _CLI + "keys:bind",
         (Param("member", "the member's DID", required=True, shown="DID"),
          Param("key", "the key's DID (the only one in keys/)", shown="DID"),
          Param("space", "the space's CID (that of this home's node)", shown="CID")),
         example="icn key bind did:key:z6Mk... --space bafyrei..."),
)  # fmt: skip

_EVENT = Param("event", "the event's CID", required=True, shown="CID")

_PROOFS = (
    Verb("dag head", "Where the log stands: how long it is, its root, its signed checkpoint.", _CLI + "proofs:head",
         example="icn dag head", method="dag.head"),
    Verb("dag get", "An event and its outcome.", _CLI + "proofs:get", (_EVENT,), example="icn dag get bafyrei...",
         method="dag.get"),
    Verb("dag log", "The log: what was committed, when, and what became of it; the newest page without --after.",
         _CLI + "proofs:log",
         (Param("after", "begin after this place in the log", shown="INDEX"),
          Param("limit", "how many, at most 1000", default="20", shown="N")),
         example="icn dag log --after 100", method="dag.log"),
    Verb("dag proof", "Write a proof file: that an event with its outcome stands in the log which the validators "
         "signed. `icn check-proof` checks it anywhere.", _CLI + "proofs:proof",
         (_EVENT,
          Param("out", "the file (standard output)", kind=_FILE, shown="FILE"),
          Param("text", "as DAG-JSON text instead of DAG-CBOR", kind="flag")),
         example="icn dag proof bafyrei... --out payment.proof", method="dag.proof"),
    Verb("dag verify", "Check everything from nothing: each signature, link, outcome and sum, and that the state "
         "follows from the record. Ends with 4 if anything does not hold.",
         _CLI + "proofs:verify", example="icn dag verify",
         method="dag.verify"),
    Verb("dag rebuild", "Make the state's tables anew from the log.", _CLI + "proofs:rebuild",
         example="icn dag rebuild", method="dag.rebuild"),
    Verb("dag export", "Write the record as a CAR file.", _CLI + "proofs:export",
         (Param("file", "the file", required=True, kind=_FILE, shown="FILE"),
          Param("with_private", "with the encrypted payloads of private fields", kind="flag")),
         example="icn dag export riverside.car", method="dag.export"),
    Verb("dag import", "Take events of a CAR file that this node lacks.", _CLI + "proofs:take",
         (Param("file", "the file", required=True, kind=_FILE, shown="FILE"),), example="icn dag import riverside.car",
         method="dag.import"),
    Verb("check-proof", "Check a proof file. It needs the file and the CID of the space's genesis event, which you "
         "know from elsewhere (`icn status` shows it); no node, and nobody's word. Ends with 4 if it does not hold.",
         _CLI + "proofs:check",
         (Param("file", "the proof, binary or text; - is standard input", required=True, kind=_FILE, shown="FILE"),
          Param("genesis", "the CID of the space's genesis event", required=True, shown="CID")),
         example="icn check-proof payment.proof bafyrei..."),
)  # fmt: skip

# The names of these parameters are those of `books.options`, as `books.import` and `books.export` take them.
_READING = (
    Param("dry_run", "read and check everything; post nothing", kind="flag"),
    Param("skip_bad", "leave rows that cannot be read out, and write them to FILE.skipped.csv", kind="flag"),
    Param("source", "a name for these books; rows of different sources are never the same", default="books",
          shown="NAME"),
    Param("authority", "the import authority to act under (the first that fits)", shown="NO"),
    Param("delimiter", "comma, semicolon, tab, bar or a character (what the file uses)", secondary=True,
          shown="MARK"),
    Param("encoding", "of the text (what the file uses)", secondary=True, shown="NAME"),
    Param("no_header", "the first line is a row already; columns are numbers from 1", kind="flag", secondary=True),
    Param("audience", "who may read labels and memos", default="parties role:steward", secondary=True),
)  # fmt: skip
_AMOUNTS = (
    Param("decimals", "decimals of a unit that is created (the fewest that lose least)", shown="N"),
    Param("exact", "refuse what would have to be rounded", kind="flag"),
    Param("title", "title of a unit that is created", shown="TEXT"),
    Param("decimal_mark", "between whole and part of amounts (what the file uses)", choices=(".", ","),
          secondary=True, shown="MARK"),
    Param("amount_in", "what amounts count", choices=("units", "minor", "hours", "minutes", "seconds"),
          secondary=True, shown="WHAT"),
    Param("date_format", "dmy, mdy, ymd or a strptime pattern (what the file uses)", secondary=True,
          shown="FORMAT"),
)  # fmt: skip
_CSV = Param("file", "the CSV file", required=True, kind=_FILE, shown="FILE")
_UNIT = Param("unit", "the unit's code", required=True, place=False, shown="CODE")


def _columns(doc: str, *, required: bool) -> Param:
    return Param("map", doc, required=required, place=False, kind="json", shown="COLUMNS")


_BOOKS = (
    Verb("import", "Bring in the transactions of another system from a CSV file.\n\nLabels that nobody here has become "
         "unclaimed accounts, dates stay as value dates, and a second run changes nothing. A row that cannot be read "
         "is reported with its line, and then nothing is posted, unless --skip-bad.", _CLI + "books:history",
         (_CSV, _UNIT,
          _columns("columns: date=COL,from=COL,to=COL,amount=COL, and perhaps memo=COL,id=COL", required=True),
          *_AMOUNTS, *_READING),
         example="icn import old.csv --unit SUN --map date=Date,from=From,to=To,amount=Amount", method="books.import"),
    Verb("import members", "Bring in people from a CSV file, as unclaimed accounts that they can claim.",
         _CLI + "books:members",
         (_CSV, _columns("columns: label=COL, name=COL, handle=COL, email=COL, phone=COL, contact=COL", required=True),
          *_READING),
         example="icn import members members.csv --map label=No,name=Name", method="books.import"),
    Verb("import opening-balances", "Bring in what everybody's balance is on a day, instead of the history.",
         _CLI + "books:opening",
         (_CSV, _UNIT, _columns("columns: account=COL,balance=COL, and perhaps date=COL", required=True),
          Param("day", "as of when the balances are", shown="DATE"),
          Param("against", "what they are posted against", choices=("opening", "treasury", "issuance")),
          *_AMOUNTS, *_READING),
         example="icn import opening-balances balances.csv --unit SUN --map account=No,balance=Saldo --day 2025-12-31",
         method="books.import"),
    Verb("export", "Write a statement, a ledger, or the members' register: CSV that a spreadsheet opens, or a journal "
         "for hledger or beancount.", _CLI + "books:export",
         (Param("what", "what to write", required=True, choices=("statement", "ledger", "members")),
          Param("format", "how", choices=("csv", "hledger", "beancount"), default="csv"),
          Param("unit", "of which unit (of a ledger: all)", shown="CODE"),
          Param("member", "whose statement"),
          Param("party", "or by the party's number: an imported label's, 0 for the space", shown="NO"),
          Param("account", "which account of the space", choices=("main", "issuance", "escrow", "fees", "opening"),
                default="main"),
          Param("from_day", "from this day on", option="from", shown="DATE"),
          Param("to_day", "to this day, included", option="to", shown="DATE"),
          Param("bom", "begin CSV with a byte order mark, for spreadsheets that need one", kind="flag"),
          Param("out", "the file (standard output)", kind=_FILE, shown="FILE")),
         example="icn export ledger --format hledger --out books.journal", method="books.export"),
    Verb("backup", "Write an encrypted backup of the space and what is needed to go on from it. Neither the node's own "
         "key nor the guard file is in it.", _CLI + "books:backup",
         (Param("file", "the file (one in backups/, named by the time)", place=True, kind=_FILE, shown="FILE"),),
         example="icn backup", method="backup.create"),
    Verb("restore", "Make a home from a backup. Its node signs again, in a recovery epoch, once the printed recovery "
         "key is given (--recovery-key-file, ICN_RECOVERY_KEY, or typed in), and says what is missing.",
         _CLI + "books:restore",
         (Param("file", "the backup", required=True, kind=_FILE, shown="FILE"),
          Param("recovery_key_file", "file with a printed recovery key; repeat it where the charter asks for several",
                kind=_FILE, many=True, shown="FILE")),
         example="icn restore riverside.icnbackup --home /srv/icn"),
)  # fmt: skip

_FILES = Param(
    "files",
    "the .ccl and .bylaws.md files of one contract, or one TOML file of clauses",
    many=True,
    required=True,
    kind=_FILE,
    shown="FILE",
)
_BASE = Param(
    "base",
    "NAME=FILE: a contract that it extends, besides those that ship with the node",
    many=True,
    kind="file",
    shown="NAME=FILE",
    secondary=True,
)
_VERSION = Param("version", "a version by its number (the one in force)", shown="NO")

_BYLAWS = (
    Verb("bylaws show", "The bylaws in force, clause by clause; with --source as they were written.",
         _CLI + "bylaws:show_bylaws",
         (Param("clause", "only this clause", place=True, shown="NUMBER"), _VERSION,
          Param("source", "the text as it was adopted", kind="flag")),
         example="icn bylaws show 4.2"),
    Verb("bylaws check", "Check a contract as its adoption would: every error with its place, and how to mend it. "
         "Needs no node. Ends with 4 if there is an error.", _CLI + "bylaws:check", (_FILES, _BASE),
         example="icn bylaws check riverside.bylaws.md"),
    Verb("bylaws propose", "Propose to adopt a contract. It is checked first; what in it is looser than the bylaws in "
         "force stands in the proposal, and has to be acknowledged.", _CLI + "bylaws:propose",
         (_FILES, _BASE,
          Param("title", "the proposal's title (\"Adopt\" and the contract's)"),
          Param("type", "the type of proposal", default="bylaw", shown="NAME"),
          Param("rationale", "why, private to members; @FILE or - reads it from there", kind="private"),
          Param("looser", "acknowledge that these bylaws allow what those in force do not", kind="flag"),
          Param("draft", "leave it a draft; else its discussion begins at once", kind="flag")),
         example="icn bylaws propose riverside.ccl"),
    Verb("bylaws diff", "What a contract would change: each command and read for which it is stricter or looser than "
         "the bylaws in force, or than another version.", _CLI + "bylaws:diff",
         (_FILES, _BASE, _VERSION,
          Param("past", "say too which commands of the past it would have judged otherwise", kind="flag")),
         example="icn bylaws diff riverside.ccl"),
    Verb("bylaws doc", "The bylaws as a document to read, numbered by clause: those in force, or those in files.",
         _CLI + "bylaws:doc",
         (Param("files", "files of a contract (the bylaws in force)", many=True, place=True, kind=_FILE, shown="FILE"),
          _VERSION,
          Param("format", "how", choices=("markdown", "html"), default="markdown"),
          Param("out", "the file (standard output)", kind=_FILE, shown="FILE")),
         example="icn bylaws doc --format html --out bylaws.html"),
    Verb("why", "Why an event was refused: which clause of the bylaws then in force said no, on which facts, and what "
         "would have been allowed.", _CLI + "bylaws:why",
         (_EVENT, Param("language", "of the words: en, es, ...", default="en", shown="CODE")),
         example="icn why bafyrei...", method="event.explain"),
)  # fmt: skip

_PROGRAMS = (
    Verb("watch", "Follow commits and notices as they come, a line each, until Ctrl-C. With --json a JSON "
         "document a line.",
         _CLI + "live:watch",
         (Param("topics", "what to follow: commits, notices, peers", many=True, default="commits,notices",
                shown="TOPICS"),
          Param("count", "end after so many lines", shown="N")),
         example="icn watch --topics commits"),
    Verb("prepare", "Write an event to a file without signing it: one command, or several that hold together or not at "
         "all, separated by --and. Options of `prepare` stand before the command.", _CLI + "signing:prepare",
         (Param("out", "the file (standard output)", kind=_FILE, shown="FILE"),
          Param("author", "the device key that will sign, if the member has several", shown="DID"),
          Param("expires", "refuse it if it is committed later than that", shown="TIME")),
         example="icn prepare --as ann --out pay.event credit transfer bob 12.50 SUN", rest="command",
         method="event.prepare"),
    Verb("sign", "Sign a prepared event with a key in this home's keys/. It says from the event's own bytes what is "
         "being signed; on a terminal it asks before. No node is needed.", _CLI + "signing:sign",
         (Param("file", "what `prepare` wrote; - is standard input", required=True, kind=_FILE, shown="FILE"),
          Param("out", "the file (standard output)", kind=_FILE, shown="FILE"),
          Param("yes", "do not ask", kind="flag")),
         example="icn sign pay.event --out pay.signed"),
    Verb("submit", "Hand signed events in; ends with 1 if a rule refused one.", _CLI + "signing:submit",
         (Param("files", "what `sign` wrote; - is standard input", required=True, many=True, kind=_FILE,
                shown="FILE"),),
         example="icn submit pay.signed", method="event.submit"),
    Verb("rpc", "Call a method of the node's socket, as JSON-RPC has it; `icn rpc rpc.discover` describes them all.",
         _CLI + "raw:rpc",
         (Param("method", "the method", place=True),
          Param("params", "its parameters, a JSON object; @FILE or - reads it from there", place=True, kind="json",
                shown="JSON"),
          Param("batch", 'many calls in their order, {"method": ..., "params": ...} a line; - is standard input',
                kind=_FILE, shown="FILE")),
         example="icn rpc credit.balance '{\"party\": \"ann\"}'"),
    Verb("completion", "Print completion for a shell. In bash: source <(icn completion bash).", _CLI + "completion:run",
         (Param("shell", "which shell", required=True, choices=("bash", "zsh", "fish")),),
         example="icn completion bash"),
    Verb("reference", "Every command, query, parameter and refusal, as Markdown.", _CLI + "reference:run",
         (Param("out", "write the pages into this folder (standard output)", shown="DIR"),), example="icn reference"),
)  # fmt: skip

VERBS = (*_START, *_MEMBERS, *_PROOFS, *_BOOKS, *_BYLAWS, *_PROGRAMS)
