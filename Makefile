# make up [MUSIC=folder]   install and start Segue on a folder of music, or on a demo library
# make test                install what the tests need, run the checks and all fast tests
# make test-all            run the slow tests as well: full fault counts, fuzzing, the soak test
# make docs                build the documentation site in build/docs; a warning or a broken internal link is an error
# make docs-links          look up every external link of the site, which needs the network
# make lab                 open the notebooks in JupyterLab, on the running service or on the demo library
# make notebooks           execute the notebooks, and write them with their outputs and the figures of the documentation
# make page                build the page from services/web/src (needs Node.js; `make up` serves the committed build)
# make screenshots         take the pictures of docs/images from the demo library
# make sbom                write the installed packages, with versions and licences, to build/sbom.json (CycloneDX)
# make check | bench | audit | clean
# make up|test TORCH_INDEX=address-or-folder   install torch from there: its CPU build is a fifth of the size

SHELL := /bin/sh
# The first interpreter that is new enough. Use `make PYTHON=… up` for another. Only used to create .venv.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# The address of an index, or a folder of wheels. Only torch is installed from it: pip does not rank indexes, so any
# package of that index could otherwise replace one of the same name. Has no effect once torch is installed.
TORCH_INDEX ?=
TORCH_FROM := $(if $(wildcard $(TORCH_INDEX)/.),--no-index --find-links,--index-url)
INSTALL_TORCH = $(if $(TORCH_INDEX),$(INSTALL) --no-deps $(TORCH_FROM) '$(TORCH_INDEX)' torch)
# Size of .venv after `make up`, by `du -sh .venv`.
SIZE := $(if $(TORCH_INDEX),1.2 GB,5.6 GB)
# pip compiles on one processor only. Some packages contain files for other Python versions, which nothing imports.
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
# Containers often set this, and then every process would compile Segue's modules again.
export PYTHONDONTWRITEBYTECODE :=

# Many tests wait for processes, so two at once take little more than half of the time. tests/conftest.py decides which
# tests run in the same process.
AT_ONCE := --numprocesses 2 --no-loadscope-reorder

# The page and a generated TypeScript client need Node.js and npm. Without them they are not checked, except in CI.
PAGE := services/web
NODE_PROJECTS := $(PAGE) clients/typescript tests/clients $(patsubst %/package.json,%,$(wildcard tests/clients/*/package.json))
INSTALL_NODE_PACKAGES := if command -v npm >/dev/null; then for project in $(NODE_PROJECTS); do \
	[ $$project/node_modules -nt $$project/package-lock.json ] || \
	npm ci --prefix $$project --no-progress >/dev/null || echo "npm could not install $$project/package.json." >&2; done; \
	elif [ -n "$$CI" ]; then echo 'CI needs npm.' >&2; exit 1; fi

# Third-party client programs that tests run, each in an environment of its own.
CLIENTS := $(patsubst tests/clients/%/requirements.txt,$(VENV)/clients/%/.installed,$(wildcard tests/clients/*/requirements.txt))

.PHONY: help up lab notebooks page screenshots test test-all check docs docs-links bench audit sbom clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

up: $(VENV)/.installed-up
ifeq ($(strip $(MUSIC)),)
	@folder="$$($(BIN)/segue demo-library)" && exec $(BIN)/segue up "$$folder"
else
	@exec $(BIN)/segue up "$$MUSIC"
endif

test: $(VENV)/.installed-test $(CLIENTS)
	tests/install-system-packages
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest $(AT_ONCE)

test-all: $(VENV)/.installed-test $(CLIENTS)
	tests/install-system-packages
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest $(AT_ONCE) -m '' -p randomly
	$(BIN)/python -m tests.fault.soak

check: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(INSTALL_NODE_PACKAGES)
	@if [ -d $(PAGE)/node_modules ]; then cd $(PAGE) && npm run --silent api && npm run check && npm test; \
	else echo 'The page is not checked: install Node.js and npm.'; fi

page: $(VENV)/.installed-up
	@$(INSTALL_NODE_PACKAGES)
	cd $(PAGE) && npm run build

lab: $(VENV)/.installed-lab
	@$(BIN)/python notebooks/run.py lab

notebooks: $(VENV)/.installed-lab
	$(BIN)/python notebooks/run.py execute

screenshots: $(VENV)/.installed-test
	$(BIN)/python -m tests.browser.screenshots

docs: $(VENV)/.installed-test
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs build/docs
	@echo 'Open build/docs/index.html'

docs-links: $(VENV)/.installed-test
	$(BIN)/python -m sphinx --builder linkcheck --quiet docs build/docs-links

bench: $(VENV)/.installed-test
	@for bench in tests/perf/bench_*.py; do echo "== $$bench"; $(BIN)/python "$$bench" || exit 1; done

# Tests check licences and version conflicts. This looks up known vulnerabilities, which needs the network.
# pip-audit takes exact versions only, so it checks the newer end of torch's range.
audit: $(VENV)/.installed-test
	$(BIN)/python -m pip check
	@test -x $(VENV)/audit/bin/pip-audit || { $(BIN)/python -m venv $(VENV)/audit && \
		$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; } || { \
		echo 'make audit needs the network: pip-audit could not be installed.' >&2; exit 1; }
	@sed 's/>=.*,<=/==/' constraints.txt >$(VENV)/audit/constraints.txt
	$(VENV)/audit/bin/pip-audit --requirement $(VENV)/audit/constraints.txt --no-deps --disable-pip || { \
		echo 'Either a dependency above has a known vulnerability, or the advisory database could not be reached:' \
		'this check needs the network.' >&2; exit 1; }

# An environment of its own, because the tool has many dependencies that nothing else needs.
sbom: $(VENV)/.installed-up
	@test -x $(VENV)/sbom/bin/cyclonedx-py || { $(BIN)/python -m venv $(VENV)/sbom && \
		$(VENV)/sbom/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0; }
	@mkdir -p build
	$(VENV)/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --output-file build/sbom.json $(BIN)/python

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache $(addsuffix /node_modules,$(NODE_PROJECTS)) segue.egg-info clients/python/segue_client.egg-info clients/typescript/build clients/typescript/dist build

# A stamp is newer than what it was installed from, so that the next start takes no time.
$(VENV)/.installed-up: $(VENV)/.created pyproject.toml clients/python/pyproject.toml constraints.txt
	@echo 'Installing Segue into $(VENV), once. This takes a minute or two and $(SIZE).'
	@$(INSTALL_TORCH)
	@$(INSTALL) --editable clients/python --editable '.[local,worker]'
	@$(COMPILE)
	@touch $@

$(VENV)/.installed-test: $(VENV)/.created pyproject.toml clients/python/pyproject.toml constraints.txt
	@echo 'Installing Segue and what its tests need into $(VENV).'
	@$(INSTALL_TORCH)
	@$(INSTALL) --editable clients/python --editable '.[local,worker,map,mcp,training,analysis,postgres,tracing,lab,docs,dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/.installed-up $(VENV)/.installed-lab

$(VENV)/.installed-lab: $(VENV)/.installed-up
	@echo 'Installing JupyterLab and what the notebooks need into $(VENV).'
	@$(INSTALL) --editable clients/python --editable '.[local,worker,analysis,lab]'
	@touch $@

$(VENV)/clients/%/.installed: tests/clients/%/requirements.txt $(VENV)/.created
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(VENV)/.created:
	@if [ -z '$(PYTHON)' ]; then \
		echo 'Segue needs Python 3.11 or newer, and there is none on the PATH. Install one, or name it:' >&2; \
		echo '  make PYTHON=/path/to/python3.12 up' >&2; exit 1; fi
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo '$(PYTHON) cannot make virtual environments: its venv module is not installed.' >&2; \
		echo 'On Debian and Ubuntu: sudo apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@
