"""What can go wrong on the command line: the exit codes that scripts rely on, and failures in plain words.

A failure says what happened, which clause of the bylaws said no if one did, and what to do. It must not know how it
is printed, or where its words come from.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OK = 0
REFUSED = 1
USAGE = 2
UNREACHABLE = 3
INVALID = 4
LOCKED = 5
INTERNAL = 6
INTERRUPTED = 130  # 128 + SIGINT, as shells have it

EXIT_CODES = (
    (OK, "done"),
    (REFUSED, "a rule of the space refused it; nothing was changed"),
    (USAGE, "the command line is wrong"),
    (UNREACHABLE, "the node does not run, cannot be reached, or cannot take it now"),
    (INVALID, "data is invalid, damaged or not there, or a verification failed"),
    (LOCKED, "a key is locked: the secret is missing or wrong"),
    (INTERNAL, "a fault of the program"),
)

# JSON-RPC codes (rpc.jsonrpc has the same numbers; importing them would cost the fast path).
RPC_REFUSED = -32001
RPC_LOCKED = -32003
RPC_NOT_FOUND = -32005
_EXIT_OF = {
    -32601: USAGE,  # method not found
    -32602: USAGE,  # invalid params
    RPC_REFUSED: REFUSED,
    -32002: INVALID,  # invalid event
    RPC_LOCKED: LOCKED,
    -32004: UNREACHABLE,  # overloaded
    RPC_NOT_FOUND: INVALID,
    -32006: UNREACHABLE,  # the node stopped executing
}
_NAME_OF = {
    REFUSED: "refused",
    USAGE: "usage",
    UNREACHABLE: "unreachable",
    INVALID: "invalid",
    LOCKED: "locked",
    INTERNAL: "internal",
    INTERRUPTED: "interrupted",
}


class Failure(Exception):
    """A command that ends with another exit code than 0.

    status: an exit code above. code: a short stable word for programs. clause, clause_text: of the bylaws. advice: what
    to do. data: further facts for programs. usage: the line that shows how the command is written.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        advice: str = "",
        clause: str = "",
        clause_text: str = "",
        usage: str = "",
        data: Any = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or _NAME_OF.get(status, "internal")
        self.advice = advice
        self.clause = clause
        self.clause_text = clause_text
        self.usage = usage
        self.data = data

    def document(self) -> dict[str, Any]:
        """The one JSON document that `--json` prints for it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "exit": self.status}
        for name in ("clause", "clause_text", "advice", "usage", "data"):
            value = getattr(self, name)
            if value:
                error[name] = value
        return {"error": error}

    def lines(self) -> list[str]:
        """The same for people, a line each."""
        explained = self.message.startswith("Refused ")  # under a clause, in the words of the bylaws
        head = "Refused: " if self.status == REFUSED and not explained else ""
        begins = self.message.split(maxsplit=1)[0] if self.message else ""
        keeps = head or "." in begins or "/" in begins  # a file or command is written as it is named
        lines = [head + (self.message if keeps else self.message[:1].upper() + self.message[1:])]
        if self.clause and not (self.clause_text and self.clause_text in self.message):
            lines.append(f"Clause {self.clause}: {self.clause_text}" if self.clause_text else f"Clause {self.clause}.")
        if self.advice:
            lines.append(f"What to do: {self.advice}")
        if self.usage:
            lines.append(f"Usage: {self.usage}")
        return lines


def from_rpc(error: dict[str, Any]) -> Failure:
    """The failure that an `error` member of a JSON-RPC response means."""
    number = error.get("code")
    status = _EXIT_OF.get(number, INTERNAL) if isinstance(number, int) else INTERNAL
    message = str(error.get("message", "the node answered with an error"))
    found = error.get("data")
    data: dict[str, Any] = found if isinstance(found, dict) else {}
    if status == REFUSED:
        return Failure(
            status,
            str(data.get("text") or message),
            code=str(data.get("code", "")),
            advice=str(data.get("advice") or ""),
            clause=str(data.get("clause") or ""),
            clause_text=str(data.get("clause_text") or ""),
            data=data,
        )
    advice = str(data.get("advice") or "")
    if not advice and number == -32004 and isinstance(data.get("retry_after_ms"), int):
        advice = f"try again in {data['retry_after_ms'] / 1000:g} s."
    if status == INTERNAL:
        advice = advice or "this is a fault of the node: see its log, and please report it."
    return Failure(status, message, code=str(data.get("code") or ""), advice=advice, data=data or None)
