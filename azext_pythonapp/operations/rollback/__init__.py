"""`rollback`: undo a recorded change of an app, as one transaction that is recorded itself."""
