#!/usr/bin/env bash
# The tour of `make demo`: each command is shown as one would type it, then run. It runs inside of a local Azure that has
# the apps demo (with a slot, staging) and demo-waitress, in a shell whose az is signed in and has the extension.
set -euo pipefail
samples=$(cd "$(dirname "$0")/apps" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"  # not in the checkout: az would import the extension from there instead of the one that is installed
cp -r "$samples"/*_hello .

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

title() {
    printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}

run() {
    printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
    eval "$*"
}

# deploy FOLDER APP [OPTION...]: the files of a folder, with az's own command.
deploy() {
    local source=$1 app=$2
    shift 2
    run "(cd $source && python3 -m zipfile -c ../app.zip *)"
    run "az webapp deploy -g rg -n $app --src-path app.zip --type zip --output none $*"
}

title "Which Pythons are there for Windows App Service?"
run "az webapp python list-versions -g rg -n demo --output table"

title "Deploy a Flask app to an app without a Python, and make it run Python 3.8."
run "cat flask_hello/requirements.txt"
deploy flask_hello demo
run "az webapp python set-version -g rg -n demo --version 3.8 --dry-run --output none"
run "az webapp python set-version -g rg -n demo --version 3.8 --output none"
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"
run "az webapp python show -g rg -n demo"

title "The same again: nothing to do."
run "az webapp python set-version -g rg -n demo --version 3.8 --output none"

title "The app needs a compiled package more. Deploy it again, but keep web.config; pip's lines appear as they come."
run "echo numpy >> flask_hello/requirements.txt"
deploy flask_hello demo --clean false
run "az webapp python install-requirements -g rg -n demo --output none"
run "az webapp python job list -g rg -n demo --output table"

title "A requirement that does not exist: one clear error, and the app still serves its page."
run "echo 'nosuchpackage==9' > wrong.txt"
run "az webapp python install-requirements -g rg -n demo -r wrong.txt || echo \"(exit code \$?)\""
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"

title "A newer Python, and back with the command that the last line names."
run "az webapp python set-version -g rg -n demo --version 3.11 --output none"
run "az webapp python set-version -g rg -n demo --version 3.8.10 --output none"

title "What is wrong with an app that is down?"
run "az webapp stop -g rg -n demo"
run "az webapp python show -g rg -n demo --output table --check"
run "az webapp start -g rg -n demo"

title "An app with a server of its own, waitress, runs under HttpPlatformHandler."
deploy waitress_hello demo-waitress
run "az webapp python set-version -g rg -n demo-waitress --version 3.11 --handler httpplatform --output none"
run "curl --silent --show-error --fail https://demo-waitress.azurewebsites.net/"

title "The same for a deployment slot, with the data that scripts read."
deploy flask_hello demo --slot staging
run "az webapp python set-version -g rg -n demo --slot staging --version 3.11"
run "curl --silent --show-error --fail https://demo-staging.azurewebsites.net/"

title "What runs now."
run "az webapp python list -g rg -n demo --output table"
run "az webapp python show -g rg -n demo --slot staging --output table"

title "And this is the page that the app serves."
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"
