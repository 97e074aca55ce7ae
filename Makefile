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

.PHONY: dist dist-test help study serve test test-web test-cluster test-all test-random test-notebooks notebooks docs lint format clean

help:
	@echo "make study     install into $(VENV), audit the embedded data, train generators on it, say where the report is"
	@echo "make serve     install into $(VENV), open the workbench in the browser; ROOT=FOLDER serves another folder"
	@echo "make test      install into $(VENV), lint, run the tests"
	@echo "make test-web  the tests of the workbench, in Debian's chromium; DOCS=1 takes the pictures of its pages anew"
	@echo "make test-all  the same with the slow tests"
	@echo "make test-random  the tests of make test in random order; SEED=N repeats one, with JOBS=1 to the letter"
	@echo "make test-cluster  tests on workers of Dask and Ray, and of sets beyond memory, with their packages"
	@echo "make test-notebooks  run the notebooks on embedded data, without touching them"
	@echo "make notebooks run them on real data and write them; NAMES=Cats for one of them"
	@echo "make dist      build sdist and wheel, install the wheel elsewhere and use it; make dist-test runs the tests with it"
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

# Gradio does not take the Pillow that the rest is tested with.
$(VENV)/installed-web: $(VENV)/installed
	grep -v -i '^pillow==' constraints.txt > $(VENV)/constraints-web.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(VENV)/constraints-web.txt -e ".[web]"
	@touch $@

$(VENV)/installed-test-web: $(VENV)/installed-web $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(VENV)/constraints-web.txt -e ".[web,test-web]"
	@touch $@

study: $(VENV)/installed
	$(THREADS) $(BIN)/toolkit study --out $(OUT)

ROOT ?= .
serve: $(VENV)/installed-web
	$(THREADS) $(BIN)/toolkit serve --root $(ROOT)

test-web: $(VENV)/installed-test-web
	$(if $(DOCS),TOOLKIT_SCREENSHOTS=docs/images/web) $(PYTEST) -m web -rs tests

test: $(VENV)/installed-test lint
	$(PYTEST) $(PARALLEL) -m "not slow and not web and not cluster"

test-all: $(VENV)/installed-test lint
	$(PYTEST) $(PARALLEL) -m "not web and not cluster"

# setup.cfg leaves the plugin out otherwise: the order of the files is what says where a failure comes from.
test-random: SEED := $(SEED)
test-random: $(VENV)/installed-test
	@echo "Random order: make test-random SEED=$(SEED) repeats it."
	$(PYTEST) $(PARALLEL) -m "not slow and not web and not cluster" -p randomly --randomly-seed=$(SEED)

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

# Built in an environment of its own; installed in another one, and used away from the checkout, which a PYTHONPATH that
# names it would bring back.
APART = env -u PYTHONPATH
dist:
	rm -rf dist build/dist
	$(PYTHON) -m venv build/dist
	$(APART) build/dist/bin/python -m pip install --quiet --disable-pip-version-check build
	$(APART) build/dist/bin/python -m build --outdir dist .
	$(APART) build/dist/bin/python .ci/check_wheel.py dist/*.whl
	$(APART) build/dist/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	cd build/dist && $(APART) $(THREADS) bin/toolkit study --n-images 400 --out study
	test -s build/dist/study/report.html
	@echo "dist/: ready. make dist-test runs the tests against the installed wheel."

# The tests, away from the checkout's package; TESTS=tests/audit for some of them.
TESTS ?= tests
dist-test: dist
	$(APART) build/dist/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "$$(ls dist/*.whl)[test]"
	rm -rf build/dist/checkout && mkdir build/dist/checkout
	cp -r tests docs notebooks benchmarks README.md CONTRIBUTING.md CHANGELOG.md setup.cfg pyproject.toml Makefile build/dist/checkout
	cd build/dist/checkout && $(APART) $(THREADS) ../bin/python -m pytest -n $(JOBS) --dist worksteal -m "not slow and not web and not cluster" $(TESTS)

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) outputs build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache .mypy_cache
	find toolkit tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
