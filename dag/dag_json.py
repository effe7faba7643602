"""DAG-JSON: the values of DAG-CBOR as JSON text, for people, browsers and e-mail.

Purpose: carry DAG-CBOR through places that take only text, and back without loss. Source: the DAG-JSON specification
of IPLD, as its implementations write it: bytes are {"/": {"bytes": base64 without padding}}, links {"/": CID text}.

Invariants: `dumps` writes one text for one value (keys sorted by their UTF-8 bytes, no white space); `loads` takes
any white space and order of keys, but no key twice, no float, and no base64 or CID text that `dumps` would not write.

It must not know what the values mean.
"""

import base64
import binascii
import json
from typing import Any, NoReturn

from dag.cid import BadCid, cid_from_text, cid_text
from dag.codec import Link

MAX_DIGITS = 19
"""2^63 - 1 has 19 digits."""


class NotDagJson(ValueError):
    """Text that is no DAG-JSON: the fault of whoever wrote it. `code` is stable.

    Codes: `not_json`, `too_deep`, `float`, `constant`, `bad_integer`, `repeated_key`, `bad_slash`, `bad_bytes`,
    `bad_link`.
    """

    def __init__(self, code: str, told: str = "") -> None:
        self.code = code
        super().__init__(f"not DAG-JSON: {code}" + (f" ({told})" if told else ""))


def dumps(value: object) -> str:
    """The text of a value that dag.codec can encode. ValueError for a map with the reserved key "/"."""
    return json.dumps(_told(value), ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> Any:
    """The value of a text. Raises NotDagJson. Ranges and depth beyond JSON's own are for dag.codec to judge."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_map,
            parse_float=_refuse_float,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise NotDagJson("not_json", f"line {error.lineno} column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise NotDagJson("too_deep") from None


def _told(value: object) -> object:
    # Exact types: a Link is bytes too, True an int.
    if type(value) is Link:
        return {"/": cid_text(value)}
    if type(value) is bytes:
        return {"/": {"bytes": _base64(value)}}
    if isinstance(value, dict):
        if "/" in value:
            raise ValueError('DAG-JSON cannot hold a map with the key "/"')
        return {key: _told(value[key]) for key in sorted(value, key=str.encode)}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    assert value is None or isinstance(value, str | int), "a value of the data model without floats"
    return value


def _map(pairs: list[tuple[str, Any]]) -> Any:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotDagJson("repeated_key")
    if "/" not in value:
        return value
    inner = value["/"]
    if len(value) != 1:
        raise NotDagJson("bad_slash")
    if isinstance(inner, str):
        try:
            return Link(cid_from_text(inner))
        except BadCid:
            raise NotDagJson("bad_link", inner[:80]) from None
    # The inner map was read first, as an ordinary one.
    if isinstance(inner, dict) and inner.keys() == {"bytes"} and isinstance(inner["bytes"], str):
        return _bytes(inner["bytes"])
    raise NotDagJson("bad_slash")


def _bytes(text: str) -> bytes:
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise NotDagJson("bad_bytes") from None
    if _base64(value) != text:
        raise NotDagJson("bad_bytes")
    return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii").rstrip("=")


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > MAX_DIGITS or text == "-0":
        raise NotDagJson("bad_integer")
    return int(text)


def _refuse_float(text: str) -> NoReturn:
    raise NotDagJson("float", text[:40])


def _refuse_constant(text: str) -> NoReturn:
    raise NotDagJson("constant", text)
