# Everything that people and CI run. `make` lists it.

MODELS ?= small
TORCH ?= cpu
PRECISION ?= $(if $(filter cuda,$(TORCH)),none,auto)
BACKEND ?= $(if $(filter none,$(PRECISION)),torch,openvino)
SERVICES ?= embed rerank
TAG ?= latest
WORKERS ?= 3
# Where neither does, docker's own words say why.
ENGINE ?= $(shell docker info >/dev/null 2>&1 || ! command -v podman >/dev/null && echo docker || echo podman)
PYTHON ?= $(shell for p in python3.11 python3; do "$$p" -c '' 2>/dev/null && echo "$$p" && break; done)

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed-$(TORCH)
# Serving on OpenVINO takes no torch. Where the whole environment is there, it does as well.
SERVING = $(if $(filter none,$(PRECISION))$(filter torch,$(BACKEND))$(wildcard $(INSTALLED)),$(INSTALLED),$(VENV)/.installed-serve)
LOCK = env -u UV_FIND_LINKS $(BIN)/uv pip compile pyproject.toml --config-file requirements/uv.toml \
	--universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header --quiet $(LOCK_ARGS)
BENTOFILE_SUFFIX = $(if $(filter torch,$(BACKEND)),-torch)
NPM_PACKAGES := tests/clients/javascript/node_modules/.package-lock.json
CLIENTS := tests/clients/python/.venv
CLIENT_PACKAGES := $(CLIENTS)/.installed
PRESET = $$($(BIN)/python -c "from scripts.models.presets import PRESETS as p; \
	print('EMBED_MODEL=%s RERANK_MODEL=%s' % p['$(MODELS)'])")

COMPOSE = $(if $(filter podman,$(ENGINE)),$(or $(shell command -v podman-compose),$(BIN)/podman-compose),docker compose) -f deploy/compose/docker-compose.production.yml \
	$(if $(LOCAL),-f deploy/compose/docker-compose.local.yml)

export BENTOML_DO_NOT_TRACK := True
# Where it is set, each of the many processes of a test run would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv models serve test test-all npm-packages client-packages coverage check lint types contracts format lock pin docs bench bench-picture doctor \
	bench-peers demo-migrate build images up down clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' Makefile

venv: $(INSTALLED) ## Create the virtual environment with everything (TORCH=cuda: PyPI's torch with its CUDA packages)

define CHECK_PYTHON
@'$(PYTHON)' -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || \
	{ echo "Python 3.11, 3.12 or 3.13 is needed: install it, or name it with make PYTHON=/path/to/python3.11" >&2; exit 1; }
endef

$(INSTALLED): requirements/dev.txt requirements/uv.txt scripts/install_torch.sh scripts/install_packages.py
	$(CHECK_PYTHON)
	@'$(PYTHON)' scripts/install_packages.py $(VENV)
	@sh scripts/install_torch.sh $(BIN)/python $(TORCH)
	@'$(PYTHON)' scripts/install_packages.py $(VENV) requirements/dev.txt
	@$(BIN)/python -m pip check
	@touch $@

$(VENV)/.installed-serve: requirements/serve.txt requirements/uv.txt scripts/install_packages.py
	$(CHECK_PYTHON)
	@'$(PYTHON)' scripts/install_packages.py $(VENV) requirements/serve.txt
	@touch $@

models: $(SERVING) ## Install the models of a preset (MODELS=small or production) in the fastest precision that passes (PRECISION=none: unconverted)
	$(BIN)/python -m scripts.models install $(MODELS) --precision $(PRECISION)

ifneq ($(filter serve build images,$(MAKECMDGOALS)),)
ifeq ($(filter $(MODELS),small production),)
$(error MODELS=$(MODELS) is not a preset of two models: choose small or production)
endif
endif

serve: $(SERVING) ## Start both services (MODELS=small or production, ARGS=… for scripts.serve); Ctrl-C stops them
	$(BIN)/python -m scripts.serve --models $(MODELS) --precision $(PRECISION) $(ARGS)

test: venv ## Test both services with real HTTP and real models (WORKERS=3 at a time, PYTEST_ARGS=… for pytest)
	@echo "About 6 minutes on two cores; the first time 2 more, for the models."
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not extended" $(PYTEST_ARGS)

npm-packages: $(NPM_PACKAGES) ## Install the npm packages of the JavaScript clients, for make test-all

$(NPM_PACKAGES): tests/clients/javascript/package-lock.json
	@cd tests/clients/javascript && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || \
		echo "The npm packages are not installed: the tests with Node.js are left out." >&2

client-packages: $(CLIENT_PACKAGES) ## Install LangChain, LlamaIndex, Haystack, litellm and chromadb in an environment of their own, for make test-all

$(CLIENT_PACKAGES): requirements/clients.txt requirements/uv.txt scripts/install_packages.py
	$(CHECK_PYTHON)
	@'$(PYTHON)' scripts/install_packages.py $(CLIENTS) requirements/clients.txt && touch $@ || \
		echo "They are not installed: the tests with these clients are left out." >&2

test-all: venv npm-packages client-packages ## Run what make test leaves out: tools, containers, a browser, Node.js, Ray, … (WITHOUT=containers for less)
	@echo "About 40 minutes on two cores; the first time more, for models and clients' packages."
	@$(BIN)/python -m pytest -n $(WORKERS) -m "extended$(WITHOUT:%= and not %)" $(PYTEST_ARGS)

coverage: venv npm-packages client-packages ## Measure which lines and branches the tests without containers cover (40 minutes)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(WORKERS) -m "not containers" $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: lint types contracts ## Run lint, types and contracts

lint: venv ## Check style and formatting with ruff
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: venv ## Check types with mypy
	$(BIN)/mypy

contracts: venv ## Check which package may import which
	$(BIN)/lint-imports --no-logo

format: venv ## Format the code with ruff and fix what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# torch goes without hash: its CPU build and PyPI's are different files of one version.
lock: venv ## Regenerate requirements/*.txt from pyproject.toml (LOCK_ARGS=--upgrade for newer versions)
	$(LOCK) --group dev -o requirements/dev.txt
	$(LOCK) --group build -c requirements/dev.txt --no-annotate -o requirements/uv.txt
	for group in serve embed rerank embed-torch rerank-torch; do \
		$(LOCK) --group $$group -c requirements/dev.txt --no-annotate -o requirements/$$group.txt || exit 1; done
	$(LOCK) --group clients --no-annotate -o requirements/clients.txt
	sed -i.orig -e '/^torch==/,/^[^ ]/{/--hash/d;}' -e '/^torch==/s/ \\$$//' requirements/*.txt && rm requirements/*.orig

pin: venv ## Pin images by digest and GitHub's actions by commit, as their tags are now (needs the network)
	@$(BIN)/python -m scripts.pin

bench: venv ## Measure running services against the targets of docs/benchmarking.md (ARGS=… for scripts.bench)
	@$(BIN)/python -m scripts.bench $(ARGS)

docs: venv ## Regenerate docs/settings.md, the tables of two other pages, and the gateway's template in the compose file
	$(BIN)/python -m scripts.docs

bench-picture: venv ## Take the picture of docs/benchmarking.md from running services (needs chromium)
	@folder=$$(mktemp -d) && $(BIN)/python -m scripts.bench --rate 10 --duration 30 --find-max --html $$folder/report.html; \
		chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1000,2560 \
		--screenshot=docs/benchmarks/bench-report.png file://$$folder/report.html; rm -r $$folder

doctor: venv ## Check that running services are set up right (ARGS=… for scripts.doctor)
	@$(BIN)/python -m scripts.doctor $(ARGS)

demo-migrate: venv ## Migrate a sample Qdrant collection from beginning to end with the small model, and evaluate it
	@$(MAKE) --no-print-directory models MODELS=small
	$(BIN)/python -m scripts.migrate.demo

bench-peers: venv ## Compare with other servers at production size (ARGS=… for benchmarks.peers; two hours)
	$(BIN)/python -m scripts.models install small-e5
	$(BIN)/python -m benchmarks.make_synthetic
	$(BIN)/python -m benchmarks.peers --json docs/benchmarks/peers.json --picture docs/benchmarks/peers.svg $(ARGS)

build: models ## Build both bentos with the models of a preset (MODELS=small or production; BACKEND=openvino or torch)
	env $(PRESET) EMBED_BACKEND=$(BACKEND) $(BIN)/bentoml build -f bentofile.embed$(BENTOFILE_SUFFIX).yaml
	env $(PRESET) RERANK_BACKEND=$(BACKEND) $(BIN)/bentoml build -f bentofile.rerank$(BENTOFILE_SUFFIX).yaml

# At once, before anything is installed.
.engine:
	@command -v $(ENGINE) >/dev/null || { echo "Images and containers need docker or podman." >&2; exit 1; }
	@$(ENGINE) version >/dev/null

images: .engine models ## Build container images with their models (SERVICES=embed for one; MODELS, BACKEND, TAG; TORCH=cuda for GPUs)
	@for service in $(SERVICES); do env $(PRESET) ENGINE=$(ENGINE) \
		sh scripts/build_image.sh $$service $(BACKEND) $(TORCH) $(TAG) || exit 1; done

.compose: .engine
	@command -v $(firstword $(COMPOSE)) >/dev/null || \
		{ echo "podman starts the stack by podman-compose: install it by pip or your system, or run make venv." >&2; exit 1; }

up: .compose ## Start the production stack, the first time with new passwords (LOCAL=1 publishes its ports on 127.0.0.1; ARGS="--profile monitoring")
	@sh deploy/compose/first_run.sh
	$(COMPOSE) $(ARGS) up -d

down: .compose ## Stop and remove the production stack; its data stays (LOCAL and ARGS as for up)
	$(COMPOSE) $(ARGS) down

clean: ## Remove the virtual environment and all caches
	rm -rf $(VENV) $(CLIENTS) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
