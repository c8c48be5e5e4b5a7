# make sweep: the default study, then its report. make test: every check. make quick: those that
# take a few minutes in all. Each sets up .venv first.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
RESULTS := results/default
# Files in the order that tests/conftest.py gives them, the longest first.
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup sweep docs checks loops ready-to-test quick test coverage clean

help:
	@echo 'make sweep     run the default study and report on it, in $(RESULTS)'
	@echo 'make docs      build the documentation site, in build/site'
	@echo 'make test      lint, types, layers, tests'
	@echo 'make quick     the same with the fast tests alone, in a few minutes'
	@echo 'make coverage  all tests, and what of the code they reach'
	@echo 'make setup     only set up $(VENV); PYTHON=... chooses the interpreter'
	@echo 'make clean     remove $(VENV), $(RESULTS), builds and caches'

setup: $(READY)

sweep: $(READY)
	$(BIN)/patchopt sweep experiment=default sweep.out=$(RESULTS) sweep.force=true
	$(BIN)/patchopt report $(RESULTS) --out $(RESULTS)/report --force

docs: loops
	$(BIN)/python docs/site/build.py

checks: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Loops are compiled side by side and without being traced, before each process of tests wants them.
loops: $(READY)
	@echo 'Compiling loops'
	@$(BIN)/patchopt simulate ha_microservices --strategy rolling --replications 2000 > /dev/null & \
	$(BIN)/patchopt optimize otel_demo --time-limit 1 > /dev/null && \
	$(BIN)/patchopt optimize cloud_foundry --time-limit 1 > /dev/null && wait $$!

# Two things at a time, neither of which uses all cores.
ready-to-test: $(READY)
	@$(MAKE) --no-print-directory -j2 checks loops

quick: ready-to-test
	$(PYTEST) -m 'not slow'

test: ready-to-test
	$(PYTEST)

coverage: loops
	$(PYTEST) --cov --cov-report=term

clean:
	rm -rf $(VENV) $(RESULTS) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first interpreter that is new enough and can make environments; a venv whose
# interpreter has gone counts as missing.
$(BIN)/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making $(VENV) with $$("$$python" -c 'import sys; print(sys.executable)')"; \
	        exec "$$python" -m venv --clear $(VENV); \
	    fi; \
	done; \
	echo 'patchopt needs Python 3.11 or newer with its venv module (Debian: python3-venv).' >&2; \
	echo 'Install one, or name it: make PYTHON=/path/to/python3.12' >&2; \
	exit 1

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing the pinned packages into $(VENV)'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
