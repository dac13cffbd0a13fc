#!/usr/bin/env bash
# Install Wine, which the local Azure's Windows workers are made of, on Debian and Ubuntu; nothing when it is there.
set -euo pipefail

has_libraries() {
    compgen -G '/usr/lib/*/wine/x86_64-windows/kernel32.dll' || compgen -G '/usr/lib/wine/x86_64-windows/kernel32.dll' ||
        compgen -G '/opt/wine*/lib*/wine/x86_64-windows/kernel32.dll'
}

if command -v wine >/dev/null && has_libraries >/dev/null; then
    exit 0
fi
exec "$(dirname "$0")/../../tools/apt_install.sh" wine64 wine
