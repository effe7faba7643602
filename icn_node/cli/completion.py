"""Shell completion, generated from the grammar: nouns, verbs, options, choices, files. Static: no node is asked."""

from __future__ import annotations

from icn_node.cli.failure import OK
from icn_node.cli.settings import GLOBAL
from icn_node.cli.tree import Grammar, whole_grammar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from icn_node.cli.grammar import Param, Verb
    from icn_node.cli.invocation import Invocation

_FILES = ("file", "private", "text", "json")


def run(call: Invocation) -> int:
    """Print the script of a shell."""
    shell = call.text("shell")
    script = {"bash": bash, "zsh": zsh, "fish": fish}[shell](whole_grammar())
    call.out.answer({"shell": shell, "script": script}, [script.rstrip("\n")], script.rstrip("\n"))
    return OK


def followers(grammar: Grammar) -> dict[tuple[str, ...], list[str]]:
    """For every beginning of a verb's words, the words that may come next."""
    found: dict[tuple[str, ...], list[str]] = {(): []}
    for words in grammar.verbs:
        found.setdefault(words, [])
        for count, word in enumerate(words):
            after = found.setdefault(words[:count], [])
            if word not in after:
                after.append(word)
    return found


def options(verb: Verb) -> list[str]:
    """Every option of a verb, the global ones too."""
    return [name for p in (*verb.params, *GLOBAL) for name in option_names(p)] + ["--help"]


def option_names(param: Param) -> list[str]:
    """How an option is written: a flag that is on already is only worth turning off."""
    names = {"yes": ["--no-"], "either": ["--", "--no-"]}.get(param.default, ["--"]) if param.flag else ["--"]
    return [name + param.option for name in names]


def _valued(verb: Verb) -> Iterator[Param]:
    """A verb's parameters that complete to something: choices or files."""
    for param in (*verb.params, *GLOBAL):
        if not param.flag and (param.choices or param.kind in _FILES or param.option in ("home", "secret-file")):
            yield param


def _takes_files(verb: Verb) -> bool:
    return any(p.place and p.kind in _FILES for p in verb.params)


def bash(grammar: Grammar) -> str:
    """For bash 4 and later. `source <(icn completion bash)`."""
    valued = " ".join(f"--{p.option}" for p in GLOBAL if not p.flag)
    lines = [
        "# Completion of `icn` for bash, written by `icn completion bash`.",
        "_icn() {",
        '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" words="" word i skip="" count=0',
        "    COMPREPLY=()",
        "    for ((i = 1; i < COMP_CWORD; i++)); do",
        '        word="${COMP_WORDS[i]}"',
        '        if [[ -n $skip ]]; then skip=""; continue; fi',
        '        case "$word" in',
        *([f"            {valued.replace(' ', '|')}) skip=1 ;;"] if valued else []),
        "            -*) ;;",
        '            *) [[ $count -lt 3 ]] && words="$words $word"; count=$((count + 1)) ;;',
        "        esac",
        "    done",
        '    words="${words# }"',
        '    local found="" files="" values=""',
    ]
    lines += ["    while :; do", '        case "$words" in']
    for prefix, after in sorted(followers(grammar).items()):
        verb = grammar.verbs.get(prefix)
        lines.append(f'            "{" ".join(prefix)}")')
        lines.append(f'                found="{" ".join([*after, *(options(verb) if verb else [])])}"')
        if verb:
            lines += _bash_values(verb)
        lines.append("                break ;;")
    lines += [
        '            "") break ;;',
        "        esac",
        '        [[ "$words" == *" "* ]] || break',
        '        words="${words% *}"',
        "    done",
        '    if [[ -n $values ]]; then COMPREPLY=($(compgen -W "$values" -- "$cur"))',
        '    elif [[ $files == option ]]; then COMPREPLY=($(compgen -f -- "$cur"))',
        '    elif [[ $files == place && $cur != -* ]]; then COMPREPLY=($(compgen -W "$found" -f -- "$cur"))',
        '    else COMPREPLY=($(compgen -W "$found" -- "$cur")); fi',
        "}",
        "complete -o filenames -F _icn icn",
    ]
    return "\n".join(lines) + "\n"


def _bash_values(verb: Verb) -> Iterator[str]:
    if _takes_files(verb):
        yield "                files=place"
    cases = []
    for param in _valued(verb):
        what = f'values="{" ".join(param.choices)}"' if param.choices else "files=option"
        cases.append(f"                    --{param.option}) {what} ;;")
    if cases:
        yield '                case "$prev" in'
        yield from cases
        yield "                esac"


def zsh(grammar: Grammar) -> str:
    """For zsh: a file `_icn` in $fpath, or `source <(icn completion zsh)` after compinit."""
    lines = [
        "#compdef icn",
        "# Completion of `icn` for zsh, written by `icn completion zsh`.",
        "_icn() {",
        '    local -a typed found; local prev="${words[CURRENT-1]}" key i word skip=""',
        "    for ((i = 2; i < CURRENT; i++)); do",
        '        word="${words[i]}"',
        '        if [[ -n $skip ]]; then skip=""; continue; fi',
        '        case "$word" in',
        f"            {'|'.join(f'--{p.option}' for p in GLOBAL if not p.flag)}) skip=1 ;;",
        "            -*) ;;",
        '            *) (( ${#typed} < 3 )) && typed+=("$word") ;;',
        "        esac",
        "    done",
        "    while :; do",
        '        key="${(j: :)typed}"',
        '        case "$key" in',
    ]
    for prefix, after in sorted(followers(grammar).items()):
        verb = grammar.verbs.get(prefix)
        lines.append(f'            "{" ".join(prefix)}")')
        if verb:
            for param in _valued(verb):
                act = f"compadd -- {' '.join(param.choices)}" if param.choices else "_files"
                lines.append(f'                [[ $prev == "--{param.option}" ]] && {{ {act}; return; }}')
            if _takes_files(verb):
                lines.append("                [[ $PREFIX != -* ]] && _files")
        for word in after:
            found = grammar.verbs.get((*prefix, word))
            about = found.summary if found else grammar.nouns.get(word, "")
            lines.append(f"                found+=({_single(f'{word}:{about}')})")
        if verb:
            by_name = {name: p.doc for p in (*verb.params, *GLOBAL) for name in option_names(p)}
            lines += [f"                found+=({_single(o + ':' + by_name.get(o, ''))})" for o in options(verb)]
        lines.append("                break ;;")
    lines += [
        "        esac",
        "        (( ${#typed} )) || break",
        '        typed=("${(@)typed[1,-2]}")',
        "    done",
        "    _describe icn found",
        "}",
        'if [[ "${funcstack[1]}" == "_icn" ]]; then _icn "$@"; else compdef _icn icn; fi',
    ]
    return "\n".join(lines) + "\n"


def _single(text: str) -> str:
    """A word in single quotes, for zsh and fish alike: one line, no quote inside."""
    return "'" + " ".join(text.split()).replace("\\", "").replace("'", "’") + "'"


def fish(grammar: Grammar) -> str:
    """For fish 3 and later: `icn completion fish > ~/.config/fish/completions/icn.fish`."""
    valued = " ".join(f"--{p.option}" for p in GLOBAL if not p.flag)
    lines = [
        "# Completion of `icn` for fish, written by `icn completion fish`.",
        "function __icn_words",
        "    set -l skip 0",
        "    for word in (commandline -opc)[2..-1]",
        "        if test $skip = 1; set skip 0; continue; end",
        f"        if contains -- $word {valued}; set skip 1; continue; end",
        "        string match -q -- '-*' $word; and continue",
        "        echo $word",
        "    end",
        "end",
        "function __icn_at  # whether exactly these words were typed",
        "    set -l typed (__icn_words)",
        '    test "$typed" = "$argv"',
        "end",
        "function __icn_in  # whether these words begin what was typed",
        "    set -l typed (__icn_words)",
        "    set -l count (count $argv)",
        '    test (count $typed) -ge $count; and test "$typed[1..$count]" = "$argv"',
        "end",
        "complete -c icn -f",
    ]
    for param in GLOBAL:
        need = "" if param.flag else " -r" + (" -F" if param.option in ("home", "secret-file") else "")
        lines.append(f"complete -c icn -l {param.option}{need} -d {_single(param.doc)}")
    lines.append("complete -c icn -l help -d 'explain'")
    for prefix, after in sorted(followers(grammar).items()):
        at = f"__icn_at {' '.join(prefix)}".rstrip()
        for word in after:
            found = grammar.verbs.get((*prefix, word))
            about = found.summary if found else grammar.nouns.get(word, "")
            lines.append(f"complete -c icn -n {_single(at)} -a {word} -d {_single(about)}")
    for words, verb in grammar.verbs.items():
        inside = _single(f"__icn_in {' '.join(words)}")
        if _takes_files(verb):
            lines.append(f"complete -c icn -n {inside} -F")
        for param in verb.params:
            need = "" if param.flag else " -r"
            if param.choices:
                need += f" -a {_single(' '.join(param.choices))}"
            elif param.kind in _FILES:
                need += " -F"
            for name in option_names(param):
                lines.append(f"complete -c icn -n {inside} -l {name[2:]}{need} -d {_single(param.doc)}")
    return "\n".join(lines) + "\n"
