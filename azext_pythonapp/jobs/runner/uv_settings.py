# -*- coding: utf-8 -*-
"""The settings of pip on the worker, for uv: it reads neither the variables PIP_* nor pip.ini (docs/platform/uv.md 4).

They count as they do for pip: a variable more than a file, one of the request more than an app setting.
"""

# pylint: disable=consider-using-f-string,raise-missing-from
from __future__ import absolute_import, unicode_literals

import importlib
import os
import re

from .log import masked_urls
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
# uv's own variables that stay: how packages are got. Any other says where they come from or go, of which pip knows
# nothing: the same command would install other packages with it, and others again where pip takes over.
OWN = re.compile(
    "(?:UV_HTTP_|UV_CONCURRENT_|UV_REQUEST_TIMEOUT$|UV_UPLOAD_HTTP_|UV_KEYRING_PROVIDER$|UV_INSECURE_HOST$|"
    "UV_NATIVE_TLS$|UV_SYSTEM_CERTS$)"
)
NUMBERS = ("timeout", "default-timeout", "retries")
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
    result = kept(environment)
    arguments = []
    for name in sorted(named):
        value, shown = named[name]
        if name in FLAGS:
            arguments += FLAGS[name] if is_set(value) else []
        elif name in NUMBERS and not value.isdigit():
            raise Untranslatable("%s is no whole number" % shown)
        elif name in VARIABLES:
            result[VARIABLES[name]] = " ".join(value.split()) if "url" in name else value
        elif name == "find-links" and masked_urls(value) != value:
            raise Untranslatable("%s has a secret, which would be seen in uv's command line" % shown)
        elif name == "find-links":
            arguments += [word for each in value.split() for word in ("--find-links", each)]
        elif name == "trusted-host":
            arguments += [word for each in value.split() for word in ("--allow-insecure-host", each)]
        elif name == "proxy":
            for variable in PROXIES:
                result[variable] = value if "://" in value else "http://" + value
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


def kept(environment):
    """Return the environment of pip's process without the variables that are pip's, and those of uv's that would lead
    it elsewhere."""
    result = {}
    for name, value in environment.items():
        upper = name.upper()
        if not upper.startswith(("PIP_", "UV_")) or OWN.match(upper):
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
    files = [(path, file_sections(path)) for path in configuration_files(prefix)]
    for section in ("global", "install"):
        for path, sections in files:
            for name, value in sections.get(section, []):
                found[name] = (value, "%s in %s" % (name, os.path.basename(path)))
    for variable in sorted(environment):
        if variable.upper().startswith("PIP_") and environment[variable].strip():
            name = variable[len("PIP_") :].lower().replace("_", "-")
            found[name] = (environment[variable].strip(), variable.upper())
    return found


def file_sections(path):
    """Return the sections of a configuration file: {name: [(option, value)]}. Raises Untranslatable for no such file.

    pip reads it as text of the system's code page.
    """
    module = importlib.import_module("configparser")
    for encoding in ("utf-8", "cp1252"):
        parser = module.RawConfigParser()
        try:
            parser.read(path, encoding=encoding)
            break
        except UnicodeDecodeError:
            continue
        except module.Error:
            raise Untranslatable("%s cannot be read" % os.path.basename(path))
    else:
        raise Untranslatable("%s cannot be read" % os.path.basename(path))
    return dict(
        (section, [(name.lower().replace("_", "-"), value.strip()) for name, value in parser.items(section) if value])
        for section in parser.sections()
    )
