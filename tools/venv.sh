#!/usr/bin/env bash
# Make a virtual environment and install into it: tools/venv.sh FOLDER PIP_ARGUMENT...
# Uses python3 of PATH, or $PYTHON. On Debian and Ubuntu, whose python3 comes without venv, it installs that package first.
set -euo pipefail
folder=$1
shift
python=${PYTHON:-python3}

fail() {
    echo "$* Name a newer one: make PYTHON=/path/to/python3" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "$python was not found, but Python 3.10 or newer is needed."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$python is $("$python" --version 2>&1), but Python 3.10 or newer is needed."
"$python" -c 'import ensurepip, venv' 2>/dev/null || tools/apt_install.sh python3-venv

echo "[setup] $folder: $*"
"$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip install -qq --disable-pip-version-check "$@"
touch "$folder/.ready"
