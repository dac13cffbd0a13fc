"""The packages of a runtime on the worker: which are required, which are installed, and how pip is called."""
