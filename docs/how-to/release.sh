#!/usr/bin/env bash
# release.sh GROUP APP FOLDER [OPTION...]: publish a folder to the slot staging, check it, swap it into production.
set -euo pipefail
group=$1 app=$2 folder=$3
shift 3
slot=(-g "$group" -n "$app" --slot staging)

page() {  # of the app or slot that the options name: put your own checks here
    local host
    host=$(az webapp show "$@" --query defaultHostName --output tsv)
    curl --silent --show-error --fail --output /dev/null "https://$host/"
}
swap() {
    az webapp deployment slot swap "${slot[@]}" --only-show-errors
}
undo() {
    az webapp python rollback "${slot[@]}" --change-id "$change" --yes --output none
    exit 1
}

change=$(az webapp python publish "${slot[@]}" --src "$folder" "$@" --query changeId --output tsv)
[ -n "$change" ] || { echo "The slot has this version already." >&2; exit; }
page "${slot[@]}" || undo
swap
page -g "$group" -n "$app" || { swap; undo; }
echo "Released. To go back: swap again."
