# Two commands do all set-up: `make demo` and `make test`. `make` alone lists every target.

BIN := .venv/bin
DEMO := 4x4 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test format lint typecheck imports docs readme docs-check unit matrix bench clean distclean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do \
	  printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: ## install what is missing: outside tools, .venv, Python packages
	@.ci/setup.sh

demo: setup ## one sentence to verified, synthesised, measured RTL and its report
	@$(BIN)/tpugen generate "$(DEMO)" --out runs/demo

test: lint typecheck imports docs-check unit ## every check; the last line is the tests' own summary

format: setup ## rewrite the Python files in the house style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: setup ## ruff: rules and format
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# The installed package is what counts: these run where the folder `tpugen` of the checkout cannot hide it.
typecheck: setup ## mypy --strict on the installed package
	@echo "== mypy"
	@cd .venv && bin/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache -p tpugen
	@cd .venv && bin/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache \
	  ../docs/generate.py ../docs/session.py ../docs/hybrid_run.py ../benchmarks/run.py ../benchmarks/transcripts.py ../.ci/pins.py

imports: setup ## import-linter: a lower room never imports a higher one
	@echo "== import-linter"
	@cd .venv && bin/lint-imports --config ../pyproject.toml --cache-dir ../.import_linter_cache

docs: setup ## write the generated documentation
	@$(BIN)/python docs/generate.py

readme: setup ## run the README's commands and write their real output into it
	@$(BIN)/python docs/session.py --write

docs-check: setup ## fail if the generated documentation is stale
	@echo "== docs"
	@$(BIN)/python docs/generate.py --check

unit: setup ## the tests alone
	@echo "== pytest"
	@$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal -m "not llm" --durations 15

matrix: setup ## simulate every unit in every kind of array (about 25 minutes) and keep the result for the docs
	@$(BIN)/tpugen verify matrix --out build/pass-matrix
	@cp build/pass-matrix/summary.json docs/data/pass-matrix.json
	@$(BIN)/python docs/generate.py

bench: setup ## measure the figures of benchmarks/ on this machine
	@$(BIN)/python benchmarks/run.py

clean: ## remove build products and tools' caches; keeps .venv and runs
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean ## also remove .venv; keeps runs
	rm -rf .venv
