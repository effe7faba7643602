"""ICN node: a co-op's economy and democracy in one daemon. Imports nothing: the command line must start fast."""

VERSION = "0.1.0"
