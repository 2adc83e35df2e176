# Kontor's commands. A line ending in `## text` shows up in `make help`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PROTOS := $(shell find proto -name '*.proto' 2>/dev/null)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.PHONY: help setup tools proto run test lint bench promises lock clean
.SILENT:

help: ## Show this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: .venv/.project .venv/.contract ## Install everything Kontor needs into .venv

tools: setup .venv/.tools

proto: .venv/.packages ## Compile proto/ into gen/ again
	$(BIN)/python hatch_build.py
	touch .venv/.contract

run: setup ## Start all of Kontor in one process, with demonstration data
	$(BIN)/kontor run

test: tools lint ## Check everything: style, types, architecture, every test
	$(BIN)/pytest --numprocesses auto --dist loadgroup --ignore tests/benchmarks || { test $$? -eq 1 && $(BIN)/python -m tests.second_look; }

lint: tools ## Check style, types and the contract
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/buf lint gen/kontor.binpb --config buf.yaml

bench: tools ## Measure speed and print it as ratios
	$(BIN)/pytest tests/benchmarks --timeout 1800 --capture no

promises: tools ## Prove the promises at their full numbers
	KONTOR_TEST_KILLS=200 KONTOR_TEST_KILL_SECONDS=180 KONTOR_TEST_ENDED_SECONDS=1 $(BIN)/pytest --timeout 3600 \
		tests/documents/test_kills.py tests/faults/test_ten_thousand_events.py tests/whole/test_revocation.py \
		tests/journeys/test_ended_access.py tests/benchmarks/test_alike.py

lock: .venv/.tools ## Choose the newest versions of every dependency and lock them with their hashes
	$(PIP) uv
	$(COMPILE) --upgrade pyproject.toml --all-extras -o requirements-dev.lock
	$(COMPILE) pyproject.toml --extra embedded --extra build -c requirements-dev.lock -o requirements.lock
	$(COMPILE) pyproject.toml --extra sms -c requirements-dev.lock -o requirements-image.lock
	echo django-htmx | $(COMPILE) --upgrade --no-deps --no-annotate - -o requirements-assets.lock

clean: ## Remove all that was installed or generated, but not the data in var/
	rm -rf .venv gen build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.packages: requirements.lock requirements-assets.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kontor needs Python 3.11 or newer: make PYTHON=/path/to/python3.12")'
	test -x $(BIN)/python || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	echo "Installing packages into .venv (half a minute, once)"
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --require-hashes --no-deps -r requirements-assets.lock
	touch $@

.venv/.tools: .venv/.packages requirements-dev.lock
	echo "Installing what tests need into .venv (a minute, once)"
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $@

.venv/.project: .venv/.packages pyproject.toml hatch_build.py
	echo "Installing Kontor"
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@ .venv/.contract

.venv/.contract: .venv/.project $(PROTOS)
	$(BIN)/python hatch_build.py
	touch $@
