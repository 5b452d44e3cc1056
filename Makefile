# `make help` lists the targets. Everything stays in this folder: packages in .venv/, Airflow's home in .airflow/.
PYTHON ?= python3
HOST ?= 127.0.0.1
PIPELINE ?= ml_pipeline monitoring
RUN_IN_VENV = .venv/bin/python -m pipelines.embedded
COMPILE_LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate $(UPGRADE) pyproject.toml pipelines/embedded/install.in

# pytest's exit code where a part of the tests, as PYTEST=tests/schemas, has none of these
NONE_IS_FINE = || [ $$? -eq 5 ]

.DEFAULT_GOAL := help
.PHONY: help install install-dev run monitoring-local monitoring-soak stop test lint check accept docs dashboards schema shards bench \
	bench-health bench-metrics fuzz lock clean up down logs test-compose needs-docker

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
	@echo
	@echo "  make run PIPELINE=name PORT=8081   one pipeline, another port"

install:
	@$(PYTHON) -m pipelines.embedded.install

install-dev: ## install what tests and lint need, too
	@$(PYTHON) -m pipelines.embedded.install --dev

run: install ## install, start Airflow, run ml_pipeline and monitoring, show what came out; the UI stays up
	@$(RUN_IN_VENV) start --host $(HOST) $(addprefix --port ,$(PORT)) $(addprefix --run ,$(PIPELINE))

monitoring-local: install ## Prometheus, Alertmanager and Airflow without Docker, where they are installed (WEBHOOK=url gets the alerts)
	@$(RUN_IN_VENV) monitoring --host $(HOST) $(addprefix --port ,$(PORT)) $(addprefix --webhook ,$(WEBHOOK))

monitoring-soak: install-dev ## an hour of healthy running under the real rules; no alert may fire (MINUTES=60)
	@.venv/bin/python -m tests.alerting.soak $(MINUTES)

stop: ## stop all that `make run` and `make monitoring-local` started
	@if [ -x .venv/bin/python ]; then $(RUN_IN_VENV) stop; else echo "nothing is running: there is no .venv"; fi

# the slow ones go with those that start an Airflow, which mostly wait: for an alert, for instance
test: lint ## lint and all tests, those on a real running Airflow too (minutes)
	@.venv/bin/python -m pytest -m "not running and not slow and not compose" -n auto --dist loadfile $(PYTEST) $(NONE_IS_FINE)
	@.venv/bin/python -m pytest -m "running or slow" -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST) $(NONE_IS_FINE)

lint: install-dev ## ruff, mypy, and the check of the pipelines
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/pipelines check

check: lint ## lint and the quick tests (under two minutes)
	@.venv/bin/python -m pytest -q -m "not running and not compose and not airflow and not slow" -n auto --dist loadfile $(PYTEST)

accept: install-dev ## write the expected outputs of the tests anew; read the difference before you commit it
	@ACCEPT=1 .venv/bin/python -m pytest -q tests/schemas/test_cases.py tests/schemas/test_explanations.py tests/mistakes
	@$(MAKE) --no-print-directory docs

docs: install-dev ## write the generated pages anew (rules.md, operators.md, metrics.md, terminal.md)
	@.venv/bin/python -m schemas.explanations > docs/rules.md
	@.venv/bin/python tests/docs/operators_page.py > docs/operators.md
	@.venv/bin/python -m tests.docs.terminal_page
	@.venv/bin/python -m tests.docs.metrics_page > docs/metrics.md

dashboards: install-dev ## write grafana/dashboards anew from grafana/boards
	@.venv/bin/python grafana/build.py

schema: install-dev ## write schemas/pipeline.schema.json anew from the installed operators
	@.venv/bin/pipelines schema

bench: install-dev ## time the checker and the factory beside others (minutes)
	@.venv/bin/python -m tests.bench.checker
	@.venv/bin/python -m tests.bench.factory

bench-health: install-dev ## what the health checks cost with a million task instances a day (needs PostgreSQL; minutes)
	@.venv/bin/python -m tests.bench.health

bench-metrics: install-dev ## series, bytes and memory of metrics with a million task instances a day (needs Prometheus; minutes)
	@.venv/bin/python -m tests.bench.metrics

fuzz: install-dev ## check 10,000 mutilated files (minutes)
	@.venv/bin/python -m tests.fuzz

shards: install ## let N loader files share the pipelines: make shards N=8 (docs/scaling.md)
	@.venv/bin/pipelines shards $(N)

lock: install-dev ## write the lock files anew from pyproject.toml (UPGRADE=--upgrade takes newer versions)
	@$(COMPILE_LOCK) --extra airflow --extra postgres --extra celery -o requirements.lock
	@$(COMPILE_LOCK) --extra airflow --extra postgres --extra celery --extra dev -c requirements.lock -o requirements-dev.lock

clean: stop ## stop, then remove .venv/ and .airflow/ (models and reports too)
	rm -rf .venv .airflow

needs-docker:
	@docker compose version >/dev/null 2>&1 || { echo "make up and make test-compose need Docker with the Compose plugin (v2): \`docker compose version\` fails here"; exit 1; }
	@docker info >/dev/null 2>&1 || { echo "make up and make test-compose need a running Docker engine that you may use: \`docker info\` fails here"; exit 1; }

up: needs-docker ## the whole stack in containers (needs Docker with Compose v2); makes .env with new secrets if there is none
	@$(PYTHON) stack/new_env.py
	docker compose up --detach --build --wait --remove-orphans
	@docker compose ps --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

down: ## stop the containers; their volumes stay
	docker compose down --remove-orphans

logs: ## follow the containers' logs
	docker compose logs --follow --tail 100

test-compose: needs-docker install-dev ## start the stack for real and test it, with each executor (half an hour, 5 GB; IMAGES=local without a registry)
	@if [ "$(IMAGES)" = local ]; then tests/compose/images/build.sh; fi
	@IMAGES=$(IMAGES) .venv/bin/python -m pytest -v -m compose tests/compose $(PYTEST)
