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
EMULATE ?=
ARGS ?=
# Tests at a time; whole runs mostly wait, so that two cores take four.
JOBS ?= 4
DATE ?=
PYTHONS ?= 3.11 3.12 3.13 3.14

# A variable that no target reads is a misspelt one: refused with the nearest that is read.
KNOWN := PYTHON VENDOR ENGINE MODEL DATA PROFILE DEVICES RUNTIME OUT EMULATE ARGS JOBS PYTHONS DATE
UNKNOWN := $(strip $(foreach name,$(.VARIABLES),$(if $(filter command line,$(origin $(name))),$(filter-out $(KNOWN) MAKEFLAGS,$(name)))))
ifneq ($(UNKNOWN),)
$(error $(shell $(PYTHON) -c 'import difflib, sys; known = sys.argv[1].split(); \
	print("; ".join(f"no target reads {name}: " + (f"did you mean {near[0]}?" if near else "known are " + ", ".join(known)) \
	for name in sys.argv[2].split() for near in [difflib.get_close_matches(name.upper(), known, 1)]))' '$(KNOWN)' '$(UNKNOWN)'))
endif

PY := .venv/bin/python
UV := $(PY) -m suite.base.uv
# Hundreds of processes start in a run of the tests: each would compile the suite anew where an image forbids to keep that.
unexport PYTHONDONTWRITEBYTECODE
# Through the environment, so that the shell takes spaces and quotes as they are.
export VENDOR ENGINE MODEL DATA PROFILE DEVICES RUNTIME OUT EMULATE
FLAGS = $(foreach name,$(1),$${$(name):+--$(shell echo $(name) | tr A-Z a-z) "$$$(name)"})
RUN_FLAGS := --vendor "$$VENDOR" $(call FLAGS,ENGINE MODEL DATA PROFILE DEVICES RUNTIME OUT) $(if $(filter 1,$(EMULATE)),--emulate,$(if $(EMULATE),--emulate-with "$$EMULATE")) $(ARGS)
LOCK := pip compile --universal --generate-hashes --no-annotate --python-version 3.11 --quiet --custom-compile-command 'make lock'

.PHONY: help run audit-round test test-containers test-engines test-fast test-without-docker test-package test-pythons test-formats test-oldest engines bench-load bench-peers bench-verify bench-site bench-nodes bench-fleet cheats honest mutations rule-mutations docs samples sample-pages release lint format schemas plans lock wheel clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

# pip fetches uv, by the lock file's hash; uv does the rest, looking where pip is told to look.
.venv/.uv: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed'; exit 2; }
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt
	@touch $@

.venv/.run: pyproject.toml requirements.lock .venv/.uv
	@echo 'installing the suite into .venv'
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(PY) --no-deps --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.run
	@echo 'installing the test tools into .venv'
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.docs: requirements-docs.lock .venv/.run
	@echo 'installing what builds the documents into .venv'
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements-docs.lock
	@touch $@

run: .venv/.run ## measure: VENDOR= ENGINE= MODEL= DATA= PROFILE= DEVICES= RUNTIME= OUT= EMULATE=1|vllm ARGS=
	@$(PY) -m suite run $(RUN_FLAGS)

audit-round: .venv/.run ## an honest engine under a challenge, audited against transformers: ENGINE= (llamacpp) MODEL= (mini) DATA= PROFILE= OUT= ARGS=
	@place="$${OUT:-runs/audit-round}" && mkdir -p "$$place" && \
	$(PY) -m suite round new audit-round --out "$$place/challenge.json" && \
	$(PY) -m suite run --vendor cpu --engine "$${ENGINE:-llamacpp}" --runtime process $(call FLAGS,MODEL DATA PROFILE) \
		--challenge "$$place/challenge.json" --out "$$place/run" $(ARGS) && \
	$(PY) -m suite audit "$$place/run" --model "$${MODEL:-mini}" $(call FLAGS,DATA) --tokens 300

# Neighbours in a file share what its fixtures make, so each worker has a stretch of its own until it steals.
# Tests of one Docker engine go one by one: whoever comes next removes what a dead run left. Beside them run those of
# engines and browsers. Last and alone: whole runs of real engines that must end conformant, which a busy machine can spoil.
LONG := tests/browser tests/container tests/engine tests/process
test: .venv/.dev engines ## every test that this machine can run; skips say what is missing
	@$(PY) -m pytest -n $(JOBS) --dist worksteal -m 'not engine and not container and not browser and not package'
	@$(MAKE) -j2 --output-sync --no-print-directory test-containers test-engines
	@$(PY) -m pytest $(LONG) -m alone

test-containers: .venv/.dev
	@$(PY) -m pytest $(LONG) -m 'container and not alone'

test-engines: .venv/.dev
	@$(PY) -m pytest $(LONG) -m '(engine or browser) and not container and not alone'

test-fast: .venv/.dev ## unit tests only: no engine, no container, no browser
	@$(PY) -m pytest -n $(JOBS) --dist worksteal -m 'not container and not engine and not slow and not browser and not node and not package'

# Only suite.cli and suite.measure can ask for a Docker engine, and of suite.measure neither load nor telemetry: the
# import contracts of `make lint` hold it. What else there is passes or fails alike with Docker and without.
# A run's process asks at its start and at its end, whatever its phases are: tests/process/test_sim_run.py has every way.
test-without-docker: .venv/.dev ## what must pass where no Docker engine answers
	@$(PY) -m pytest -n $(JOBS) --dist worksteal tests/unit/cli tests/unit/measure tests/process/test_sim_run.py \
		--ignore tests/unit/measure/load --ignore tests/unit/measure/telemetry -m 'not slow and not node'

test-package: .venv/.dev ## the wheel in an empty environment, used from elsewhere
	@$(PY) -m pytest -m package

test-pythons: .venv/.dev ## the same results on every Python of PYTHONS= that is here
	@PYTHONPATH=. $(PY) tests/pythons/compare.py $(PYTHONS)

test-formats: .venv/.dev ## each exported format opened by the program that it is for
	@PYTHONPATH=. $(PY) tests/pythons/formats.py $(PYTHONS)

test-oldest: .venv/.dev ## the oldest versions that pyproject.toml admits
	@PYTHONPATH=. $(PY) tests/pythons/oldest.py

# Of OpenVINO the environment alone: no test runs its image.
engines: .venv/.run ## get the engines' environments, and images where Docker answers, ahead of time
	@$(PY) -m suite prepare --vendor cpu --runtime process --all \
		|| { echo 'the tests that need an engine will be skipped'; test "$$CI" != true; }
	@if docker version >/dev/null 2>&1; then for engine in vllm transformers llamacpp; do \
		$(PY) -m suite prepare --vendor cpu --runtime container --engine $$engine \
		|| { echo 'the tests that need a container will fail'; test "$$CI" != true || exit 1; }; done; fi

bench-load: .venv/.run ## measure the load generator itself: ARGS="--workers 2 --markdown table.md"
	@$(PY) -m benchmarks.load $(ARGS)

bench-peers: .venv/.run ## get the clients that `make bench-load` runs beside the suite's, each in its own environment
	@$(PY) -m benchmarks.load.peers.install install

bench-verify: .venv/.run ## where verifying a run of 12,090 requests takes its time: ARGS="--cache DIR --fresh"
	@$(PY) -m benchmarks.verify $(ARGS)

bench-site: .venv/.dev ## how long the site of 1,000 cards takes, how soon 10,000 rows are sorted: ARGS="--cards 1000 --rows 10000"
	@$(PY) -m benchmarks.site $(ARGS)

bench-nodes: .venv/.dev ## vLLM over two containers by each split, and every way to lose a node: ARGS="one tensor tensor/head-killed"
	@$(PY) -m benchmarks.nodes $(ARGS)

# Ray in an environment of its own: what it needs is nobody else's to have.
.venv-ray/.dev: requirements-dev.lock .venv/.run
	@echo 'installing Ray and the test tools into .venv-ray'
	@test -x .venv-ray/bin/python || $(PYTHON) -m venv .venv-ray
	@$(UV) pip install --quiet --python .venv-ray/bin/python --editable '.[dev,ray]'
	@touch $@

FLEET_VENV := $(if $(filter ray,$(ARGS)),.venv-ray,.venv)
bench-fleet: $(FLEET_VENV)/.dev ## a fleet with a node killed in the middle, or the controller of 1,000 machines: ARGS="slurm", "ray", "scale"
	@$(FLEET_VENV)/bin/python -m benchmarks.fleet $(ARGS)

CHEATS := $(PY) -m tests.cheats --keep build/cheats
cheats: .venv/.dev ## run every cheat of the simulated vendor at every level and write what named it into docs: ARGS="--engine-python PYTHON"
	@$(CHEATS) $(ARGS) && $(PY) -m suite.cli.pages

honest: .venv/.dev ## false alarms of 20 honest runs of the simulated vendor, or ARGS="--engine vllm --engine-python PYTHON"
	@$(CHEATS) --honest 20 $(ARGS) && $(PY) -m suite.cli.pages

mutations: .venv/.dev ## change a valid submission in one field, 10,000 times: none may be accepted with another meaning
	@$(PY) -m tests.mutation $(ARGS)

rule-mutations: .venv/.dev ## delete and invert rules, move their bounds: do the fixtures notice? ARGS="R080 R081", all without
	@$(PY) -m tests.mutation.rules $(ARGS)

# NO_MKDOCS_2_WARNING: the theme's word on its successor, which is no mistake of a page.
docs: .venv/.docs ## build the documents as a site, build/site: no network, strict
	@NO_MKDOCS_2_WARNING=1 $(PY) -W ignore -m mkdocs build --strict --quiet
	@echo 'build/site/index.html; with the search: $(PY) -m http.server --directory build/site'

samples: .venv/.run ## measure the sample cards of the documents again, with a new key
	@rm -rf build/samples && mkdir -p build/samples
	@$(PY) -m suite keygen --out build/samples/key.pem
	@cp build/samples/key.pub.pem docs/samples/signer.pub.pem
	@for engine in vllm transformers; do \
		$(PY) -m suite run --engine $$engine --runtime container --key build/samples/key.pem --out build/samples/$$engine-cpu && \
		cp build/samples/$$engine-cpu/scorecard.html build/samples/$$engine-cpu/scorecard.sigstore.json docs/samples/$$engine-cpu/ || exit 1; done

release: .venv/.run ## enter this version into the list of releases: DATE=2026-01-31
	@$(PY) -m suite.cli.releases "$(DATE)"

sample-pages: .venv/.run ## render the pages of the sample cards again
	@for card in docs/samples/*/; do $(PY) -m suite render $${card}scorecard.sigstore.json \
		--key docs/samples/signer.pub.pem --out $${card}scorecard.html || exit 1; done

lint: .venv/.dev ## ruff, mypy --strict, import contracts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

format: .venv/.dev ## rewrite the code in the house's form
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

# What stands in the output file is preferred: the test tools and the documents' take the suite's versions.
lock: .venv/.uv ## choose the newest versions again, with the hashes of every wheel in the index, for every Python
	@$(PY) -m uv $(LOCK) --upgrade --output-file requirements.lock pyproject.toml
	@cp requirements.lock requirements-dev.lock
	@$(PY) -m uv $(LOCK) --extra dev --output-file requirements-dev.lock pyproject.toml
	@cp requirements-dev.lock requirements-docs.lock
	@$(PY) -m uv $(LOCK) --extra docs --output-file requirements-docs.lock pyproject.toml

wheel: .venv/.uv ## build dist/*.whl
	@$(UV) build --quiet --wheel --out-dir dist .

schemas: .venv/.run ## write schemas/*.json from the documents' types
	@$(PY) -m suite.documents.schemas

plans: .venv/.run ## write the golden plan of every declared vendor and engine
	@$(PY) -m tests.factories.vendorplans

clean: ## remove environments and caches, keep runs
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info
