"""The verbs of the program `ccl`, and what they share: each reads files, calls the pure part, and prints."""
