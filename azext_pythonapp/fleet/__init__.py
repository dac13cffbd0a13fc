"""One command on many apps: which ones, so many at a time, and what became of each."""
