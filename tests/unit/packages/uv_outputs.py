"""What uv 0.13.9 printed where it failed, against an index on loopback; hosts and paths are made a worker's."""

USED = "uv pip install --python D:\\home\\python3119x64\\python.exe --link-mode copy -r requirements.txt"
NO_SOLUTION = "error: No solution found when resolving dependencies\n"
MISSING = NO_SOLUTION + (
    "  cause: Because nothere was not found in the package registry and you require nothere, we can conclude that your "
    "requirements are unsatisfiable."
)
MISSING_DEPENDENCY = NO_SOLUTION + (
    "  cause: Because absent was not found in the package registry and all versions of broken depend on absent, we can "
    "conclude that all versions of broken cannot be used.\n"
    "         And because you require broken, we can conclude that your requirements are unsatisfiable."
)
MISSING_FOLDER = NO_SOLUTION + (
    "  cause: Because nothere was not found in the provided package locations and you require nothere, we can conclude "
    "that your requirements are unsatisfiable."
)
CONFLICT = NO_SOLUTION + (
    "  cause: Because all versions of other depend on left>=2 and all versions of boxed depend on left<2, we can conclude "
    "that all versions of boxed and all versions of other are incompatible.\n"
    "         And because you require boxed and other, we can conclude that your requirements are unsatisfiable."
)
NO_VERSION = NO_SOLUTION + (
    "  cause: Because there is no version of left==9 and you require left==9, we can conclude that your requirements are "
    "unsatisfiable."
)
TOO_HIGH = NO_SOLUTION + (
    "  cause: Because only left<=2.0 is available and you require left>3.5,<9, we can conclude that your requirements are "
    "unsatisfiable."
)
BETWEEN = NO_SOLUTION + (
    "  cause: Because only the following versions of left are available:\n"
    "             left<1.2\n"
    "             left>1.9\n"
    "         and you require left>1.2,<1.9, we can conclude that your requirements are unsatisfiable."
)
YANKED = NO_SOLUTION + (
    "  cause: Because yk==1.2 was yanked (reason: bad) and all versions of usesyk depend on yk==1.2, we can conclude that "
    "all versions of usesyk cannot be used.\n"
    "         And because you require usesyk, we can conclude that your requirements are unsatisfiable."
)
YANKED_RANGE = NO_SOLUTION + (
    "  cause: Because yk>=1.1 was yanked (reason: bad) and only the following versions of yk are available:\n"
    "             yk<=1.0\n"
    "             yk>=1.1\n"
    "         we can conclude that yk>1.0 cannot be used.\n"
    "         And because you require yk>1.0, we can conclude that your requirements are unsatisfiable."
)
NO_WHEEL = NO_SOLUTION + (
    "  cause: Because winny==1.0 has no wheels with a matching platform tag (e.g., `manylinux_2_36_x86_64`) and only "
    "winny==1.0 is available, we can conclude that all versions of winny cannot be used.\n"
    "         And because you require winny, we can conclude that your requirements are unsatisfiable.\n"
    "\n"
    "hint: Wheels are available for `winny` (v1.0) on the following platform: `win_amd64`"
)
OTHER_PYTHON = NO_SOLUTION + (
    "  cause: Because the current Python version (3.11.9) does not satisfy Python>=3.12 and newpy==1.0 depends on "
    "Python>=3.12, we can conclude that newpy==1.0 cannot be used.\n"
    "         And because only newpy==1.0 is available and you require newpy, we can conclude that your requirements are "
    "unsatisfiable."
)
SPOILED = NO_SOLUTION + (
    "  cause: Because torn==1.0 has an invalid package format and only torn==1.0 is available, we can conclude that all "
    "versions of torn cannot be used.\n"
    "         And because you require torn, we can conclude that your requirements are unsatisfiable.\n"
    "\n"
    "hint: The structure of `torn` (v1.0) was invalid:\n"
    "  Failed to read from zip file"
)
UNAUTHORIZED = NO_SOLUTION + (
    "  cause: Because left was not found in the package registry and you require left==1.0, we can conclude that your "
    "requirements are unsatisfiable.\n"
    "\n"
    "hint: An index URL (https://pkgs.example/simple) could not be queried due to a lack of valid authentication "
    "credentials (401 Unauthorized)"
)
FORBIDDEN = NO_SOLUTION + (
    "  cause: Because left was not found in the package registry and you require left==2.0, we can conclude that your "
    "requirements are unsatisfiable.\n"
    "\n"
    "hint: An index (https://pkgs.example/simple) returned a 403 Forbidden error. Check that the index URL is correct "
    "and the credentials are valid."
)
SERVER_ERROR = (
    "error: Failed to fetch: https://pkgs.example/simple/left/\n"
    "  cause: HTTP status server error (500 Internal Server Error) for url (https://pkgs.example/simple/left/)"
)
REFUSED = (
    "error: Request failed after 3 retries in 6.7s\n"
    "  cause: Failed to fetch: https://pkgs.example/simple/left/\n"
    "  cause: error sending request for url (https://pkgs.example/simple/left/)\n"
    "  cause: client error (Connect)\n"
    "  cause: tcp connect error\n"
    "  cause: Connection refused (os error 111)"
)
NO_HOST = (
    "error: Failed to fetch: https://pkgs.example/simple/left/\n"
    "  cause: error sending request for url (https://pkgs.example/simple/left/)\n"
    "  cause: client error (Connect)\n"
    "  cause: dns error\n"
    "  cause: error resolving DNS\n"
    "  cause: failed to lookup address information: Name or service not known"
)
CERTIFICATE = (
    "error: Failed to fetch: https://pkgs.example/simple/left/\n"
    "  cause: error sending request for url (https://pkgs.example/simple/left/)\n"
    "  cause: client error (Connect)\n"
    "  cause: invalid peer certificate: UnknownIssuer\n"
    "\n"
    "hint: Consider enabling use of system TLS certificates with the `--system-certs` command-line flag"
)
NO_TLS = (
    "error: Failed to fetch: https://pkgs.example/simple/left/\n"
    "  cause: error sending request for url (https://pkgs.example/simple/left/)\n"
    "  cause: client error (Connect)\n"
    "  cause: received corrupt message of type InvalidContentType"
)
PROXY = (
    "error: Failed to fetch: https://pkgs.example/simple/left/\n"
    "  cause: error sending request for url (https://pkgs.example/simple/left/)\n"
    "  cause: client error (Connect)\n"
    "  cause: tunnel error: unsuccessful"
)
WRONG_HASH = (
    "error: Failed to download `left==2.0`\n"
    "  cause: Hash mismatch for `left==2.0`\n"
    "\n"
    "         Expected:\n"
    "           sha256:0000000000000000000000000000000000000000000000000000000000000001\n"
    "\n"
    "         Computed:\n"
    "           sha256:b150ba9c13dbda54b84867fff9e5efe6d7ebbb2ee84556b55e0448e1b84baa3d"
)
NO_HASH = "error: Hash-checking is required, but no trusted hash was provided for: `left`"
NOT_PINNED = (
    "error: In `--require-hashes` mode, all requirements must have their versions pinned with `==`, but found: left"
)
DISK_FULL = (
    "error: Failed to install: big-1.0-py2.py3-none-any.whl (big==1.0)\n"
    "  cause: Failed to copy to `D:\\home\\python3119x64\\Lib\\site-packages\\big\\data.py`\n"
    "  cause: failed to copy file from D:\\home\\data\\pythonapp\\tools\\uv-cache\\archive-v0\\P0MH\\big\\data.py to "
    "D:\\home\\python3119x64\\Lib\\site-packages\\big\\.tmpYNKZ0a: There is not enough space on the disk. (os error 112)"
)
BUILD = (
    "error: Failed to build `srcp==1.0`\n"
    "  cause: The build backend returned an error\n"
    "  cause: Call to `setuptools.build_meta:__legacy__.get_requires_for_build_wheel` failed (exit status: 1)\n"
    "\n"
    "         [stdout]\n"
    "         compiling\n"
    "\n"
    "         [stderr]\n"
    "         error: Microsoft Visual C++ 14.0 or greater is required.\n"
    "\n"
    "hint: Build failures usually indicate a problem with the package or the build environment"
)
DISTUTILS = (
    "error: Unable to uninstall `old==1.0`. distutils-installed distributions do not include the metadata required to "
    "uninstall safely."
)
