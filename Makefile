# The two commands that a fresh machine needs are `make run` and `make test`; both set up what they need.
PYTHON ?= python3
VENDOR ?= cpu
ENGINE ?=
MODEL ?=
DATA ?=
PROFILE ?=
DEVICES ?=
RUNTIME ?=
OUT ?=
ARGS ?=
JOBS ?= 2

PY := .venv/bin/python
RUN_FLAGS := --vendor $(VENDOR) \
	$(if $(ENGINE),--engine $(ENGINE)) $(if $(MODEL),--model $(MODEL)) $(if $(DATA),--data $(DATA)) \
	$(if $(PROFILE),--profile $(PROFILE)) $(if $(DEVICES),--devices $(DEVICES)) \
	$(if $(RUNTIME),--runtime $(RUNTIME)) $(if $(OUT),--out $(OUT)) $(ARGS)

.PHONY: help run test test-fast test-without-docker engines bench-load bench-peers lint format schemas clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

.venv/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed'; exit 2; }
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@echo 'installing the suite into .venv'
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: .venv/.run
	@echo 'installing the test tools into .venv'
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

run: .venv/.run ## measure: VENDOR= ENGINE= MODEL= DATA= PROFILE= DEVICES= RUNTIME= OUT= ARGS=
	@$(PY) -m suite run $(RUN_FLAGS)

test: .venv/.dev engines ## every test that this machine can run; skips say what is missing
	@$(PY) -m pytest -n $(JOBS) -m 'not engine and not container and not browser'
	@$(PY) -m pytest -m 'engine or container or browser'

test-fast: .venv/.dev ## unit tests only: no engine, no container, no browser
	@$(PY) -m pytest -n $(JOBS) -m 'not container and not engine and not slow and not browser and not node'

test-without-docker: .venv/.dev ## what must pass where no Docker engine answers
	@$(PY) -m pytest -n $(JOBS) tests/unit tests/benchmarks -m 'not slow and not node'
	@$(PY) -m pytest tests/process

engines: .venv/.run ## get the engines' environments, and images where Docker answers, ahead of time
	@$(PY) -m suite prepare --vendor cpu --runtime process --all \
		|| { echo 'the tests that need an engine will be skipped'; test "$$CI" != true; }
	@if docker version >/dev/null 2>&1; then \
		$(PY) -m suite prepare --vendor cpu --runtime container --all \
		|| { echo 'the tests that need a container will fail'; test "$$CI" != true; }; fi

bench-load: .venv/.run ## measure the load generator itself: ARGS="--workers 2 --markdown table.md"
	@$(PY) -m benchmarks.load $(ARGS)

bench-peers: .venv/.run ## get the clients that `make bench-load` runs beside the suite's, each in its own environment
	@$(PY) -m benchmarks.load.peers.install install

lint: .venv/.dev ## ruff, mypy --strict, import contracts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

format: .venv/.dev ## rewrite the code in the house's form
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

schemas: .venv/.run ## write schemas/*.json from the documents' types
	@$(PY) -m suite.documents.schemas

clean: ## remove environments and caches, keep runs
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache build *.egg-info
