"""The edge: what people and programs write, into what commands hold; what queries answer, into what people read.

One table, driven by the kind of each declared field: a handle becomes a DID, "12.50" becomes minor units, "1h30"
becomes minutes, an ISO date a day; and back. Nothing here is a rule of the space. All conversions are exact: a value
that would have to be rounded is an error that says so.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from dag.keys import BadKey, public_of
from icn_node.kernel import ledger, registry
from icn_node.kernel.fields import INT64_MAX, Private, element_of, kind_of
from icn_node.kernel.module import Amount, Command, Party, Query, Said
from icn_node.kernel.refusal import Facts
from icn_node.kernel.tables import Tables
from icn_node.rpc.jsonrpc import INVALID_PARAMS, RpcError

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_UNITS_MS = {"d": 86_400_000, "w": 604_800_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_DECIMAL = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,40}))?")
_CLOCK = re.compile(
    r"-?(?:(?P<bare>[0-9]{1,9})m?|(?P<clock>[0-9]{1,7}):(?P<past>[0-5][0-9])"
    r"|(?P<hours>[0-9]{1,7})(?:\.(?P<part>[0-9]{1,6}))?h(?:(?P<rest>[0-5]?[0-9])m?)?)"
)


def wrong(name: str, wanted: str, got: Any = None) -> RpcError:
    """The error for a parameter: which one, what is wanted, what came."""
    shown = "" if got is None else f", not {got!r}"
    return RpcError(INVALID_PARAMS, f"{name}: {wanted}{shown}", {"field": name, "wanted": wanted})


@dataclass(slots=True)
class Intake:
    """Conversion of one call's parameters. `texts` collects private texts by field: (value, audience).

    commands: by name, those that a command may hold inside it (what a proposal is to carry out).
    """

    tx: Tables
    unit: str = ""
    decimals: int | None = None
    texts: dict[str, tuple[Any, str]] = field(default_factory=dict)
    commands: Mapping[str, type[Command]] = field(default_factory=dict)

    def command(self, cls: type[Command], params: Mapping[str, Any], private: Mapping[str, str]) -> dict[str, Any]:
        """The fields of a command as its event holds them, without private ones, which are in `texts` after."""
        return self._fields(cls, params, private)

    def query(self, cls: type[Query], params: Mapping[str, Any]) -> Any:
        """The query's struct. Raises RpcError."""
        fields = self._fields(cls, params, {})
        try:
            return msgspec.convert(fields, cls)
        except msgspec.ValidationError as error:
            raise RpcError(INVALID_PARAMS, _plain(error)) from None

    def _fields(self, cls: type[Any], params: Mapping[str, Any], private: Mapping[str, str]) -> dict[str, Any]:
        declared = typing.get_type_hints(cls, include_extras=True)
        names = msgspec.structs.fields(cls)
        known = {f.name for f in names}
        unit = params.get("unit", self.unit)
        if not unit and "unit" in known:
            unit = next((f.default for f in names if f.name == "unit" and isinstance(f.default, str)), "")
        self.unit = unit if isinstance(unit, str) else ""
        if "decimals" in known:  # of a unit that this command makes
            stated = params.get("decimals", next((f.default for f in names if f.name == "decimals"), None))
            self.decimals = int(stated) if isinstance(stated, int) or _WHOLE.fullmatch(str(stated)) else None
        fields: dict[str, Any] = {}
        for given, value in params.items():
            name = _field_for(given, known)
            if name is None:
                wanted = "fields are " + ", ".join(sorted(k.removesuffix("_minor").removesuffix("_ms") for k in known))
                raise RpcError(INVALID_PARAMS, f"there is no field {given!r}; {wanted}", {"field": given})
            if name in fields or name in self.texts:
                raise wrong(given, f"{name} is given twice")
            if value is None:
                continue
            kind = kind_of(declared[name])
            if kind == "private":
                self.texts[name] = _private(given, value, private.get(name, "members"))
            else:
                fields[name] = self._value(given, kind, declared[name], value, decimal=given != name)
        missing = [f.name for f in names if f.required and f.name not in fields and f.name not in self.texts]
        if missing:
            name = missing[0].removesuffix("_minor").removesuffix("_ms")
            raise RpcError(INVALID_PARAMS, f"{name} is missing", {"field": missing[0], "missing": missing})
        return fields

    def _value(self, name: str, kind: str, declared: Any, value: Any, *, decimal: bool) -> Any:
        if kind == "list":
            if not isinstance(value, list):
                value = [v.strip() for v in value.split(",")] if isinstance(value, str) else [value]
            inner = element_of(declared)
            return [self._value(name, kind_of(inner), inner, v, decimal=decimal) for v in value]
        if (
            kind == "map"
            and isinstance(declared, type)
            and issubclass(declared, msgspec.Struct)
            and isinstance(value, dict)
        ):
            inside = Intake(self.tx, self.unit)
            fields = inside._fields(declared, value, {})
            if inside.texts:  # left out silently, it would be lost
                raise wrong(name, f"{min(inside.texts)}: a private text within a list takes a composed event")
            return fields
        convert = _CONVERSIONS.get(kind)
        converted = value if convert is None else convert(self, name, value, decimal)
        _check_range(name, kind, declared, value, converted)
        return converted

    # -- kinds -------------------------------------------------------------------------------------------------------

    def _who(self, name: str, value: Any, _decimal: bool) -> str:
        if not isinstance(value, str) or not value:
            raise wrong(name, "a handle or a DID", value)
        if value.startswith("did:"):
            try:
                public_of(value)
            except BadKey:
                raise wrong(name, "a did:key of an Ed25519 key", value) from None
            return value
        handle = value.removeprefix("@").lower()
        party = registry.by_handle(self.tx, handle)
        if party is None:
            raise wrong(name, "a member's handle or DID; nobody here is called that (see `icn member list`)", value)
        return party.did

    def _amount(self, name: str, value: Any, decimal: bool) -> int:
        if isinstance(value, bool | float):
            raise wrong(name, 'an amount as text, such as "12.50", so that nothing is rounded', value)
        if not decimal:
            return whole_of(name, str(value), "a whole number of minor units")
        unit = self.tx.get(ledger.Unit, self.unit)
        if unit is None and self.decimals is not None:
            return minor_of(name, str(value), self.decimals)
        if unit is None:
            return minor_of(name, str(value), self._common_scale())
        return minor_of(name, str(value), unit.decimals, hours=unit.kind == "hours")

    def _common_scale(self) -> int:
        """The decimals of an amount that is meant for every unit: those that all units share. Raises RpcError."""
        scales = {(u.decimals, u.kind == "hours") for u in self.tx.scan(ledger.Unit)}
        if self.unit or len(scales) != 1 or (0, True) in scales:
            wanted = "a unit of this space (see `icn unit list`)"
            more = "; its units have different decimals, so an amount for all of them has no one meaning"
            raise wrong("unit", wanted + ("" if self.unit or len(scales) < 2 else more), self.unit or None)
        return scales.pop()[0]

    def _minutes(self, name: str, value: Any, _decimal: bool) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return minutes_of(name, str(value))

    def _time(self, name: str, value: Any, _decimal: bool) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        try:
            moment = datetime.datetime.fromisoformat(str(value))
        except ValueError:
            raise wrong(name, "an ISO date or date-time, such as 2026-05-01T18:00+02:00", value) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return (moment - EPOCH) // datetime.timedelta(milliseconds=1)

    def _duration(self, name: str, value: Any, _decimal: bool) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        found = re.fullmatch(r"([0-9]{1,12})\s*([dwhms])", str(value).strip())
        if found is None:
            raise wrong(name, "a duration such as 14d, 36h or 90m", value)
        return int(found[1]) * _UNITS_MS[found[2]]

    def _day(self, name: str, value: Any, _decimal: bool) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        try:
            return (datetime.date.fromisoformat(str(value)) - EPOCH.date()).days
        except ValueError:
            raise wrong(name, "an ISO date such as 2026-05-01", value) from None

    def _bytes(self, name: str, value: Any, _decimal: bool) -> bytes:
        if isinstance(value, str):
            for decode in (bytes.fromhex, _base64):
                try:
                    return decode(value)
                except (ValueError, binascii.Error):
                    continue
        raise wrong(name, "bytes in hex or base64", value)

    def _integer(self, name: str, value: Any, _decimal: bool) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return whole_of(name, str(value))

    def _ops(self, name: str, value: Any, _decimal: bool) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(op, dict) for op in value):
            raise wrong(name, 'a list of commands, such as [{"op": "role.grant", "role": "cook", "member": "bob"}]')
        return [self._op(name, op) for op in value]

    def _op(self, name: str, op: dict[str, Any]) -> dict[str, Any]:
        cls = self.commands.get(str(op.get("op")))
        if cls is None:
            raise wrong(name, "commands that there are, by `op`", op.get("op"))
        inner = Intake(self.tx, commands=self.commands)
        fields = inner._fields(cls, {k: v for k, v in op.items() if k not in ("op", "ver")}, {})
        if inner.texts:
            # Its payload would have to name an event that does not exist yet.
            raise wrong(name, f"commands without private texts, such as {min(inner.texts)}, when they are decided on")
        return {"op": cls.OP, "ver": op.get("ver", cls.VER), **fields}

    def _boolean(self, name: str, value: Any, _decimal: bool) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "yes", "false", "no"):
            return value.lower() in ("true", "yes")
        raise wrong(name, "true or false", value)


_CONVERSIONS: dict[str, Callable[[Intake, str, Any, bool], Any]] = {
    "who": Intake._who,
    "key": Intake._who,
    "amount": Intake._amount,
    "limit": Intake._amount,
    "minutes": Intake._minutes,
    "time": Intake._time,
    "duration": Intake._duration,
    "day": Intake._day,
    "hash": Intake._bytes,
    "signature": Intake._bytes,
    "bytes": Intake._bytes,
    "no": Intake._integer,
    "int": Intake._integer,
    "bool": Intake._boolean,
    "ops": Intake._ops,
}


def _check_range(name: str, kind: str, declared: Any, given: Any, value: Any) -> None:
    """Say in words what the kernel would refuse as malformed: a number that its field is not declared for."""
    if typing.get_origin(declared) in (typing.Union, types.UnionType):
        (declared,) = [inner for inner in typing.get_args(declared) if inner is not type(None)][:1]
    if not isinstance(value, int) or isinstance(value, bool) or typing.get_origin(declared) is not Annotated:
        return
    for note in typing.get_args(declared)[1:]:
        if isinstance(note, msgspec.Meta) and isinstance(note.ge, int) and value < note.ge:
            raise wrong(name, "more than zero" if note.ge == 1 else f"at least {note.ge}", given)
        if isinstance(note, msgspec.Meta) and isinstance(note.le, int) and value > note.le:
            if note.le == INT64_MAX:
                raise wrong(name, "a number within 64 bits", given)
            raise wrong(name, "less than that" if kind == "time" else f"at most {note.le}", given)


def _field_for(given: str, known: set[str]) -> str | None:
    given = given.replace("-", "_")
    for name in (given, given + "_minor", given + "_ms", given + "_day"):
        if name in known:
            return name
    if given == "hours" and "minutes" in known:
        return "minutes"
    return None


def _private(name: str, value: Any, audience: str) -> tuple[Any, str]:
    if isinstance(value, dict):
        if not set(value) <= {"text", "audience"} or not isinstance(value.get("text"), str):
            raise wrong(name, 'a text, or {"text": ..., "audience": ...}')
        return value["text"], str(value.get("audience", audience))
    if not isinstance(value, str):
        raise wrong(name, "a text", value)
    return value, audience


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _plain(error: msgspec.ValidationError) -> str:
    text, _, path = str(error).partition(" - at `$.")
    return f"{path.rstrip('`')}: {text}" if path else text


def whole_of(name: str, text: str, wanted: str = "a whole number") -> int:
    """The integer of plain ASCII digits, within 64 bits. Raises RpcError."""
    if not _WHOLE.fullmatch(text):
        raise wrong(name, wanted, text)
    return within(name, int(text))


def within(name: str, value: int) -> int:
    """The value, if the ledger can hold it. Raises RpcError."""
    if not -INT64_MAX <= value <= INT64_MAX:
        raise wrong(name, "a number within 64 bits", str(value))
    return value


def minor_of(name: str, text: str, decimals: int, *, hours: bool = False) -> int:
    """Decimal text in minor units, exactly. hours: "2:30" and "2h30" are hours and minutes. Raises RpcError.

    Only plain digits and a decimal point: no exponent, no grouping, no other script's digits.
    """
    text = text.strip()
    if hours:
        if _WHOLE.fullmatch(text):
            raise wrong(name, "hours and minutes such as 2:00, 2h or 120m: a bare number could mean either", text)
        return minutes_of(name, text)
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise wrong(name, "an amount such as 12.50", text)
    sign, whole, places = found[1], found[2], (found[3] or "").rstrip("0")
    if len(places) > decimals:
        raise wrong(name, f"at most {decimals} decimals", text)
    return within(name, int(sign + whole + places.ljust(decimals, "0")))


def minutes_of(name: str, text: str) -> int:
    """Minutes of "90", "90m", "1h30", "1:30", "1.5h", "2h". Raises RpcError."""
    text = text.strip().lower().replace(" ", "")
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise wrong(name, "a time such as 90, 1h30 or 1:30", text)
    hours, minutes = found["hours"] or found["clock"], found["past"] or found["rest"]
    tenths, bare = found["part"], found["bare"]
    if tenths is not None and minutes is not None:
        raise wrong(name, "a time such as 90, 1h30 or 1:30", text)
    if bare is not None:
        total = int(bare)
    elif tenths is not None:
        scale = 10 ** len(tenths)
        total, rest = divmod((int(hours) * scale + int(tenths)) * 60, scale)
        if rest:
            raise wrong(name, "a whole number of minutes", text)
    else:
        total = int(hours) * 60 + int(minutes or 0)
    return -total if text.startswith("-") else total


def text_of(minor: int, decimals: int, *, hours: bool = False) -> str:
    """Minor units as people write them: 1250 with two decimals is 12.50; 90 minutes are 1:30."""
    sign = "-" if minor < 0 else ""
    if hours:
        return f"{sign}{abs(minor) // 60}:{abs(minor) % 60:02d}"
    if decimals == 0:
        return str(minor)
    whole, part = divmod(abs(minor), 10**decimals)
    return f"{sign}{whole}.{part:0{decimals}d}"


def iso(time_ms: int) -> str:
    """UTC milliseconds as ISO 8601 text, milliseconds only where there are any; as such beyond the year 9999."""
    try:
        moment = EPOCH + datetime.timedelta(milliseconds=time_ms)
    except OverflowError:
        return f"{time_ms} ms"
    return moment.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds").replace("+00:00", "Z")


_FIRST_TIME_MS = 100_000_000_000  # March 1973: no time of a space is before it, and no duration is as long


def duration_text(duration_ms: int) -> str:
    """A duration in its largest whole unit: 14d, 36h, 90m, 45s."""
    for letter in "dhms":
        count, rest = divmod(duration_ms, _UNITS_MS[letter])
        if rest == 0 and (count or letter == "s"):
            return f"{count}{letter}"
    return f"{duration_ms} ms"


Reveal = Callable[[Private], tuple[Any, str]]
Say = Callable[[str, Facts], str]


class Outtake:
    """Query results into JSON: amounts, parties, times and private fields as people read them, exact values beside."""

    def __init__(self, tx: Tables, reveal: Reveal, say: Say) -> None:
        self._tx = tx
        self._reveal = reveal
        self._say = say

    def value(self, value: Any) -> Any:
        """Any result; a struct or dict becomes an object, sequences arrays, bytes hex."""
        if isinstance(value, msgspec.Struct) and not isinstance(value, Amount | Party | Private | Said):
            value = msgspec.structs.asdict(value)
        if isinstance(value, dict):
            out: dict[str, Any] = {}
            for key, inner in value.items():
                self._member(out, str(key), inner)
            return out
        if isinstance(value, list | tuple | set):
            return [self.value(v) for v in value]
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, Amount):
            return self._amount(value)
        if isinstance(value, Party):
            return self.party(value.no)[0]
        if isinstance(value, Private):
            return self._reveal(value)[0]
        if isinstance(value, Said):
            return self._say(value.code, value.facts)
        return value

    def _member(self, out: dict[str, Any], key: str, value: Any) -> None:
        if isinstance(value, Amount):
            out[key] = self._amount(value)
            out[key + "_minor"] = str(value.minor)
        elif isinstance(value, Party):
            out[key], out[key + "_did"] = self.party(value.no)
        elif isinstance(value, Private):
            text, state = self._reveal(value)
            out[key] = text
            if state:
                out[key + "_state"] = state
        elif key.endswith("_ms") and isinstance(value, int) and not isinstance(value, bool):
            out[key.removesuffix("_ms")] = iso(value) if value >= _FIRST_TIME_MS else duration_text(value)
            out[key] = value
        elif key.endswith("_day") and isinstance(value, int):
            out[key.removesuffix("_day")] = (EPOCH.date() + datetime.timedelta(days=value)).isoformat()
        else:
            out[key] = self.value(value)

    def _amount(self, value: Amount) -> str:
        unit = self._tx.get(ledger.Unit, value.unit) if value.unit else None
        return text_of(value.minor, value.decimals, hours=unit is not None and unit.kind == "hours")

    def party(self, no: int) -> tuple[str, str]:
        """(what people call it, its DID)."""
        if no == registry.SPACE:
            return "(the co-op)", ""
        party = self._tx.get(registry.Party, no)
        if party is None:
            return f"#{no}", ""
        if party.handle:
            return party.handle, party.did
        if party.name is not None:
            text, state = self._reveal(party.name)
            if not state:
                return str(text), party.did
        return (party.did[-12:] if party.did else f"#{no}"), party.did
