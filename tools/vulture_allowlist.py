# Names that vulture takes for unused, because something other than the product's own code uses them.
# ruff: noqa
# flake8: noqa
_.COMMAND_LOADER_CLS  # az loads an extension by it
_.kwargs  # az passes it to every completer

# Read by the standard library, by requests or by Windows.
_.__path__
_.__signature__  # inspect
_.__stderr__
_.__stdout__
_.ca_cert_dir  # urllib3
_.ca_certs
_.compress_type  # zipfile
_.cookies  # requests
_.LimitFlags  # kernel32, a field of a structure
_.handle_starttag  # html.parser
_.readinto  # io
_.seekable  # io

# expat's handlers and settings.
_.EndElementHandler
_.ordered_attributes
_.StartDoctypeDeclHandler
_.StartElementHandler

# Steps of the switch to an environment and back, planned by the commands that make it.
plan_registration
plan_unregister

# Python calls it for what a module does not have.
__getattr__
