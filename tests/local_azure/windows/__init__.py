"""The Windows worker of the local Azure: a Wine prefix per app, real Windows builds of CPython, a package index.

Test equipment.  `machine.Machine` is the worker, `gallery` lays runtimes down on it, `provision` fills the cache
that both need, `index` serves packages to its pip.
"""
