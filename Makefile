# Everything is done from here; `make` alone says what there is. Set-up happens by itself, once, into .venv and .kafka:
# a stamp file is written when it is complete, so an interrupted one is begun anew. Programs are run as
# `.venv/bin/python -m …`, for the first line of a script in .venv/bin may not hold a path with blanks.

PYTHON ?= python3
ARGS ?=

RUN := .venv/bin/python
MVN := mvn -q -B -Dstyle.color=never -f deploy/kafka/pom.xml package

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo dashboards test test-full lint bench lock clean prerequisites prometheus

help:
	@echo 'make demo                  三个节点交换真实数据 / three nodes exchange real records; ARGS=--once ends by itself'
	@echo 'make demo ARGS=--prometheus  the same, watched by Prometheus with the rules of deploy/prometheus'
	@echo 'make test                  lint and the test suite, real Kafka included'
	@echo 'make test-full             the same with the tests that take long'
	@echo 'make lint                  ruff, mypy, import-linter'
	@echo 'make dashboards            make the dashboards in deploy/grafana anew'
	@echo 'make bench ARGS=link       measure against others; ARGS="link --json FILE" keeps the figures'
	@echo 'make lock                  resolve requirements.lock anew; ARGS=--upgrade takes newer versions'
	@echo 'make clean                 remove .venv, .kafka, .prometheus, .run and caches'
	@echo 'PYTHON=python3.12 chooses the Python (3.11 or newer) that .venv is made with'

demo: .venv/.kernel .kafka/.ready $(if $(findstring --prometheus,$(ARGS)),prometheus)
	@$(RUN) -m node demo $(ARGS)

test: lint .venv/.kernel .kafka/.ready prometheus
	@sh deploy/test.sh $(RUN) '(not full)' $(ARGS)

test-full: lint .venv/.kernel .kafka/.ready prometheus
	@sh deploy/test.sh $(RUN) '(full or not full)' $(ARGS)

lint: .venv/.ready
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

dashboards: .venv/.ready
	@$(RUN) deploy/grafana/generate.py

bench: .venv/.kernel .kafka/.ready .kafka/.ready-connect
	@$(RUN) -m benchmarks $(ARGS)

# uv resolves for every platform at once and knows hashes of all files; it is wanted for nothing else.
lock: | prerequisites
	$(PYTHON) -m venv --clear .run/lock
	.run/lock/bin/python -m pip install -q uv==0.13.8
	UV_CUSTOM_COMPILE_COMMAND='make lock' .run/lock/bin/python -m uv pip compile -q pyproject.toml --extra demo --extra test \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url $(ARGS) -o requirements.lock
	rm -rf .run/lock

clean:
	rm -rf .venv .kafka .prometheus .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -prune -exec rm -rf {} +

prerequisites:
	@sh deploy/prerequisites.sh '$(PYTHON)'

prometheus:
	@sh deploy/prometheus/install.sh

# A complete environment is brought up to date; one that was never completed, or whose Python is gone, is made anew.
.venv/.ready: requirements.lock pyproject.toml | prerequisites
	@echo 'Python 依赖 / Python packages → .venv'
	@if [ -e $@ ] && $(RUN) -c ''; then rm $@; else $(PYTHON) -m venv --clear .venv; fi
	@$(RUN) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(RUN) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The record kernel is compiled here, not while a node or a test waits for it; it is kept beside its modules.
.venv/.kernel: .venv/.ready node/avro/jit.py node/avro/layout.py $(wildcard node/*/kernel*.py)
	@echo '记录内核 / record kernel → __pycache__'
	@$(RUN) -c 'from node.transform import gate, view; gate.warm(); view.warm()'
	@touch $@

.kafka/.ready: deploy/kafka/pom.xml | prerequisites
	@echo 'Apache Kafka → .kafka/libs'
	@rm -rf .kafka/libs .kafka/seed-*
	@$(MVN)
	@touch $@

.kafka/.ready-connect: deploy/kafka/pom.xml | prerequisites
	@echo 'MirrorMaker 2 → .kafka/connect-libs'
	@rm -rf .kafka/connect-libs
	@$(MVN) -P benchmark
	@touch $@
