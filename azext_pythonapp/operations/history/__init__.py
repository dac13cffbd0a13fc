"""`history list` and `history show`: what was done to an app, and what it takes to undo it."""
