# Everything is under .venv/ and .local/; `make clean` removes both.
.DEFAULT_GOAL := help
.PHONY: help demo serve test check bench clean
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiling three thousand tests and their asserts anew costs a third of `make check`; what is compiled is kept.
unexport PYTHONDONTWRITEBYTECODE

PY := .venv/bin/python
PIP := $(PY) -m pip install -qq --constraint constraints.txt
OFFLINE := { echo "Packages could not be installed from PyPI: check the network and run the command again." >&2; exit 1; }

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' Makefile

demo: .venv/.local ## one working week of a fictional MSP, end to end; DATA=log.csv.gz uses a real event log
	@exec $(PY) -m local.demo $(if $(DATA),--data '$(DATA)')

serve: .venv/.local ## the same stack until Ctrl-C; SEED=rows.json, POLICY=policy.toml, HOST_PORT, HALO_PORT, ENTRA_PORT, AZURITE_PORT
	@exec $(PY) -m local.serve --stay-with-parent $(if $(SEED),--seed '$(SEED)') $(if $(POLICY),--policy '$(POLICY)')

test: .venv/.dev ## everything: lint, types, import contracts, all tests with Azurite and a browser
	@.ci/browser
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@exec $(PY) -m pytest

check: .venv/.dev ## the fast part, no servers
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@.venv/bin/lint-imports
	@$(PY) -m mypy & types=$$!; $(PY) -m pytest -q -n 2 -m 'not stack and not slow'; tests=$$?; \
	wait $$types || { echo 'mypy found errors; they stand above.' >&2; exit 1; }; exit $$tests

bench: .venv/.dev ## figures against floors, as JSON lines
	@failed=0; for bench in bench/[a-z]*.py; do $(PY) -m bench.$$(basename $$bench .py) || failed=1; done; exit $$failed

clean: ## remove what the other targets made
	@rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp holds as long as what it was made from does not change, so that a second run starts at once.
.venv/.made: .ci/python
	@python=$$(.ci/python) && echo "Making .venv with $$("$$python" --version)" >&2 && "$$python" -m venv --clear .venv
	@touch $@

.venv/.local: requirements.txt requirements-local.txt constraints.txt .venv/.made
	@echo "Installing what the service and the local stack need" >&2
	@$(PIP) --requirement requirements-local.txt || $(OFFLINE)
	@$(PY) -m compileall -q -j 2 function_app.py functions shared local
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.local
	@echo "Installing what tests, types and lint need" >&2
	@$(PIP) --requirement requirements-dev.txt || $(OFFLINE)
	@touch $@
