"""Programs that run on the worker, with the Python of the runtime that they work on. Nothing here is imported."""
