"""Evaluate expressions of a contract, one after the other, against facts that you give.

> fee(100 CREDIT)             a value
> given member = true         what a view, a parameter or a state is
> let x = fee(100 CREDIT)     a name for what follows
> :fuel  :facts               show them with each answer, or no longer
> :given                      what was given so far
> :help  :quit
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from ccl.tools import contracts, files
from ccl.tools.evaluating import Answer, Session
from ccl.tools.run import told

_LET = re.compile(r"let\s+([A-Za-z_]\w*)\s*=\s*(.+?);?\s*$", re.DOTALL)
_OPENING = re.compile(r"[({\[]")
_CLOSING = re.compile(r"[)}\]]")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The contract, if there is one."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "paths", metavar="FILE", nargs="*", help="files that form one contract; none: expressions alone"
    )
    parser.add_argument("--given", metavar="FACTS", action="append", default=[], help="facts to begin with")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 when the user leaves, 1 if the contract has errors, 2 if a file or the host is missing."""
    try:
        contract = contracts.loaded(args, args.paths) if args.paths else contracts.made_of(args, [("nothing.ccl", "")])
    except files.Unreadable as error:
        sys.stderr.write(f"ccl repl: {error}\n")
        return 2
    if contract is None:
        return 1
    shell = Shell(Session(contract), sys.stdout.write)
    for facts in args.given:
        shell.line(f"given {facts}")
    _editing(words_of(shell.session))
    sys.stdout.write("Expressions are evaluated; :help says what else there is, :quit leaves.\n")
    return _loop(shell)


def words_of(session: Session) -> list[str]:
    """What can be completed: functions, parameters, states, views, and commands of the prompt itself."""
    program, host = session.contract.program, session.contract.host
    names = {*program.exports, *(p.name for p in program.params), *(s.name for s in program.states), *host.views}
    return sorted(names | {f":{command}" for command in _COMMANDS} | {"given", "let"})


def _editing(words: list[str]) -> None:
    """Line editing, history and completion within the session, where the terminal has them."""
    try:
        import readline
    except ImportError:
        return

    def complete(text: str, state: int) -> str | None:
        fitting = [word for word in words if word.startswith(text)]
        return fitting[state] if state < len(fitting) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n()[]{},;+-*/%<>=!&|")
    readline.parse_and_bind("tab: complete")


def _loop(shell: Shell) -> int:
    while not shell.left:
        try:
            line = input("... " if shell.pending else "> ")
        except EOFError:
            sys.stdout.write("\n")
            return 0
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            shell.pending = ""
            continue
        shell.line(line)
    return 0


@dataclass
class Shell:
    """What a line does. say: takes text to show; pending: lines of an expression whose brackets are still open."""

    session: Session
    say: Callable[[str], object]
    pending: str = ""
    left: bool = False
    fuel: bool = False
    facts: bool = False
    named: dict[str, str] = field(default_factory=dict)

    def line(self, line: str) -> None:
        """Do what a line says."""
        text = f"{self.pending}\n{line}" if self.pending else line
        if len(_OPENING.findall(text)) > len(_CLOSING.findall(text)) and line.strip():
            self.pending = text
            return
        self.pending = ""
        text = text.strip()
        if text.startswith(":"):
            self._command(text[1:])
        elif text.startswith("given "):
            self._told(self.session.give(text[6:].rstrip(";")))
        elif found := _LET.match(text):
            self._let(found[1], found[2])
        elif text:
            self._told(self.session.evaluate(self._with_names(text)))

    def _told(self, answer: Answer) -> None:
        self.say(told(answer, self.session, fuel=self.fuel, facts=self.facts))

    def _let(self, name: str, text: str) -> None:
        """A name for an expression: it is evaluated again wherever it is used, against the facts as they are then."""
        text = self._with_names(text)
        answer = self.session.evaluate(text)
        if answer.fine:
            self.named[name] = text
        self._told(answer)

    def _with_names(self, text: str) -> str:
        """An expression in which the names that were given stand for what they are."""
        used = [name for name in self.named if re.search(rf"(?<![\w.]){name}\b", text)]
        if not used:
            return text
        lets = " ".join(f"let {name} = {self.named[name]};" for name in used)
        return f"{{ {lets} {text.rstrip(';')} }}"

    def _command(self, word: str) -> None:
        done = _COMMANDS.get(word.strip())
        if done is None:
            self.say(f"there is no `:{word.strip()}`; :help says what there is\n")
        else:
            done(self)

    def _help(self) -> None:
        self.say((__doc__ or "") + "\n")

    def _quit(self) -> None:
        self.left = True

    def _fuel(self) -> None:
        self.fuel = not self.fuel
        self.say(f"fuel is {'shown' if self.fuel else 'not shown'}\n")

    def _facts(self) -> None:
        self.facts = not self.facts
        self.say(f"facts are {'shown' if self.facts else 'not shown'}\n")

    def _given(self) -> None:
        known = self.session.known()
        self.say("".join(f"  {name} = {value}\n" for name, value in known) or "nothing was given\n")


_COMMANDS: dict[str, Callable[[Shell], None]] = {
    "help": Shell._help,
    "quit": Shell._quit,
    "q": Shell._quit,
    "fuel": Shell._fuel,
    "facts": Shell._facts,
    "given": Shell._given,
}
