# `make help` lists the targets. Everything stays in this folder: packages in .venv/, Airflow's home in .airflow/.
PYTHON ?= python3
HOST ?= 127.0.0.1
PIPELINE ?= ml_pipeline monitoring
RUN_IN_VENV = .venv/bin/python -m pipelines.embedded
COMPILE_LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate $(UPGRADE) pyproject.toml pipelines/embedded/install.in

.DEFAULT_GOAL := help
.PHONY: help install install-dev run stop test check accept docs lock clean up down logs

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
	@echo
	@echo "  make run PIPELINE=name PORT=8081   one pipeline, another port"

install:
	@$(PYTHON) -m pipelines.embedded.install

install-dev:
	@$(PYTHON) -m pipelines.embedded.install --dev

run: install ## install, start Airflow, run ml_pipeline and monitoring, show what came out; the UI stays up
	@$(RUN_IN_VENV) start --host $(HOST) $(addprefix --port ,$(PORT)) $(addprefix --run ,$(PIPELINE))

stop: ## stop all that `make run` started
	@if [ -x .venv/bin/python ]; then $(RUN_IN_VENV) stop; else echo "nothing is running: there is no .venv"; fi

test: install-dev ## all tests, those on a real running Airflow too (minutes)
	@.venv/bin/python -m pytest $(PYTEST)

lint: install-dev ## ruff, mypy, and the check of the pipelines
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/pipelines check

check: lint ## lint and the quick tests (under two minutes)
	@.venv/bin/python -m pytest -q -m "not running" $(PYTEST)

lock: install-dev ## write the lock files anew from pyproject.toml (UPGRADE=--upgrade takes newer versions)
	@$(COMPILE_LOCK) --extra airflow -o requirements.lock
	@$(COMPILE_LOCK) --extra airflow --extra dev --extra postgres -c requirements.lock -o requirements-dev.lock

clean: stop ## stop, then remove .venv/ and .airflow/ (models and reports too)
	rm -rf .venv .airflow

up: ## the whole stack in containers (needs Docker and an .env, see .env.example)
	docker compose up --detach --wait

down: ## stop the containers; their volumes stay
	docker compose down

logs: ## follow the containers' logs
	docker compose logs --follow --tail 100
