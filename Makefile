# Every target does its own set-up in .venv; `make help` lists them.

PYTHON ?= python3
TESTFLAGS ?= -n auto
SEEDS ?=
VENV := .venv/bin

.NOTPARALLEL:
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

.PHONY: demo
demo: .setup-run ## Try it: validate, plan, show, apply and plan again on a local emulator
	@$(VENV)/python examples/quickstart/demo.py

.PHONY: test
test: .setup-dev ## Run the tests; TESTFLAGS are pytest's arguments
	@$(VENV)/python -m pytest $(TESTFLAGS)

.PHONY: simulate
simulate: .setup-dev ## Play 2,000 simulated schedules (SEEDS=N: N of them)
	@$(VENV)/python -m tests.simulation --jobs 2 --seeds $(or $(SEEDS),2000)

.PHONY: soak
soak: .setup-dev ## Run the soak tests in full, then simulated schedules for 60 minutes (SEEDS=N: N of them)
	@PARAGON_SYNC_SOAK=1 $(VENV)/python -m pytest $(TESTFLAGS) tests/soak
	@$(VENV)/python -m tests.simulation --jobs 2 --first $(shell date +%s)000 \
	  $(if $(SEEDS),--seeds $(SEEDS),--minutes 60 --seeds 100000)

.PHONY: lint
lint: .setup-dev ## Check style and format
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check

.PHONY: types
types: .setup-dev ## Check types, strictly
	@$(VENV)/mypy

.PHONY: contracts
contracts: .setup-dev ## Check who imports whom
	@$(VENV)/lint-imports --no-logo

.PHONY: docs
docs: .setup-dev ## Write the generated references in docs/ again
	@for script in docs/generate_*.py; do $(VENV)/python "$$script"; done

.PHONY: bench
bench: .setup-dev ## Measure
	@$(VENV)/python -m benchmarks

.PHONY: check
check: ## All that CI runs
	@bash .ci/run

.PHONY: clean
clean: ## Remove what the other targets made
	@rm -rf .venv .cache .coverage* .*_cache .hypothesis *.egg-info

.PHONY: .setup-run .setup-dev
.setup-run .setup-dev: .setup-%:
	@$(PYTHON) tools/bootstrap.py $*
