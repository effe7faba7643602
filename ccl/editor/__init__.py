"""What an editor wants to know of a source: findings as one types, names and where they are used, completion, layout.

`index` knows where names are declared and used; `answers` puts the questions of the Language Server Protocol to it;
`server` speaks the protocol (with pygls, an extra) and is the only one that is imported lazily and does I/O.
"""
