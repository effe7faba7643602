"""The language server: the Language Server Protocol over standard input and output, by pygls (the extra `lsp`).

It holds one `Analysis` a document and version, made at most once, a moment after the last key. Positions of the
protocol count in what the client chose (UTF-16 units, mostly); all else here counts characters.
"""

from __future__ import annotations

import asyncio
import gc
import os

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument
from pygls.workspace.position_codec import ServerTextPosition, ServerTextRange

from ccl.diagnostics import Diagnostic, Edit, Findings, Severity
from ccl.editor.answers import Analysis
from ccl.editor.index import Definition
from ccl.format import formatted
from ccl.host import Host
from ccl.source import Span

PAUSE_S = 0.01
"""After a key, findings wait this long for the next one. What is typed while findings are made is seen afterwards, so
that only the last of it is looked at."""
_YOUNG = 200_000
"""The garbage collector looks after so many new objects. Trees have no cycles, and are let go without it."""

_SEVERITIES = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.HINT: lsp.DiagnosticSeverity.Hint,
}
_SYMBOLS = {
    "contract": lsp.SymbolKind.Module, "function": lsp.SymbolKind.Function, "action": lsp.SymbolKind.Method,
    "clause": lsp.SymbolKind.Interface, "struct": lsp.SymbolKind.Struct, "enum": lsp.SymbolKind.Enum,
    "variant": lsp.SymbolKind.EnumMember, "constant": lsp.SymbolKind.Constant, "state": lsp.SymbolKind.Field,
    "parameter": lsp.SymbolKind.Property, "unit": lsp.SymbolKind.Number, "role": lsp.SymbolKind.Class,
    "proposal": lsp.SymbolKind.Event, "trigger": lsp.SymbolKind.Event, "test": lsp.SymbolKind.Boolean,
    "property": lsp.SymbolKind.Boolean, "electorate": lsp.SymbolKind.Class, "type": lsp.SymbolKind.TypeParameter,
}  # fmt: skip
_COMPLETIONS = {
    "keyword": lsp.CompletionItemKind.Keyword, "type": lsp.CompletionItemKind.Class,
    "view": lsp.CompletionItemKind.Function, "command": lsp.CompletionItemKind.Method,
    "module": lsp.CompletionItemKind.Module, "field": lsp.CompletionItemKind.Field,
    "function": lsp.CompletionItemKind.Function, "local": lsp.CompletionItemKind.Variable,
    "constant": lsp.CompletionItemKind.Constant, "unit": lsp.CompletionItemKind.Unit,
    "variant": lsp.CompletionItemKind.EnumMember, "enum": lsp.CompletionItemKind.Enum,
    "struct": lsp.CompletionItemKind.Struct, "parameter": lsp.CompletionItemKind.Property,
}  # fmt: skip


class Documents:
    """The analyses of open documents, by URI."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._known: dict[str, tuple[str, Analysis]] = {}

    def of(self, document: TextDocument) -> Analysis:
        """The analysis of a document as it is now."""
        text = document.source
        known = self._known.get(document.uri)
        if known is None or known[0] != text:
            known = self._known[document.uri] = (text, Analysis(document.filename or document.uri, text, self.host))
        return known[1]

    def close(self, uri: str) -> None:
        """Forget a document."""
        self._known.pop(uri, None)


def serve(host: Host) -> None:
    """Speak the protocol on standard input and output until the client ends it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 100)
    # pygls closes what it is given when the client ends; the process still has to flush its own.
    server(host).start_io(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))


def server(host: Host) -> LanguageServer:
    """A server with all its features."""
    made = LanguageServer("ccl", "1")
    documents = Documents(host)
    _findings(made, documents)
    _names(made, documents)
    _writing(made, documents)
    return made


def _findings(made: LanguageServer, documents: Documents) -> None:
    def publish(uri: str) -> None:
        document = made.workspace.get_text_document(uri)
        analysis = documents.of(document)
        found = [_diagnostic(document, analysis, d) for d in analysis.findings.sorted()]
        made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, document.version))

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        uri, version = params.text_document.uri, params.text_document.version
        await asyncio.sleep(PAUSE_S)
        if made.workspace.get_text_document(uri).version == version:
            publish(uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        documents.close(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]))
    def fixes(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        document = made.workspace.get_text_document(params.text_document.uri)
        analysis = documents.of(document)
        start, end = (document.offset_at_position(p) for p in (params.range.start, params.range.end))
        return [
            lsp.CodeAction(
                fix.title,
                lsp.CodeActionKind.QuickFix,
                diagnostics=[_diagnostic(document, analysis, about)],
                is_preferred=fix.applicable,
                edit=_workspace_edit(document, analysis, fix.edits),
            )
            for about, fix in analysis.fixes(start, end)
        ]


def _names(made: LanguageServer, documents: Documents) -> None:
    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        document = made.workspace.get_text_document(params.text_document.uri)
        analysis = documents.of(document)
        found = analysis.hover(document.offset_at_position(params.position))
        if found is None:
            return None
        said = lsp.MarkupContent(lsp.MarkupKind.Markdown, found[1])
        return lsp.Hover(said, _range(document, analysis, found[0]))

    @made.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        document = made.workspace.get_text_document(params.text_document.uri)
        analysis = documents.of(document)
        found = analysis.occurrences(document.offset_at_position(params.position))
        return None if found is None else lsp.Location(document.uri, _range(document, analysis, found[0].at))

    @made.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        document = made.workspace.get_text_document(params.text_document.uri)
        analysis = documents.of(document)
        found = analysis.occurrences(document.offset_at_position(params.position))
        spans = [] if found is None else found[1][0 if params.context.include_declaration else 1 :]
        return [lsp.Location(document.uri, _range(document, analysis, s)) for s in spans]

    @made.feature(lsp.TEXT_DOCUMENT_RENAME)
    def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        document = made.workspace.get_text_document(params.text_document.uri)
        analysis = documents.of(document)
        found = analysis.occurrences(document.offset_at_position(params.position))
        if found is None or not params.new_name.isidentifier():
            return None
        return _workspace_edit(document, analysis, tuple(Edit(s, params.new_name) for s in found[1]))

    @made.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        document = made.workspace.get_text_document(params.text_document.uri)
        analysis = documents.of(document)
        return [_symbol(document, analysis, d) for d in analysis.index.outline]


def _writing(made: LanguageServer, documents: Documents) -> None:
    @made.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=["."]))
    def completion(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        document = made.workspace.get_text_document(params.text_document.uri)
        offers = documents.of(document).completions(document.offset_at_position(params.position))
        return [
            lsp.CompletionItem(o.text, kind=_COMPLETIONS.get(o.kind), detail=o.detail or None,
                               documentation=o.doc or None)
            for o in offers
        ]  # fmt: skip

    @made.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def layout(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
        document = made.workspace.get_text_document(params.text_document.uri)
        analysis = documents.of(document)
        made_text = formatted(analysis.source.name, document.source, Findings())
        if made_text is None or made_text == document.source:
            return None
        whole = _range(document, analysis, Span(analysis.number, 0, len(document.source)))
        return [lsp.TextEdit(whole, made_text)]


def _range(document: TextDocument, analysis: Analysis, span: Span) -> lsp.Range:
    ends = []
    for offset in (span.start, span.end):
        line, column = analysis.source.place(offset)
        ends.append(ServerTextPosition(line - 1, column - 1))
    return document.range_to_client_units(ServerTextRange(*ends))


def _diagnostic(document: TextDocument, analysis: Analysis, about: Diagnostic) -> lsp.Diagnostic:
    first = about.labels[0]
    said = [about.message, *([first.text] if first.text else []), *about.notes]
    related = [
        lsp.DiagnosticRelatedInformation(lsp.Location(document.uri, _range(document, analysis, label.span)), label.text)
        for label in about.labels[1:]
        if label.span.source == analysis.number
    ]
    return lsp.Diagnostic(
        _range(document, analysis, about.span), "\n".join(said), severity=_SEVERITIES[about.severity],
        code=about.code, source="ccl", related_information=related or None,
    )  # fmt: skip


def _workspace_edit(document: TextDocument, analysis: Analysis, edits: tuple[Edit, ...]) -> lsp.WorkspaceEdit:
    return lsp.WorkspaceEdit({document.uri: [lsp.TextEdit(_range(document, analysis, e.span), e.text) for e in edits]})


def _symbol(document: TextDocument, analysis: Analysis, found: Definition) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        found.name or found.kind, _SYMBOLS.get(found.kind, lsp.SymbolKind.Variable),
        _range(document, analysis, found.whole), _range(document, analysis, found.at), found.doc or None,
        children=[_symbol(document, analysis, d) for d in found.inside],
    )  # fmt: skip
