"""Python imports this at its start when its folder is on PYTHONPATH: the apps' host names then lead to the local Azure.

For what asks without a proxy, as `az webapp log tail` does for the app's page (docs/platform/local-azure.md 6). Such a
request would otherwise reach an app of that name in the real Azure.
"""

import json
import os
import socket

_looked_up = socket.getaddrinfo


def _is_served(host):
    names = json.loads(os.environ.get("LOCAL_AZURE_APPS", "[]"))
    return isinstance(host, str) and any(host.lower().endswith(name) for name in names)


def getaddrinfo(host, port, *options, **named):
    """Look a name up; that of an app is this machine, with the ports of the local Azure."""
    ports = json.loads(os.environ.get("LOCAL_AZURE_PORTS", "{}"))
    if str(port) in ports and _is_served(host):
        host, port = "127.0.0.1", ports[str(port)]
    return _looked_up(host, port, *options, **named)


socket.getaddrinfo = getaddrinfo
