# Two commands are all a newcomer needs: `make book` and `make test`. CONTRIBUTING.md tells the others.
PYTHON ?= python3
PORT   ?= 8000
SERVE  ?=
NAME   ?=
VENV   := .venv
BIN    := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Small arrays lose more than they win from many threads, and the tests already use every core.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help book test check hostile hub notebooks exercises jets-sample pictures playground clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

book: $(VENV)/book.ready  ## build the book into _build/html; SERVE=1 serves it on 127.0.0.1 (PORT=8000)
	@$(BIN)/jupyter-book build . -W -n --keep-going -q
	@echo "The book is at _build/html/index.html"
	$(if $(SERVE),$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html)

test: book $(VENV)/all.ready $(if $(shell command -v npm),$(VENV)/hub.ready)  ## everything: package, notebooks, assignments, book, browser
	$(BIN)/python -m pytest -n auto --dist loadfile --nbval --durations=10

check: $(VENV)/all.ready  ## the fast part (about a minute): lint, notebook hygiene, exercises in step, fast tests
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow" tests src

hostile: $(VENV)/all.ready  ## all that submissions try against the grader (minutes), and a class graded while it is killed
	$(BIN)/python -m pytest -n auto --dist loadfile -m "whole or not whole" tests/hostile

hub: $(VENV)/all.ready $(VENV)/hub.ready  ## start a class to try: JupyterHub on 127.0.0.1 (as root each student is their own Unix user)
	@$(BIN)/course hub demo

notebooks: $(VENV)/all.ready  ## run the chapters top to bottom in a fresh kernel and store them (NAME=perceptron for one)
	$(BIN)/course notebooks $(NAME)

exercises: $(VENV)/all.ready  ## regenerate exercises/ from solutions/ (NAME=perceptron for one)
	$(BIN)/course exercises $(NAME)

jets-sample: $(VENV)/all.ready  ## simulate the jets that ship with the package again (minutes; interrupted, it continues)
	$(BIN)/course jets --sample

pictures: book $(VENV)/all.ready  ## take the README's screenshots again
	$(BIN)/python -m tests.browser.pictures

playground: $(VENV)/all.ready  ## write the jets and the printed pictures of the book's playgrounds again
	$(BIN)/python -m course_utils.playground

clean:  ## remove the environment and everything built
	rm -rf $(VENV) _build

# ── The environment ─────────────────────────────────────────────────────────────────────────────────────────────
# .venv/unfinished stands while pip works. An environment that was interrupted, or whose interpreter is gone, is
# rebuilt: half a package can look whole to pip.
ifneq ($(shell [ ! -e $(VENV)/unfinished ] && $(BIN)/python -c 'import pip; print("whole")' 2>/dev/null),whole)
$(shell rm -rf $(VENV))
endif

define install
@touch $(VENV)/unfinished
$(BIN)/python -m pip install -q -c requirements.txt -e '.[$(1)]'
$(2)
@rm $(VENV)/unfinished
@touch $@
endef

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else \
	  "This course runs on Python 3.11, 3.12 and 3.13; $(PYTHON) is %d.%d. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" % v)'
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo "Could not make $(VENV). On Debian or Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/book.ready: pyproject.toml requirements.txt | $(BIN)/python
	$(call install,book)

$(VENV)/all.ready: pyproject.toml requirements.txt | $(BIN)/python
	$(call install,book$(comma)hub$(comma)jets$(comma)kubernetes$(comma)ml$(comma)test,$(ngshare))

# JupyterHub's proxy, from npm; installed anew when the environment is.
$(VENV)/hub.ready: hub/package.json hub/package-lock.json | $(VENV)/all.ready
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "JupyterHub's proxy needs Node 18 or newer: apt install nodejs npm"; exit 1; }
	@mkdir -p $(VENV)/hub && cp hub/package.json hub/package-lock.json $(VENV)/hub
	@npm --prefix $(VENV)/hub ci --no-audit --no-fund --loglevel=error
	@touch $@

comma := ,

# The exchange of a class on Kubernetes and its client, for the tests; hub/kubernetes/Dockerfile tells why so.
define ngshare
$(BIN)/python -m pip install -q --no-deps ngshare-exchange==0.5.3
$(BIN)/python -m pip install -q --no-deps --upgrade --target $(VENV)/ngshare -r hub/kubernetes/ngshare.txt
endef
