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

# deploy FOLDER APP [--slot SLOT]: put the files of a folder into site\wwwroot, as any deployment tool would.
deploy() {
    local source=$1 app=$2
    shift 2
    local host token
    host=$(az webapp show -g rg -n "$app" "$@" --query "hostNameSslStates[?hostType=='Repository'].name | [0]" -o tsv)
    token=$(az account get-access-token --query accessToken -o tsv)
    rm -f app.zip
    (cd "$source" && python3 -m zipfile -c ../app.zip *)
    curl --fail --silent --show-error -X PUT --data-binary @app.zip -H @<(echo "Authorization: Bearer $token") \
        "https://$host/api/zip/site/wwwroot/"
}

title "Which Pythons are there for Windows App Service?"
run "az webapp python list-versions -g rg -n demo --output table"

title "Deploy a Flask app to an app without a Python, and make it run Python 3.8."
run "cat flask_hello/requirements.txt"
run "deploy flask_hello demo"
run "az webapp python set-version -g rg -n demo --version 3.8 --dry-run --query 'changes[].{action: action, target: target, after: after}' --output table"
run "az webapp python set-version -g rg -n demo --version 3.8"
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"
run "az webapp python show -g rg -n demo"

title "The same again: nothing to do."
run "az webapp python set-version -g rg -n demo --version 3.8 --query '{changed: changed, changes: changes}'"

title "The app needs two compiled packages more. pip's lines appear as they come."
run "printf 'markupsafe\nnumpy\n' >> flask_hello/requirements.txt"
run "deploy flask_hello demo"
run "az webapp python install-requirements -g rg -n demo"
run "az webapp python job show -g rg -n demo --output table"

title "The same again: nothing to do."
run "az webapp python install-requirements -g rg -n demo --query '{changed: changed, changes: changes}'"

title "A requirement that does not exist: one clear error, and the app still serves its page."
run "echo 'nosuchpackage==9' > wrong.txt"
run "az webapp python install-requirements -g rg -n demo -r wrong.txt || echo \"(exit code \$?)\""
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"

title "An app with a server of its own, waitress, runs under HttpPlatformHandler."
run "deploy waitress_hello demo-waitress"
run "az webapp python set-version -g rg -n demo-waitress --version 3.11 --handler httpplatform"
run "curl --silent --show-error --fail https://demo-waitress.azurewebsites.net/"
run "az webapp python set-version -g rg -n demo-waitress --version 3.11 --handler httpplatform --query '{changed: changed, changes: changes}'"
run "az webapp python install-requirements -g rg -n demo-waitress --query '{changed: changed, changes: changes}'"

title "The same for a deployment slot."
run "deploy flask_hello demo --slot staging"
run "az webapp python set-version -g rg -n demo --slot staging --version 3.11"
run "curl --silent --show-error --fail https://demo-staging.azurewebsites.net/"
run "az webapp python set-version -g rg -n demo --slot staging --version 3.11 --query '{changed: changed, changes: changes}'"
run "az webapp python install-requirements -g rg -n demo --slot staging --query '{changed: changed, changes: changes}'"

title "What runs now."
run "az webapp python list -g rg -n demo --output table"
run "az webapp python show -g rg -n demo --slot staging --output table"

title "And this is the page that the app serves."
run "curl --silent --show-error --fail https://demo.azurewebsites.net/"
