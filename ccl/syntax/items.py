"""Declarations that any language has: functions, structs, enums, constants, states, parameters, units, imports."""

from __future__ import annotations

from typing import Final

from ccl.diagnostics import Edit, Findings, Fix
from ccl.source import Sources
from ccl.syntax import tree
from ccl.syntax.cursor import Lost
from ccl.syntax.entries import Entries
from ccl.syntax.lexer import NAME, NUMBER, RESERVED, STRING, Tokens

_MODIFIERS: Final = frozenset(("pub", "public", "export", "private"))
_OF_FUNCTIONS: Final = frozenset(("async", "view"))
"""What the dialect writes before `fn` and says nothing here: nothing waits, and what a function does is seen."""
_OF_LITERALS: Final = {STRING: "String", NUMBER: "Integer"}
_MOST_ATTRIBUTES: Final = 16


class Items(Entries):
    """The part of the parser that reads declarations."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        super().__init__(sources, tokens, findings)
        self.by_item |= {
            "fn": self.function, "function": self.function, "action": self.function, "struct": self._struct_decl,
            "enum": self._enum, "type": self._alias, "const": self._const, "let": self._const,
            "state": self._state_decl, "param": self._param_decl, "unit": self._unit, "import": self._import,
            "use": self._import, "impl": self._impl, "class": self._class, "scope": self._scope,
            "module": self._module, "contract": self.contract, "export": self._exported, "pub": self._exported,
            "public": self._exported, "mod": self._module, "event": self._event,
            **dict.fromkeys(_OF_FUNCTIONS, self._exported),
        }  # fmt: skip

    # -- looking -------------------------------------------------------------------------------------------------------

    def item_follows(self) -> bool:
        """Whether the word at hand begins an item, by it and the token after it."""
        text = self.texts[self.at]
        if text == "#":
            return self.ahead(1) == "["
        if text == "@":
            return self._after_attributes()
        if text in _OF_FUNCTIONS:
            return self.ahead(1) in ("fn", "function")
        if text not in self.by_item or self.kinds[self.at] != NAME:
            return False
        following = self.ahead(1)
        if self.kinds[self.at + 1] in (NAME, STRING):
            return following not in ("in", "as", "and", "or") or text in ("fn", "function", "struct", "enum")
        if following == "{":
            return text in ("state", "transition", "import", "export", "test")
        return text in RESERVED or (text in ("import", "use") and following == "::")

    def _after_attributes(self) -> bool:
        """Whether an item follows the `@name(..)` at hand: else it is a state."""
        saved = self.at
        for _ in range(_MOST_ATTRIBUTES):
            if self.texts[self.at] != "@" or not self.at_name(1):
                break
            self.at += 2
            if self.texts[self.at] == "(":
                self.skip_one()
        found = self.at > saved and self.texts[self.at] != "@" and self.item_follows()
        self.at = saved
        return found

    # -- items ---------------------------------------------------------------------------------------------------------

    def described(self) -> tuple[tree.Item, ...]:
        """An item with the attributes and the doc comment before it."""
        start = self.starts[self.at]
        docs = self.tokens.docs.get(self.at, [])
        attributes: list[tree.Attribute] = []
        while self.texts[self.at] in ("@", "#"):
            attributes.append(self._attribute())
            docs = docs + self.tokens.docs.get(self.at, [])
        read = self.by_item.get(self.texts[self.at])
        if read is None:
            self.tell("CCL0039", f"an attribute stands before a declaration, found {self.shown()}",
                      label="expected a declaration")  # fmt: skip
            raise Lost
        found = read()
        items = found if isinstance(found, tuple) else (found,)
        if not attributes and not docs:
            return items
        first = tree.Described(self.span_from(start), tuple(attributes), "\n".join(docs), items[0])
        return (first, *items[1:])

    def _attribute(self) -> tree.Attribute:
        start = self.starts[self.at]
        bracketed = self.accept("#")
        opening = self.at
        self.at += 1
        if bracketed:
            self.accept("[")
            opening = self.at - 1
        name = self.take_name("an attribute's name")
        args: tuple[tree.Arg, ...] = ()
        if self.texts[self.at] == "(":
            inner = self.at
            self.at += 1
            args = tuple(self.listed(inner, "the attribute", self._attribute_argument))
            self.close(inner, "the attribute")
        if bracketed:
            self.close(opening, "the attribute")
        return tree.Attribute(self.span_from(start), name, args)

    def _attribute_argument(self) -> tree.Arg:
        """`"text"`, `name: e`, and the dialect's `name = e`."""
        if self.kinds[self.at] != NAME or self.ahead(1) != "=":
            return self.argument()
        start = self.starts[self.at]
        name = self.take_word()
        self.at += 1
        return tree.Arg(self.span_from(start), self.expression(), name)

    def contract(self) -> tree.Item:
        """`contract Name extends "space:NAME@HASH" { .. }`."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the contract's name")
        extends = self.headed() if self.accept("extends") else None
        entries, items = self.members("the contract")
        return tree.ContractDecl(self.span_from(start), name, extends, entries, items)

    def _exported(self) -> tree.Item | tuple[tree.Item, ...]:
        """`export fn ..`, `export a, b;`."""
        start = self.starts[self.at]
        word = self.texts[self.at]
        self.at += 1
        inner = self.texts[self.at]
        if inner in self.by_item and inner not in _MODIFIERS and self.item_follows():
            found = self.by_item[inner]()
            if word in _OF_FUNCTIONS:
                return found
            if isinstance(found, tuple):
                return tuple(_marked(one) for one in found)
            return _marked(found)
        if word != "export":
            self.tell(
                "CCL0019", f"expected a declaration after `{word}`, found {self.shown()}", label="expected `fn` .."
            )
            raise Lost
        return self._export_list(start)

    def _export_list(self, start: int) -> tree.Item:
        opening = self.at
        braces = self.accept("{")
        entries: list[tree.Entry] = []
        while self.kinds[self.at] == NAME:
            name = self.take_name("a name")
            entries.append(tree.Entry(name.span, name, None))
            if not self.accept(","):
                break
        if braces:
            self.close(opening, "the export")
        return tree.BlockItem(self.span_from(start), "export", None, tuple(entries), None)

    def function(self) -> tree.Item:
        """`fn name<T>(params) -> T { .. }`, `policy fn`, `action`; a `;` in place of the body declares only."""
        start = self.starts[self.at]
        word = self.texts[self.at]
        self.at += 1
        if word == "policy":
            self.at += 1
            word = "policy fn"
        name = self.take_name("the function's name")
        generics = self._generics()
        params = self.parameters("the function's parameters")
        result: tree.TypeExpr | None = None
        if self.texts[self.at] == ":":
            self.tell("CCL0020", "a function's result is written with `->`", label="write `->`",
                      fixes=(Fix("write `->`", (Edit(self.here(), " ->"),)),))  # fmt: skip
            self.at += 1
            result = self.type()
        elif self.accept("->"):
            result = self.type()
        body: tree.Block | None = None
        if self.texts[self.at] != ";":
            approvals, self.approvals = self.approvals, None
            try:
                body = self.block(f"`{name.text}`")
            finally:  # the parser may lose its way in there, and recover outside
                self.approvals = approvals
        return tree.FnDecl(self.span_from(start), name, generics, params, result, body, word)

    def _generics(self) -> tuple[tree.Name, ...]:
        names: list[tree.Name] = []
        if not self.accept("<"):
            return ()
        while self.texts[self.at] not in (">", ""):
            names.append(self.take_name("a type's name"))
            if self.accept(":"):
                self.type()
                while self.accept("+"):
                    self.type()
            if not self.accept(","):
                break
        self.expect(">", "after the type's names", go_on=True)
        return tuple(names)

    def parameters(self, what: str) -> tuple[tree.Param, ...]:
        """`(a: T, b: T = e)`."""
        opening = self.at
        self.expect("(", f"to begin {what}")
        found = self.listed(opening, what, self._parameter)
        self.close(opening, what)
        return tuple(found)

    def _parameter(self) -> tree.Param:
        start = self.starts[self.at]
        pattern: tree.Pattern
        if self.at_label():
            name = self.take_word()
            pattern = tree.BindPattern(name.span, name)
        else:
            pattern = self.one_pattern()
        kind = self.type() if self.accept(":") else None
        default = self.expression() if self.accept("=") else None
        return tree.Param(self.span_from(start), pattern, kind, default)

    def _struct_decl(self) -> tree.Item | tuple[tree.Item, ...]:
        """`struct S { a: T, }`; functions that the dialect writes among the fields are an `impl` beside it."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the struct's name")
        generics = self._generics()
        if self.texts[self.at] == ";":
            return tree.StructDecl(self.span_from(start), name, generics, ())
        methods: list[tree.Item] = []
        fields = self.field_declarations("the struct", methods)
        struct = tree.StructDecl(self.span_from(start), name, generics, fields)
        if not methods:
            return struct
        target = tree.TypeName(name.span, tree.Path(name.span, (name,)))
        return struct, tree.ImplDecl(struct.span, target, None, tuple(methods))

    def field_declarations(self, what: str, methods: list[tree.Item] | None = None) -> tuple[tree.FieldDecl, ...]:
        """`{ a: T, b: T = e }`; methods: takes the functions among them, where some may be."""
        opening = self.at
        self.expect("{", f"to begin {what}")
        self.enter()
        found = self.listed(opening, what, lambda: self._field_or_method(methods), loose=True)
        self.close(opening, what)
        self.depth -= 1
        return tuple(field for field in found if field is not None)

    def _field_or_method(self, methods: list[tree.Item] | None) -> tree.FieldDecl | None:
        if methods is None or self.at_label() or not self._function_follows():
            return self._field_declaration()
        found = self.described()
        methods.extend(found)
        return None

    def _function_follows(self) -> bool:
        words = (self.texts[self.at], self.ahead(1))
        return words[0] in ("fn", "function") or (
            words[0] in _MODIFIERS | _OF_FUNCTIONS and words[1] in ("fn", "function")
        )

    def _field_declaration(self) -> tree.FieldDecl:
        start = self.starts[self.at]
        while self.texts[self.at] in _MODIFIERS and self.kinds[self.at + 1] == NAME:
            self.at += 1
        name = self.take_word() if self.at_label() else self.take_name("a field's name")
        self.expect(":", "after the field's name")
        if self.kinds[self.at] in _OF_LITERALS or self.texts[self.at] in ("true", "false"):
            return self._field_of_value(start, name)
        kind = self.type()
        default = self.expression() if self.accept("=") else None
        return tree.FieldDecl(self.span_from(start), name, kind, default)

    def _field_of_value(self, start: int, name: tree.Name) -> tree.FieldDecl:
        """The dialect's `kind: "loan",`: a value where the type stands; the field holds it if none is given."""
        word = _OF_LITERALS.get(self.kinds[self.at], "Bool")
        if word == "Integer" and not self.texts[self.at].replace("_", "").isdigit():
            word = "Ratio"
        value = self.expression()
        kind = tree.TypeName(value.span, tree.Path(value.span, (tree.Name(value.span, word),)))
        return tree.FieldDecl(self.span_from(start), name, kind, value)

    def _enum(self) -> tree.Item:
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the enum's name")
        generics = self._generics()
        opening = self.at
        self.expect("{", "to begin the enum's variants")
        self.enter()
        variants = self.listed(opening, "the enum", self._variant_declaration, loose=True)
        self.close(opening, "the enum")
        self.depth -= 1
        return tree.EnumDecl(self.span_from(start), name, generics, tuple(variants))

    def _variant_declaration(self) -> tree.VariantDecl:
        start = self.starts[self.at]
        name = self.take_name("a variant's name")
        items: tuple[tree.TypeExpr, ...] = ()
        fields: tuple[tree.FieldDecl, ...] = ()
        opening = self.at
        if self.accept("("):
            items = tuple(self.listed(opening, "the variant", self.type))
            self.close(opening, "the variant")
        elif self.texts[opening] == "{":
            fields = self.field_declarations("the variant")
        value = self.expression() if self.accept("=") else None
        return tree.VariantDecl(self.span_from(start), name, items, fields, value)

    def _alias(self) -> tree.Item:
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the type's name")
        self._generics()
        self.expect("=", "after the type's name")
        return tree.TypeAlias(self.span_from(start), name, self.type())

    def _const(self) -> tree.Item:
        start = self.starts[self.at]
        word = self.texts[self.at]
        self.at += 1
        mutable = self.accept("mut")
        name = self.take_name("a name")
        kind = self.type() if self.accept(":") else None
        value = self.expression() if self.accept("=") else None
        return tree.ConstDecl(self.span_from(start), name, kind, value, word, mutable)

    def _state_decl(self) -> tuple[tree.Item, ...]:
        """`state x: T = e`, `state public x: T`, `state { x: T = e, .. }`."""
        start = self.starts[self.at]
        self.at += 1
        opening = self.at
        if self.accept("{"):
            self.enter()
            found = self.listed(opening, "`state`", self._one_state, loose=True)
            self.close(opening, "`state`")
            self.depth -= 1
            return tuple(found) or (tree.BlockItem(self.span_from(start), "state", None, (), None),)
        state = self._one_state(start)
        if self.texts[self.at] != "{" or self.fresh[self.at]:
            return (state,)
        entries = self.entries_only("the state")
        return state, tree.BlockItem(self.span_from(start), "state", state.name, entries, None)

    def _one_state(self, start: int = -1) -> tree.StateDecl:
        start = self.starts[self.at] if start < 0 else start
        public = False
        while self.texts[self.at] in _MODIFIERS and self.kinds[self.at + 1] == NAME:
            public = self.texts[self.at] in ("pub", "public", "export")
            self.at += 1
        self.accept("mut")
        name = self.take_word() if self.at_label() else self.take_name("the state's name")
        kind = self.type() if self.accept(":") else None
        value = self.expression() if self.accept("=") else None
        if self.texts[self.at] in _MODIFIERS and not self.fresh[self.at]:
            self.at += 1
        return tree.StateDecl(self.span_from(start), name, kind, value, public)

    def _param_decl(self) -> tree.Item:
        """`param limit: Money<CREDIT> = 500 in 0..2000 changed by PolicyDecision`."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the parameter's name")
        self.expect(":", "and a type after the parameter's name")
        kind = self.type()
        value = self.expression(self.ABOVE_COMPARISON - 2) if self.accept("=") else None
        within = self.expression() if self.accept("in") else None
        changed: tree.Path | None = None
        if self.accept("changed"):
            self.expect("by", "after `changed`", go_on=True)
            changed = self.take_path("what decides it")
        return tree.ParamDecl(self.span_from(start), name, kind, value, within, changed)

    def _unit(self) -> tree.Item:
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the unit's code")
        entries = self.entries_only("the unit") if self.texts[self.at] == "{" else ()
        return tree.UnitDecl(self.span_from(start), name, entries)

    # -- imports -------------------------------------------------------------------------------------------------------

    def _import(self) -> tree.Item:
        """`import "x" as y`, `import a::b::{c, d}`, `import { c, d } from "x"`, `use a::b`."""
        start = self.starts[self.at]
        self.at += 1
        names: list[tree.Name] = []
        if self.texts[self.at] == "{":
            names = self._imported_names()
            self.expect("from", "after the names")
        if self.kinds[self.at] == STRING:
            text = self.string().value
        else:
            text, names = self._imported_path(names)
        if self.texts[self.at] == "::" and self.ahead(1) == "{":
            self.at += 1
            names = self._imported_names()
        alias = self.take_name("a name") if self.accept("as") else None
        return tree.Import(self.span_from(start), text, alias, tuple(names))

    def _imported_path(self, names: list[tree.Name]) -> tuple[str, list[tree.Name]]:
        self.accept("::")
        parts = [self.take_name("what to import").text]
        while self.texts[self.at] in ("::", "."):
            self.at += 1
            if self.texts[self.at] == "{":
                return "::".join(parts), self._imported_names()
            if self.texts[self.at] == "*":
                return "::".join(parts), [self.take_word()]
            parts.append(self.take_name("a name").text)
        return "::".join(parts), names

    def _imported_names(self) -> list[tree.Name]:
        opening = self.at
        self.at += 1
        names = self.listed(opening, "the import", lambda: self.take_path("a name").parts[-1])
        self.close(opening, "the import")
        return names

    # -- the dialect's -------------------------------------------------------------------------------------------------

    def _impl(self) -> tree.Item:
        start = self.starts[self.at]
        self.at += 1
        self._generics()
        target = self.type()
        trait: tree.TypeExpr | None = None
        if self.accept("for"):
            trait, target = target, self.type()
        _, items = self.members("`impl`")
        return tree.ImplDecl(self.span_from(start), target, trait, items)

    def _class(self) -> tree.Item:
        """`class Share { transferable: true }`: a class of tokens."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the class's name")
        entries, items = self.members("the class")
        return tree.BlockItem(self.span_from(start), "class", name, entries, None, items)

    def _event(self) -> tree.Item:
        """The dialect's `event Paid(to: Did);`: what a notice holds."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the notice's name")
        if self.texts[self.at] == "{":
            self.field_declarations("the notice")
        else:
            self.parameters("what the notice holds")
        return tree.BlockItem(self.span_from(start), "event", name, (), None)

    def _module(self) -> tree.Item:
        """`module std::economics { .. }`: declarations under a name."""
        start = self.starts[self.at]
        self.at += 1
        path = self.take_path("the module's name")
        entries, items = self.members("the module")
        return tree.BlockItem(self.span_from(start), "module", tree.Name(path.span, path.text), entries, None, items)

    def _scope(self) -> tree.Item:
        """`scope Local = "local:orchard"`, `scope Local { .. }`."""
        start = self.starts[self.at]
        if self.ahead(2) != "=":
            return self.named_block()
        self.at += 1
        name = self.take_name("the scope's name")
        self.at += 1
        entry = tree.Entry(self.span_from(start), name, self.expression())
        return tree.BlockItem(self.span_from(start), "scope", name, (entry,), None)


def _marked(item: tree.Item) -> tree.Item:
    """The item as exported, where that can be said of it."""
    if isinstance(item, tree.FnDecl):
        return tree.FnDecl(item.span, item.name, item.generics, item.params, item.result, item.body, item.word, True)
    if isinstance(item, tree.StructDecl):
        return tree.StructDecl(item.span, item.name, item.generics, item.fields, True)
    if isinstance(item, tree.EnumDecl):
        return tree.EnumDecl(item.span, item.name, item.generics, item.variants, True)
    if isinstance(item, tree.ConstDecl):
        return tree.ConstDecl(item.span, item.name, item.type, item.value, item.word, item.mutable, True)
    if isinstance(item, tree.StateDecl):
        return tree.StateDecl(item.span, item.name, item.type, item.value, True)
    return item
