# -*- coding: utf-8 -*-
"""The settings of pip on the worker, for uv: it reads neither the variables PIP_* nor pip.ini (docs/platform/uv.md 4).

They count as they do for pip: a variable more than a file, one of the request more than an app setting.
"""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import importlib
import os
import re

from .record import NOT_SET, configuration_files

# Those without a meaning for what uv installs.
WITHOUT_EFFECT = (
    "no-input",
    "disable-pip-version-check",
    "progress-bar",
    "no-color",
    "no-warn-script-location",
    "no-warn-conflicts",
    "config-file",
    "compile",
    "no-compile",
    "cache-dir",
    "no-cache-dir",
    "root-user-action",
    "verbose",
    "no-python-version-warning",
    "use-pep517",
    "break-system-packages",
    "debug",
    "no-clean",
)
VARIABLES = {
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
}
FLAGS = {"no-index": ["--no-index"], "pre": ["--prerelease", "allow"]}
# uv's own variables that stay: where packages come from when pip's settings say nothing of that, and how they are got.
# Any other says where packages go, or what is printed.
OWN_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
OWN = re.compile(
    "(?:UV_HTTP_|UV_CONCURRENT_|UV_REQUEST_TIMEOUT$|UV_UPLOAD_HTTP_|UV_KEYRING_PROVIDER$|UV_INSECURE_HOST$|"
    "UV_NATIVE_TLS$|UV_SYSTEM_CERTS$|UV_INDEX_.+_(?:USERNAME|PASSWORD)$)"
)
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$")


class Untranslatable(Exception):
    """A setting of pip means nothing to uv, or something else. Its text names the setting."""


def uv_settings(environment, own_index, prefix):
    """Return what pip's settings are for uv: (the environment of its process, further arguments).

    environment: that of pip's process. own_index: whether a requirements file names the index. prefix: the folder of
    the Python that is changed. Raises Untranslatable.
    """
    named = pip_settings(environment, prefix)
    result = kept(environment, own_index or any(each in named for each in ("index-url", "extra-index-url")))
    arguments = []
    for name in sorted(named):
        value, shown = named[name]
        if name in FLAGS:
            arguments += FLAGS[name] if is_set(value) else []
        elif name in VARIABLES:
            result[VARIABLES[name]] = " ".join(value.split()) if "url" in name else value
        elif name == "find-links":
            arguments += [word for each in value.split() for word in ("--find-links", each)]
        elif name == "trusted-host":
            arguments += [word for each in value.split() for word in ("--allow-insecure-host", each)]
        elif name == "proxy":
            for variable in PROXIES:
                result[variable] = value
            remove(result, ("NO_PROXY",))
        elif is_set(value) and not is_harmless(name, value):
            raise Untranslatable("%s has no equal in uv" % shown)
    require_same_indexes(named, own_index)
    return result, arguments


def is_harmless(name, value):
    """Return whether a setting changes nothing in what uv installs."""
    return name in WITHOUT_EFFECT or (name, value) in (
        ("upgrade-strategy", "only-if-needed"),
        ("keyring-provider", "disabled"),
    )


def is_set(value):
    """Return whether the value of a flag switches it on, or that of another setting says anything."""
    return value.strip().lower() not in NOT_SET


def require_same_indexes(named, own_index):
    """Raise Untranslatable where uv would ask another index than pip: pip prefers one that a file names, and refuses
    one without TLS."""
    trusted = named.get("trusted-host", ("", ""))[0].split()
    for name in ("index-url", "extra-index-url", "find-links"):
        value, shown = named.get(name, ("", ""))
        if value and own_index and name != "find-links":
            raise Untranslatable("the requirements name an index, and %s another one" % shown)
        for url in value.split():
            host = re.match("http://(?:[^/]*@)?([^/]*)", url)
            if host and not LOOPBACK.match(host.group(1)) and host.group(1).split(":")[0] not in trusted:
                raise Untranslatable("%s names an address without TLS, which pip refuses and uv does not" % shown)


def kept(environment, index_known):
    """Return the environment of pip's process without the variables that are pip's, and those of uv's that would lead
    it elsewhere. index_known: whether the index is known without uv's own variables."""
    result = {}
    for name, value in environment.items():
        upper = name.upper()
        stays = OWN.match(upper) or (upper in OWN_INDEX and not index_known)
        if not upper.startswith(("PIP_", "UV_")) or stays:
            result[name] = value
    remove(result, ("VIRTUAL_ENV", "CONDA_PREFIX"))
    bundle = [environment[each] for each in BUNDLES if environment.get(each)]
    if bundle:
        result["SSL_CERT_FILE"] = bundle[0]
    netrc = [os.path.expanduser(each) for each in ("~/.netrc", "~/_netrc")]
    present = [each for each in netrc if os.path.isfile(each)]
    if present and not result.get("NETRC"):
        result["NETRC"] = present[0]
    return result


def remove(environment, names):
    """Delete variables, however they are written."""
    for name in [each for each in environment if each.upper() in names]:
        del environment[name]


def pip_settings(environment, prefix):
    """Return what pip's variables and files say: {option without dashes: (value, what sets it)}."""
    found = {}
    for path in configuration_files(prefix):
        for name, value in file_settings(path):
            found[name] = (value, "%s in %s" % (name, os.path.basename(path)))
    for variable in sorted(environment):
        if variable.upper().startswith("PIP_") and environment[variable].strip():
            name = variable[len("PIP_") :].lower().replace("_", "-")
            found[name] = (environment[variable].strip(), variable.upper())
    return found


def file_settings(path):
    """Return [(option, value)] of a configuration file, for `pip install`; [] for one that cannot be read."""
    module = importlib.import_module("configparser")
    parser = module.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (module.Error, UnicodeDecodeError):
        return []
    rows = [row for section in ("global", "install") if parser.has_section(section) for row in parser.items(section)]
    return [(name.lower().replace("_", "-"), value.strip()) for name, value in rows if value.strip()]
