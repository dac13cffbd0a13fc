# Everything that these targets need is set up under .work/ the first time; `make clean` removes it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

AZ_VERSION ?= 2.91.0
export PYTHON ?= python3
# Tests also wait, for jobs and restarts: more of them at a time than there are cores.
JOBS ?= 4

VERSION := $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' setup.py)
WHEEL := dist/pythonapp-$(VERSION)-py3-none-any.whl
AZ := .work/az-$(AZ_VERSION)
TEST := .work/test
LINT := .work/lint
WINDOWS := .work/windows
SOURCES := $(shell find azext_pythonapp -name __pycache__ -prune -o -print)

# After so many minutes no test that is marked as costly is started, and after a third more no scenario; empty for no limit.
MINUTES ?=

# What tests/conftest.py and tests/local_azure look for.
IN_AZURE := PYTHONAPP_MINUTES=$(MINUTES) PYTHONAPP_AZ=$(CURDIR)/$(AZ)/bin/az PYTHONAPP_WHEEL=$(CURDIR)/$(WHEEL) PYTHONAPP_WINDOWS=$(CURDIR)/$(WINDOWS) \
	PATH="$(CURDIR)/$(AZ)/bin:$$PATH"

.PHONY: help demo test unit lint format bench shell wheel clean

help:
	@echo "make demo    a five-minute tour of az webapp python against the local Azure"
	@echo "make test    unit and scenario tests (AZ_VERSION=$(AZ_VERSION); ARGS='-k name' passes options to pytest)"
	@echo "make unit    only the unit tests"
	@echo "make lint    the formatter's check, azdev style and linter, mypy, vermin, vulture"
	@echo "make format  format all Python files"
	@echo "make bench   what the extension costs"
	@echo "make shell   a shell in which az talks to the local Azure"
	@echo "make wheel   $(WHEEL)"
	@echo "make clean   remove everything that make made"

demo: $(AZ)/.ready $(TEST)/.ready $(WINDOWS)/.ready $(WHEEL)
	@command -v curl >/dev/null || tools/apt_install.sh curl
	@$(IN_AZURE) $(TEST)/bin/python -m tests.local_azure --use-machine-pip --app demo --app demo-waitress \
		--slot demo/staging -- tests/demo.sh

test: $(AZ)/.ready $(TEST)/.ready $(WINDOWS)/.ready $(WHEEL)
	@command -v curl >/dev/null || tools/apt_install.sh curl  # which the documents use
	@tests/install_chromium.sh
	@$(IN_AZURE) $(TEST)/bin/python -m pytest tests/scenario tests/unit -n $(JOBS) --maxschedchunk 1 $(ARGS)

unit: $(AZ)/.ready $(TEST)/.ready $(WINDOWS)/.ready $(WHEEL)
	@tests/install_chromium.sh
	@$(IN_AZURE) $(TEST)/bin/python -m pytest tests/unit $(ARGS)

lint: $(LINT)/.ready
	@tools/lint.sh $(LINT)

format: $(LINT)/.ready
	@$(LINT)/bin/ruff check --quiet --fix .
	@$(LINT)/bin/ruff format .

bench: $(AZ)/.ready $(TEST)/.ready $(WINDOWS)/.ready $(WHEEL)
	@$(IN_AZURE) $(TEST)/bin/python -m pytest tests/bench --capture=no $(ARGS)

shell: $(AZ)/.ready $(TEST)/.ready $(WINDOWS)/.ready $(WHEEL)
	@$(IN_AZURE) $(TEST)/bin/python -m tests.local_azure --use-machine-pip --app demo --slot demo/staging -- bash --norc

wheel: $(WHEEL)
	@echo $(WHEEL)

clean:
	rm -rf .work build dist *.egg-info

$(AZ)/.ready:
	@tools/venv.sh $(AZ) azure-cli==$(AZ_VERSION)

$(TEST)/.ready: tests/requirements.txt
	@tools/venv.sh $(TEST) -r tests/requirements.txt

$(LINT)/.ready: tools/lint-requirements.txt
	@tools/venv.sh $(LINT) -r tools/lint-requirements.txt azure-cli==$(AZ_VERSION)

$(WINDOWS)/.ready: $(TEST)/.ready tests/local_azure/install_wine.sh $(wildcard tests/local_azure/windows/*.py)
	@tests/local_azure/install_wine.sh
	@$(TEST)/bin/python -m tests.local_azure.windows.provision $(WINDOWS)
	@touch $@

# build/ is removed first: setuptools would pack modules that are left there though they are gone from the source.
$(WHEEL): setup.py README.rst HISTORY.rst $(SOURCES) $(TEST)/.ready
	@rm -rf build *.egg-info
	@$(TEST)/bin/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@rm -rf build *.egg-info
