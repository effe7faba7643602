"""One call of `icn`: what was typed, where answers go, and how the node is reached. Verbs get nothing else."""

from __future__ import annotations

from icn_node.cli.reach import Node
from icn_node.cli.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from icn_node.cli.grammar import Reading
    from icn_node.cli.output import Output


class Invocation:
    """verb, values: what was read. settings: the global options. out: answers. node: the home's node."""

    def __init__(self, reading: Reading, out: Output) -> None:
        self.verb = reading.verb
        self.values = reading.values
        self.settings = Settings(reading.settings)
        self.out = out
        out.json, out.quiet = self.settings.json, self.settings.quiet
        self.node = Node(self.settings)

    def text(self, name: str, default: str = "") -> str:
        """A parameter's text."""
        value = self.values.get(name, default)
        assert isinstance(value, str)
        return value

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return self.values.get(name) is True

    def many(self, name: str) -> list[str]:
        """A list parameter's texts."""
        value = self.values.get(name, [])
        assert isinstance(value, list)
        return value
