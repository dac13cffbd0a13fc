#!/usr/bin/env bash
# Check the format, azdev's own style and linter rules (offline), types, and what runs on the worker: tools/lint.sh VENV
# azdev is made for a clone of azure-cli-extensions; the stub files and variables here stand in for what it would look for there.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export VIRTUAL_ENV=$venv PATH=$venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
export AZURE_CONFIG_DIR=$work/azure AZURE_EXTENSION_DIR=$work/extensions AZURE_CORE_COLLECT_TELEMETRY=no AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no
export AZDEV_CONFIG_DIR=$work/azdev AZDEV_CLI_REPO_PATH=$work/cli

# azdev calls an extension by the name of its folder, and walks everything that lies in it: give it the product alone, under its own name.
source=$work/pythonapp
export AZDEV_EXT_REPO_PATHS=$source AZURE_EXTENSION_DEV_SOURCES=$source PYTHONPATH=$source
mkdir -p "$source" "$AZURE_CONFIG_DIR" "$AZURE_EXTENSION_DIR"
cp -r setup.py pylintrc .flake8 linter_exclusions.yml README.rst HISTORY.rst azext_pythonapp "$source"
find "$source" -name __pycache__ -prune -exec rm -rf {} +
(cd "$source" && python setup.py -q egg_info)

# azdev downloads this file when it is not there. It steers checks of command coverage, which do not run here.
mkdir -p "$AZDEV_CLI_REPO_PATH/scripts/ci"
for key in CMD_PATTERN QUO_PATTERN END_PATTERN DOCS_END_PATTERN NOT_END_PATTERN NUMBER_SIGN_PATTERN; do
    if [ $key = CMD_PATTERN ]; then echo "$key: ['a^', 'a^', 'a^', 'a^']"; else echo "$key: 'a^'"; fi
done >"$AZDEV_CLI_REPO_PATH/scripts/ci/cmdcov.yml"

rules=$(python -c 'import azdev.config; print(azdev.config.__path__[0])')
mkdir -p "$AZDEV_CONFIG_DIR/env_config$VIRTUAL_ENV/config_files"
cp "$rules"/*pylintrc "$rules"/*.flake8 "$AZDEV_CONFIG_DIR/env_config$VIRTUAL_ENV/config_files/"

status=0
check() {
    local name=$1 from=$SECONDS
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "[lint] $name: passed ($((SECONDS - from)) s)"
    else
        cat "$work/log"
        echo "[lint] $name: FAILED"
        status=1
    fi
}

check "ruff" ruff check .
check "format" ruff format --check .
# The wheel's description is README and HISTORY: an index refuses one that docutils cannot read, and shows no raw HTML.
cat README.rst HISTORY.rst >"$work/description.rst"
for document in "$work/description.rst" CONTRIBUTING.rst; do
    check "$(basename "$document")" python -m docutils --report=1 --halt=2 --no-raw --no-file-insertion "$document" "$work/log.html"
done
check "azdev style" azdev style pythonapp
check "mypy" env -u PYTHONPATH python -m mypy --config-file mypy.ini -p azext_pythonapp
# A name that only tests use counts as unused.
# az calls the functions whose names stand in commands.py.
python -c 'import re, sys; print("\n".join(re.findall(r"_command\(\s*\"[^\"]+\", *\"(\w+)\"", sys.stdin.read())))' \
    <azext_pythonapp/commands.py >"$work/commands.py"
# doctor finds its checks by their decorator.
check "vulture" vulture --min-confidence 60 --ignore-decorators "@check" azext_pythonapp tools/vulture_allowlist.py "$work/commands.py"
# os.replace is called where it is.
check "vermin of what runs on the worker" vermin --no-tips --violations -t=2.7- -t=3.4- --exclude os.replace azext_pythonapp/jobs/runner azext_pythonapp/import_program
# The rules of azdev's coverage check need a network and Azure's own repository; these do not.
check "azdev linter" azdev linter pythonapp --min-severity medium --rule-types params commands command_groups help_entries
exit $status
