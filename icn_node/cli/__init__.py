"""The `icn` command. Imports nothing, so that it starts fast; `main` is its way in."""
