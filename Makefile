# Works with GNU make 3.81 or later and any POSIX shell; needs Python 3.11 or later with venv, and git.

# The first Python of these that is 3.11 or later and can make a virtual environment.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python3.14; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
CHECKOV_VENV := .venv-checkov

# What pip is told: no code of a package runs to install it, and nothing comes in that the lock does not name: older
# pips look for a newer release of a package that another one asks for with an extra, and then refuse it as unpinned.
# An environment that is there already is brought up to date in silence.
PIP_INSTALL = -m pip --disable-pip-version-check install --only-binary :all: --no-deps --require-hashes $(if $(wildcard $@),--quiet)
UV_COMPILE := $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock'

# What format, lint and types are checked on: those of these folders that there are.
SOURCES := $(wildcard server scripts tests benchmarks k8s)

# The released contract's descriptors; `make check` compares proto/ with them.
RELEASED := proto/released.binpb

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check format proto client docs release-proto lock bench bench-quality soak k8s clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------------------- environments

setup: $(VENV)/.run ## Make .venv with what the service needs to run.

setup-dev: $(VENV)/.run $(VENV)/.dev ## Add to .venv what tests and checks need.

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later, with venv and ensurepip, is needed (Debian: python3-venv)."; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

# One stamp for each lock, and one for the project itself.
$(VENV)/.run-lock: $(VENV)/pyvenv.cfg requirements/run.txt
	@echo "Installing the $$(grep -c == requirements/run.txt) packages of requirements/run.txt"
	@$(BIN)/python $(PIP_INSTALL) --requirement requirements/run.txt
	@touch $@

$(VENV)/.run: $(VENV)/.run-lock pyproject.toml
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/.run
	@echo "Installing the $$(grep -c == requirements/dev.txt) packages of requirements/dev.txt"
	@$(BIN)/python $(PIP_INSTALL) --requirement requirements/dev.txt
	@$(BIN)/python -m pip --disable-pip-version-check check --quiet
	@touch $@

$(CHECKOV_VENV)/.done: requirements/checkov.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later, with venv and ensurepip, is needed."; exit 1; }
	@$(PYTHON) -m venv $(CHECKOV_VENV)
	@$(CHECKOV_VENV)/bin/python $(PIP_INSTALL) --requirement requirements/checkov.txt
	@touch $@

lock: setup-dev ## Renew the locks in requirements/ from pyproject.toml (UPGRADE=1 takes newer versions).
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --all-extras --group build --group dev -o requirements/dev.txt
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --all-extras --group build -c requirements/dev.txt -o requirements/full.txt
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --group build -c requirements/dev.txt -o requirements/run.txt
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) requirements/checkov.in -o requirements/checkov.txt

# ---------------------------------------------------------------------------- the service

run: setup ## Start the service and watch an article's claims being assessed (ONCE=1 ends after that).
	@$(BIN)/reputable demo $(if $(ONCE),--once)

proto: setup-dev ## Generate server/reputable/v1 from proto/.
	@$(BIN)/python scripts/generate_proto.py server

client: setup-dev ## Generate the blocking client from the one for asyncio.
	@$(BIN)/python scripts/generate_client.py

docs: setup-dev ## Generate the pages on settings and metrics, the PrometheusRule and the dashboard.
	@$(BIN)/python scripts/generate_docs.py
	@$(BIN)/python scripts/generate_prometheus_rule.py
	@$(BIN)/python -m k8s.dashboards.generate

release-proto: setup-dev ## Take the present contract as the one that no later change may break.
	$(BIN)/buf build --output $(RELEASED)

# ---------------------------------------------------------------------------- tests and checks

test: setup-dev ## Run every test that takes seconds.
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: setup-dev ## Check format, lint, types, import contracts, the proto contract and its generated code.
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-logo
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(if $(wildcard $(RELEASED)),$(BIN)/buf breaking --against $(RELEASED))
	$(BIN)/python scripts/generate_proto.py --check server
	$(BIN)/python scripts/generate_docs.py --check
	$(if $(wildcard k8s/overlays),@$(MAKE) --no-print-directory k8s)

format: setup-dev ## Format Python and proto files and mend what ruff can mend.
	$(BIN)/ruff check --fix-only $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/buf format --write

soak: setup-dev ## Run the tests that take minutes and print each target beside what was measured.
	@$(BIN)/python -m tests.faults.soak $(ARGS)

bench: setup-dev ## Measure speed and print each target beside what was measured.
	@$(BIN)/python -m benchmarks.load $(ARGS)

bench-quality: setup-dev ## Measure how right the assessments are and print each target beside what was measured.
	@$(BIN)/python -m benchmarks.quality $(ARGS)

k8s: setup-dev $(CHECKOV_VENV)/.done ## Build and check the Kubernetes manifests and the Dockerfile.
	$(BIN)/python scripts/generate_prometheus_rule.py --check
	$(BIN)/python -m k8s.dashboards.generate --check
	$(BIN)/python scripts/check_manifests.py build/k8s
	$(CHECKOV_VENV)/bin/checkov --config-file .checkov.yaml --directory build/k8s
	$(BIN)/hadolint Dockerfile
	$(CHECKOV_VENV)/bin/checkov --config-file .checkov.yaml --file Dockerfile

clean: ## Remove the environments, build results and caches, and keep the ledger under var/.
	rm -rf $(VENV) $(CHECKOV_VENV) build dist .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
