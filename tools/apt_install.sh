#!/usr/bin/env bash
# Install Debian or Ubuntu packages, as root or through sudo; elsewhere say what is missing: tools/apt_install.sh PACKAGE...
set -euo pipefail

fail() {
    echo "This needs $1. $2" >&2
    exit 1
}

command -v apt-get >/dev/null || fail "$*" "Install it with your system's package manager."
sudo=()
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || fail "$*" "Run: sudo apt-get install $*"
    sudo=(sudo -n)
fi
echo "[setup] $*, with apt-get"
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
