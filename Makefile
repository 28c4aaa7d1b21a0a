# Two commands do everything: make demo, make test. Everything else is here too; `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help setup demo up wheels wheels-check sbom test test-unit attack attack-share test-browser screenshots fuzz fuzz-share cases check check-style check-types check-imports check-rules openapi-lint bench soak mutants where structure choices recorded docs kafka-up kafka-down

READY := .venv/.ready
PYTHON_SOURCES := $(wildcard shared/*/src services/*/src deploy/standalone/src) tools $(wildcard tests/support tests/bench tests/recorded tests/fuzz tests/browser)
E ?=
F ?=
P ?=
J ?= 2
PYTEST = .venv/bin/pytest -q -m "not soak" -n $(J) --dist loadfile --no-loadscope-reorder

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## uv into .uv, all packages into .venv (the others call it)

$(READY): uv.lock pyproject.toml $(wildcard shared/*/pyproject.toml services/*/pyproject.toml deploy/standalone/pyproject.toml) tools/setup
	@tools/setup

demo: $(READY) ## a made-up provider with customers, suppliers and a year of history; each start is new
	@.venv/bin/slm demo

up: $(READY) ## all services and their PostgreSQL in one process
	@.venv/bin/slm up

test: $(READY) ## every test but benchmarks, attacks, pages in a browser and soak runs, shared by two processes; J=0: one after the other
	@$(PYTEST) tests --ignore=tests/bench --ignore=tests/attack --ignore=tests/browser

test-unit: $(READY) ## those that start no server, in about a minute
	@$(PYTEST) tests/unit

test-browser: $(READY) ## the console's pages and journeys in the system's Chromium
	@tools/setup-browser
	@.venv/bin/pytest tests/browser -q

screenshots: $(READY) ## takes the pictures in docs/screenshots again, with the system's Chromium
	@tools/setup-browser
	@.venv/bin/python -m tests.browser.screenshots

attack: $(READY) ## all of every attack on the running product; SLM_ATTACK_SEED chooses the random cases
	@SLM_ATTACK=all .venv/bin/pytest tests/attack -q -s

attack-share: $(READY) ## the fixed share of the attacks that every change must pass, in three minutes
	@.venv/bin/pytest tests/attack -q

fuzz: $(READY) ## Schemathesis against the running product, 20,000 requests and more; SLM_FUZZ_SEED chooses them
	@.venv/bin/python -m tests.fuzz

fuzz-share: $(READY) ## the fixed share of it that every change must pass, in two minutes
	@.venv/bin/python -m tests.fuzz --share

cases: $(READY) ## published known answers through the previews: make cases F=file.json
	@.venv/bin/python -m tests.cases.run $(F)

check: check-style check-types check-imports check-rules check-connect ## style, types, import ladder, house rules, the table of connections (-k: all of them, also when one is red)

check-style: $(READY)
	.venv/bin/ruff check --quiet .
	.venv/bin/ruff format --quiet --check .

check-types: $(READY)
	.venv/bin/mypy $(PYTHON_SOURCES)

check-imports: $(READY)
	.venv/bin/lint-imports --no-logo

check-rules: $(READY)
	.venv/bin/python -m tools.house_rules

check-connect: $(READY)
	.venv/bin/python -m tools.connect check

openapi-lint: $(READY) ## the OpenAPI document by Spectral and the rules in tools/openapi (needs npm)
	@.venv/bin/python -m tools.openapi.lint

wheels: $(READY) ## the wheels of all distributions into dist, and what is in them checked
	@.venv/bin/python -m tools.wheels

wheels-check: $(READY) ## the same, installed into empty environments, where a demonstration is played; P="3.11 3.13"
	@.venv/bin/python -m tools.wheels check $(P)

sbom: $(READY) ## bill of materials (CycloneDX) of all that an installation needs, into dist/sbom.cdx.json
	@.venv/bin/python -m tools.sbom dist/sbom.cdx.json

bench: $(READY) ## throughput and latency, into docs/benchmarks.md's figures
	@.venv/bin/python -m tests.bench

soak: $(READY) ## the long form of tests of which `make test` runs a share: a hundred kills, 200 histories, whole files; F=file: of one
	@.venv/bin/pytest $(or $(F),tests) -m soak -q -s

mutants: $(READY) ## plants faults in a copy of the tree: the tests must notice each; make mutants F="name name"
	@.venv/bin/python -m tests.mutants.run $(F)

where: $(READY) ## where an event is defined, created and handled: make where E=TargetBreached
	@.venv/bin/python -m tools.where $(E)

structure: $(READY) ## folders, imports, names and sizes in figures: make structure F=other-checkout
	@.venv/bin/python -m tools.structure $(F)

choices: $(READY) ## choices by kind of aggregation outside the registry: make choices F=other-checkout
	@.venv/bin/python -m tools.aggregation_choices $(F)

recorded: $(READY) ## plays the recorded scenario and compares every answer and event with the recording
	@.venv/bin/pytest tests/recorded -q

docs: $(READY) ## the generated pages: docs/reference, and the table of connections
	@.venv/bin/python -m tools.reference
	@.venv/bin/python -m tools.connect

kafka-up: $(READY) ## a real one-node Kafka, without Docker or system Java
	@.venv/bin/python -m tests.support.kafka up

kafka-down: $(READY) ## stops it
	@.venv/bin/python -m tests.support.kafka down
