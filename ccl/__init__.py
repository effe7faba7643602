"""CCL, the Cooperative Contract Language: what bylaws are written in.

A pure package: source text and typed views in; verdicts, writes, commands and explanations out. It knows nothing of the
node, its tables or its events (a host declares to it what exists: `ccl.host`), and it reads no clock, no file, no
network. Order of reading: `source`, `syntax`, `types`, `host`, `elaborate`, `core`, `interpret`, `compile`,
`rulebook`, `explain`; then the tools.
"""
