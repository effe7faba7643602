"""A full round against a running daemon on a temporary home: what `scripts/run --check` does.

Members join, pay each other, log and confirm hours, vote and see it tallied; the books are verified, exported,
imported elsewhere and compared. Everything goes through the daemon's socket, as any client's would. Exit code 0 only
if all held.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ICN = str(Path(sys.executable).with_name("icn"))
Row = tuple[str, str, bool]


class Client:
    """One connection to the control socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(60)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rwb")
        self._id = 0

    def call(self, method: str, **params: Any) -> Any:
        """The result of a call. Raises RuntimeError with the node's words."""
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        self._file.write(json.dumps(request).encode() + b"\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline())
            if answer.get("id") == self._id:
                break
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def close(self) -> None:
        """End the connection."""
        self._file.close()
        self._socket.close()


class Round:
    """The steps and what came of them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.rows: list[Row] = []

    def as_(self, member: str) -> Client:
        """A connection on which a member's key is open."""
        client = Client(self.home / "node.sock")
        client.call("session.open", member=member, secret="sample")
        return client

    def check(self, step: str, found: Any, expected: Any) -> None:
        """Note a step: what was found, and whether it is what it must be."""
        held = found == expected
        self.rows.append((step, str(found) if held else f"{found!r}, not {expected!r}", held))
        print(f"  {'ok ' if held else 'NOT'} {step}: {self.rows[-1][1]}", flush=True)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the daemon answers."""
    for _ in range(600):
        if process.poll() is not None:
            msg = f"the node ended with exit code {process.returncode}"
            raise RuntimeError(msg)
        try:
            Client(path).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    msg = "the node did not answer within a minute"
    raise RuntimeError(msg)


def members_join(r: Round) -> None:
    """Two more members join with codes; one code is used twice."""
    anna = r.as_("anna")
    for handle, name in (("eva", "Eva Lindqvist"), ("farid", "Farid Haddad")):
        code = anna.call("member.invite", handle=handle)["code"]
        new = Client(r.home / "node.sock")
        joined = new.call("member.join", code=code, secret="sample", handle=handle, name=name)
        r.check(f"{handle} joins with a code", joined["status"], "executed")
        try:
            Client(r.home / "node.sock").call("member.join", code=code, secret="sample", handle=handle + "2")
            r.check("the code works once", "it worked twice", "refused")
        except RuntimeError:
            r.check(f"{handle}'s code works once", "refused", "refused")
        new.close()
    handles = sorted(m["handle"] for m in anna.call("member.list"))
    r.check("members", handles, ["anna", "ben", "chloe", "dmitri", "eva", "farid"])


def they_pay(r: Round) -> None:
    """Payments, one beyond the floor, and balances that add up to nothing."""
    eva, farid = r.as_("eva"), r.as_("farid")
    for payer, client, payee, amount in (("eva", eva, "farid", "30.00"), ("farid", farid, "anna", "12.25")):
        paid = client.call("credit.transfer", payee=payee, amount=amount, unit="SUN", memo="round")
        r.check(f"{payer} pays {payee} {amount} SUN", paid["status"], "executed")
    try:
        eva.call("credit.transfer", payee="farid", amount="1000.00", unit="SUN")
        r.check("more than the floor allows", "paid", "refused")
    except RuntimeError:
        r.check("more than the floor allows", "refused", "refused")
    r.check("eva's balance", eva.call("credit.balance", unit="SUN")[0]["balance"], "-30.00")
    r.check("farid's balance", farid.call("credit.balance", unit="SUN")[0]["balance"], "17.75")


def they_give_hours(r: Round) -> None:
    """Hours logged by one and confirmed by the other."""
    eva, farid = r.as_("eva"), r.as_("farid")
    logged = eva.call("timebank.log", receiver="farid", minutes="1h30", category="cooking")
    r.check("eva logs 1:30 for farid", logged["status"], "executed")
    r.check("nothing moved yet", eva.call("timebank.balance")["balance"], "0:00")
    farid.call("timebank.confirm", exchange=logged["result"])
    r.check("farid confirms: eva has", eva.call("timebank.balance")["balance"], "1:30")


def they_vote(r: Round) -> None:
    """A proposal of the sample is open; a new one is voted on by all and carried out by the deciding vote."""
    ben = r.as_("ben")
    made = ben.call(
        "governance.propose", type="quick", title="A token for the summer market",
        execute=[{"op": "currency.create", "ver": 1, "unit": "MARKET", "decimals": 0}], open=True,
    )  # fmt: skip
    number = made["result"]
    votes = {"anna": "yes", "ben": "yes", "chloe": "no", "dmitri": "yes", "eva": "abstain", "farid": "yes"}
    for name, choice in votes.items():
        r.as_(name).call("governance.vote", proposal=number, choice=choice)
    tally = ben.call("governance.tally", proposal=number)
    r.check("ballots of six electors", tally["ballots"], 6)
    shown = ben.call("governance.show", proposal=number)
    r.check("the proposal is", shown["state"], "executed")
    units = sorted(u["unit"] for u in ben.call("unit.list"))
    r.check("the units now", units, ["HOUR", "MARKET", "SUN"])


def books_hold(r: Round) -> None:
    """Verify from nothing; export, import elsewhere, compare."""
    client = Client(r.home / "node.sock")
    report = client.call("dag.verify")
    r.check("verified from nothing, faults", report["faults"], [])
    r.check("balances sum to", sorted(set(report["sums"].values())), ["0"])
    archive = r.home / "books.car"
    client.call("dag.export", path=str(archive))
    elsewhere = r.home / "elsewhere"
    command = [ICN, "--home", str(elsewhere), "dag", "import", str(archive), "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    r.check("imported elsewhere, exit code", done.returncode, 0)
    if done.returncode:
        print(done.stdout.decode(), done.stderr.decode())
        return
    other = subprocess.run([ICN, "--home", str(elsewhere), "dag", "head", "--json"], capture_output=True, check=False)
    mine = client.call("dag.head")
    r.check("the same digest there", json.loads(other.stdout)["root"], mine["root"])
    r.check("and as many entries", json.loads(other.stdout)["leaves"], mine["leaves"])


def main() -> int:
    """Run the round; the exit code."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="icn-check-") as folder:
        home = Path(folder) / "home"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ICN_")}
        print("Starting a node on a temporary home ...", flush=True)
        with (Path(folder) / "node.log").open("wb") as log:
            command = [ICN, "--home", str(home), "node", "run", "--sample"]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        r = Round(home)
        try:
            wait_for(home / "node.sock", process)
            for step in (members_join, they_pay, they_give_hours, they_vote, books_hold):
                step(r)
        except (RuntimeError, OSError, KeyError, IndexError, TypeError, ValueError) as error:
            r.check("the round", f"{type(error).__name__}: {error}", "went through")
            print((Path(folder) / "node.log").read_text(encoding="utf-8")[-3000:])
        finally:
            process.send_signal(signal.SIGINT)
            try:
                code = process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            r.check("Ctrl-C stops it, exit code", code, 0)
    width = max(len(step) for step, _, _ in r.rows)
    print(f"\n{'step':<{width}}  result")
    for step, found, held in r.rows:
        print(f"{step:<{width}}  {'ok ' if held else 'NOT'} {found}")
    failed = sum(not held for _, _, held in r.rows)
    print(f"\n{len(r.rows) - failed} of {len(r.rows)} held, in {time.monotonic() - started:.1f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
