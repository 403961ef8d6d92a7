# `make` alone lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STUDY ?= studies/clinic.toml studies/beat-the-blues.toml
CASE ?=
export OPENBLAS_NUM_THREADS = 1
export PYTHONHASHSEED = 0

.DEFAULT_GOAL := help
.PHONY: help report test test-all check recovery bench lab lock tidy clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)' || { \
	  echo "sessionwise needs Python 3.11 or newer; '$(PYTHON)' is older or missing."; \
	  echo "Install one, then name it: make PYTHON=python3.12 report"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make environments: its 'ensurepip' or 'venv' module is missing."; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (about a minute, once)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $@

report: $(READY) ## make the reports: make report STUDY=studies/NAME.toml
	$(BIN)/sessionwise report $(STUDY)

test: $(READY) ## every test that is not slow
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "not slow" -q

test-all: $(READY) ## every test
	$(BIN)/python -m pytest -n 2 --dist loadscope -q

check: $(READY) ## style, format, floors and canonical notebooks, in seconds
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -q tests/architecture

recovery: $(READY) ## many simulated clinics: does the truth come back? (can be stopped and resumed)
	$(BIN)/python tests/recovery/recover.py && $(BIN)/python tests/recovery/draw.py
	$(BIN)/python tests/recovery/few_therapists.py
	$(BIN)/python tests/recovery/attendance.py
	$(BIN)/python tests/recovery/cox_clinics.py
	$(BIN)/python tests/recovery/gamma_clinics.py
	$(BIN)/python tests/recovery/staying.py

bench: $(READY) ## measure speed, beside R where it is: make bench CASE=NAME (resumable)
	$(BIN)/python benchmarks/run.py $(CASE)

lab: $(READY) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=. notebooks/01-who-came.ipynb

lock: $(READY) ## solve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url \
	  --no-header --only-binary :all: --python-version 3.11 --upgrade -o requirements.lock

tidy: $(READY) ## format, and rewrite what is generated
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .
	$(BIN)/python tests/architecture/canonical.py
	$(BIN)/python tests/architecture/environment.py
	$(BIN)/python tests/architecture/clinic.py
	$(BIN)/python tests/architecture/dictionary.py
	$(BIN)/python tests/architecture/modules.py

clean: ## remove the environment and everything made
	rm -rf $(VENV) reports build dist .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
