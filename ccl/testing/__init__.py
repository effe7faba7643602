"""Tests that stand in contracts: tables, stories, properties; and how much of a contract they reach.

`world` is what a test made up for the contract to read; `facts` finds what a `given` names; `values` evaluates what
tests write; `cases` runs tables and stories, `properties` samples; `coverage` says which conditions were seen both
ways.
"""
