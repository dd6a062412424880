# Two commands: `make course` makes everything there is, `make test` proves that it works.
# The environment is made from the lock, by uv where it is on the PATH, else by pip.

BIN := .venv/bin
CLASS := _build/class

.PHONY: course test checks lock clean help

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

course: .venv/ready ## the exercises, the book, and a demonstration class, graded
	@$(BIN)/cnncourse release
	@$(BIN)/cnncourse build
	@$(BIN)/python tests/class/make.py $(CLASS)
	@if $(BIN)/python -m cnncourse.grading.sandbox; then \
	  CNNCOURSE_BOOK=file://$(CURDIR)/_build/html $(BIN)/cnncourse grade --course $(CLASS) && $(BIN)/cnncourse report --course $(CLASS); \
	else \
	  echo "So the demonstration class is not graded."; \
	fi
	@echo
	@echo "The book:              $(CURDIR)/_build/html/index.html"
	@echo "The learners' door:    $(CURDIR)/exercises  ($(BIN)/jupyter lab exercises)"
	@echo "The gradebook summary: $(CURDIR)/$(CLASS)/report.html"
	@echo "The feedback:          $(CURDIR)/$(CLASS)/feedback"

test: .venv/ready ## everything that proves the project, browser tests included
	@$(BIN)/ruff check .
	@$(BIN)/python -m cnncourse.browser
	@$(BIN)/python -m cnncourse.grading.sandbox || true # without it the tests that need one are skipped
	@$(BIN)/python -m pytest -n 2 --dist worksteal tests/test_checks*.py # apart from the rest: both keep much in memory
	@$(BIN)/python -m pytest -n 2 --dist loadfile --ignore-glob='tests/test_checks*.py'

checks: .venv/ready ## measure the checks: every misconception caught and named, every right solution accepted
	@$(BIN)/python -m cnncourse.checks

lock: .venv/ready ## compile requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile --universal --all-extras --upgrade --quiet pyproject.toml -o requirements.txt

clean: ## remove what was built, and the environment
	rm -rf .venv _build

# Any Python from 3.11 to 3.13 will do; --no-build-isolation builds our own package with the locked setuptools.
.venv/ready: requirements.txt pyproject.toml
	@python=; for name in python3 python3.13 python3.12 python3.11 python; do \
	  if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Python 3.11, 3.12 or 3.13 is needed, and none is on the PATH."; exit 1; fi; \
	if command -v uv >/dev/null; then \
	  echo "Making the environment in .venv with uv ..."; \
	  uv venv --quiet --allow-existing --python $$python .venv && \
	  uv pip install --python .venv -r requirements.txt && \
	  uv pip install --quiet --python .venv --no-deps --no-build-isolation -e .; \
	else \
	  echo "Making the environment in .venv with pip (some minutes) ..."; \
	  $$python -m venv .venv && \
	  $(BIN)/python -m pip install --disable-pip-version-check --progress-bar on -r requirements.txt && \
	  $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .; \
	fi
	@touch $@
