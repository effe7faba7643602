"""The language server as an editor meets it: the program `ccl lsp`, spoken to over its standard input and output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

URI = "file:///bylaws/shop.ccl"
SOURCE = """\
contract Shop {
    edition: 1;
    // Größer, 🌻: characters that count differently for different editors.
    fn twice(n: Integer) -> Integer { n + n }
    clause "1" on credit.transfer "🌻 Own act." { require twice(2) == 4 && acts_for(command.payer); }
}
"""
WRONG = SOURCE.replace("twice(2)", "twise(2)")


class Editor:
    """A client: requests wait for their answers, notifications of the server are kept."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ccl.cli", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.told: list[dict[str, Any]] = []
        self.last = 0

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server ended"
        found: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return found

    def ask(self, method: str, **params: Any) -> Any:
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self.last and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self.told.append(message)

    def tell(self, method: str, **params: Any) -> None:
        self.send({"method": method, "params": params})

    def findings(self) -> list[dict[str, Any]]:
        """Those of the next publication."""
        while True:
            for at, message in enumerate(self.told):
                if message.get("method") == "textDocument/publishDiagnostics":
                    del self.told[at]
                    found: list[dict[str, Any]] = message["params"]["diagnostics"]
                    return found
            self.told.append(self.receive())

    def open(self, text: str) -> list[dict[str, Any]]:
        self.tell("textDocument/didOpen", textDocument={"uri": URI, "languageId": "ccl", "version": 1, "text": text})
        return self.findings()


@pytest.fixture
def editor() -> Iterator[Editor]:
    found = Editor()
    with found.process:
        yield from session(found)


def session(found: Editor) -> Iterator[Editor]:
    found.ask("initialize", processId=None, rootUri=None, capabilities={})
    found.tell("initialized")
    yield found
    found.ask("shutdown")
    found.tell("exit")
    assert found.process.wait(20) == 0


def place(text: str, word: str, *, nth: int = 0) -> dict[str, int]:
    """Where a word begins, as the protocol counts: lines from 0, columns in UTF-16 units."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(word, at + 1)
    line = text.count("\n", 0, at)
    start = text.rfind("\n", 0, at) + 1
    return {"line": line, "character": len(text[start:at].encode("utf-16-le")) // 2}


DOCUMENT = {"textDocument": {"uri": URI}}


def test_findings_come_as_one_types_and_a_fix_mends_them(editor: Editor) -> None:
    assert editor.open(SOURCE) == []
    editor.tell("textDocument/didChange", textDocument={"uri": URI, "version": 2}, contentChanges=[{"text": WRONG}])
    (finding,) = editor.findings()
    assert finding["range"]["start"] == place(WRONG, "twise")
    assert finding["code"].startswith("CCL01")
    actions = editor.ask("textDocument/codeAction", **DOCUMENT, range=finding["range"], context={"diagnostics": []})
    (edit,) = actions[0]["edit"]["changes"][URI]
    assert edit["newText"] == "twice"
    assert edit["range"] == finding["range"]


def test_names_lead_to_their_declarations(editor: Editor) -> None:
    editor.open(SOURCE)
    use = place(SOURCE, "twice", nth=1)
    found = editor.ask("textDocument/definition", **DOCUMENT, position=use)
    assert found["range"]["start"] == place(SOURCE, "twice")
    said = editor.ask("textDocument/hover", **DOCUMENT, position=use)
    assert "fn twice(n: Integer) -> Integer" in said["contents"]["value"]
    view = editor.ask("textDocument/hover", **DOCUMENT, position=place(SOURCE, "acts_for"))
    assert "acts_for(" in view["contents"]["value"]
    every = editor.ask("textDocument/references", **DOCUMENT, position=use, context={"includeDeclaration": True})
    assert [r["range"]["start"] for r in every] == [place(SOURCE, "twice"), use]
    renamed = editor.ask("textDocument/rename", **DOCUMENT, position=use, newName="double")
    assert [e["newText"] for e in renamed["changes"][URI]] == ["double", "double"]
    outline = editor.ask("textDocument/documentSymbol", **DOCUMENT)
    assert [s["name"] for s in outline[0]["children"]] == ["twice", "1"]


def test_what_can_be_written_is_offered(editor: Editor) -> None:
    text = SOURCE.replace("command.payer", "command.")
    editor.open(text)
    after_dot = place(text, "command.")
    after_dot["character"] += len("command.")
    fields = {o["label"] for o in editor.ask("textDocument/completion", **DOCUMENT, position=after_dot)}
    assert {"payer", "payee", "amount"} <= fields
    anywhere = {o["label"] for o in editor.ask("textDocument/completion", **DOCUMENT, position=place(text, "require"))}
    assert {"require", "twice", "acts_for", "Integer", "credit"} <= anywhere


def test_the_layout_is_that_of_ccl_fmt(editor: Editor) -> None:
    editor.open(SOURCE.replace("{ n + n }", "{n+n}"))
    (edit,) = editor.ask("textDocument/formatting", **DOCUMENT, options={"tabSize": 4, "insertSpaces": True})
    assert edit["newText"] == SOURCE
