"""The types of CCL. Structs and enums are nominal, there is no null, and units of money are part of the type.

A type is a value that compares by what it says. A unit of money is a code ("CREDIT"), or a rigid one that stands for
the unit of the command being judged (`OWN_UNIT`), so that amounts of different units cannot meet. `ANY` stands where an
error has been told already, and fits everything, so that one slip is told once.
"""

from __future__ import annotations

from ccl.frozen import frozen

I64_MAX = 2**63 - 1
"""Integers, minor units, numerators and denominators lie within plus or minus this."""

OWN_UNIT = "$"
"""The unit of the command that a clause judges, where the clause does not name one."""


@frozen
class Type:
    """Base of all types; `str()` is how an author writes it."""


@frozen
class Plain(Type):
    """A type without parts."""

    name: str

    def __str__(self) -> str:
        return self.name


INTEGER = Plain("Integer")
BOOL = Plain("Bool")
STRING = Plain("String")
DID = Plain("Did")
TIMESTAMP = Plain("Timestamp")
DURATION = Plain("Duration")
DAYS = Plain("Days")
CLEAR_DAYS = Plain("ClearDays")
WORKING_DAYS = Plain("WorkingDays")
MONTHS = Plain("Months")
DATE = Plain("Date")
RATIO = Plain("Ratio")
NOTHING = Plain("()")
NEVER = Plain("Never")
"""The type of `return`, `trap` and the like: no value comes of it, so it fits everywhere."""
ANY = Plain("?")


@frozen
class Money(Type):
    """Exact minor units of a unit, within i64."""

    unit: str

    def __str__(self) -> str:
        return "Money" if self.unit == OWN_UNIT else f"Money<{self.unit}>"


@frozen
class Exact(Type):
    """Money before it is rounded: a rational number of minor units, unbounded."""

    unit: str

    def __str__(self) -> str:
        return "Exact" if self.unit == OWN_UNIT else f"Exact<{self.unit}>"


@frozen
class UnitCode(Type):
    """The code of a unit, as a value."""

    unit: str

    def __str__(self) -> str:
        return f"UnitCode<{self.unit}>"


@frozen
class Array(Type):
    """Items of one type, at most `most`; None: no maximum is declared, so its cost is unknown."""

    item: Type
    most: int | None = None

    def __str__(self) -> str:
        return f"Array<{self.item}>" if self.most is None else f"Array<{self.item}, max {self.most}>"


@frozen
class Map(Type):
    """Keys (Integer, String, Did, Bool, enums without payload) to values, in the order inserted, at most `most`."""

    key: Type
    value: Type
    most: int | None = None

    def __str__(self) -> str:
        inside = f"{self.key}, {self.value}"
        return f"Map<{inside}>" if self.most is None else f"Map<{inside}, max {self.most}>"


@frozen
class Tuple(Type):
    """A fixed number of values."""

    items: tuple[Type, ...]

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"


@frozen
class Option(Type):
    """`Some(x)` or `None`."""

    item: Type

    def __str__(self) -> str:
        return f"Option<{self.item}>"


@frozen
class Result(Type):
    """`Ok(v)` or `Err(e)`."""

    value: Type
    error: Type

    def __str__(self) -> str:
        return f"Result<{self.value}, {self.error}>"


@frozen
class Range(Type):
    """`a..b`: of Integers (also of Money where a parameter's bounds are meant). most: its greatest length, if known."""

    item: Type
    most: int | None = None

    def __str__(self) -> str:
        return f"Range<{self.item}>"


@frozen
class Struct(Type):
    """A struct by its name; its fields are in `Shapes`, so that shapes may speak of each other."""

    name: str

    def __str__(self) -> str:
        return self.name


@frozen
class Enum(Type):
    """An enum by its name; its variants are in `Shapes`."""

    name: str

    def __str__(self) -> str:
        return self.name


@frozen
class Record(Type):
    """A typed view that the host gives, by its name in `Host.records`; read by attribute, never made in CCL."""

    name: str

    def __str__(self) -> str:
        return self.name


@frozen
class StructShape:
    """A struct's fields in the order declared; a value is a tuple in that order."""

    name: str
    fields: tuple[tuple[str, Type], ...]

    def index(self, name: str) -> int | None:
        """Where a field stands."""
        return next((i for i, (n, _) in enumerate(self.fields) if n == name), None)


@frozen
class VariantShape:
    """A variant: its payload's types; `names` for one written with named fields, else empty."""

    name: str
    items: tuple[Type, ...] = ()
    names: tuple[str, ...] = ()


@frozen
class EnumShape:
    """An enum's variants in the order declared; a value is (index of its variant, *payload)."""

    name: str
    variants: tuple[VariantShape, ...]

    def index(self, name: str) -> int | None:
        """Which variant it is."""
        return next((i for i, v in enumerate(self.variants) if v.name == name), None)


OPTION_VARIANTS = ("None", "Some")
RESULT_VARIANTS = ("Err", "Ok")
"""Variant indexes of the two built-in enums in core, whose values have the short forms that `ccl.core` states."""
