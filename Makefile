# `make help` lists what there is. PORT and CONTENT_PORT choose the ports of `make run`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
CONTENT_PORT ?= 8001
BIN := .venv/bin

.PHONY: help setup run test check format docs pictures bench conformance-xapi supplement-xapi fuzz-xapi poll-xapi plans-xapi conformance-scorm conformance-packages properties-sequencing bench-sequencing bench-learners clean bench-memory bench-imports fuzz-packages kills

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## Make .venv and install Rekam into it

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Rekam needs Python 3.11 or newer; set PYTHON=…"; exit 1; }
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv 2>/dev/null || { \
	  echo "python3-venv is missing, installing it …"; rm -rf .venv; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
	  else sudo apt-get update -qq && sudo apt-get install -y -qq python3-venv >/dev/null; fi && \
	  $(PYTHON) -m venv .venv; }

.venv/.installed: setup.cfg pyproject.toml | .venv/bin/python
	@echo "Installing Rekam and its libraries (a minute or two the first time) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

.venv/.installed-tests: .venv/.installed
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]'
	@touch $@

run: setup ## Serve Rekam at http://localhost:8000, with an embedded database in var/
	@$(BIN)/rekam --data-dir var bootstrap --base-url http://localhost:$(PORT)
	@exec $(BIN)/rekam serve --data-dir var --port $(PORT) --content-port $(CONTENT_PORT)

test: .venv/.installed-tests ## Run every test on SQLite and PostgreSQL, with Redis, gunicorn and Chromium
	@$(BIN)/python tests/run.py $(ARGS)

check: .venv/.installed-tests ## Lint, format check, types, layering
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m pytest -q tests/test_architecture.py

format: .venv/.installed-tests ## Put code in the project's format
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format .

docs: .venv/.installed-tests ## Write the generated tables of the documentation
	@$(BIN)/python -m tests.test_docs

.venv/.installed-bench: .venv/.installed-tests
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	@touch $@

bench: .venv/.installed-bench ## Measure the record store into docs/performance.md; ARGS=--help tells the options
	@$(BIN)/python -m bench $(ARGS)

conformance-xapi: .venv/.installed-tests ## Official xAPI suite; SUITE=folder of its checkout
	@$(BIN)/python -m conformance.xapi.run "$(SUITE)"

supplement-xapi: .venv/.installed-tests ## Our own xAPI tests against any LRS; LRS_URL, LRS_KEY, LRS_SECRET (unset: Rekam itself)
	@LRS_URL="$(LRS_URL)" LRS_KEY="$(LRS_KEY)" LRS_SECRET="$(LRS_SECRET)" LRS_KEY_2="$(LRS_KEY_2)" LRS_SECRET_2="$(LRS_SECRET_2)" \
	  $(BIN)/python -m pytest -q conformance/xapi/supplement $(ARGS)

conformance-scorm: .venv/.installed-tests ## ADL's SCORM 2004 LMS tests; SUITE=folder of its checkout, CASES="…" for some
	@$(BIN)/python -m conformance.scorm.run "$(SUITE)" $(CASES)

conformance-packages: .venv/.installed-tests ## Sample packages of a public parser, judged as its tests do; SUITE=folder of its checkout
	@$(BIN)/python -m conformance.packages.run "$(SUITE)"

properties-sequencing: .venv/.installed-tests ## Random walks through 20,000 random courses (or COURSES=…), some minutes
	@SEQUENCING_COURSES=$(or $(COURSES),20000) $(BIN)/python -m pytest -q -n 2 tests/scorm_runtime/sequencing/test_properties.py

bench-sequencing: .venv/.installed-tests ## How long sequencing takes on courses of 1,000 activities
	@$(BIN)/python -m bench.sequencing

bench-learners: .venv/.installed-bench ## Simulated learners on PostgreSQL, 11 minutes; ARGS=--help tells the options
	@$(BIN)/python -m bench.learners $(ARGS)

bench-memory: .venv/.installed-bench ## Whether workers keep their size under a million statements and a gigabyte of attachments
	@$(BIN)/python -m bench.memory $(ARGS)

bench-imports: .venv/.installed-tests ## A large package against unzip; SIZE=MiB
	@$(BIN)/python -m bench.imports --size $(or $(SIZE),1024)

fuzz-packages: .venv/.installed-tests ## Import generated and mutated hostile zips; N=how many, SEED=where to begin
	@$(BIN)/python -m tests.fuzz_packages --count $(or $(N),10000) --seed $(or $(SEED),1)

pictures: .venv/.installed-tests ## Take the pictures of the README from a seeded server
	@$(BIN)/python -m tests.browser.pictures

fuzz-xapi: .venv/.installed-tests ## Hostile requests to /xapi; COUNT=100000 on each of DATABASES=sqlite,postgresql
	@COUNT="$(COUNT)" SEED="$(SEED)" DATABASES="$(DATABASES)" $(BIN)/python conformance/xapi/fuzz.py

poll-xapi: .venv/.installed-tests ## Does a poller miss a statement? STATEMENTS=1000000 (SQLite: 200000), WRITERS=16
	@STATEMENTS="$(STATEMENTS)" WRITERS="$(WRITERS)" DATABASES="$(DATABASES)" $(BIN)/python conformance/xapi/poller.py

plans-xapi: .venv/.installed-tests ## Which index PostgreSQL reads for each combination of filters; STATEMENTS=1000000
	@TEST_PLANS=$(or $(STATEMENTS),1000000) $(BIN)/python tests/run.py tests/lrs/test_query.py -k every_filter_reads_an_index --timeout 3600

kills: .venv/.installed-tests ## kill -9 workers in mid-write, COUNT=50 times on each database
	@TEST_KILLS=$(or $(COUNT),50) $(BIN)/python tests/run.py tests/faults/test_kill.py tests/faults/test_kill_runtime.py $(ARGS)

clean: ## Remove .venv and test leftovers; keeps the data in var/
	rm -rf .venv .test .pytest_cache .mypy_cache .ruff_cache *.egg-info
