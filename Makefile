# The menu. Each target is a few commands; what has a branch in it is in scripts/ or crates/xtask.
# On a fresh machine `make run` and `make test` install what they need first.

SHELL := /bin/bash
.DEFAULT_GOAL := help
ARGS ?=

# What the web parts are built from; gate.js is what their build writes last.
WEB_SOURCES := $(shell find web/surface web/sdk web/build -type f -not -path '*/node_modules/*')
WEB_SOURCES += web/package.json web/package-lock.json web/tsconfig.base.json

.PHONY: help
help: ## list what there is
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /\1\t/' | expand -t 10

.PHONY: run
run: tools web ## build everything and start the gateway with a demo shop; ARGS="--listen 127.0.0.1:4001"
	cargo build --release --locked -p gate-cli
	target/release/gate dev --data-dir .gate $(ARGS)

.PHONY: test
test: ## install what the tests need, then run every test there is
	scripts/test

.PHONY: check
check: tools web ## format, lints, boundaries, generated files, types; changes nothing
	scripts/check

.PHONY: fix
fix: tools web ## format, and apply the fixes that linters offer
	cargo fmt --all
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	npm --prefix web run fix

.PHONY: gen
gen: tools web ## write the generated files again (OpenAPI, TypeScript types)
	cargo xtask generate

.PHONY: web
web: web/dist/gate.js ## build the hosted page and gate.js into web/dist

.PHONY: e2e
e2e: debug ## the browser stories, on the real binary
	scripts/install chromium
	npm --prefix web/e2e run e2e

.PHONY: crash
crash: debug ## kill the gateway again and again and check that nothing is lost; KILLS=20
	cargo xtask crash --kills $(or $(KILLS),20)

.PHONY: fuzz
fuzz: debug ## schemathesis by the document that the gateway serves; ARGS="--examples 5000"
	scripts/install python
	GATE_BIN=target/debug/gate .venv/bin/python tests/python/fuzz.py $(ARGS)

.PHONY: bench
bench: tools web ## measure the release binary; ARGS="--only create" or ARGS=lists
	cargo build --release --locked -p gate-cli -p xtask
	target/release/xtask bench $(ARGS)

.PHONY: shots
shots: debug ## screenshots of every step, light and dark, phone and desktop, into shots/
	scripts/install chromium
	node web/e2e/shots.mjs shots

.PHONY: tools
tools:
	@scripts/install cc node

.PHONY: debug
debug: tools web
	cargo build --locked -p gate-cli

web/node_modules/.package-lock.json: web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	touch $@

web/dist/gate.js: $(WEB_SOURCES) | web/node_modules/.package-lock.json
	npm --prefix web run build
	touch $@
