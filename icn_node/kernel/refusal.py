"""Refusals: the third kind of error, a rule that said no.

A refusal is an ordinary outcome of a command: it is stored in the log as a code with facts (integers and strings),
never as a sentence, and put into words in the reader's language when somebody asks (`words`). It changes nothing.
It must not be used for our own bugs (an exception) or for a peer's malformed bytes (`dag.event.InvalidEvent`).
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ccl.explain import Explanation

Fact = int | str
Facts = dict[str, Fact]


class Refusal(Exception):
    """Base of all refusals. A subclass states `code` and `text`, whose {names} are the facts it is raised with.

    `Refusal(member="did:key:...")`: facts are keyword arguments, each an int or a str. `clause` is set by the policy
    when a clause of the bylaws, and not a rule of a module, said no.
    """

    code: ClassVar[str] = "refused"
    text: ClassVar[str] = "Refused."
    advice: ClassVar[str] = ""

    def __init__(self, clause: str = "", **facts: Fact) -> None:
        super().__init__(self.code, facts)
        self.facts: Facts = facts
        self.clause = clause

    def __str__(self) -> str:
        return words(self.text, self.facts)


class Malformed(Refusal):
    """A command's fields do not fit its declaration: unknown field, wrong type, out of range."""

    code = "malformed"
    text = "{op} is not well formed: {reason}."


class Version(Refusal):
    """No active module of the space runs this command in this version."""

    code = "version"
    text = "{op} version {ver} is not active in this space."
    advice = "See `icn module list`; a decision switches modules on."


class UnknownKey(Refusal):
    """The event's author is not a device key of any member."""

    code = "unknown_key"
    text = "This device key belongs to no member of the space."
    advice = "Join first, or add the key with `icn member key add`."


class RevokedKey(Refusal):
    """The event's author was a device key of a member, and has been revoked."""

    code = "revoked_key"
    text = "This device key was revoked."
    advice = "Sign with another of your keys, or ask the stewards to recover your membership."


class Expired(Refusal):
    """The event's `until` had passed when it was committed."""

    code = "expired"
    text = "The event was to be executed by {until}, and was committed at {time}."
    advice = "Sign it again."


class Fork(Refusal):
    """Another event of the same author and sequence number came first."""

    code = "fork"
    text = "Another event of this device came first at the same place of its chain."
    advice = "Sync the device and sign again on top of its last accepted event."


class Duplicate(Refusal):
    """The same body was already committed under another signature."""

    code = "duplicate"
    text = "The same event was already committed under another signature."


class Fault(Refusal):
    """The program failed while executing the command: a bug of ours. Nothing was changed."""

    code = "fault"
    text = "The node failed while executing {op}: {error}. Nothing was changed."
    advice = "Please report this with the event's CID."


class Forbidden(Refusal):
    """A clause of the bylaws does not allow this actor to do this.

    `explanation`: why, where a contract in CCL said no. It is no part of the outcome: what stands in the log must not
    depend on how a version of the program explains.
    """

    code = "forbidden"
    text = "{what} is not allowed by the bylaws: {reason}."
    explanation: Explanation | None = None


class _Defaulting(string.Formatter):
    def get_value(self, key: int | str, args: object, kwargs: object) -> object:
        assert isinstance(kwargs, dict)
        return kwargs.get(key, f"({key})")


def words(text: str, facts: Facts) -> str:
    """`text` with its {names} filled from `facts`; a fact that is missing shows as (name). Never raises on them."""
    return _Defaulting().vformat(text, (), facts)
