"""The options that every command takes, and what the environment says in their place.

It must not know the commands. The configuration file is read only where the acting member is needed, because that
costs more than all the rest of a short command.
"""

from __future__ import annotations

import os

from icn_node.cli.failure import INVALID, LOCKED, Failure
from icn_node.cli.grammar import Param

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from icn_node.cli.grammar import Value

DEFAULT_HOME = "~/.icn"  # home.DEFAULT_HOME, which the fast path does not import; a test compares them

GLOBAL = (
    Param("home", "the node's folder (ICN_HOME; else ~/.icn)", shown="DIR"),
    Param("as", "who acts, or reads: a handle or DID (ICN_AS; else `default` in icn.toml)", shown="NAME"),
    Param("secret_file", "file with the secret of that member's key (ICN_SECRET; else it is asked for)", shown="FILE"),
    Param("json", "print exactly one JSON document", kind="flag"),
    Param("quiet", "print only the bare result (-q)", kind="flag"),
    Param("debug", "show the trace of a fault", kind="flag"),
)


class Settings:
    """home: the folder. member: who acts by --as or ICN_AS, '' if neither; `asked`: by --as."""

    def __init__(self, given: Mapping[str, Value]) -> None:
        def text(name: str, variable: str = "") -> str:
            value = given.get(name)
            return value if isinstance(value, str) else os.environ.get(variable, "") if variable else ""

        self.home: str = os.path.expanduser(text("home", "ICN_HOME") or DEFAULT_HOME)  # noqa: PTH111 - pathlib is slow to import
        self.member: str = text("as", "ICN_AS")
        self.asked = bool(given.get("as"))
        self.secret_file: str = text("secret_file")
        self.json = given.get("json") is True
        self.quiet = given.get("quiet") is True
        self.debug = given.get("debug") is True
        self._members: dict[str, str] | None = None

    def default_member(self) -> str:
        """Who acts when nobody is named: [members] default of icn.toml. Raises Failure if the file does not read."""
        return self._configured().get("default", "")

    def secret_at_hand(self, member: str) -> str | None:
        """The member's secret without asking: --secret-file, ICN_SECRET, or the file that icn.toml names for the
        default member. Raises Failure for a file that does not read."""
        if self.secret_file:
            return read_secret(self.secret_file)
        if "ICN_SECRET" in os.environ:
            return os.environ["ICN_SECRET"]
        configured = self._configured()
        if configured.get("secret_file") and member == configured.get("default"):
            path = os.path.join(self.home, os.path.expanduser(configured["secret_file"]))  # noqa: PTH118, PTH111
            # A home restored from a backup has no such file: reading goes on as the operator, acting asks.
            return read_secret(path) if os.path.exists(path) else None  # noqa: PTH110
        return None

    def _configured(self) -> dict[str, str]:
        if self._members is None:
            import tomllib

            path = os.path.join(self.home, "icn.toml")  # noqa: PTH118 - the fast path has no pathlib
            try:
                with open(path, "rb") as file:  # noqa: PTH123
                    found = tomllib.load(file).get("members", {})
            except FileNotFoundError:
                found = {}
            except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise Failure(INVALID, f"{path} does not read: {error}", advice="correct that line.") from None
            self._members = {k: v for k, v in found.items() if isinstance(v, str)}
        return self._members


def read_secret(path: str) -> str:
    """The secret in a file: its text without the line break at the end. Raises Failure."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the fast path has no pathlib
            secret = file.read().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Failure(LOCKED, f"the secret file {path} does not read: {said}") from None
    if not secret:
        raise Failure(LOCKED, f"the secret file {path} is empty")
    return secret


def ask_secret(prompt: str, *, twice: bool = False) -> str:
    """A secret from the terminal, not shown while typed. twice: asked again and compared. Raises Failure."""
    import sys

    if not sys.stdin.isatty():
        raise Failure(
            LOCKED,
            "a secret is needed, and there is no terminal to ask on",
            code="secret_needed",
            advice="give it with --secret-file FILE or in ICN_SECRET.",
        )
    import getpass

    try:
        secret = getpass.getpass(f"{prompt}: ")
        if twice and getpass.getpass("The same again: ") != secret:
            raise Failure(LOCKED, "the two secrets differ", advice="try again.")
    except EOFError:
        raise Failure(LOCKED, "no secret was given", code="secret_needed") from None
    if not secret:
        raise Failure(LOCKED, "no secret was given", code="secret_needed")
    return secret
