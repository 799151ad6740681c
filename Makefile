# The commands for people; scripts/dev does the work. `make` alone lists them.
PYTHON ?= python3
DEV := $(PYTHON) -m scripts.dev

.DEFAULT_GOAL := help
.PHONY: help run services test test-repeat fuzz mutants check lint fmt fmt-check clippy deny deny-advisories sqlx sqlx-check generated \
	generated-check scripts-check bench e2e screenshots faults structure test-compose
# The driver runs one thing at a time and must not meet this make's job server.
MAKEFLAGS += --no-print-directory
unexport MAKEFLAGS

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Set up and start the whole system; Ctrl-C stops it (PROSAAS_PROFILE=release for speed)
	@exec $(DEV) run

services: ## Start NATS and Postgres only
	@exec $(DEV) services

test: ## Set up and run every test (P=part for one part; T='name' for some: arguments of cargo test or of the part's runner)
	@exec $(DEV) test --part "$(P)" -- "$(T)"

test-repeat: ## Every test RUNS=10 times on a clean clone, BUSY=5 of them beside busy processors; goes on where it stopped
	@exec $(DEV) test-repeat --runs $(or $(RUNS),10) --busy $(or $(BUSY),5)

fuzz: ## Fuzzers and property tests with new seeds, for MINUTES=30
	@exec $(DEV) fuzz --minutes $(or $(MINUTES),30)

mutants: ## Change the pure rules place by place; unit tests must notice (R='rule' of tests/mutants.toml; MINUTES=240 at most)
	@exec $(DEV) mutants --minutes $(or $(MINUTES),240) --rule "$(R)"

check: fmt-check clippy ## The quick subset: formatting, clippy, unit tests
	@$(DEV) unit
	@SQLX_OFFLINE=true cargo test --workspace --locked --lib --exclude prosaas-tests

lint: fmt-check clippy deny scripts-check ## Every check that runs no test

fmt: ## Format the code
	@cargo fmt --all

fmt-check:
	@cargo fmt --all --check

clippy:
	@SQLX_OFFLINE=true cargo clippy --workspace --all-targets --locked -- -D warnings

deny: ## Licences, bans and sources of dependencies
	@exec $(DEV) deny

deny-advisories: ## Known vulnerabilities of dependencies (fetches the advisory database)
	@exec $(DEV) deny-advisories

sqlx: ## Write the queries' offline data (.sqlx) from a freshly migrated database
	@exec $(DEV) sqlx

sqlx-check: ## Fail when .sqlx is not what the queries and migrations give
	@exec $(DEV) sqlx-check

generated: ## Write the generated files (docs/events)
	@exec $(DEV) generated

generated-check: ## Fail when a generated file is not what its source gives
	@exec $(DEV) generated-check

scripts-check: ## Check the scripts themselves
	@exec $(DEV) lint-scripts

e2e: ## The web app in a browser against the whole system
	@exec $(DEV) e2e

screenshots: ## Photograph every screen of the web app into frontend/screenshots
	@exec $(DEV) screenshots

structure: ## Print which crate imports which, and every circle of imports; fails on one
	@exec $(PYTHON) -m scripts.dev.structure

test-compose: ## Bring production up in Docker from a clean clone and try it (needs an engine)
	@exec $(PYTHON) -m scripts.test_compose

faults: ## The fault suite, long: 20 minutes and 150 faults (PROSAAS_FAULT_SEED repeats a run)
	@PROSAAS_FAULT_MINUTES=$${PROSAAS_FAULT_MINUTES:-20} PROSAAS_FAULT_COUNT=$${PROSAAS_FAULT_COUNT:-150} \
		$(DEV) test -- "-p prosaas-tests --test faults -- --nocapture"

bench: ## Print the benchmark (release build; takes a while; B='ack --quick' for a part)
	@exec $(DEV) bench -- "$(B)"
