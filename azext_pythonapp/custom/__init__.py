"""One function per command: read the options, open the app, call one operation, return what it says.

One module per command group, as in operations/. Heavy modules are imported inside the functions, because az reads
their signatures for help and completion too.
"""
