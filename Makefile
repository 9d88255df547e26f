# The commands of this project.  `make` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
WEB := $(shell find web -name node_modules -prune -o -name schema.d.ts -o -type f -print)

.PHONY: help
help: ## List the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/uv: requirements/tools.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@touch $@

$(VENV)/.app: $(BIN)/uv requirements/app.lock pyproject.toml
	$(UV) install -q --compile-bytecode --require-hashes -r requirements/app.lock
	$(UV) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.app requirements/dev.lock
	$(UV) install -q --compile-bytecode --require-hashes -r requirements/dev.lock
	@touch $@

.PHONY: serve
serve: $(VENV)/.app ## Start Headrace on http://127.0.0.1:8080 with the example flows (HEADRACE_* configure it)
	@if ! command -v npm >/dev/null; then echo "There is no npm, so the web pages are not built; everything else works."; \
	elif ! $(MAKE) -s pages; then echo "The web pages could not be built; everything else works."; fi
	@exec $(BIN)/headrace serve

.PHONY: pages
pages: coordinator/static/index.html ## Build the web pages (needs npm)

coordinator/static/index.html: web/node_modules/.installed $(WEB)
	npm run --silent build --prefix web -- --logLevel warn

web/node_modules/.installed: web/package-lock.json
	npm ci --prefix web --no-fund --no-audit
	@touch $@

.PHONY: check
check: $(VENV)/.dev ## Format, lint, types, imports, docs: in under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/headrace docs --check
	@if command -v npm >/dev/null; then $(MAKE) -s web/node_modules/.installed && npm run --silent check --prefix web; fi

.PHONY: test
test: $(VENV)/.dev system pages ## Every test: unit, contract, real servers, real MCP clients, browser, conformance
	$(BIN)/pytest -q -n auto --dist loadgroup

.PHONY: system
system: tests/clients/node_modules/.installed ## What the tests use beside Python: MCP clients (npm), MariaDB, wrk and Chromium (Debian)
	@for name in mariadbd:mariadb-server-core wrk:wrk chromium:chromium; do \
	  command -v $${name%%:*} >/dev/null || PATH=$$PATH:/usr/sbin command -v $${name%%:*} >/dev/null || missing="$$missing $${name##*:}"; \
	done; \
	if [ -n "$$missing" ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; fi

tests/clients/node_modules/.installed: tests/clients/package-lock.json
	npm ci --prefix tests/clients --no-fund --no-audit
	@touch $@

.PHONY: screenshots
screenshots: $(VENV)/.dev system pages ## Picture every page, light and dark, into docs/images
	$(BIN)/python -m tests.web.screenshots

.PHONY: bench
bench: $(VENV)/.dev system ## Measure against the peers, in ratios of one run
	$(BIN)/python -m benchmarks

.PHONY: format
format: $(VENV)/.dev ## Format the code and write the generated docs
	$(BIN)/ruff check -q --fix .
	$(BIN)/ruff format -q .
	$(BIN)/headrace docs

.PHONY: lock
lock: $(BIN)/uv ## Lock the dependencies of pyproject.toml anew
	$(UV) compile -q requirements/tools.in $(LOCK_FLAGS) -o requirements/tools.lock
	$(UV) compile -q pyproject.toml --extra fleet --extra mysql $(LOCK_FLAGS) -o requirements/app.lock
	$(UV) compile -q pyproject.toml --extra fleet --extra mysql --group dev $(LOCK_FLAGS) -o requirements/dev.lock
LOCK_FLAGS := --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11

.PHONY: clean
clean: ## Remove the virtual environment, the built pages and all caches
	rm -rf $(VENV) web/node_modules coordinator/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
