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

title "Which Pythons are there for Windows App Service?"
run "az webapp python list-versions -g rg -n demo --output table"

title "Publish a Flask app to an app without a Python: one command from a folder to a running app."
run "cat flask_hello/requirements.txt"
run "az webapp python publish -g rg -n demo --src flask_hello --version 3.8 --dry-run --output none"
run "az webapp python publish -g rg -n demo --src flask_hello --version 3.8 --output none"
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"
run "az webapp python show -g rg -n demo"

title "The same again: nothing to do, and nothing is sent."
run "az webapp python publish -g rg -n demo --src flask_hello --output none"

title "Edit a file: only that one goes."
run "sed -i 's/Hello/Good morning/' flask_hello/app.py"
run "az webapp python publish -g rg -n demo --src flask_hello --output none"
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"

title "A version that does not start is undone, files included."
run "cp -r flask_hello broken && echo 'import nosuchmodule' >> broken/app.py"
run "az webapp python publish -g rg -n demo --src broken --output none || echo \"(exit code \$?)\""
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"

title "What was done to the app? And back to what it was before the newest change."
run "az webapp python history list -g rg -n demo --output table"
run "az webapp python rollback -g rg -n demo --yes --output none"
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"

title "The app needs a compiled package more; pip's lines appear as they come."
run "printf 'flask\\nnumpy\\n' > requirements.txt"
run "az webapp python install-requirements -g rg -n demo -r requirements.txt --output none"
run "az webapp python job list -g rg -n demo --output table"

title "Packages beside what runs: each change builds the environment that is not in use, and switches to it."
run "az webapp python set-version -g rg -n demo --version 3.8 --packages-in environment --output none"
run "az webapp python package install -g rg -n demo --packages 'waitress==3.0.0' --output none"
run "az webapp python show -g rg -n demo --query '[environment, runtime.pythonPath]' --output tsv"
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"
run "az webapp python rollback -g rg -n demo --yes --output none"
run "az webapp python set-version -g rg -n demo --version 3.8 --packages-in runtime --output none"

title "A requirement that does not exist: one clear error, and the app still serves its page."
run "echo 'nosuchpackage==9' > wrong.txt"
run "az webapp python install-requirements -g rg -n demo -r wrong.txt || echo \"(exit code \$?)\""
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"

title "What is wrong with an app that is down?"
run "az webapp stop -g rg -n demo"
run "az webapp python show -g rg -n demo --output table --check"
run "az webapp start -g rg -n demo"

title "An app with a server of its own, waitress, runs under HttpPlatformHandler."
run "az webapp python publish -g rg -n demo-waitress --src waitress_hello --version 3.11 --handler httpplatform --output none"
run "curl --silent --show-error --fail https://demo-waitress.azurewebsites.net/"

title "The next version through a slot: publish, swap, and production has it, with its history."
run "az webapp python publish -g rg -n demo --slot staging --src flask_hello --version 3.11 --output none"
run "az webapp deployment slot swap -g rg -n demo --slot staging"
run "az webapp python history list -g rg -n demo --output table"
run "az webapp python show -g rg -n demo --output table"

title "And this is the page that the app serves."
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"
