"""What `scripts/bench ccl` measures: the bylaw language, each figure beside its floor in the same run.

The decision is "member, not suspended, amount within the limit": two views, a field of the command, a parameter. All
contenders ask the same Python views of the same world; what a contender needs as its own kind of value is converted
for each decision, as a node would have to.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ccl import core
from ccl.compile import compiled
from ccl.elaborate import check_text
from ccl.explain import explain
from ccl.host import CommandSpec, FieldSpec, Host, ViewSpec
from ccl.rulebook import Rulebook
from ccl.types import BOOL, DID, Money, UnitCode
from icn_node import bylaws

NOW = 1_800_000_000_000
CCL = Path(sys.executable).with_name("ccl")
DEFAULT = Path(bylaws.__file__).with_name("default.ccl")

HOST = Host(
    views={name: ViewSpec(name, (), BOOL) for name in ("member", "suspended")},
    commands={"credit.transfer": CommandSpec("credit.transfer", (
        FieldSpec("payee", DID), FieldSpec("amount", Money("$"), attribute="amount_minor"),
        FieldSpec("unit", UnitCode("$"))), unit_field="unit")},
    units={"CREDIT": 2},
)  # fmt: skip

DECISION = """
contract Shop {
    edition: 1;
    version: "1.0.0";
    scope: "local:shop";
    unit CREDIT { decimals: 2; }
    param limit: Money<CREDIT> = 500 in 0..2000 changed by Policy;
    proposal Policy { eligible: Member; quorum: 50%; threshold: majority; duration: 7 days; }
    role Member { }
    clause "4.1" on credit.transfer in CREDIT "A member who is not suspended pays no more than the limit." {
        require member();
        require !suspended();
        require command.amount <= limit;
    }
}
"""

PART = """
    fn total_@(lines: Array<Line, max 100>, discount: Ratio) -> Money<CREDIT> {
        let mut sum = 0 CREDIT;
        for line in lines {
            let gross = line.price * line.count;
            let net = if line.count > @ { round(gross * (1 - discount), half_even) } else { gross };
            sum += net;
        }
        sum + round(sum * 21%, half_up)
    }
    fn size_@(count: Integer, name: String) -> Size {
        if count < 10 { return Size::Small; }
        if count < 100 && name != "none" || count == @ { return Size::Middle(count * 2 + 1); }
        Size::Big { count: count, name: name + "-" + name }
    }
    fn weigh_@(size: Size, factor: Integer) -> Integer {
        match size {
            Size::Small => 1,
            Size::Middle(count) => count * factor,
            Size::Big { count, .. } => { let x = count + factor; x * x % 1000 },
        }
    }
    fn most_@(of: Money<CREDIT>, days: Integer) -> Money<CREDIT> {
        let base = if days > 30 { of * 2 } else { of };
        base + round(base * 2.5%, half_even)
    }
    clause "5.@" on credit.transfer in CREDIT "Nobody pays more than what rule @ allows." {
        require member() || !suspended();
        let most = most_@(limit, @);
        require command.amount <= most because "more than rule @ allows";
        let weight = weigh_@(size_@(@, "x"), 3);
        require weight > 0 || most > 0 CREDIT because "nothing @";
    }
"""

TALLY = """
enum Choice { Yes, No, Abstain }
fn tally(ballots: Array<Choice, max 1000>) -> (Integer, Integer, Integer) {
    let mut yes = 0;
    let mut no = 0;
    let mut abstain = 0;
    for ballot in ballots {
        match ballot {
            Choice::Yes => { yes += 1; }
            Choice::No => { no += 1; }
            Choice::Abstain => { abstain += 1; }
        }
    }
    (yes, no, abstain)
}
"""


class Views:
    """The facts of one actor."""

    def member(self) -> bool:
        """Whether the actor is one."""
        return True

    def suspended(self) -> bool:
        """Whether the actor is."""
        return False


class Transfer:
    """The command judged."""

    __slots__ = ("amount_minor", "payee", "unit")

    def __init__(self, payee: str, amount_minor: int, unit: str) -> None:
        self.payee = payee
        self.amount_minor = amount_minor
        self.unit = unit


class Shop:
    """The world of one decision."""

    __slots__ = ("caller", "command", "now", "params", "state", "views")

    def __init__(self, amount_minor: int) -> None:
        self.views = Views()
        self.command = Transfer("did:key:bob", amount_minor, "CREDIT")
        self.params: Mapping[str, Any] = {"limit": 50_000}
        self.state: Mapping[str, Any] = {}
        self.caller = "did:key:ann"
        self.now = NOW


def program_of(text: str, host: Host = HOST) -> core.Program:
    """The program of a text that is known to be right."""
    program, findings, _ = check_text(text, host, "bench.ccl")
    assert program is not None, [(d.code, d.message) for d in findings.all]
    return program


def plain(world: Shop) -> bool:
    """The decision as a Python programmer writes it, without fuel, trap or trace."""
    views = world.views
    return views.member() and not views.suspended() and world.command.amount_minor <= world.params["limit"]


def side_by_side(acts: Mapping[str, Callable[[], object]], calls: int, rounds: int = 15) -> dict[str, float]:
    """Seconds a call of each, the best of several rounds in turn, so that a noisy moment falls on all alike."""
    best = dict.fromkeys(acts, float("inf"))
    for _ in range(rounds):
        for name, act in acts.items():
            began = time.perf_counter()
            for _ in itertools.repeat(None, calls):
                act()
            best[name] = min(best[name], (time.perf_counter() - began) / calls)
    return best


def decision(out: Callable[..., None]) -> None:
    """One decision, in nanoseconds, beside the plain function."""
    program = program_of(DECISION)
    book = Rulebook(program, HOST)
    ready = compiled(program)
    name = program.clauses[0].body
    clause = ready.clause(name)
    world, refused = Shop(40_000), Shop(60_000)
    assert plain(world)
    assert clause(world)[0] > 0
    assert clause(refused)[0] < 0
    outcome = ready.outcome(name, clause(world))
    assert outcome.fuel > 0
    assert [fact.value for fact in outcome.facts] == [True, False, 40_000, 50_000]
    assert book.judge("credit.transfer", world, "CREDIT").permitted
    took = side_by_side({
        "plain": lambda: plain(world), "clause": lambda: clause(world)[0] > 0,
        "judged": lambda: book.judge("credit.transfer", world, "CREDIT").permitted,
        "empty": lambda: None,
    }, 20_000)  # fmt: skip
    ns = {key: value * 1e9 for key, value in took.items()}
    # What calling anything costs this loop is no part of either.
    figure, floor = ns["clause"] - ns["empty"], ns["plain"] - ns["empty"]
    out("ccl_decision", figure, "ns", floor, "ns, a plain Python function on the same view",
        "<= 300 ns and <= 5 floors", figure <= 300 and figure <= 5 * floor, ratio=figure / floor,
        rulebook_ns=ns["judged"] - ns["empty"])  # fmt: skip


def contenders(world: Shop) -> dict[str, Callable[[], bool]]:
    """The same decision by other policy languages; what each needs is read from the view and converted each time."""
    import cedarpy
    import cel
    import starlark
    from cel_expr_python import cel as google_cel

    written = "member && !suspended && amount <= limit"
    types = {"member": google_cel.Type.BOOL, "suspended": google_cel.Type.BOOL, "amount": google_cel.Type.INT,
             "limit": google_cel.Type.INT}  # fmt: skip
    environment = google_cel.NewEnv(variables=types)
    expression = environment.compile(written)
    rust = cel.compile(written)
    module = starlark.Module()
    source = "def decide(member, suspended, amount, limit):\n    return member and not suspended and amount <= limit\n"
    starlark.eval(module, starlark.parse("decide.star", source), starlark.Globals.standard())
    frozen = module.freeze()
    policies = cedarpy.PolicySet.from_str(
        "permit(principal, action, resource)"
        " when { context.member && !context.suspended && context.amount <= context.limit };"
    )
    entities = cedarpy.Entities.from_json_str("[]")
    request = {"principal": 'User::"ann"', "action": 'Action::"transfer"', "resource": 'Unit::"CREDIT"'}

    def facts() -> dict[str, Any]:
        views = world.views
        return {"member": views.member(), "suspended": views.suspended(), "amount": world.command.amount_minor,
                "limit": world.params["limit"]}  # fmt: skip

    return {
        "cel-expr-python": lambda: expression.eval(data=facts()).value(),
        "common-expression-language": lambda: rust.execute(facts()),
        "starlark-pyo3": lambda: frozen.call("decide", *facts().values()),
        "cedarpy": lambda: cedarpy.is_authorized({**request, "context": facts()}, policies, entities).allowed,
    }


def peers(out: Callable[..., None]) -> None:
    """How many times faster than the fastest of the others."""
    other = contenders(Shop(40_000))
    for name, act in other.items():
        assert act() is True, name
        assert contenders(Shop(60_000))[name]() is False, name
    program = program_of(DECISION)
    clause, world = compiled(program).clause(program.clauses[0].body), Shop(40_000)
    took = side_by_side({**other, "ccl": lambda: clause(world)[0] > 0, "empty": lambda: None}, 1_000, rounds=25)
    took = {name: seconds - took["empty"] for name, seconds in took.items()}
    fastest = min(other, key=lambda name: took[name])
    ratio = took[fastest] / took["ccl"]
    out("ccl_peers", ratio, f"times the fastest other, {fastest}", took[fastest] * 1e9, f"ns, {fastest}", ">= 8",
        ratio >= 8, **{f"{name}_ns": took[name] * 1e9 for name in ("ccl", *other)})  # fmt: skip


def tally(out: Callable[..., None]) -> None:
    """A thousand ballots counted by a function in CCL."""
    program = program_of(TALLY)
    ready = compiled(program)
    ballots = tuple((n * 7 % 3,) for n in range(1_000))
    name = program.exports.get("tally", "tally")

    def by_hand() -> tuple[int, int, int]:
        yes = no = abstain = 0
        for ballot in ballots:
            if ballot[0] == 0:
                yes += 1
            elif ballot[0] == 1:
                no += 1
            else:
                abstain += 1
        return yes, no, abstain

    outcome = ready.run(name, (ballots,))
    assert outcome.value == by_hand(), outcome
    took = side_by_side({"ccl": lambda: ready.run(name, (ballots,)), "plain": by_hand}, 50)
    figure, floor = took["ccl"] * 1e6, took["plain"] * 1e6
    out("ccl_tally", figure, "us for 1,000 ballots", floor, "us, a plain Python function", "<= 60 us", figure <= 60,
        ratio=figure / floor, fuel=outcome.fuel)  # fmt: skip


def refusal(out: Callable[..., None]) -> None:
    """A refusal judged and explained, with the smallest change that would be allowed."""
    book = Rulebook(program_of(DECISION), HOST)
    world = Shop(62_000)

    def explained() -> str:
        verdict = book.judge("credit.transfer", world, "CREDIT")
        return explain(book, world, verdict).words("en")

    assert "4.1" in explained(), explained()
    took = side_by_side({"explained": explained, "plain": lambda: plain(world)}, 100)
    figure = took["explained"] * 1e3
    out("ccl_refusal", figure, "ms, judged and explained in words", took["plain"] * 1e3, "ms, the plain decision",
        "<= 1 ms", figure <= 1, said=explained().splitlines()[0])  # fmt: skip


def contract_of(lines: int) -> str:
    """A contract of about so many lines, none of them empty: clauses, each with functions of its own that go over
    lists, match, choose and round, as bylaws have them; denser than bylaws are."""
    head, tail = DECISION.strip().rsplit("\n", 1)
    parts = [
        head,
        """    struct Line { item: String, count: Integer, price: Money<CREDIT> }
    enum Size { Small, Middle(Integer), Big { count: Integer, name: String } }""",
    ]
    written = sum(part.count("\n") + 1 for part in parts)
    number = 0
    while written < lines - 20:
        number += 1
        parts.append(PART.replace("@", str(number)).strip("\n"))
        written += parts[-1].count("\n") + 1
    return "\n".join([*parts, tail]) + "\n"


def python_of(lines: int) -> str:
    """So many lines of Python, of the same kind."""
    return "\n".join(f"def most_{n}(of, days):\n    base = of * 2 if days > 30 else of\n    return base + of // {n + 1}"
                     for n in range(lines // 3))  # fmt: skip


def checking(out: Callable[..., None]) -> None:
    """500 lines checked in a running program; `ccl check` from nothing."""
    text = contract_of(500)
    program_of(text)
    python = python_of(text.count("\n"))
    took = side_by_side({"check": lambda: check_text(text, HOST, "bench.ccl"),
                         "python": lambda: compile(python, "bench.py", "exec")}, 1, rounds=12)  # fmt: skip
    figure, floor = took["check"] * 1e3, took["python"] * 1e3
    out("ccl_check", figure, f"ms for {text.count(chr(10))} lines", floor, "ms, Python compiles as many lines",
        "<= 100 ms", figure <= 100, ratio=figure / floor)  # fmt: skip
    cold(out)


def cold(out: Callable[..., None]) -> None:
    """`ccl check` of the default bylaws from nothing; the modules are compiled to bytecode once before, as an
    installation has them."""
    with tempfile.TemporaryDirectory(prefix="ccl-bench-") as folder:
        small = Path(folder) / "small.ccl"
        small.write_text(TALLY, encoding="utf-8")
        environment = installed(folder)

        def run(*command: str) -> Callable[[], object]:
            return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)

        acts = {"cold": run(str(CCL), "check", str(DEFAULT)), "small": run(str(CCL), "check", str(small)),
                "python": run(sys.executable, "-c", "pass")}  # fmt: skip
        acts["cold"]()
        took = side_by_side(acts, 1, rounds=21)
    figure, floor = took["cold"] * 1e3, took["python"] * 1e3
    out("ccl_cold", figure, "ms, `ccl check` of the default bylaws from nothing", floor, "ms of `python -c pass`",
        "<= 200 ms", figure <= 200, ratio=figure / floor, of_one_function_ms=took["small"] * 1e3)  # fmt: skip


def installed(folder: str) -> dict[str, str]:
    """An environment in which bytecode is kept in a folder, as an installation keeps it."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


class Editor:
    """A language server, and one document open in it, as an editor has them."""

    def __init__(self, text: str, environment: Mapping[str, str]) -> None:
        self.uri = "file:///bench.ccl"
        self.version = 1
        self.server = subprocess.Popen([str(CCL), "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       env=environment)  # fmt: skip
        self.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
        self.wait(lambda message: message.get("id") == 1)
        self.send("initialized", {})
        document = {"uri": self.uri, "languageId": "ccl", "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})
        self.found = self.findings()

    def send(self, method: str, params: object, **more: object) -> None:
        """One message."""
        data = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self.server.stdin is not None
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.server.stdin.flush()

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is wanted."""
        assert self.server.stdout is not None
        while True:
            size = 0
            while (line := self.server.stdout.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            assert size, "the server has ended"
            message: dict[str, Any] = json.loads(self.server.stdout.read(size))
            if wanted(message):
                return message

    def findings(self) -> list[Any]:
        """The diagnostics that come next."""
        message = self.wait(lambda message: message.get("method") == "textDocument/publishDiagnostics")
        return list(message["params"]["diagnostics"])

    def type(self, line: int, column: int, text: str, replaced: int = 0) -> list[Any]:
        """Type something, and wait for what is found then."""
        self.version += 1
        start, end = {"line": line, "character": column}, {"line": line, "character": column + replaced}
        self.send("textDocument/didChange", {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": {"start": start, "end": end}, "text": text}],
        })  # fmt: skip
        return self.findings()

    def close(self) -> None:
        """End the server."""
        self.server.kill()
        self.server.communicate()


def editing(out: Callable[..., None]) -> None:
    """What an editor waits for after a keystroke in 2,000 lines: from the message to the server to its answer."""
    text = contract_of(2_000)
    lines = text.splitlines()
    middle = next(n for n in range(1_000, len(lines)) if "require member()" in lines[n])
    column = lines[middle].index("member()")
    with tempfile.TemporaryDirectory(prefix="ccl-bench-") as folder:
        editor = Editor(text, installed(folder))
        try:
            assert editor.found == [], editor.found
            wrong = editor.type(middle, column, "x")
            assert [found["code"] for found in wrong] == ["CCL0103"], wrong
            assert editor.type(middle, column, "", 1) == []
            took = side_by_side({"editor": lambda: editor.type(middle, column, " "),
                                 "python": lambda: ast.parse(python_of(len(lines)))}, 1, rounds=40)  # fmt: skip
        finally:
            editor.close()
    figure, floor = took["editor"] * 1e3, took["python"] * 1e3
    out("ccl_editor", figure, f"ms from a key to the diagnostics of {len(lines)} lines", floor,
        "ms, Python parses as many lines", "<= 150 ms", figure <= 150, ratio=figure / floor)  # fmt: skip


def default_bylaws(out: Callable[..., None], bench: Callable[[int], AbstractContextManager[Any]]) -> None:
    """A transfer judged under the default bylaws, with the facts of a node's state."""
    from icn_node.kernel import registry
    from icn_node.kernel.context import Actor, Context

    with bench(100) as b:
        tx, kernel = b.space.tables, b.space.kernel
        commands = [kernel.decode(b.transfer(n)) for n in range(100)]
        contexts = [Context(kernel, actor=Actor(registry.party_of(tx, key.did).no, key.did, key.public), time_ms=NOW,
                            origin="event", space=b.space.cid) for key in b.keys]  # fmt: skip
        pairs = itertools.cycle(zip(contexts, commands, strict=True))

        def judged() -> None:
            ctx, cmd = next(pairs)
            kernel.policy.judge(tx, ctx, cmd)

        def looked_up() -> None:
            ctx, _ = next(pairs)
            registry.party_of(tx, ctx.actor.did)

        took = side_by_side({"judged": judged, "row": looked_up}, 500)
    figure, floor = took["judged"] * 1e6, took["row"] * 1e6
    out("ccl_transfer", figure, "us, credit.transfer judged under the default bylaws", floor,
        "us, one row of the state", "<= 10 us", figure <= 10, ratio=figure / floor)  # fmt: skip


def proving(out: Callable[..., None]) -> None:
    """The default bylaws proved, and compared with a version in which a member must not be suspended."""
    text = DEFAULT.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="ccl-bench-") as folder:
        old, new = Path(folder) / "old.ccl", Path(folder) / "new.ccl"
        old.write_text(text, encoding="utf-8")
        new.write_text(text.replace("require member();", "require member() && !suspended();"), encoding="utf-8")
        assert old.read_bytes() != new.read_bytes()
        empty = side_by_side(
            {"python": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)}, 1, rounds=5
        )
        began = time.perf_counter()
        proved = subprocess.run([str(CCL), "prove", str(old), "--json"], check=False, capture_output=True, text=True)
        changed = subprocess.run([str(CCL), "diff", str(old), str(new), "--json"], check=False, capture_output=True,
                                 text=True)  # fmt: skip
        took = time.perf_counter() - began
    answers = [answer["answer"] for answer in json.loads(proved.stdout)["answers"]]
    relations = [change["relation"] for change in json.loads(changed.stdout)["changes"]]
    unknown = answers.count("unknown") + relations.count("unknown")
    out("ccl_prove", took, "s, default bylaws proved and diffed", empty["python"], "s of `python -c pass`",
        "<= 20 s, none unknown", took <= 20 and not unknown and bool(answers) and "stricter" in relations,
        answers=len(answers), relations=len(relations), unknown=unknown)  # fmt: skip


def ccl(out: Callable[..., None], bench: Callable[[int], AbstractContextManager[Any]]) -> None:
    """All figures of the language. bench: makes a space with so many members."""
    decision(out)
    peers(out)
    default_bylaws(out, bench)
    tally(out)
    refusal(out)
    checking(out)
    editing(out)
    proving(out)
