"""From a core function to the Python `ast` of one function: the compiler's middle, used by `ccl.compile` only.

No text of an author becomes code: identifiers are numbered (v locals, t temporaries, s readings, k constants), what an
author wrote is a constant, and the only names taken over are those that the host declares, which must be plain
identifiers. The code runs without builtins and sees only what a `Linker` puts into its namespace.

Each node of the core has a line number of its own, so that a traceback says which node trapped, at no cost before.

Two forms of one function:
- **general** `f(m, args..)`: facts, fuel and effects go to a machine; a refusal is raised. Functions call this form.
- **fast** `f(world)`: for a function without parameters, calls and effects whose readings stand outside loops, and
  whose worst case fits the fuel. It returns a tuple whose first item is the number of the exit taken (negative: a
  refusal; 0: an exception follows), then what `Exit.names` says: readings stay in locals until somebody asks for them.

Expressions that need statements (comprehensions, operations charged by length) are emitted in evaluation order: what
stands before them is kept in temporaries. Order of reading: `nodes`, `survey`, `frame`, `expressions`, `statements`.
"""
