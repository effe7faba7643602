"""How a command line is written: words, arguments and options, and how one is read.

`icn NOUN VERB [ARGUMENTS] [--OPTIONS]`: a verb has one to three words; required parameters may stand by place in their
declared order, every parameter by its option; options stand anywhere. A list is given by repeating its option, or
once with commas. Reading is pure: what is wrong is a `Failure` with the nearest right spelling and the usage line.

It must not know which verbs there are, or what values mean beyond their shape.
"""

from __future__ import annotations

from icn_node.cli.failure import USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    Value = str | bool | list[str]

MOST_WORDS = 3


class Param:
    """A parameter of a verb.

    name: its key in what is read. option: how it is written, without the dashes. kind: of its value; `flag` takes none.
    many: may be given several times. place: may stand by place (as a required one does, unless told not to). shown: its
    value in usage lines, such as AMOUNT.
    field: for parameters of declared commands, how the value is to be understood (see `declared`). secondary: left out
    of usage lines, and listed after the others.
    """

    __slots__ = ("choices", "default", "doc", "field", "kind", "many", "name", "option", "place", "required",
                 "secondary", "shown")  # fmt: skip

    def __init__(
        self,
        name: str,
        doc: str,
        *,
        kind: str = "text",
        option: str = "",
        required: bool = False,
        place: bool | None = None,
        many: bool = False,
        shown: str = "",
        default: str = "",
        choices: tuple[str, ...] = (),
        field: Any = None,
        secondary: bool = False,
    ) -> None:
        self.name = name
        self.doc = doc
        self.kind = kind
        self.option = option or name.replace("_", "-")
        self.required = required
        self.place = required if place is None else place
        self.many = many
        self.shown = shown or self.option.upper()
        self.default = default
        self.choices = choices
        self.field = field
        self.secondary = secondary

    @property
    def flag(self) -> bool:
        """Whether it is written without a value."""
        return self.kind == "flag"

    @property
    def splits(self) -> bool:
        """Whether one value with commas means several. JSON, files and command lines have commas of their own."""
        return self.many and self.kind not in ("json", "file", "command")


class Verb:
    """Something `icn` does. run: a function that takes an `Invocation`, or "module:function" to import when needed.

    method: the RPC method of a declared command or query, whose declaration is `spec`. rest: a parameter that takes all
    that stands from the first word on as it is, options and all (a command line within a command line). params and
    example may be functions, called when first wanted: of two hundred verbs a command line needs one.
    """

    __slots__ = ("_example", "_params", "doc", "method", "rest", "run", "spec", "words")

    def __init__(
        self,
        words: str,
        doc: str,
        run: str | Callable[[Any], int],
        params: Iterable[Param] | Callable[[], Iterable[Param]] = (),
        *,
        example: str | Callable[[Verb], str] = "",
        method: str = "",
        spec: Any = None,
        rest: str = "",
    ) -> None:
        self.words = tuple(words.split())
        self.doc = doc
        self.run = run
        self._params = params if callable(params) else tuple(params)
        self._example = example
        self.method = method
        self.spec = spec
        self.rest = rest

    @property
    def params(self) -> tuple[Param, ...]:
        """Its parameters, in their order."""
        if not isinstance(self._params, tuple):
            self._params = tuple(self._params())
        return self._params

    @property
    def example(self) -> str:
        """A command line, '' if there is none."""
        if not isinstance(self._example, str):
            self._example = self._example(self)
        return self._example

    @property
    def summary(self) -> str:
        """The first sentence of its documentation."""
        first = " ".join(self.doc.split("\n\n")[0].split())
        end = first.find(". ")
        return first if end < 0 else first[: end + 1]

    def usage(self) -> str:
        """The line that shows how it is written."""
        parts = ["icn", *self.words]
        for param in self.params:
            shown = param.shown + ("..." if param.many else "")
            if param.required:
                parts.append(shown if param.place else f"--{param.option} {shown}")
            elif param.place and not param.secondary:
                parts.append(f"[{shown}]")
        if any(not (p.required or p.place) and not p.secondary for p in self.params):
            parts.append("[--options]")
        return " ".join(parts)


class Reading:
    """A command line that was read. words: of the verb. values: by parameter name. settings: the global options.
    given: the options as they were written, for error messages."""

    __slots__ = ("help", "settings", "values", "verb")

    def __init__(self, verb: Verb, values: dict[str, Value], settings: dict[str, Value], wants_help: bool) -> None:
        self.verb = verb
        self.values = values
        self.settings = settings
        self.help = wants_help


def near(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was perhaps meant to be, '' if none is near."""
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """ " Did you mean X?" or ''."""
    found = near(word, known)
    return f" Did you mean {prefix}{found}?" if found else ""


def is_option(token: str) -> bool:
    """Whether a token is written as an option; `-` alone and negative numbers are values."""
    return len(token) > 1 and token[0] == "-" and not (token[1].isdigit() or token[1] == ".")


SHORT = {"-h": "--help", "-q": "--quiet"}


def split_words(tokens: Sequence[str], settings: Sequence[Param]) -> tuple[list[str], list[int]]:
    """The leading tokens that are no options, at most MOST_WORDS, and where each stands. Global options may stand
    between them."""
    options = {"--" + p.option: p for p in settings}
    words: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(tokens) and len(words) < MOST_WORDS:
        token = tokens[at]
        if token == "--":  # noqa: S105 - a word of the command line, no secret
            break
        if is_option(token):
            name = SHORT.get(token, token)
            param = options.get(name)
            if param is None and name.partition("=")[0] not in options:
                break
            if param is not None and not param.flag:
                at += 1
        else:
            words.append(token)
            places.append(at)
        at += 1
    return words, places


def read(verb: Verb, tokens: Sequence[str], settings: Sequence[Param]) -> Reading:
    """Read what stands beside the verb's words. Raises Failure (usage)."""
    reader = _Reader(verb, settings)
    reader.take(tokens)
    return reader.done()


class _Reader:
    def __init__(self, verb: Verb, settings: Sequence[Param]) -> None:
        self._verb = verb
        self._options = {"--" + p.option: (p, False) for p in settings}
        self._options.update({"--" + p.option: (p, True) for p in verb.params})
        self._lists: dict[str, list[str]] = {}
        self._values: dict[str, Value] = {}
        self._settings: dict[str, Value] = {}
        self._loose: list[str] = []
        self._help = False

    def _wrong(self, message: str) -> Failure:
        advice = f"see `icn {' '.join(self._verb.words)} --help`."
        return Failure(USAGE, message, usage=self._verb.usage(), advice=advice)

    def take(self, tokens: Sequence[str]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            at += 1
            if token == "--":  # noqa: S105 - a word of the command line, no secret
                self._loose += tokens[at:]
                break
            if not is_option(token):
                if self._verb.rest:
                    self._values[self._verb.rest] = list(tokens[at - 1 :])
                    break
                self._loose.append(token)
                continue
            token = SHORT.get(token, token)
            name, given, value = token.partition("=")
            if name == "--help":
                self._help = True
                continue
            param, own, on = self._find(name)
            if param.flag:
                self._put(param, own, self._truth(name, value) is on if given else on)
                continue
            if not given:
                if at == len(tokens) or (is_option(tokens[at]) and tokens[at].partition("=")[0] in self._options):
                    raise self._wrong(f"{name} needs a value: {name} {param.shown}")
                value = tokens[at]
                at += 1
            self._put(param, own, value)

    def _find(self, name: str) -> tuple[Param, bool, bool]:
        found = self._options.get(name)
        if found is not None:
            return *found, True
        if name.startswith("--no-"):
            found = self._options.get("--" + name[5:])
            if found is not None and found[0].flag:
                return *found, False
        hint = did_you_mean(name, self._options)
        raise self._wrong(f"there is no option {name} here.{hint}")

    def _truth(self, name: str, value: str) -> bool:
        if value in ("true", "yes", "false", "no"):
            return value in ("true", "yes")
        raise self._wrong(f"{name} is true or false, not {value!r}")

    def _put(self, param: Param, own: bool, value: str | bool) -> None:
        into = self._values if own else self._settings
        if param.choices and value not in param.choices:
            hint = did_you_mean(str(value), param.choices)
            raise self._wrong(f"--{param.option} is one of {', '.join(param.choices)}, not {value!r}.{hint}")
        if param.many:
            assert isinstance(value, str)
            self._lists.setdefault(param.name, []).append(value)
            into[param.name] = self._lists[param.name]
        elif param.name in into:
            raise self._wrong(f"--{param.option} is given twice")
        else:
            into[param.name] = value

    def done(self) -> Reading:
        if self._help:
            return Reading(self._verb, {}, self._settings, True)
        places = [p for p in self._verb.params if p.place and p.name not in self._values]
        # Required ones first, in their order; then those that may stand by place.
        places.sort(key=lambda p: not p.required)
        for param in places:
            if not self._loose:
                break
            if param.many:
                for value in self._loose:
                    self._put(param, True, value)
                self._loose = []
            else:
                self._put(param, True, self._loose.pop(0))
        if self._loose:
            raise self._wrong(f"{self._loose[0]!r} is one argument too many")
        for param in self._verb.params:
            given = self._lists.get(param.name)
            if given and len(given) == 1 and param.splits:
                self._values[param.name] = split_list(given[0])
        missing = [p for p in self._verb.params if p.required and p.name not in self._values]
        if missing:
            said = ", ".join(p.shown for p in missing)
            raise self._wrong(f"{said} {'is' if len(missing) == 1 else 'are'} missing")
        return Reading(self._verb, self._values, self._settings, False)


def split_list(text: str) -> list[str]:
    """The parts between commas; a comma behind a backslash belongs to its part."""
    parts = [""]
    escaped = False
    for char in text:
        if escaped:
            parts[-1] += char if char in ",\\" else "\\" + char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            parts.append("")
        else:
            parts[-1] += char
    parts[-1] += "\\" if escaped else ""
    return [part.strip() for part in parts]


def quoted(word: str) -> str:
    """A word as a shell reads it back."""
    plain = "".join(c for c in word if c not in "@%+=:,./-_")
    if word and plain.isalnum() and plain.isascii():
        return word
    if word and not plain:
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def written(verb: Verb, values: Mapping[str, Value]) -> str:
    """The command line for a verb and the values of its parameters: what `read` would read them from."""
    parts = ["icn", *verb.words]
    rest = []
    open_places = True
    for param in sorted(verb.params, key=lambda p: not (p.required and p.place)):
        value = values.get(param.name)
        if value is None:
            open_places = open_places and not param.place
            continue
        shown = [value] if isinstance(value, str) else value
        by_place = open_places and param.required and not param.many and not str(value).startswith("-")
        if isinstance(shown, bool):
            rest.append(f"--{param.option}" if shown else f"--no-{param.option}")
        elif by_place:
            parts.append(quoted(str(value)))
        else:
            if len(shown) == 1 and param.splits:
                shown = [shown[0].replace("\\", "\\\\").replace(",", "\\,")]
            for part in shown:
                between = "=" if part.startswith("-") else " "
                rest.append(f"--{param.option}{between}{quoted(part)}")
            open_places = open_places and not param.required
    return " ".join(parts + rest)
