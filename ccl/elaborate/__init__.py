"""From the syntax tree to the core: names resolved, types checked, effects inferred, in one pass over each body."""
