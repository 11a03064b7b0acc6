# headrace: `make help` lists what there is to make.
SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# pip compiles what it installs, but not what it leaves where it is; and Python may have been told to write no bytecode.
COMPILE := $(BIN)/python -m compileall -q src
NODE_CLIENT ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/headrace/node-client
NODE_CLIENT_VERSION := 3.1048.0
ODATA_SERVER ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/headrace/odata-server
ODATA_SERVER_VERSION := 9.9.3
ODATA_SERVER_PACKAGES := @sap/cds@$(ODATA_SERVER_VERSION) @cap-js/sqlite@2.4.2 sql.js@1.13.0 express@4.22.3 @cap-js-community/odata-v2-adapter@1.15.10
ADAPTERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/headrace/adapters
ADAPTERS_SINGER := meltanolabs-tap-postgres==0.10.0
ADAPTERS_AIRBYTE := airbyte-cdk==7.39.1
AIRFLOW ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/headrace/airflow
AIRFLOW_PACKAGES := apache-airflow==3.3.2 apache-airflow-providers-amazon==9.39.0
AIRFLOW_MARK := $(AIRFLOW)/.$(subst ==,-,$(subst $() $(),-,$(AIRFLOW_PACKAGES)))
CDK ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/headrace/cdk
CDK_PACKAGES := aws-cdk-lib==2.275.0 cdklabs.cdk-appflow==0.2.5
CDK_MARK := $(CDK)/.$(subst ==,-,$(subst $() $(),-,$(CDK_PACKAGES)))
QUEUES ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/headrace/queues
QUEUES_PACKAGES := dbos==3.4.0 procrastinate==3.10.0 psycopg[binary]==3.3.9
PEERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/headrace/peers
PEERS_PACKAGES := dlt[parquet]==1.31.0 pyarrow==26.0.1 polars==2.1.0 sling-linux-amd64==1.4.11
PEERS_MARK := $(PEERS)/.dlt-1.31.0-polars-2.1.0-sling-1.4.11
# The slowest first: two run at once.
CHECKS := check-types check-house check-lint check-format check-layers check-generated

.PHONY: help setup demo test search soak check bench generate format adapters airflow cdk queues peers node-client odata-server clean $(CHECKS)
.DELETE_ON_ERROR:

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

setup: $(VENV)/.dev ## Make .venv with headrace and everything its tests and checks need

demo: $(VENV)/.demo ## Run a flow over 100,000 records with boto3, and look at what came out
	@$(BIN)/python examples/demo.py

test: $(VENV)/.dev ## Run every test
	@APPFLOW_NODE_CLIENT="$(NODE_CLIENT)" APPFLOW_ADAPTERS="$(ADAPTERS)" APPFLOW_AIRFLOW="$(AIRFLOW)" APPFLOW_CDK="$(CDK)" ODATA_SERVER="$(ODATA_SERVER)" $(BIN)/python -m pytest $(ARGS)

search: $(VENV)/.dev ## Try the properties on examples that are new every time
	@$(BIN)/python -m pytest tests/property --hypothesis-profile=search $(ARGS)

soak: $(VENV)/.dev ## Random faults over four nodes for SOAK_MINUTES (30), by the luck of SOAK_SEED: a page of figures
	@SOAK_MINUTES="$${SOAK_MINUTES:-30}" $(BIN)/python -m pytest tests/e2e/test_soak.py -q $(ARGS)

check: $(VENV)/.dev ## Lint, format, types, layers, generated files, house rules: under a minute
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target $(CHECKS)

check-lint: $(VENV)/.dev
	@$(BIN)/ruff check .

check-format: $(VENV)/.dev
	@$(BIN)/ruff format --check .

check-layers: $(VENV)/.dev
	@$(BIN)/lint-imports --no-logo

check-types: $(VENV)/.dev
	@$(BIN)/basedpyright --pythonpath $(BIN)/python

check-generated: $(VENV)/.dev
	@$(BIN)/python tools/generate.py --check
	@$(BIN)/python tools/store_schema.py --check
	@$(BIN)/python tools/store_statements.py --check

check-house: $(VENV)/.dev
	@$(BIN)/python -m pytest -q tests/house

bench: $(VENV)/.bench queues ## Measure headrace beside its peers and its limits: a page of ratios in some 40 minutes
	@$(MAKE) --no-print-directory peers || echo "The peers are not installed: headrace is measured beside DuckDB and moto alone."
	@APPFLOW_QUEUES="$(QUEUES)" APPFLOW_PEERS="$(PEERS)" $(BIN)/python -m bench $(ARGS)

generate: $(VENV)/.dev ## Make what is generated again: the API's model, the client and its pages, the store's SQL
	@$(BIN)/python tools/generate.py
	@$(BIN)/python tools/store_schema.py
	@$(BIN)/python tools/store_statements.py

format: $(VENV)/.dev ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

node-client: $(NODE_CLIENT)/.v$(NODE_CLIENT_VERSION) ## Fetch the AWS SDK for JavaScript that tests/e2e drives (needs npm)

odata-server: $(ODATA_SERVER)/.v$(ODATA_SERVER_VERSION) ## Fetch SAP's OData server that tests/e2e reads from (needs npm)

adapters: $(ADAPTERS)/.$(subst ==,-,$(ADAPTERS_SINGER)) $(ADAPTERS)/.$(subst ==,-,$(ADAPTERS_AIRBYTE)) ## Install the Singer tap and the Airbyte CDK that tests/e2e runs, each in its own environment

airflow: $(AIRFLOW_MARK) ## Install Airflow, whose AppFlow operators tests/e2e runs, in an environment of its own

cdk: $(CDK_MARK) ## Install the CDK, whose templates of flows tests/e2e reads, in an environment of its own (0.5 GB, needs Node.js)

queues: $(QUEUES)/.dbos-3.4.0 ## Install the libraries that bench.queue compares with, in an environment of their own

peers: $(PEERS_MARK) ## Install the tools that bench.peers compares with, in an environment of their own (0.7 GB)

clean: ## Remove the virtual environment and what the tools keep
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build bench/out

$(BIN)/python:
	@python=$$(tools/find-python) && "$$python" -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) for the demo"
	@$(PIP) --editable '.[demo]'
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV)"
	@$(PIP) --editable '.[demo,test,check]'
	@$(COMPILE)
	@touch $(VENV)/.demo $@

$(VENV)/.bench: $(VENV)/.dev
	@echo "Setting up $(VENV) for the benchmarks"
	@$(PIP) --editable '.[demo,test,check,bench]'
	@touch $@

$(NODE_CLIENT)/.v$(NODE_CLIENT_VERSION):
	@mkdir -p "$(NODE_CLIENT)"
	@npm install --prefix "$(NODE_CLIENT)" --no-audit --no-fund --loglevel=error "@aws-sdk/client-appflow@$(NODE_CLIENT_VERSION)"
	@touch "$@"

# The packages' own scripts would compile SQLite, which takes minutes: sql.js has it compiled.
$(ODATA_SERVER)/.v$(ODATA_SERVER_VERSION):
	@mkdir -p "$(ODATA_SERVER)"
	@npm install --prefix "$(ODATA_SERVER)" --ignore-scripts --no-audit --no-fund --loglevel=error $(ODATA_SERVER_PACKAGES)
	@touch "$@"

# A package is in an environment of its own, never in headrace's: its licence and its pins are its own.
$(ADAPTERS)/.$(subst ==,-,$(ADAPTERS_SINGER)): ENVIRONMENT = singer
$(ADAPTERS)/.$(subst ==,-,$(ADAPTERS_SINGER)): PACKAGE = $(ADAPTERS_SINGER)
$(ADAPTERS)/.$(subst ==,-,$(ADAPTERS_AIRBYTE)): ENVIRONMENT = airbyte
$(ADAPTERS)/.$(subst ==,-,$(ADAPTERS_AIRBYTE)): PACKAGE = $(ADAPTERS_AIRBYTE)
$(ADAPTERS)/.%:
	@mkdir -p "$(ADAPTERS)"
	@rm -rf "$(ADAPTERS)/$(ENVIRONMENT)"
	@python=$$(tools/find-python) && "$$python" -m venv "$(ADAPTERS)/$(ENVIRONMENT)"
	@"$(ADAPTERS)/$(ENVIRONMENT)/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$(PACKAGE)"
	@touch "$@"

$(AIRFLOW_MARK):
	@mkdir -p "$(AIRFLOW)"
	@rm -rf "$(AIRFLOW)"/venv "$(AIRFLOW)"/.apache-airflow-*
	@python=$$(tools/find-python) && "$$python" -m venv "$(AIRFLOW)/venv"
	@"$(AIRFLOW)/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile $(AIRFLOW_PACKAGES)
	@touch "$@"

$(CDK_MARK):
	@mkdir -p "$(CDK)"
	@rm -rf "$(CDK)"/venv "$(CDK)"/.aws-cdk-lib-*
	@python=$$(tools/find-python) && "$$python" -m venv "$(CDK)/venv"
	@"$(CDK)/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile $(CDK_PACKAGES)
	@touch "$@"

$(QUEUES)/.dbos-3.4.0:
	@mkdir -p "$(QUEUES)"
	@rm -rf "$(QUEUES)/venv"
	@python=$$(tools/find-python) && "$$python" -m venv "$(QUEUES)/venv"
	@"$(QUEUES)/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile $(foreach each,$(QUEUES_PACKAGES),'$(each)')
	@touch "$@"

# Compiled, unlike the others: how soon they start is measured.
$(PEERS_MARK):
	@mkdir -p "$(PEERS)"
	@rm -rf "$(PEERS)"/venv "$(PEERS)"/.dlt-*
	@python=$$(tools/find-python) && "$$python" -m venv "$(PEERS)/venv"
	@"$(PEERS)/venv/bin/python" -m pip install --quiet --disable-pip-version-check $(foreach each,$(PEERS_PACKAGES),'$(each)')
	@touch "$@"
