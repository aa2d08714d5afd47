# Every command of this project, once. Bare `make` lists them.
PYTHON ?= python3
BIN := .venv/bin
# What pytest ends with where ARGS choose no test.
NO_TESTS := 5
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup dev demo run test check lint bench proof lock format words

help: ## list the commands
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## make .venv with what Parley needs to run

demo: setup ## start a local Telegram with a living partnership in it, and print one link
	@$(BIN)/parley demo $(ARGS)

run: setup ## run Parley against the Telegram named in .env
	@$(BIN)/parley run $(ARGS)

# What measures time runs by itself, and without coverage, which would be most of what it measures.
test: dev ## run every test (brings PostgreSQL and Chromium along)
	@$(BIN)/python -m tests.equipment
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -m "not alone" -n 3 --dist worksteal $(ARGS) || [ $$? = $(NO_TESTS) ]
	@$(BIN)/python -m pytest -m alone $(ARGS) || [ $$? = $(NO_TESTS) ]

check: lint test ## format, lint, types, import contracts, tests, coverage
	@$(BIN)/python -m tests.ratchet

bench: dev ## measure speed and memory on this machine, as one table
	@$(BIN)/python -m benchmarks $(ARGS)

proof: dev ## run the promises at their long sizes and write the record
	@$(BIN)/python -m tests.proof $(ARGS)

words: dev ## bring every language's file of sentences up to date, for its translators
	@$(BIN)/python -m dialogs.translators

dev: .venv/.ready-dev

# A .venv without pip is one that was never finished: it is made anew.
.venv/bin/python .venv/bin/pip:
	@echo "parley: making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "parley: Python 3.11 or newer is needed; say which with: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { rm -rf .venv; echo "parley: .venv could not be made. On Debian and Ubuntu run this first, as root: apt install python3-venv"; exit 1; }

# Packages come from the lock alone, each checked against its hash.
.venv/.ready: requirements.lock pyproject.toml | .venv/bin/python .venv/bin/pip
	@echo "parley: installing what it needs to run (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-compile --no-deps --no-build-isolation -e .
	@echo "parley: compiling byte code"
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q -j 0 .venv/lib bot dialogs facilitation synthesis storage sandbox || true
	@touch $@

.venv/.ready-dev: requirements-dev.lock .venv/.ready
	@echo "parley: installing what its tests need"
	@$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements-dev.lock
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q -j 0 .venv/lib || true
	@touch $@

# The locks are made anew with uv (pip install uv); no index address is written into them.
lock:
	@uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	@uv pip compile pyproject.toml --group dev -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock

format: dev
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lint: dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
