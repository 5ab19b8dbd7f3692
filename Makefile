# Two commands: `make run` starts the assistant, `make test` passes the tests. Both set up what is missing first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
ENGINE := $(VENV)/.engine

.PHONY: run test check bench setup lock clean
.DEFAULT_GOAL := run

setup: $(STAMP)

$(STAMP): pyproject.toml .ci/requirements.lock .ci/setup
	@bash .ci/setup
	@touch $(STAMP)

run: $(STAMP)
	@$(VENV)/bin/assistant $(ARGS)

check: $(STAMP)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports --no-cache
	@$(VENV)/bin/pyright

# The embedded engine is 180 MB, and some systems have no build of it: its tests are skipped there.
$(ENGINE): .ci/engine.lock $(STAMP)
	@uv=$$(command -v uv || echo $(VENV)/bin/uv); \
	  $$uv pip install -q --python $(PY) --require-hashes -r .ci/engine.lock \
	  || echo "Could not install the embedded engine: the tests that need it are skipped."
	@touch $(ENGINE)

test: $(STAMP) $(ENGINE) check
	@# Tests that drive real terminals and rooms can meet a busy machine: what failed is tried once more, alone and in sight.
	@$(PY) -m pytest -n auto $(ARGS) || { code=$$?; [ $$code = 1 ] || exit $$code; \
	  echo "--- once more, alone: what failed above"; $(PY) -m pytest --last-failed --last-failed-no-failures none $(ARGS); }

bench: $(STAMP)
	@$(PY) -m pytest tests/benchmarks -p no:xdist -s $(ARGS)

# Resolve anew: needs uv and a package index. Hashes only, and no index host's name.
lock:
	@uv pip compile pyproject.toml --extra documents --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --annotation-style line -q -o .ci/requirements.lock
	@uv pip compile --group engine -c .ci/requirements.lock --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --annotation-style line -q -o .ci/engine.lock

clean:
	@rm -rf $(VENV) dist .pytest_cache .ruff_cache .hypothesis
