# Two commands do everything on a fresh machine: `make study` and `make test`.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
SEED ?= $(shell date +%s)
OUT ?= outputs/study
BIN = $(VENV)/bin

# Small fits gain nothing from a second thread and lose much when two run at once: one thread each.
THREADS = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1
PYTEST = $(THREADS) $(BIN)/python -m pytest
PARALLEL = -n $(JOBS) --dist worksteal

.PHONY: help study test test-all test-random test-cluster test-notebooks notebooks docs lint format clean

help:
	@echo "make study     install into $(VENV), audit the embedded data, train generators on it, say where the report is"
	@echo "make test      install into $(VENV), lint, run the tests"
	@echo "make test-all  the same with the slow tests"
	@echo "make test-random  the tests of make test in random order; SEED=N repeats one, with JOBS=1 to the letter"
	@echo "make test-cluster  tests on workers of Dask and Ray, and of sets beyond memory, with their packages"
	@echo "make test-notebooks  run the notebooks on embedded data, without touching them"
	@echo "make notebooks run them on real data and write them; NAMES=Cats for one of them"
	@echo "make docs      build the documentation, in outputs/docs"
	@echo "make lint      style, import floors and types"
	@echo "make format    rewrite to the style"
	@echo "make clean     remove what these commands made, $(VENV) included"

# The stamps are files, so that a second call finds the work done.
$(VENV)/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $@

$(VENV)/installed-cluster: $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,dask,ray,zarr,hub]"
	@touch $@

$(VENV)/installed-notebooks: $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[notebooks]"
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	@touch $@

study: $(VENV)/installed
	$(THREADS) $(BIN)/toolkit study --out $(OUT)

test: $(VENV)/installed-test lint
	$(PYTEST) $(PARALLEL) -m "not slow and not cluster"

test-all: $(VENV)/installed-test lint
	$(PYTEST) $(PARALLEL) -m "not cluster"

# setup.cfg leaves the plugin out otherwise: the order of the files is what says where a failure comes from.
test-random: SEED := $(SEED)
test-random: $(VENV)/installed-test
	@echo "Random order: make test-random SEED=$(SEED) repeats it."
	$(PYTEST) $(PARALLEL) -m "not slow and not cluster" -p randomly --randomly-seed=$(SEED)

# One process: the tests start workers of their own.
test-cluster: $(VENV)/installed-cluster
	$(PYTEST) -m cluster tests/cluster

# Without published data and without the variable that chooses how figures are drawn, as on a fresh machine.
test-notebooks: $(VENV)/installed-notebooks
	env -u TOOLKIT_DATA -u MPLBACKEND TOOLKIT_QUICK=1 $(PYTEST) -n $(JOBS) --nbmake --nbmake-timeout=900 notebooks/*.ipynb

notebooks: $(VENV)/installed-notebooks
	$(THREADS) $(BIN)/python notebooks/run.py $(NAMES)

docs: $(VENV)/installed-docs
	$(THREADS) MPLBACKEND=Agg $(BIN)/sphinx-build -W --keep-going -q -b html docs outputs/docs
	@echo "Documentation: outputs/docs/index.html"

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) outputs build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache .mypy_cache
	find toolkit tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
