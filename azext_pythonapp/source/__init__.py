"""The folder on this machine that `publish` sends: which of its files, and whether Windows can store them.

Nothing here knows of Azure; plain values go in and come out.
"""
