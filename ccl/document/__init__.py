"""Bylaws as a document for members: `outline` makes it from a syntax tree, `html` and `markdown` write it down."""
