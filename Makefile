# The README's two commands are `make run` and `make test`. Everything lands in .venv and .workspace.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKSPACE ?= .workspace/sample
HOST ?= 127.0.0.1
PORT ?= 8000
LEADS ?= 20000
UNTIL ?= $(shell date -u +%F)
WORKERS ?= 2

# Training spins idle OpenMP threads for nothing; let them sleep.
export OMP_WAIT_POLICY = passive
export MLFLOW_DISABLE_TELEMETRY = true

.PHONY: help run test check faults screenshots bench bench-pages bench-service bench-real bench-quality bench-evidence bench-suggestions bench-coverage bench-cold-start bench-leaks bench-honest bench-pact bench-sweep bench-rules bench-bulk bench-import bench-load bench-worklist lock clean sample

help: ## Show the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.run: requirements.lock pyproject.toml
	@echo "1/5  Installing into $(VENV) (about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@echo "Installing the development tools into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

$(WORKSPACE)/leads.csv: | $(VENV)/.run
	@echo "2/5  Simulating a company of $(LEADS) leads, its last week before today"
	@$(BIN)/leadpact sample -w $(WORKSPACE) --leads $(LEADS) --until $(UNTIL)

sample: $(WORKSPACE)/.leadpact/champion.json ## Simulate a company and train on it

$(WORKSPACE)/.leadpact/champion.json: $(WORKSPACE)/leads.csv
	@echo "3/5  Training on it (under a minute)"
	@$(BIN)/leadpact train -w $(WORKSPACE)

run: $(VENV)/.run $(WORKSPACE)/.leadpact/champion.json ## From nothing to a served, explained score
	@echo "4/5  Bringing its leads into the record"
	@$(BIN)/leadpact bring -w $(WORKSPACE)
	@echo "5/5  Serving. Open http://$(HOST):$(PORT)/ or, in another terminal:"
	@echo "     KEY=\$$($(BIN)/leadpact access key --name trial -w $(WORKSPACE))"
	@echo "     curl -s http://$(HOST):$(PORT)/v1/score -H \"Authorization: Bearer \$$KEY\" -H 'content-type: application/json' -d @$(WORKSPACE)/example.json"
	@$(BIN)/leadpact serve -w $(WORKSPACE) --host $(HOST) --port $(PORT)

test: $(VENV)/.dev ## Run the tests, with coverage of the four packages
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov --cov-report=term --cov-fail-under=90 $(ARGS)

check: $(VENV)/.dev ## Lint, types, import contracts, spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell

faults: $(VENV)/.dev ## Kill workers under write load, ROUNDS times on each database
	@$(BIN)/python -m pytest tests/faults --rounds $(or $(ROUNDS),3) -o log_cli=true -o log_cli_level=INFO $(ARGS)

screenshots: $(VENV)/.dev ## Every page, light and dark, 360 and 1440 px wide, into .screenshots
	@PYTHONPATH=. $(BIN)/python tests/support/screenshots.py $(ARGS)

bench: $(VENV)/.dev ## Speed, as ratios within one run
	@$(BIN)/python -m pytest tests/benchmarks --benchmark-only --benchmark-disable-gc $(ARGS)

bench-service: $(VENV)/.dev ## Waits over HTTP, both databases, 100,000 leads
	@$(BIN)/python tests/benchmarks/service.py $(ARGS)

bench-pages: $(VENV)/.dev ## First paint and weight of every page, in a browser
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/pages.py $(ARGS)

bench-real: $(VENV)/.dev ## Quality on the three real data sets, by time
	@$(BIN)/python tests/benchmarks/real.py $(ARGS)

bench-evidence: $(VENV)/.dev ## Do the intervals about criteria hold the truth: 50 companies
	@$(BIN)/python tests/benchmarks/coverage.py $(ARGS)

bench-suggestions: $(VENV)/.dev ## Which points a suggested edition should move, tried by time
	@$(BIN)/python tests/benchmarks/suggestions.py $(ARGS)

bench-coverage: $(VENV)/.dev ## Do the 90 % intervals of likelihoods hold the true ones
	@$(BIN)/python tests/benchmarks/intervals.py $(ARGS)

bench-cold-start: $(VENV)/.dev ## What the first 20 to 200 known ends are worth
	@$(BIN)/python tests/benchmarks/cold_start.py $(ARGS)

bench-honest: $(VENV)/.dev ## What open and unworked leads teach, against a known truth
	@$(BIN)/python tests/benchmarks/honest.py $(ARGS)

bench-pact: $(VENV)/.dev ## Do exploration and disputes tell a truth that is known
	@$(BIN)/python tests/benchmarks/pact.py $(ARGS)

bench-rules: $(VENV)/.dev ## Seconds for the agreed points of a million leads by 60 criteria
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/rules.py

bench-leaks: $(VENV)/.dev ## What the leak guard names in the raw files
	@$(BIN)/python tests/benchmarks/leaks.py $(ARGS)

bench-load: $(VENV)/.dev ## Requests at twice saturation for a minute: what is shed, p99, recovery
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/load.py $(ARGS)

bench-import: $(VENV)/.dev ## A million rows as an import job, killed and resumed
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/import_job.py $(ARGS)

bench-worklist: $(VENV)/.dev ## Server time of the worklist's pages over 100,000 leads
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/worklist.py $(ARGS)

bench-bulk: $(VENV)/.dev ## A million leads through POST /v1/score/bulk: rate and memory
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/bulk.py $(ARGS)

bench-sweep: $(VENV)/.dev ## A sweep over 100,000 scores: rate, scored anew, untouched
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/sweep.py $(ARGS)

.venv-bench/.done: requirements-bench.lock
	@echo "Installing the rivals (EBM, CatBoost) into .venv-bench"
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r $<
	@touch $@

bench-quality: .venv-bench/.done ## The ladder against every method at every size (ARGS=--long: hours)
	@PYTHONPATH=. .venv-bench/bin/python tests/benchmarks/quality.py $(ARGS)

.venv-tryton/.done: requirements-tryton.lock
	@echo "Installing a Tryton server to test against into .venv-tryton"
	@test -x .venv-tryton/bin/python || $(PYTHON) -m venv .venv-tryton
	@.venv-tryton/bin/pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r $<
	@touch $@

lock: ## Resolve the lock files anew (needs uv)
	@for group in "" dev bench; do \
	  out=requirements$${group:+-$$group}.lock; \
	  uv pip compile pyproject.toml --group build $${group:+--group $$group} --universal --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header --no-annotate --python-version 3.11 --quiet -o $$out; \
	done
	@uv pip compile --group pyproject.toml:tryton --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --python-version 3.11 --quiet -o requirements-tryton.lock

clean: ## Remove the virtual environment and all workspaces
	rm -rf $(VENV) .venv-bench .venv-tryton .workspace .bench .screenshots
