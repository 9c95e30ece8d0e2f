# `make` lists the targets; each is explained by the comment behind its name.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV ?= .venv
# The first of these that is there makes the virtual environment.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=

# One thread for each process: tests and documents run side by side.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: help setup demo test test-slow test-torch chaos fonts check bench accuracy calibrate schema site licences lock wheel clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make the virtual environment and install gikocr with what its developers need

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(READY) ## read the documents in samples/ and print what came out; pictures in out/demo/overlays
	$(BIN)/gikocr extract samples -o out/demo --overlay --group folder $(ARGS)

test: $(READY) ## run the tests, without the slow ones
	$(BIN)/python -m pytest -n auto -m "not slow" $(ARGS)

test-slow: $(READY) ## run the slow tests
	$(BIN)/python -m pytest -m slow $(ARGS) || [ $$? -eq 5 ] # 5: no test is marked slow

test-torch: $(READY) ## run the tests of the reader on torch, on its build for the CPU (installs the extra train)
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[train]'
	$(BIN)/python -m pytest tests/engines -k "torch or half or gpu" $(ARGS)

chaos: $(READY) ## kill runs, their processes and their database, and see that nothing is lost
	$(BIN)/python -m pytest tests/cli/test_chaos.py tests/jobs/test_chaos.py $(ARGS)

fonts: $(READY) ## install the free fonts with which the scan maker prints (needs npm and a network)
	$(BIN)/python -m scripts.scanmaker fonts >/dev/null

check: $(READY) ## formatting, lint, types, import rules of the rooms, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MAKE) test

bench: $(READY) ## time gikocr against rapidocr on the same pages (ARGS="FOLDER" for other pages)
	$(BIN)/python -m scripts.bench $(ARGS)

accuracy: $(READY) ## make test documents, read and judge them; slow (ARGS="--help" lists the sets)
	$(BIN)/python -m scripts.accuracy $(ARGS)

calibrate: $(READY) ## fit models/calibration.json (ARGS="TRUTH OUT [TRUTH OUT ...]"; python -m scripts.calibrate --help)
	$(BIN)/python -m scripts.calibrate $(ARGS)

schema: $(READY) ## write the JSON Schema of a report to out/report.schema.json
	@mkdir -p out
	$(BIN)/gikocr schema > out/report.schema.json

site: $(READY) ## build the documentation into out/site (installs the extra docs)
	@$(BIN)/python -c 'import material, jieba' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

licences: $(READY) ## list the licences of all packages and models, and write out/sbom.json; check requirements.lock
	$(BIN)/python -m scripts.licences --sbom out/sbom.json
	$(BIN)/python -m scripts.dependencies --check

lock: $(READY) ## write requirements.lock from what is installed
	$(BIN)/python -m scripts.dependencies

wheel: $(READY) ## build the wheel, models included, into dist/
	$(BIN)/python -m build --quiet --outdir dist

clean: ## remove what was made, but not the virtual environment
	rm -rf dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find gikocr scripts tests -name __pycache__ -prune -exec rm -rf {} +
