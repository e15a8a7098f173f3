# codeLynn needs Python 3.11+, make and git; everything else is set up here. Settings: CODELYNN_… (docs/settings.md).
PYTHON ?= python3
BIN := .venv/bin

# With another Argilla, or none, its server is not installed.
ifneq ($(CODELYNN_ARGILLA_URL)$(filter false False 0 no off,$(CODELYNN_ARGILLA_ENABLED)),)
ARGILLA := --no-argilla
endif

# A worker for each core, up to four; serially with ARGS="-n 0" or "-p no:xdist".
WORKERS := $(if $(findstring no:xdist,$(ARGS)),,-n logical --maxprocesses 4)

# Tests start hundreds of Python processes: without byte code each compiles its libraries anew.
test: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run setup test lint pictures lock clean
.DEFAULT_GOAL := help

help: ## Show what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1	/'

run: ## Set up and start everything on loopback; Ctrl-C stops it
	@$(PYTHON) deploy/bootstrap.py $(ARGILLA)
	@exec $(BIN)/codelynn up

setup: ## Set up what `make run` and `make test` need
	@$(PYTHON) deploy/bootstrap.py --dev

test: setup lint ## Set up, then lint, types and the whole test suite
	$(BIN)/python -m pytest $(WORKERS) $(ARGS)

lint: setup ## Ruff, formatting, dead code, mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/vulture
	$(BIN)/mypy

pictures: setup ## Take the pictures in docs/screenshots anew; some minutes
	PICTURES=docs/screenshots $(BIN)/python -m pytest -n 0 tests/browser/shared/test_pictures.py

lock: ## Pin what is installed in .venv
	$(BIN)/python deploy/lock.py

clean: ## Remove the environments and caches; your data in .codelynn stays
	rm -rf .venv .venv-argilla .venv-label-studio .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
