"""`icn init`: a founder's choices, asked for where they are missing, and what was made, said once."""

from __future__ import annotations

import os
import time
import typing
from decimal import Decimal
from typing import Any

import msgspec

from dag.cid import cid_text
from dag.keys import BadKey, public_of
from icn_node import sample
from icn_node.cli.failure import INVALID, OK, USAGE, Failure
from icn_node.cli.grammar import did_you_mean, quoted
from icn_node.cli.invocation import Invocation
from icn_node.cli.keys import new_secret
from icn_node.cli.reach import local_errors
from icn_node.cli.values import read_file, whole_number
from icn_node.documents import templates
from icn_node.founding import QUICK, Choices, bylaws_document, found
from icn_node.home import DEFAULT_HOME, Home
from icn_node.kernel import calendar
from icn_node.kernel.fields import Handle, Name, Title, UnitCode, description_of, element_of
from icn_node.modules import MODULES
from icn_node.modules.space import Found

PRINT = "print"


def init(call: Invocation) -> int:
    """Found a space in a new home."""
    home = Home(call.settings.home)
    if home.exists:
        raise Failure(
            INVALID, f"there is a node in {home.path} already", code="home_taken",
            advice="found the other in another folder: --home DIR.",
        )  # fmt: skip
    if call.flag("sample"):
        return _sample(call, home)
    name = call.text("name")
    if not name:
        raise Failure(USAGE, "NAME is missing", usage="icn init NAME [--options]", advice="see `icn init --help`.")
    recovery = _recovery(call)
    threshold = whole_number("recovery-threshold", call.text("recovery_threshold", "1"), 1, 16)
    if threshold > max(1, len(recovery)):
        raise Failure(USAGE, f"--recovery-threshold {threshold} is more than the keys there are")
    _check(call)
    ops = _units(call)
    zone = call.text("timezone") or local_zone()
    bylaws = call.text("bylaws")
    choices = Choices(
        name=name,
        title=call.text("title") or name,
        handle=call.text("handle") or name,
        secret=new_secret(call, f"your key, as {call.text('handle') or name}"),
        timezone=zone,
        founder_name=call.text("founder_name"),
        bylaws=os.path.abspath(bylaws) if bylaws else "",  # noqa: PTH100 - a text
        template=call.text("template"),
        recovery=recovery,
        recovery_threshold=threshold,
        modules=tuple(call.many("module")),
        roles=tuple(call.many("role")) or ("steward",),
        languages=tuple(call.many("language")) or ("en",),
        custody="node" if call.flag("hosted") else "self",
        books=tuple(call.many("books")),
    )
    with local_errors(call.settings.home):
        home.lock()
        try:
            made = found(home, choices, now_ms=time.time_ns() // 1_000_000, ops=ops)
        finally:
            home.unlock()
    answer: dict[str, Any] = {
        "home": str(home.path), "space": cid_text(made.space), "founder": made.founder, "handle": choices.handle,
        "node": made.node, "recovery_key": made.recovery_key, "timezone": zone,
    }  # fmt: skip
    call.out.answer(answer, lambda: _lines(answer, choices), answer["space"])
    return OK


def _check(call: Invocation) -> None:
    """Say what is wrong with a choice before a secret is asked for or anything is made. Raises Failure."""
    language = element_of(typing.get_type_hints(Found, include_extras=True)["languages"])
    kinds: tuple[tuple[str, Any, str], ...] = (
        ("name", Handle, description_of(Handle)), ("handle", Handle, description_of(Handle)),
        ("title", Title, description_of(Title)), ("credit", UnitCode, description_of(UnitCode)),
        ("books", UnitCode, description_of(UnitCode)), ("role", Name, "a name such as steward"),
        ("language", language, "a code such as en or pt-BR"),
    )  # fmt: skip
    for name, kind, wanted in kinds:
        given = call.values.get(name, [])
        for value in [given] if isinstance(given, str) else given if isinstance(given, list) else []:
            try:
                msgspec.convert(value, kind)
            except msgspec.ValidationError:
                raise Failure(USAGE, f"--{name} is {wanted}, not {value!r}") from None
    known = [module.name for module in MODULES]
    for module in call.many("module"):
        if module not in known:
            hint = did_you_mean(module, known)
            raise Failure(USAGE, f"--module {module}: there is no such module.{hint}", advice="see `icn version`.")
    zone = call.text("timezone")
    if zone and not calendar.known(zone):
        raise Failure(USAGE, f"--timezone {zone} is not known: use an IANA name such as Europe/Amsterdam")
    template = call.text("template")
    if template and call.text("bylaws"):
        raise Failure(USAGE, "--template and --bylaws: choose one, bylaws of your own or a template")
    if template and template not in templates():
        hint = did_you_mean(template, templates())
        advice = "there are: " + ", ".join(templates())
        raise Failure(USAGE, f"--template {template}: there is no such template.{hint}", advice=advice)
    if call.text("bylaws"):
        with local_errors(call.settings.home):
            path = call.text("bylaws")
            bylaws_document(path.rpartition("/")[2], read_file(path).decode(errors="replace"))


def _sample(call: Invocation, home: Home) -> int:
    """The ready-made sample co-op."""
    if call.values.keys() != {"sample"}:
        raise Failure(USAGE, "--sample makes a ready-made co-op, and takes no other choices")
    with local_errors(call.settings.home):
        sample.make(home, time.time_ns() // 1_000_000, call.out.note)
    answer: dict[str, Any] = {"home": str(home.path), "sample": True, "members": [name for name, _ in sample.MEMBERS]}
    lines = [f"Made the sample co-op in {home.path}. Its members' secret is `{sample.SECRET}`.", "", "Next:",
             f"  icn node run{_home_option(answer)}", f"  icn status{_home_option(answer)}"]  # fmt: skip
    call.out.answer(answer, lines, answer["home"])
    return OK


def _recovery(call: Invocation) -> tuple[str, ...]:
    """The DIDs of recovery keys made elsewhere; () to have one made and printed."""
    given = [key for key in call.many("recovery_key") if key != PRINT]
    if given and PRINT in call.many("recovery_key"):
        raise Failure(USAGE, "--recovery-key is `print`, or DIDs of keys made elsewhere, not both")
    for did in given:
        try:
            public_of(did)
        except BadKey as error:
            raise Failure(USAGE, f"--recovery-key {did} is no key's DID ({error.reason.replace('_', ' ')})") from None
    return tuple(given)


def _units(call: Invocation) -> list[dict[str, Any]]:
    """The founding act's further commands: the units to begin with, and the quick type of proposal."""
    ops: list[dict[str, Any]] = []
    credit = call.text("credit")
    if credit:
        ops.append({
            "op": "credit.create", "ver": 1, "unit": credit, "title": credit.capitalize(),
            "floor_minor": -_minor(call, "floor", "100"), "ceiling_minor": _minor(call, "ceiling", "500"),
        })  # fmt: skip
    if call.flag("hours"):
        ops.append({"op": "timebank.set_up", "ver": 1})
    if call.flag("quick"):
        ops.append(QUICK)
    return ops


def _minor(call: Invocation, option: str, default: str) -> int:
    """An amount of the new unit, which has two decimals, in its smallest part."""
    text = call.text(option, default)
    try:
        value = Decimal(text.removeprefix("-")) * 100
    except ArithmeticError:
        raise Failure(USAGE, f"--{option} is an amount such as 100, not {text!r}") from None
    if value != value.to_integral_value() or value > 10**17:
        raise Failure(USAGE, f"--{option} is an amount with at most two decimals, not {text!r}")
    return int(value)


def local_zone() -> str:
    """This machine's IANA time zone, UTC if it does not say."""
    named = os.environ.get("TZ", "").lstrip(":")
    if not named:
        try:
            named = os.readlink("/etc/localtime").partition("zoneinfo/")[2]  # noqa: PTH115 - a text, not a path
        except OSError:
            named = ""
    return named if named and calendar.known(named) else "UTC"


def _home_option(answer: dict[str, Any]) -> str:
    """What `icn` needs to be told to find this home again."""
    usual = Home(os.environ.get("ICN_HOME") or DEFAULT_HOME).path
    return "" if answer["home"] == str(usual) else f" --home {quoted(answer['home'])}"


def _lines(answer: dict[str, Any], choices: Choices) -> list[str]:
    home = _home_option(answer)
    lines = [
        f"Founded {choices.title}.", "",
        f"  its CID, by which anybody checks proofs:  {answer['space']}",
        f"  founder:  {choices.handle}, {answer['founder']}",
        f"  home:     {answer['home']}",
    ]  # fmt: skip
    if answer["recovery_key"]:
        lines += [
            "", "The recovery key. Write it on paper and lock it away: it is shown this once, and without it a node",
            "that was restored from a backup cannot sign again.", "", f"  {answer['recovery_key']}",
        ]  # fmt: skip
    return [
        *lines, "", "Next:",
        f"  icn node run{home}",
        f"  icn status{home}",
        f"  icn member invite{home}",
    ]  # fmt: skip
