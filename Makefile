# Kontor's commands. A line ending in `## text` shows up in `make help`.
PYTHON ?= python3
BIN := .venv/bin
LOCKS := requirements.lock requirements-assets.lock
PROTOS := $(shell find proto -name '*.proto' 2>/dev/null)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.PHONY: help setup proto run test lint bench lock clean
.SILENT:

help: ## Show this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: .venv/.project .venv/.contract ## Install everything Kontor needs into .venv

proto: .venv/.packages ## Compile proto/ into gen/ again
	$(BIN)/python hatch_build.py
	touch .venv/.contract

run: setup ## Start all of Kontor in one process, with demonstration data
	$(BIN)/kontor run

test: setup lint ## Check everything: style, types, architecture, every test
	$(BIN)/pytest --numprocesses auto --dist loadgroup --ignore tests/benchmarks

lint: setup ## Check style, types and the contract
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/buf lint gen/kontor.binpb --config buf.yaml

bench: setup ## Measure speed and print it as ratios
	$(BIN)/pytest tests/benchmarks --override-ini testpaths=tests/benchmarks -p no:xdist --timeout 1800 -s

lock: .venv/.packages ## Choose the newest versions of every dependency and lock them with their hashes
	$(BIN)/pip install --quiet uv
	$(COMPILE) --upgrade pyproject.toml --extra embedded --extra dev -o requirements.lock
	$(COMPILE) --upgrade pyproject.toml --extra twilio -c requirements.lock -o requirements-image.lock
	echo django-htmx | $(COMPILE) --upgrade --no-deps --no-annotate - -o requirements-assets.lock

clean: ## Remove all that was installed or generated, but not the data in var/
	rm -rf .venv gen build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.packages: $(LOCKS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kontor needs Python 3.11 or newer: make PYTHON=/path/to/python3.12")'
	test -x $(BIN)/python || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	echo "Installing packages into .venv (about a minute, once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-assets.lock
	touch $@

.venv/.project: .venv/.packages pyproject.toml hatch_build.py
	echo "Installing Kontor"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@ .venv/.contract

.venv/.contract: .venv/.project $(PROTOS)
	$(BIN)/python hatch_build.py
	touch $@
