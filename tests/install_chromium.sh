#!/usr/bin/env bash
# Install Chromium, in which tests look at the report of `inventory`, on Debian and Ubuntu; nothing when it is there.
set -euo pipefail

for program in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$program" >/dev/null; then
        exit 0
    fi
done
exec "$(dirname "$0")/../tools/apt_install.sh" chromium fonts-dejavu-core
